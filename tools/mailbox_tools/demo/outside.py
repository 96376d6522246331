"""The world outside of Odoo, as far as rules reach it: a mail server that takes what is sent, and a
web address that takes signed calls. Both listen on loopback and keep everything in memory.
"""

import base64
import hashlib
import hmac
import json
import threading
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from mailbox_tools import odoo_config
from mailbox_tools.env import ToolingError

#: What the demo's calls are signed with; worthless elsewhere.
SECRET = "demo-secret-of-the-calls"
_GLANCE = 0.1
#: Seconds since 1970 may differ by so much between the two sides of a call.
_AGE = 300


def is_signed(headers: dict[str, str], body: bytes, now: float) -> bool:
    """Tell whether a call is genuine and recent, as Standard Webhooks 1.0 asks its receivers to.

    Written apart from the code that signs, so that both have to read the same specification.
    """
    name, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not name or not moment.isdigit() or abs(now - int(moment)) > _AGE:
        return False
    signed = b".".join((name.encode(), moment.encode(), body))
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    wanted = f"v1,{base64.b64encode(digest).decode()}"
    given = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(wanted, one) for one in given)


class _Hook(BaseHTTPRequestHandler):
    """Takes calls that are signed, once each."""

    server: "_Receiver"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        genuine = is_signed(headers, body, time.time())
        if genuine:
            self.server.calls.setdefault(headers["webhook-id"], json.loads(body))
        self.send_response(204 if genuine else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class _Receiver(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.calls: dict[str, dict[str, Any]] = {}


class _Letters:
    """Takes every mail (the handler of aiosmtpd)."""

    def __init__(self) -> None:
        self.taken: list[tuple[list[str], EmailMessage]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        self.taken.append(([one.lower() for one in envelope.rcpt_tos], mail))
        return "250 taken"


class Outside:
    """Use it as a context manager; nothing listens before."""

    def __init__(self) -> None:
        self._letters = _Letters()
        self._smtp_port = odoo_config.free_ports(1)[0]
        self._controller = Controller(self._letters, hostname="127.0.0.1", port=self._smtp_port)
        self._receiver = _Receiver()
        self._thread = threading.Thread(target=self._receiver.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """The address that takes calls."""
        return f"http://127.0.0.1:{self._receiver.server_port}/mail"

    @property
    def options(self) -> dict[str, str]:
        """What odoo.conf needs to send its mail here."""
        return {"smtp_server": "127.0.0.1", "smtp_port": str(self._smtp_port)}

    def mails_to(self, address: str) -> list[EmailMessage]:
        """What came for an address, oldest first."""
        return [mail for recipients, mail in self._letters.taken if address in recipients]

    def wait_for_mail(self, address: str, count: int, patience: float) -> list[EmailMessage]:
        """The mails for an address. Raises ToolingError unless there are ``count`` in time."""
        self._wait(lambda: len(self.mails_to(address)) >= count, patience, f"mail to {address}")
        return self.mails_to(address)

    def wait_for_call(self, patience: float) -> list[dict[str, Any]]:
        """The calls that were taken. Raises ToolingError when none comes in time."""
        self._wait(lambda: bool(self._receiver.calls), patience, "signed call")
        return list(self._receiver.calls.values())

    def __enter__(self) -> "Outside":
        self._controller.start()
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._controller.stop()
        self._receiver.shutdown()
        self._receiver.server_close()

    def _wait(self, there: Any, patience: float, what: str) -> None:
        deadline = time.monotonic() + patience
        while not there():
            if time.monotonic() > deadline:
                raise ToolingError(f"no {what} within {patience:.0f} s")
            time.sleep(_GLANCE)
