"""The generated script, run for real under a gcloud that fails as Google's does."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mailbox_core.contract import PushSetup
from mailbox_core.providers.gmail.cloud import account, client_project, file_name, script

ENDPOINT = "https://odoo.example.com/mailbox/push/gmail"
PUSH = PushSetup(
    "my-project-123456", "mailbox-gmail", "mailbox-gmail-odoo", ENDPOINT, ENDPOINT, "4711"
)
PULL = PushSetup("my-project-123456", "mailbox-gmail", "mailbox-gmail-odoo", delivery="pull")

#: Creating what is there, and touching what is not, ends with 1, as with the real one.
GCLOUD = """\
import json, os, sys
path = os.environ["CLOUD_STATE"]
cloud = json.load(open(path))
flags = dict(word[2:].partition("=")[::2] for word in sys.argv[1:] if word.startswith("--"))
words = [word for word in sys.argv[1:] if not word.startswith("--")]
cloud["calls"].append(sys.argv[1:])
what, name = " ".join(words[:-1]), words[-1]
if words[:2] == ["services", "enable"]:
    what, name = "services enable", ""


def end(code, text=""):
    json.dump(cloud, open(path, "w"))
    print(text, file=sys.stderr if code else sys.stdout)
    sys.exit(code)


if flags.get("project", "my-project-123456") != "my-project-123456" or what in cloud["refuse"]:
    end(1, "ERROR: PERMISSION_DENIED")
if what == "projects describe":
    end(0 if name == "my-project-123456" else 1, "4711")
if what == "services enable":
    cloud["services"] = words[2:]
    end(0)
if what.endswith("keys create"):
    open(name, "w").write("{}")
    end(0)
group, verb = what.rsplit(" ", 1)
things = cloud.setdefault(group, {})
if (name in things) == (verb == "create"):
    end(1, "ALREADY_EXISTS" if verb == "create" else "NOT_FOUND")
if verb == "create":
    if group == "iam service-accounts":
        things[name + "@my-project-123456.iam.gserviceaccount.com"] = {}
    elif group == "pubsub subscriptions" and flags["topic"] not in cloud.get("pubsub topics", {}):
        end(1, "NOT_FOUND topic")
    things[name] = flags
elif verb == "update":
    things[name].update(flags)
elif verb == "modify-push-config":
    kept = {flag: value for flag, value in things[name].items() if not flag.startswith("push-")}
    where = flags["push-endpoint"]
    things[name] = kept | ({"push-endpoint": where} if where else {})
elif verb == "delete":
    del things[name]
elif verb == "add-iam-policy-binding":
    bound = things[name].setdefault("bindings", [])
    line = [flags["member"], flags["role"]]
    if line not in bound:
        bound.append(line)
elif verb == "describe" and "format" in flags:
    topic = things[name]["topic"]
    known = topic in cloud.get("pubsub topics", {})
    end(0, "projects/my-project-123456/topics/" + topic if known else "_deleted-topic_")
