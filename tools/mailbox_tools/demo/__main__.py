"""Sets up everything, connects a mailbox by the real sign-in, imports it, delivers mail, reports,
stays up.

Usage: make demo [ONCE=1] [REPORT=file.json] [MAIL=path …] [QUOTA=2026] [MESSAGES=n] [PORT=n]
"""

import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack

from mailbox_tools import make_variables, odoo_config, paths, postgres
from mailbox_tools.databases import create_database
from mailbox_tools.demo import options, report
from mailbox_tools.demo.client import OdooClient
from mailbox_tools.demo.journey import Journey
from mailbox_tools.demo.outside import Outside
from mailbox_tools.demo.provider import Provider
from mailbox_tools.env import command_line, say
from mailbox_tools.odoo_server import OdooServer

DATABASE = "mailbox_demo"
MODULES = ("mailbox_sync", "crm", "project", "contacts", "helpdesk_mgmt")


def _port(wanted: int) -> int:
    """Return the wanted port, or a free one when somebody else listens there."""
    return wanted if odoo_config.is_free(wanted) else odoo_config.free_ports(1)[0]


def _scenario(chosen: options.Options) -> list[str]:
    if chosen.mail:
        return [word for path in chosen.mail for word in ("--mail", str(path))]
    return ["--scenario", "small_shop", "--messages", str(chosen.messages)]


def _server(database_server: postgres.Server, provider: Provider, outside: Outside) -> OdooServer:
    settings = {
        "google_base_url": provider.url,
        # All runs on one machine here: a high load is the demo's own, no reason to hold back.
        "guard_load": "0",
        # Rules call a web address of this machine, which an operator has to allow.
        "webhook_networks": "127.0.0.0/8",
    }
    return OdooServer.prepare(database_server, DATABASE, mailbox=settings, options=outside.options)


def _stay(server: OdooServer, provider: Provider) -> int:
    say(f"Odoo is at {server.url} — user admin, password admin")
    say(f"the provider's web mail is at {provider.url}/ : deliver, flag, move or delete there")
    say("Ctrl-C ends the demo and everything it started")
    return server.wait()


@command_line
def main(arguments: Sequence[str]) -> int:
    """Run the demo; with ONCE=1 the exit code tells whether every message is accounted for once."""
    mail = [value for name, value in make_variables.given() if name == "MAIL" and value]
    chosen = options.read(os.environ, mail)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    with ExitStack() as stack:
        database_server = stack.enter_context(postgres.server())
        port = _port(chosen.port)
        callback = f"http://127.0.0.1:{port}/mail/oauth2callback"
        provider = stack.enter_context(Provider(callback, chosen.quota, _scenario(chosen)))
        folder = paths.workspace() / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        provider.start(folder / "sandbox.log")
        say(f"the provider holds {provider.messages():,} messages: {provider.url}/")
        for line in provider.left_out():
            say(line)
        create_database(database_server, DATABASE, MODULES)
        outside = stack.enter_context(Outside())
        server = _server(database_server, provider, outside)
        stack.callback(server.stop)
        server.start(front_port=port)
        say(f"Odoo is up after {time.monotonic() - began:.0f} s: {server.url}")
        journey = Journey(OdooClient(server.url, DATABASE), provider)
        journey.connect()
        journey.watch_import()
        journey.enable_push()
        journey.watch_arrivals(chosen.arrivals)
        journey.play_scene(outside)
        result = journey.report()
        print(f"\n{report.text(result)}\n", flush=True)
        if chosen.report:
            report.write(chosen.report, result)
        if not chosen.once:
            return _stay(server, provider)
    return 0 if report.passed(result) else 1


if __name__ == "__main__":
    main()
