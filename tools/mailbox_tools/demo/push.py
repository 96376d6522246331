"""Push in the demo: topic and subscription, Odoo's settings, and the first notification.

Stands in for what an administrator does at Google with the set-up script.
"""

import time
from typing import Any

from mailbox_tools.demo.client import OdooClient
from mailbox_tools.demo.provider import Provider
from mailbox_tools.env import ToolingError, say

#: The sandbox's Cloud project, as its client registration has it.
PROJECT = "demo-project"
NAME, SUBSCRIPTION = "mailbox-gmail", "mailbox-gmail-odoo"
SIGNER = f"mailbox-push@{PROJECT}.iam.gserviceaccount.com"
#: Seconds until the notification that begins a watch must have arrived.
_FIRST = 30.0
_FIELDS = ["push_state", "push_text", "push_expires_at", "push_last_hint_at"]


def enable(odoo: OdooClient, provider: Provider, mailbox: int) -> dict[str, Any]:
    """Let the provider push to Odoo, and switch push on; ToolingError when nothing arrives."""
    endpoint = f"{odoo.url}/mailbox/push/gmail"
    provider.control(
        "POST",
        "push/subscription",
        name=f"projects/{PROJECT}/subscriptions/{SUBSCRIPTION}",
        topic=f"projects/{PROJECT}/topics/{NAME}",
        endpoint=endpoint,
        signer=SIGNER,
        audience=endpoint,
    )
    settings = {
        "provider": "gmail",
        "project_id": PROJECT,
        "topic_id": NAME,
        "audience": endpoint,
        "signers": SIGNER,
    }
    odoo.call("mailbox.push.config", "create", [settings])
    answer = odoo.call("mailbox", "action_push_enable", [mailbox])["params"]
    if answer["type"] != "success":
        raise ToolingError(f"push was refused: {answer['message']}")
    return _first(odoo, mailbox)


def _first(odoo: OdooClient, mailbox: int) -> dict[str, Any]:
    deadline = time.monotonic() + _FIRST
    while time.monotonic() < deadline:
        found = odoo.read("mailbox", mailbox, _FIELDS)
        if found["push_last_hint_at"]:
            say(f"push is {found['push_state']}; the watch ends {found['push_expires_at']} UTC")
            return found
        time.sleep(0.1)
    raise ToolingError(f"no notification within {_FIRST:.0f} s: {found['push_text']}")