end(0)
"""


class Cloud:
    """A Google Cloud of one file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state.json"
        self.state.write_text(json.dumps({"calls": [], "refuse": []}))
        program = folder / "bin" / "gcloud"
        program.parent.mkdir()
        program.write_text(f"#!{sys.executable}\n{GCLOUD}")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def run(self, setup: PushSetup) -> subprocess.CompletedProcess[str]:
        """Run the script as a person would."""
        path = self.folder / file_name(setup)
        path.write_text(script(setup))
        search = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        environment = {"PATH": search, "CLOUD_STATE": str(self.state)}
        return subprocess.run(
            ["bash", path.name],
            cwd=self.folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    @property
    def things(self) -> dict[str, Any]:
        """What there is now, without the record of calls."""
        found: dict[str, Any] = json.loads(self.state.read_text())
        return {name: value for name, value in found.items() if name not in ("calls", "refuse")}

    @property
    def calls(self) -> list[str]:
        """Every call so far, as one line each."""
        return [" ".join(words) for words in json.loads(self.state.read_text())["calls"]]

    def change(self, **values: Any) -> None:
        """Overwrite parts of the state."""
        self.state.write_text(json.dumps(json.loads(self.state.read_text()) | values))


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    """An empty project."""
    return Cloud(tmp_path)


@pytest.mark.parametrize("setup", [PUSH, PULL])
def test_run_twice_leaves_the_same(cloud: Cloud, setup: PushSetup) -> None:
    first = cloud.run(setup)
    assert first.returncode == 0, first.stderr
    made = cloud.things
    second = cloud.run(setup)
    assert second.returncode == 0, second.stderr
    assert cloud.things == made


def test_push_makes_all_that_is_needed(cloud: Cloud) -> None:
    done = cloud.run(PUSH)
    signer = "mailbox-push@my-project-123456.iam.gserviceaccount.com"
    assert signer in done.stdout
    made = cloud.things
    assert made["services"] == [f"{name}.googleapis.com" for name in ("gmail", "pubsub", "iam")]
    publisher = "serviceAccount:gmail-api-push@system.gserviceaccount.com"
    assert made["pubsub topics"]["mailbox-gmail"]["bindings"] == [
        [publisher, "roles/pubsub.publisher"]
    ]
    subscription = made["pubsub subscriptions"]["mailbox-gmail-odoo"]
    assert subscription["topic"] == "mailbox-gmail"
    assert subscription["push-endpoint"] == subscription["push-auth-token-audience"] == ENDPOINT
    assert subscription["push-auth-service-account"] == signer
    assert (subscription["ack-deadline"], subscription["expiration-period"]) == ("30", "never")


def test_pull_makes_a_key_that_only_its_owner_reads_and_keeps_it(cloud: Cloud) -> None:
    done = cloud.run(PULL)
    assert done.returncode == 0, done.stderr
    subscription = cloud.things["pubsub subscriptions"]["mailbox-gmail-odoo"]
    listener = "serviceAccount:mailbox-listen@my-project-123456.iam.gserviceaccount.com"
    assert subscription["bindings"] == [[listener, "roles/pubsub.subscriber"]]
    assert "push-endpoint" not in subscription
    key = cloud.folder / "mailbox-listen.json"
    assert key.stat().st_mode & 0o077 == 0
    key.write_text("mine")
    cloud.run(PULL)
    assert key.read_text() == "mine"


def test_no_role_is_given_on_the_project(cloud: Cloud) -> None:
    cloud.run(PUSH)
    cloud.run(PULL)
    assert not [call for call in cloud.calls if call.startswith("projects add-iam")]


def test_what_differs_is_put_right(cloud: Cloud) -> None:
    cloud.run(PUSH)
    subscriptions = cloud.things["pubsub subscriptions"]
    subscriptions["mailbox-gmail-odoo"]["push-auth-token-audience"] = "https://old.example.com"
    cloud.change(**{"pubsub subscriptions": subscriptions})
    assert cloud.run(PUSH).returncode == 0
    found = cloud.things["pubsub subscriptions"]["mailbox-gmail-odoo"]
    assert found["push-auth-token-audience"] == ENDPOINT


def test_push_and_pull_change_places(cloud: Cloud) -> None:
    for setup, pushes in ((PUSH, True), (PULL, False), (PUSH, True)):
        assert cloud.run(setup).returncode == 0
        found = cloud.things["pubsub subscriptions"]["mailbox-gmail-odoo"]
        assert ("push-endpoint" in found) is pushes


def test_a_topic_that_was_deleted_comes_back_with_its_subscription(cloud: Cloud) -> None:
    cloud.run(PUSH)
    cloud.change(**{"pubsub topics": {}})
    subscriptions = cloud.things["pubsub subscriptions"]
    subscriptions["mailbox-gmail-odoo"]["topic"] = "_deleted-topic_"
    cloud.change(**{"pubsub subscriptions": subscriptions})
    done = cloud.run(PUSH)
    assert done.returncode == 0, done.stderr
    assert cloud.things["pubsub subscriptions"]["mailbox-gmail-odoo"]["topic"] == "mailbox-gmail"


def test_a_subscription_of_another_topic_is_left_alone(cloud: Cloud) -> None:
    cloud.run(PUSH)
    topics = cloud.things["pubsub topics"] | {"theirs": {}}
    subscriptions = cloud.things["pubsub subscriptions"]
    subscriptions["mailbox-gmail-odoo"]["topic"] = "theirs"
    cloud.change(**{"pubsub topics": topics, "pubsub subscriptions": subscriptions})
    done = cloud.run(PUSH)
    assert done.returncode == 1
    assert "belongs to another topic: projects/my-project-123456/topics/theirs" in done.stderr
    assert cloud.things["pubsub subscriptions"] == subscriptions


def test_the_project_must_be_that_of_the_client(cloud: Cloud) -> None:
    other = PushSetup("my-project-123456", "t-1", "s-1", ENDPOINT, ENDPOINT, "99999")
    done = cloud.run(other)
    assert done.returncode == 1
    assert "belongs to project number 99999, this is 4711" in done.stderr
    assert "pubsub topics" not in cloud.things


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        ("projects describe", "no such project"),
        ("pubsub topics add-iam-policy-binding", "iam.allowedPolicyMemberDomains"),
    ],
)
def test_refusals_of_google_end_it_and_say_why(cloud: Cloud, refused: str, said: str) -> None:
    cloud.change(refuse=[refused])
    done = cloud.run(PUSH)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Done" not in done.stdout


def test_an_older_project_that_refuses_the_token_role_goes_on(cloud: Cloud) -> None:
    cloud.change(refuse=["iam service-accounts add-iam-policy-binding"])
    assert cloud.run(PUSH).returncode == 0


def test_values_are_only_values(cloud: Cloud) -> None:
    evil = "$(touch hacked)'; touch hacked; '`touch hacked`"
    setup = PushSetup("my-project-123456", evil, evil, evil, evil)
    cloud.run(setup)
    assert not (cloud.folder / "hacked").exists()
    assert evil in cloud.things["pubsub topics"]


@pytest.mark.parametrize("setup", [PUSH, PULL])
def test_the_script_reads_well(cloud: Cloud, setup: PushSetup) -> None:
    text = script(setup)
    assert "\nset -euo pipefail\n" in text
    assert max(map(len, text.splitlines())) <= 110
    checked = subprocess.run(
        ["bash", "-n"], input=text, text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    used = {*re.findall(r"\$([A-Z_]{2,})", text)}
    assigned = {*re.findall(r"(?m)^\s*([A-Z_]{2,})=", text)}
    assert used <= assigned


def test_addresses_of_service_accounts() -> None:
    assert account("my-project", "pull") == "mailbox-listen@my-project.iam.gserviceaccount.com"
    assert (
        account("example.com:shop", "push")
        == "mailbox-push@shop.example.com.iam.gserviceaccount.com"
    )


@pytest.mark.parametrize(
    ("client", "number"),
    [
        ("1234567890-abc123def.apps.googleusercontent.com", "1234567890"),
        ("mailbox-demo.apps.example", ""),
        ("x1234567890-abc.apps.googleusercontent.com", ""),
    ],
)
def test_the_project_of_a_client(client: str, number: str) -> None:
    assert client_project(client) == number
