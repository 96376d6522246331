"""A whole Odoo with workers and the job runner, killed with -9 in the middle and started again."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from harness import checks
from harness.provider import CLIENT_ID, Provider
from harness.server import connected, until
from harness.stage import ADDRESS, filestore

from mailbox_tools import databases, odoo_config
from mailbox_tools.demo.client import OdooClient
from mailbox_tools.odoo_server import OdooServer
from mailbox_tools.postgres import Server

DATABASE = "test_e2e_server"


@pytest.fixture
def odoo(server: Server, provider: Provider) -> Iterator[OdooServer]:
    """An Odoo on a fresh database, with the sandbox as its provider."""
    databases.create_database(server, DATABASE, ["mailbox_sync"])
    settings = {"google_base_url": provider.sandbox.url, "guard_load": "0", "guard_memory": "0"}
    made = OdooServer.prepare(server, DATABASE, workers=2, mailbox=settings)
    yield made
    made.stop()
    databases.drop_database(server, DATABASE)


def stored(server: Server) -> int:
    """How many messages are here."""
    with closing(server.connect(DATABASE)) as connection, connection.cursor() as cr:
        cr.execute("SELECT count(*) FROM mailbox_message WHERE disposition = 'stored'")
        return int(cr.fetchone()[0])


@pytest.mark.timeout(400)
def test_kill_9_of_the_whole_server_and_starting_it_again_ends_the_same(
    odoo: OdooServer, provider: Provider, server: Server
) -> None:
    account = provider.account(ADDRESS)
    provider.fill(account, 400)
    front = odoo_config.free_ports(1)[0]
    callback = f"http://127.0.0.1:{front}/mail/oauth2callback"
    provider.sandbox.world.identity.client(CLIENT_ID).redirect_uris.append(callback)
    odoo.start(front_port=front)
    client, mailbox = connected(odoo, provider, DATABASE)

    until(90, lambda: stored(server) >= 20, "the first messages")
    odoo.kill()
    kept = stored(server)
    assert kept < 390, "killed in the middle"
    odoo.start(front_port=odoo_config.free_ports(1)[0])
    # The runner looks after jobs of the dead once a minute, which is most of this test's time.
    client = OdooClient(odoo.url, DATABASE)
    state = ["state", "listed_count"]
    until(
        150,
        lambda: (
            client.read("mailbox", mailbox, state) | {"id": 0}
            == {"id": 0, "state": "live", "listed_count": 0}
        ),
        "the import",
    )
    client.call("mailbox", "action_verify_completeness", [mailbox], full=True)
    until(
        90, lambda: client.call("mailbox", "mailbox_report", [mailbox])["verified"], "verification"
    )
    report = client.call("mailbox", "mailbox_report", [mailbox])
    assert (report["unexplained"], report["duplicates"]) == (0, 0), report
    with closing(server.connect(DATABASE)) as connection:
        store = checks.read(connection, mailbox, filestore(DATABASE) / "mailbox_raw")
    assert len(store.with_disposition("stored")) > kept
    trouble = checks.at_rest(store, account)
    assert not trouble, "\n".join(trouble[:20])
