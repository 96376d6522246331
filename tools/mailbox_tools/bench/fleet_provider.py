"""The sandbox with many small mailboxes, as a process of its own.

Usage: python -m mailbox_tools.bench.fleet_provider PORT MAILBOXES GRANTS.json

It signs every mailbox in by itself (a thousand consent pages prove nothing that one does not) and
writes the tokens to the file once it serves. Mail is days old, so that the mailboxes are
idle ones.
"""

import json
import signal
import sys
import threading
import time
from pathlib import Path

from mailbox_sandbox import push_token
from mailbox_sandbox.sandbox import Sandbox

CLIENT_ID, CLIENT_SECRET = "bench.apps.example", "bench-secret-worthless-elsewhere"
SCOPES = ["https://www.googleapis.com/auth/gmail.readonly", "openid", "email"]
#: Who signs notifications, and for whom; a token for them lies in push.json beside the grants.
PROJECT = "bench-project"
SIGNER = f"mailbox-push@{PROJECT}.iam.gserviceaccount.com"
AUDIENCE = "https://fleet.example/mailbox/push/gmail"
#: Mails in each mailbox at the beginning.
MAILS = 2
#: Not at this time of day: a mailbox is not idle around its usual hours.
_AGE = 2.6 * 86400


def address(number: int) -> str:
    """The address of one mailbox."""
    return f"box{number}@fleet.example"


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM."""
    port, count, grants = int(arguments[0]), int(arguments[1]), Path(arguments[2])
    sandbox = Sandbox("v2")
    sandbox.world.settings.access_token_ttl = 86400.0
    callback = "http://127.0.0.1/mail/oauth2callback"
    sandbox.world.add_client(CLIENT_ID, CLIENT_SECRET, [callback], PROJECT)
    tokens = {}
    for number in range(count):
        account = sandbox.world.add_account(address(number))
        for mail in range(MAILS):
            account.deliver(_mail(number, mail), ("INBOX",), time.time() - _AGE + mail)
        tokens[address(number)] = sandbox.grant(address(number), CLIENT_ID, SCOPES)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    sandbox.listen(port)
    token = push_token.good(sandbox.app.keys, SIGNER, AUDIENCE)
    push = {"token": token, "signer": SIGNER, "audience": AUDIENCE}
    grants.with_name("push.json").write_text(json.dumps(push), encoding="utf-8")
    part = grants.with_suffix(".part")
    part.write_text(json.dumps(tokens), encoding="utf-8")
    part.rename(grants)
    stopping.wait()
    sandbox.stop()


def _mail(number: int, mail: int) -> bytes:
    lines = [
        f"Message-ID: <fleet.{number}.{mail}@mail.example>",
        "From: Visitor <visitor@example.net>",
        f"To: {address(number)}",
        f"Subject: Mail {mail} of mailbox {number}",
        "",
        "A short text.",
        "",
    ]
    return "\r\n".join(lines).encode()


if __name__ == "__main__":
    main(sys.argv[1:])
