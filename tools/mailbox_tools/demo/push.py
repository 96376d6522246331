"""Push in the demo: through the set-up assistant, and the first notification.

Stands in for what an administrator does at Google with the assistant's script.
"""

import time
from typing import Any

from mailbox_tools.demo.client import OdooClient
from mailbox_tools.demo.provider import ADDRESS, Provider
from mailbox_tools.env import ToolingError, say

#: The sandbox's Cloud project, as its client registration has it.
PROJECT = "demo-project"
NAME, SUBSCRIPTION = "mailbox-gmail", "mailbox-gmail-odoo"
_MODEL = "mailbox.push.setup"
#: Seconds until the first notification must have arrived; and those after which a mail calls for
#: one: the notification that begins a watch is lost when it comes before Odoo has stored the watch.
_FIRST = 30.0
_NUDGE = 3.0
_FIELDS = ["push_state", "push_text", "push_expires_at", "push_last_hint_at"]


class Assistant:
    """The set-up assistant of one mailbox, as an administrator walks it."""

    def __init__(self, odoo: OdooClient, mailbox: int) -> None:
        self._odoo, self._mailbox = odoo, mailbox
        self._form = int(odoo.call("mailbox", "action_push_setup", [mailbox])["res_id"])

    def enable(self, provider: Provider) -> dict[str, Any]:
        """Every step; ToolingError when push is refused or nothing arrives."""
        self._call("write", {"project_id": PROJECT, "topic_id": NAME})
        self._call("action_continue")
        # In place of the script that this step shows.
        found = self._odoo.read(_MODEL, self._form, ["topic", "endpoint", "signer"])
        provider.control(
            "POST",
            "push/subscription",
            name=f"projects/{PROJECT}/subscriptions/{SUBSCRIPTION}",
            topic=found["topic"],
            endpoint=found["endpoint"],
            signer=found["signer"],
            audience=found["endpoint"],
        )
        for step, action in (("validate", "action_validate"), ("register", "action_register")):
            self._call("action_fix", step)
            answer = self._call(action)
        if answer["params"]["type"] != "success":
            raise ToolingError(f"push was refused: {answer['params']['message']}")
        return _first(self._odoo, self._mailbox, provider)

    def say_way(self) -> None:
        """Tell how far the newest mail has come."""
        lines = self._odoo.read(_MODEL, self._form, ["timeline"])["timeline"]
        seen = [line for line in lines if line["state"] == "observed"]
        say(f"realtime test: {len(seen)} of {len(lines)} checkpoints observed")

    def _call(self, method: str, *arguments: Any) -> Any:
        return self._odoo.call(_MODEL, method, [self._form], *arguments)


def _first(odoo: OdooClient, mailbox: int, provider: Provider) -> dict[str, Any]:
    began, nudged = time.monotonic(), False
    while time.monotonic() < began + _FIRST:
        found = odoo.read("mailbox", mailbox, _FIELDS)
        if found["push_last_hint_at"]:
            say(f"push is {found['push_state']}; the watch ends {found['push_expires_at']} UTC")
            return found
        if not nudged and time.monotonic() > began + _NUDGE:
            nudged = True
            mail = {"from": "Visitor <visitor@example.net>", "subject": "Is push on?", "text": "?"}
            provider.control("POST", "deliver", account=ADDRESS, **mail)
        time.sleep(0.1)
    raise ToolingError(f"no notification within {_FIRST:.0f} s: {found['push_text']}")
