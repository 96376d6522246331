"""Runs inside Odoo's process: connects many mailboxes with given grants, as signing in does.

Usage: python -m mailbox_tools.bench.fleet_worker CONFIGURATION DATABASE GRANTS.json [WORD …]

With ``push`` the mailboxes listen to notifications, as after the set-up assistant. With
``adaptive`` they are polled as their own traffic suggests, and push can be switched on.
"""

import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import odoo
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from mailbox_core.types import Credentials
from mailbox_tools.bench.fleet_provider import AUDIENCE, CLIENT_ID, CLIENT_SECRET, PROJECT, SIGNER


def main(arguments: list[str]) -> None:
    """Make the mailboxes; their first jobs wait for a server."""
    configuration, database, grants, *words = arguments
    odoo.tools.config.parse_config(["-c", configuration, "--log-level=critical"])
    found = json.loads(Path(grants).read_text(encoding="utf-8"))
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
        env["mailbox.client"].create(
            {"provider": "gmail", "client_id": CLIENT_ID, "new_secret": CLIENT_SECRET}
        )
        owner = env.ref("base.user_admin")
        for address, tokens in found.items():
            # As seldom as a mailbox is polled whose push is healthy (``Cadence.with_push``).
            settings = {"name": address, "provider": "gmail", "address": address}
            settings |= {"owner_id": owner.id}
            settings |= {} if "adaptive" in words else {"poll_minutes": 15}
            mailbox = env["mailbox"].create(settings)
            mailbox._finish_signin(_grant(address, tokens), "read", True)
            if "push" in words:
                _listen(mailbox)
        if words:
            settings = {"provider": "gmail", "project_id": PROJECT}
            settings |= {"audience": AUDIENCE, "signers": SIGNER}
            env["mailbox.push.config"].create(settings)


def _listen(mailbox: Any) -> None:
    """A registration that was made a moment ago and has been heard of."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    values = {"state": "active", "registered_at": now, "last_renewed_at": now, "last_hint_at": now}
    mailbox._subscription().write({**values, "expires_at": now + timedelta(days=7)})


def _grant(address: str, tokens: dict[str, str]) -> Credentials:
    return Credentials(
        tokens["access_token"],
        tokens["refresh_token"],
        datetime.now(timezone.utc) + timedelta(seconds=int(tokens["expires_in"])),
        frozenset(tokens["scope"].split()),
        address,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
