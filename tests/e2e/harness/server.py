"""What a person does at a whole running Odoo, reduced to what tests need."""

import time
from collections.abc import Callable

from harness.provider import CLIENT_ID, CLIENT_SECRET, Provider
from harness.stage import ADDRESS
from mailbox_tools.demo.client import OdooClient, give_consent
from mailbox_tools.odoo_server import OdooServer


def until(seconds: float, done: Callable[[], bool], what: str) -> None:
    """Wait for something. Raises AssertionError when it does not come."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)


def connected(odoo: OdooServer, provider: Provider, database: str) -> tuple[OdooClient, int]:
    """What a person does in the browser: register the app, make a mailbox, give consent."""
    client = OdooClient(odoo.url, database)
    app = {"provider": "gmail", "client_id": CLIENT_ID, "new_secret": CLIENT_SECRET}
    client.call("mailbox.client", "create", [app])
    values = {
        "name": "Shop", "provider": "gmail", "address": ADDRESS, "scope_profile": "two_way",
        "quota_profile": "v1",
    }  # fmt: skip
    mailbox = client.call("mailbox", "create", [values])[0]
    action = client.call("mailbox", "action_connect", [mailbox])
    give_consent(client.web, client.url + action["url"])
    return client, mailbox
