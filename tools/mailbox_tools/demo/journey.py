"""What a person does with a fresh installation: connect, wait for the import, watch mail arrive,
ask for proof."""

import time
from typing import Any

from mailbox_tools.demo import push, report
from mailbox_tools.demo.client import OdooClient, give_consent
from mailbox_tools.demo.outside import Outside
from mailbox_tools.demo.provider import ADDRESS, CLIENT_ID, CLIENT_SECRET, Provider
from mailbox_tools.demo.scene import Scene
from mailbox_tools.env import ToolingError, say

#: Seconds between two looks at the progress, and at a mail on its way.
_LOOK = 1.0
_GLANCE = 0.05
#: Seconds without any progress after which the demo gives up and says where it stands.
_PATIENCE = 300.0
#: Seconds between two delivered mails (Gmail announces one change a second to a user), and the
#: longest wait for one of them to arrive.
_GAP = 1.1
_ARRIVAL = 180.0


class Journey:
    """One connected mailbox, from the outside."""

    def __init__(self, odoo: OdooClient, provider: Provider) -> None:
        self._odoo = odoo
        self._provider = provider
        self._mailbox = 0
        self._assistant: push.Assistant | None = None
        self._latencies: list[float] = []
        self._routed: dict[str, Any] = {}

    def connect(self) -> None:
        """Register the sign-in app, make a mailbox and walk the provider's consent page."""
        app = {"provider": "gmail", "client_id": CLIENT_ID, "new_secret": CLIENT_SECRET}
        self._odoo.call("mailbox.client", "create", [app])
        settings = {
            "name": "Demo",
            "provider": "gmail",
            "address": ADDRESS,
            "scope_profile": "two_way",
            "quota_profile": self._provider.quota,
            "routing": "company",
        }
        self._mailbox = self._odoo.call("mailbox", "create", [settings])[0]
        action = self._odoo.call("mailbox", "action_connect", [self._mailbox])
        give_consent(self._odoo.web, self._odoo.url + action["url"])
        found = self._look("state", "health_text")
        if found["state"] in {"draft", "connecting", "reconnect"}:
            raise ToolingError(f"the mailbox is not connected: {found['health_text']}")
        say(f"connected {ADDRESS} by walking the provider's consent page")

    def watch_import(self) -> None:
        """Print the progress until history is complete. Raises ToolingError when it stands
        still."""
        moved, done = time.monotonic(), -1
        while True:
            found = self._look(
                "state",
                "import_total",
                "import_done",
                "import_eta",
                "health_text",
                "quarantine_count",
            )
            if found["import_done"] != done:
                moved, done = time.monotonic(), found["import_done"]
                say(_progress(found))
            if found["state"] == "live":
                return
            if time.monotonic() - moved > _PATIENCE:
                raise ToolingError(
                    f"no progress for {_PATIENCE:.0f} s: {found['state']}, {found['health_text']}"
                )
            time.sleep(_LOOK)

    def enable_push(self) -> None:
        """Let the provider announce new mail; raises ToolingError when that does not work."""
        self._assistant = push.Assistant(self._odoo, self._mailbox)
        self._assistant.enable(self._provider)

    def watch_arrivals(self, count: int) -> None:
        """Let mail arrive at the provider and note how long each takes to be in Odoo's database."""
        if not count:
            return
        say(f"{count} new mails arrive at the provider; open the Messages list and watch")
        waiting: dict[str, float] = {}
        for number in range(1, count + 1):
            mail = {
                "account": ADDRESS,
                "from": "Visitor <visitor@example.net>",
                "subject": f"Live mail {number} of {count}",
                "text": "It arrived while you were watching.\n",
            }
            delivered = self._provider.control("POST", "deliver", **mail)
            waiting[delivered["id"]] = time.monotonic()
            next_one = time.monotonic() + _GAP
            self._collect(waiting, next_one)
            time.sleep(max(0.0, next_one - time.monotonic()))
        self._collect(waiting, time.monotonic() + _ARRIVAL)
        if waiting:
            raise ToolingError(
                f"{len(waiting)} of {count} new mails did not arrive within {_ARRIVAL:.0f} s"
            )
        figures = report.latency(self._latencies)
        say(f"all arrived; provider to database p50 {figures['p50']} ms, p95 {figures['p95']} ms")
        if self._assistant:
            self._assistant.say_way()

    def play_scene(self, outside: Outside) -> None:
        """Let mail become leads, tickets, tasks and replies, and say why."""
        self._routed = Scene(self._odoo, self._provider, self._mailbox, outside).play()

    def report(self) -> dict[str, Any]:
        """Prove completeness against the provider and return the figures.

        Raises ToolingError when the proof does not end.
        """
        say("comparing every message, flag and label with the provider")
        self._odoo.call("mailbox", "action_verify_completeness", [self._mailbox], full=True)
        deadline = time.monotonic() + _PATIENCE
        domain = [("mailbox_id", "=", self._mailbox)]
        while True:
            proof = self._odoo.call(
                "mailbox.parity", "search_read", domain, ["state", "progress"], limit=1
            )
            if proof and proof[0]["state"] != "running":
                break
            if time.monotonic() > deadline:
                raise ToolingError(f"the comparison does not end: {proof}")
            time.sleep(_LOOK)
        result: dict[str, Any] = self._odoo.call("mailbox", "mailbox_report", [self._mailbox])
        found = self._look("push_state", "push_expires_at")
        result["push"] = {"state": found["push_state"], "expires_at": found["push_expires_at"]}
        result["routed"] = self._routed
        result["live_latency_ms"] = report.latency(self._latencies)
        return result

    def _look(self, *names: str) -> dict[str, Any]:
        return self._odoo.read("mailbox", self._mailbox, list(names))

    def _collect(self, waiting: dict[str, float], until: float) -> None:
        while waiting and time.monotonic() < until:
            domain = [
                ("mailbox_id", "=", self._mailbox),
                ("remote_id", "in", list(waiting)),
                ("disposition", "=", "stored"),
            ]
            rows = self._odoo.call("mailbox.message", "search_read", domain, ["remote_id"])
            for row in rows:
                self._latencies.append(time.monotonic() - waiting.pop(row["remote_id"]))
            time.sleep(_GLANCE)


def _progress(found: dict[str, Any]) -> str:
    done, total = found["import_done"], found["import_total"]
    share = f" ({100 * done / total:3.0f} %)" if total else ""
    eta = f", done about {found['import_eta'][11:]} UTC" if found["import_eta"] else ""
    odd = f", {found['quarantine_count']} quarantined" if found["quarantine_count"] else ""
    return f"imported {done:,} of {total:,}{share}{eta}{odd}"
