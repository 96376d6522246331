"""The control API and the web mail page."""

from __future__ import annotations

import base64
import email.utils
import re
import threading
import time
from typing import Any

import pytest
import requests

from mailbox_sandbox import Account, Sandbox


class Control:
    """A plain client of the control API."""

    def __init__(self, url: str) -> None:
        self.url = url + "/_sandbox/"

    def get(self, name: str, status: int = 200, /, **params: Any) -> Any:
        reply = requests.get(self.url + name, params=params, timeout=40)
        assert reply.status_code == status, reply.text
        return reply.json()

    def post(self, name: str, status: int = 200, /, **data: Any) -> Any:
        reply = requests.post(self.url + name, json=data, timeout=40)
        assert reply.status_code == status, reply.text
        return reply.json()


@pytest.fixture
def control(sandbox: Sandbox, account: Account) -> Control:
    return Control(sandbox.url)


ME = {"account": "demo@example.com"}


def test_deliver_flag_move_bin_delete(control: Control, account: Account) -> None:
    made = control.post(
        "deliver", **ME, subject="Grüße", text="hello", **{"from": "A <a@b.example>"}
    )
    message = account.messages[made["id"]]
    assert made["subject"] == "Grüße" and message.labels == {"INBOX", "UNREAD"}
    label = control.post("labels", **ME, name="Team/Ops")["id"]
    control.post("modify", **ME, id=message.id, add=["STARRED", label], remove=["INBOX"])
    assert message.labels == {"UNREAD", "STARRED", label}
    control.post("trash", **ME, id=message.id)
    assert "TRASH" in message.labels
    control.post("trash", **ME, id=message.id, undo=True)
    assert "TRASH" not in message.labels
    control.post("labels", **ME, remove=label)
    assert label not in message.labels
    control.post("delete", **ME, id=message.id)
    assert not account.messages


def test_exact_bytes_go_in_and_come_out(control: Control, account: Account) -> None:
    raw = b"From: x\n\xff\x00 not a mail \r\r\n"
    made = control.post("deliver", **ME, raw=base64.b64encode(raw).decode())
    assert account.messages[made["id"]].raw == raw
    shown = control.get("message", **ME, id=made["id"])
    assert base64.b64decode(shown["raw"]) == raw
    assert shown["sha256"] == account.messages[made["id"]].sha256
    control.post("deliver", 400, **ME, raw="***")


def test_refusals_are_clear(control: Control) -> None:
    assert "account" in control.get("messages", 400)["error"]
    assert "nobody" in control.post("deliver", 404, account="nobody@example.com")["error"]
    control.post("modify", 404, **ME, id="ffff")
    assert "exists" in control.post("accounts", 400, email="demo@example.com")["error"]
    control.post("accounts", 400, email="nonsense")
    assert "unknown fault" in control.post("faults", 400, fault="meteor")["error"]
    assert "forward" in control.post("clock", 400, advance=-1)["error"]
    assert "unknown scenario" in control.post("scenario", 400, **ME, name="moon")["error"]
    assert "unknown setting" in control.post("settings", 400, colour=1)["error"]
    control.post("settings", 400, list_paging=7)
    control.post("quota", 400, profile="v9")
    control.post("import", 400, **ME, path="/does/not/exist")
    control.get("nonsense", 404)


def test_writing_needs_json_so_no_foreign_page_can_do_it(control: Control) -> None:
    url = control.url + "deliver"
    assert requests.post(url, data={"account": "demo@example.com"}, timeout=10).status_code == 400
    text = requests.post(url, data="{}", headers={"Content-Type": "text/plain"}, timeout=10)
    assert text.status_code == 400


def test_clock_settings_faults_quota_keys_and_history(
    control: Control, sandbox: Sandbox, account: Account
) -> None:
    before = sandbox.clock.now()
    assert control.post("clock", advance=3600)["now"] >= before + 3600
    assert control.post("settings", list_paging="offset", concurrency=4)["concurrency"] == 4
    number = control.post("faults", fault="rate_429", call="x", times=None, args={"a": 1})["id"]
    assert control.get("faults")["faults"][0]["args"] == {"a": 1}
    control.post("faults/clear", id=number)
    assert control.get("status")["faults"] == 0
    assert control.post("quota", profile="v2", reset=True)["profile"] == "v2"
    assert control.post("keys/rotate")["kid"] == sandbox.app.keys.keys()[0].kid
    floor = account.log.floor
    assert int(control.post("history/expire", **ME)["floor"]) > floor
    control.post("clients", id="new", secret="s", redirect_uris=["http://x/"])
    control.post("accounts", email="new@example.com", name="New")
    assert {"new@example.com"} < set(control.get("status")["accounts"])
    tokens = sandbox.grant("new@example.com", "new", ["openid"])
    control.post("grant/revoke", account="new@example.com")
    assert sandbox.world.identity.live_refresh(tokens["refresh_token"]) is None
    control.post("accounts/remove", account="new@example.com")
    assert control.get("state")["clients"][-1]["id"] == "new"


def test_changes_wakes_on_the_first_change(control: Control, account: Account, mail: Any) -> None:
    position = account.log.last_id()
    later = threading.Timer(0.3, lambda: account.deliver(mail()))
    later.start()
    begin = time.monotonic()
    found = control.get("changes", **ME, since=position, timeout=20)
    assert found["history_id"] > position and 0.2 < time.monotonic() - begin < 5
    begin = time.monotonic()
    control.get("changes", **ME, since=found["history_id"], timeout=0.2)
    assert time.monotonic() - begin < 5


def test_list_and_search(control: Control, account: Account, mail: Any) -> None:
    account.deliver(mail("Needle"))
    account.deliver(mail("Hay"), labels=["STARRED"])
    assert len(control.get("messages", **ME)["messages"]) == 2
    assert len(control.get("messages", **ME, label="STARRED")["messages"]) == 1
    assert control.get("messages", **ME, q="subject:needle")["messages"][0]["subject"] == "Needle"


@pytest.mark.parametrize("path", ["/", "/_sandbox/mail"])
def test_web_mail_is_self_contained_and_may_run_only_its_own_script(
    path: str, sandbox: Sandbox
) -> None:
    reply = requests.get(sandbox.url + path, timeout=10)
    assert reply.status_code == 200 and "prefers-color-scheme:dark" in reply.text
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy
    script = requests.get(sandbox.url + "/_sandbox/mail.js", timeout=10)
    assert script.headers["Content-Type"].startswith("text/javascript")
    outside = re.findall(r"(?:src|href)=[\"'](https?:)?//", reply.text + script.text)
    assert not outside
    called = set(re.findall(r"(?:api|act)\('([\w/]+)", script.text))
    known = {name for _verb, name in sandbox.app.control.calls()}
    assert called and called <= known


def test_unknown_addresses_are_googles_404_page(sandbox: Sandbox) -> None:
    reply = requests.get(sandbox.url + "/nothing/here", timeout=10)
    assert reply.status_code == 404 and "That’s an error" in reply.text


def test_answers_are_dated_by_the_injected_clock(sandbox: Sandbox) -> None:
    """Retry-After as a date means nothing beside a Date header of another clock."""
    sandbox.clock.advance(86400)
    answer = requests.get(f"{sandbox.url}/_sandbox/status", timeout=5)
    dated = email.utils.parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert abs(dated - sandbox.clock.now()) < 5
