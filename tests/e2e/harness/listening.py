"""``odoo-bin mailbox listen`` as a process of its own, and what it needs at the provider."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from harness.stage import Databases, Stage
from mailbox_tools import odoo_config, paths

PROJECT = "demo-project"
TOPIC = f"projects/{PROJECT}/topics/mailbox-gmail"
QUEUE = f"projects/{PROJECT}/subscriptions/mailbox-gmail-odoo"
SECOND = f"{QUEUE}-second"
#: How PostgreSQL shows its connections.
_NAME = "mailbox-listen-test"


def enable(stage: Stage) -> None:
    """Let a connected mailbox be announced to a queue, with the settings a manager would enter."""
    sandbox = stage.provider.sandbox
    sandbox.world.settings.update({"push_drops_excess": False})
    key = sandbox.add_pull(topic=TOPIC, subscription=QUEUE)
    settings = {
        "provider": "gmail",
        "project_id": PROJECT,
        "topic_id": "mailbox-gmail",
        "mode": "pull",
        "queue_id": "mailbox-gmail-odoo",
        "new_service_key": json.dumps(key),
    }
    stage.call("mailbox.push.config", "create", arguments=[[settings]])
    told = stage.mine("action_push_enable")["params"]
    assert told["type"] == "success", told


def share(stage: Stage, database: str) -> None:
    """Make ``database`` a copy of the one under test that listens to a queue of its own: of what is
    published, each gets one."""
    stage.provider.sandbox.add_pull(topic=TOPIC, subscription=SECOND)
    stage.connections(end=True)
    stage.databases.copy(stage.databases.name, database)
    queue = SECOND.rpartition("/")[2]
    connection = stage.databases.server.connect(database)
    with closing(connection), connection.cursor() as cr:
        cr.execute("UPDATE mailbox_push_config SET queue_id = %s", [queue])


def enable_webhook(stage: Stage, endpoint: str) -> None:
    """Let a connected mailbox be announced to an address of ours instead."""
    sandbox = stage.provider.sandbox
    sandbox.world.settings.update({"push_drops_excess": False})
    signer = f"mailbox-push@{PROJECT}.iam.gserviceaccount.com"
    sandbox.add_push(endpoint, signer, topic=TOPIC, subscription=QUEUE)
    settings = {
        "provider": "gmail",
        "project_id": PROJECT,
        "topic_id": "mailbox-gmail",
        "audience": endpoint,
        "signers": signer,
    }
    stage.call("ir.config_parameter", "set_param", arguments=["web.base.url", endpoint])
    stage.call("mailbox.push.config", "create", arguments=[[settings]])
    told = stage.mine("action_push_enable")["params"]
    assert told["type"] == "success", told


def last_answer(stage: Stage) -> str:
    """What the webhook said last, as the provider saw it."""
    return stage.provider.sandbox.world.broker.subscription(QUEUE).last_answer


def owed(stage: Stage, queue: str = QUEUE) -> int:
    """How many notifications are not acknowledged."""
    return len(stage.provider.sandbox.world.broker.subscription(queue).backlog)


def until(done: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """Wait for something true and return it. Raises AssertionError when it does not come."""
    deadline = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)
    return found


class Process:
    """A listener for the database under test, and for others if their names are ``also`` given."""

    def __init__(self, databases: Databases, provider_url: str, *also: str) -> None:
        self._instance = databases.instance(provider_url, log_level="info")
        self._names = ",".join([self._instance.database, *also])
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What it has said so far."""
        path = self._instance.folder / "listen.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def start(self) -> "Process":
        """Begin; it is not listening yet when this returns."""
        configuration = odoo_config.write(self._instance)
        program = [str(paths.environment() / "bin" / "odoo-bin"), "mailbox", "listen"]
        # Odoo finds the command along the addons path of the file that ODOO_RC names.
        more = {"PGAPPNAME": _NAME, "ODOO_RC": str(configuration)}
        environment = {**os.environ, **self._instance.server.environment(), **more}
        with (self._instance.folder / "listen.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*program, "-d", self._names],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def terminate(self) -> tuple[int, float]:
        """SIGTERM; returns the exit code and how many seconds it took."""
        assert self._process is not None
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(30)
        return code, time.monotonic() - began

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def connections(self, stage: Stage) -> int:
        """How many connections to PostgreSQL it holds."""
        count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        return int(stage.value(count, _NAME))
