"""Command line: ``mailbox-sandbox serve | seed | deliver | fault | import-mbox``.

All but ``serve`` speak to the control API of a running server.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import signal
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import importing, state_file
from .account import Account
from .faults import NAMES
from .quota import PROFILES
from .sandbox import Sandbox
from .scenario import SCENARIOS

DEFAULT_URL = "http://127.0.0.1:8025"
DEFAULT_ACCOUNT = "demo@example.com"
CALLBACK = "http://localhost:8069/mail/oauth2callback"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code (1: refused with a reason, 2: usage)."""
    arguments = parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except (ValueError, OSError) as error:
        print(f"mailbox-sandbox: {error}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """Return the parser (the documentation is generated from it)."""
    top = argparse.ArgumentParser(
        prog="mailbox-sandbox", description="An honest little mail provider for tests and demos."
    )
    commands = top.add_subparsers(dest="command", required=True)
    _serve_options(commands.add_parser("serve", help="run the provider until Ctrl-C"))
    _seed_options(commands.add_parser("seed", help="fill a mailbox with a scenario"))
    _deliver_options(commands.add_parser("deliver", help="deliver one mail"))
    _fault_options(commands.add_parser("fault", help="plan trouble, list it or clear it"))
    _import_options(commands.add_parser("import-mbox", help="bring in mbox, Maildir or .eml"))
    return top


def _serve_options(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=serve)
    command.add_argument("--host", default="127.0.0.1", help="address to listen on (loopback)")
    command.add_argument("--port", type=int, default=8025, help="0 takes any free port")
    command.add_argument("--quota", choices=list(PROFILES), default="v1",
                         help="quota profile: v1 generous, v2 of 2026, off")  # fmt: skip
    command.add_argument("--seed", type=int, default=1, help="same seed, same world")
    command.add_argument("--account", action="append", default=[], metavar="EMAIL",
                         help=f"mailbox to create (default {DEFAULT_ACCOUNT})")  # fmt: skip
    command.add_argument("--scenario", choices=list(SCENARIOS), help="fill the first mailbox")
    command.add_argument("--messages", type=int, help="how many messages the scenario makes")
    command.add_argument("--mail", action="append", default=[], metavar="PATH",
                         help="mbox, Maildir or folder of .eml, repeatable")  # fmt: skip
    command.add_argument("--client-id", default="sandbox-client")
    command.add_argument("--client-secret", default="sandbox-secret")
    command.add_argument("--redirect-uri", action="append", default=[], metavar="URI",
                         help=f"registered redirect, repeatable (default {CALLBACK})")  # fmt: skip
    command.add_argument("--project", default="demo-project", help="Cloud project of the client")
    command.add_argument("--publishing", choices=("production", "testing"), default="production")
    command.add_argument("--state-file", metavar="FILE",
                         help="load the world from this file and save it on exit")  # fmt: skip


def _common(command: argparse.ArgumentParser) -> None:
    url = os.environ.get("MAILBOX_SANDBOX_URL", DEFAULT_URL)
    command.add_argument("--url", default=url, help="running server (MAILBOX_SANDBOX_URL)")
    command.add_argument("--account", default=DEFAULT_ACCOUNT, metavar="EMAIL")


def _seed_options(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=seed)
    _common(command)
    command.add_argument("scenario", choices=list(SCENARIOS))
    command.add_argument("--messages", type=int)


def _deliver_options(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=deliver)
    _common(command)
    command.add_argument("file", nargs="?", help="a raw message (- for standard input)")
    command.add_argument("--from", dest="sender", default="Visitor <visitor@example.net>")
    command.add_argument("--subject", default="Hello from the sandbox")
    command.add_argument("--text", default="This is a test message.\n")
    command.add_argument("--label", action="append", default=[], help="label id, repeatable")


def _fault_options(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=fault)
    command.add_argument("--url", default=os.environ.get("MAILBOX_SANDBOX_URL", DEFAULT_URL))
    command.add_argument("fault", nargs="?", choices=sorted(NAMES), metavar="FAULT",
                         help="one of: " + ", ".join(sorted(NAMES)))  # fmt: skip
    command.add_argument("--face", default="gmail", choices=("gmail", "oauth", "pubsub", "*"))
    command.add_argument("--call", default="*", help="method such as messages.get, or a pattern")
    command.add_argument("--times", type=int, default=1, help="0: until cleared")
    command.add_argument("--skip", type=int, default=0)
    command.add_argument("--account", metavar="EMAIL")
    command.add_argument("--arg", action="append", default=[], metavar="NAME=VALUE")
    command.add_argument("--list", action="store_true", help="show the plan")
    command.add_argument("--clear", action="store_true", help="strike the plan")


def _import_options(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=import_mbox)
    _common(command)
    command.add_argument("path", nargs="+", help="mbox file, Maildir or folder of .eml")


def serve(arguments: argparse.Namespace) -> int:
    """Run a server in the foreground until SIGINT or SIGTERM."""
    sandbox = Sandbox(arguments.quota, arguments.seed)
    if arguments.state_file and Path(arguments.state_file).exists():
        state_file.load(sandbox.world, arguments.state_file)
    account = _prepare(sandbox, arguments)
    sandbox.listen(arguments.port, arguments.host)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    print(f"mailbox-sandbox on {sandbox.url}  account {account.email}  "
          f"{len(account.messages)} messages  quota {arguments.quota}", flush=True)  # fmt: skip
    stopping.wait()
    sandbox.stop()
    if arguments.state_file:
        state_file.save(sandbox.world, arguments.state_file)
    return 0


def _prepare(sandbox: Sandbox, arguments: argparse.Namespace) -> Account:
    world = sandbox.world
    redirects = arguments.redirect_uri or [CALLBACK]
    world.add_client(arguments.client_id, arguments.client_secret, redirects, arguments.project,
                     arguments.publishing)  # fmt: skip
    for email in arguments.account or [DEFAULT_ACCOUNT]:
        if email.lower() not in world.accounts:
            world.add_account(email)
    account = world.account((arguments.account or [DEFAULT_ACCOUNT])[0])
    if arguments.scenario and not account.messages:
        sandbox.load_scenario(arguments.scenario, account, arguments.messages)
    for path in arguments.mail:
        report = importing.load(account, path)
        print(f"{path}: {report.imported} messages imported")
        for problem in report.problems:
            print(f"  left out: {problem}", file=sys.stderr)
    return account


def call(url: str, name: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    """Speak to the control API of a running server. Raises ValueError with its reason."""
    body = None if data is None else json.dumps(data).encode()
    request = urllib.request.Request(
        f"{url.rstrip('/')}/_sandbox/{name}", body, {"Content-Type": "application/json"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=600) as reply:
            answer: dict[str, Any] = json.load(reply)
            return answer
    except urllib.error.HTTPError as error:
        raise ValueError(_reason(error)) from None
    except urllib.error.URLError as error:
        raise ValueError(f"no sandbox at {url}: {error.reason}") from None


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError, TypeError):
        return f"the server answered {error.code}"


def seed(arguments: argparse.Namespace) -> int:
    """Load a scenario into a running server."""
    data = {"account": arguments.account, "name": arguments.scenario}
    if arguments.messages is not None:
        data["messages"] = arguments.messages
    print(json.dumps(call(arguments.url, "scenario", data)))
    return 0


def deliver(arguments: argparse.Namespace) -> int:
    """Deliver a file or a small text mail."""
    data: dict[str, Any] = {"account": arguments.account}
    if arguments.label:
        data["labels"] = arguments.label
    if arguments.file:
        raw = (
            sys.stdin.buffer.read() if arguments.file == "-" else Path(arguments.file).read_bytes()
        )
        data["raw"] = base64.b64encode(raw).decode()
    else:
        data.update({"from": arguments.sender, "subject": arguments.subject,
                     "text": arguments.text})  # fmt: skip
    print(json.dumps(call(arguments.url, "deliver", data)))
    return 0


def fault(arguments: argparse.Namespace) -> int:
    """Plan, list or clear faults."""
    if arguments.clear:
        call(arguments.url, "faults/clear", {})
    if arguments.fault:
        data = {
            "face": arguments.face, "call": arguments.call, "fault": arguments.fault,
            "times": arguments.times or None, "skip": arguments.skip,
            "account": arguments.account, "args": dict(_pair(item) for item in arguments.arg),
        }  # fmt: skip
        print(json.dumps(call(arguments.url, "faults", data)))
    if arguments.list or not (arguments.clear or arguments.fault):
        print(json.dumps(call(arguments.url, "faults")["faults"], indent=2))
    return 0


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ValueError(f"--arg wants NAME=VALUE, not {text!r}")
    return name, value


def import_mbox(arguments: argparse.Namespace) -> int:
    """Import mail that the server can read from its own file system."""
    left_out = 0
    for path in arguments.path:
        data = {"account": arguments.account, "path": str(Path(path).expanduser().resolve())}
        report = call(arguments.url, "import", data)
        print(f"{path}: {report['imported']} messages imported")
        for problem in report["problems"]:
            left_out += 1
            print(f"  left out: {problem}", file=sys.stderr)
    return 1 if left_out else 0


if __name__ == "__main__":
    sys.exit(main())
