"""The sandbox in the test's own process: mail to start from, changes, and a tap on its requests."""

import re
from collections.abc import Callable
from datetime import datetime, timezone
from email.message import EmailMessage
from email.utils import format_datetime
from random import Random
from typing import Any

from mailbox_sandbox.account import Account
from mailbox_sandbox.message import Message
from mailbox_sandbox.sandbox import Sandbox

CLIENT_ID = "mailbox-e2e.apps.example"
CLIENT_SECRET = "GOCSPX-e2e-planted-secret"
REDIRECT = "http://127.0.0.1:8069/mail/oauth2callback"
SCOPES = ["openid", "email", "https://www.googleapis.com/auth/gmail.modify"]


class _Tap:
    """A face that counts the requests of another and lets a test act at one of them."""

    def __init__(self, face: Any, seen: Callable[[Any, bool], None]) -> None:
        self._face, self._seen = face, seen

    def accepts(self, path: str) -> bool:
        return self._face.accepts(path)

    def handle(self, incoming: Any) -> Any:
        self._seen(incoming, False)
        answer = self._face.handle(incoming)
        self._seen(incoming, True)
        return answer


class Provider:
    """One sandbox with helpers. ``requests`` are those to any face but the control API."""

    def __init__(self, port: int = 0, seed: int = 1, quota: str = "v1") -> None:
        self.sandbox = Sandbox(quota, seed)
        self.requests: list[str] = []
        #: The sandbox's time at each of them.
        self.times: list[float] = []
        #: Requests for whole messages or conversations, those inside batches counted one by one.
        self.downloads = 0
        self._at: dict[tuple[int, bool], Callable[[], None]] = {}
        app = self.sandbox.app
        app._faces = tuple(
            face if face is app.control else _Tap(face, self._see) for face in app._faces
        )
        self.sandbox.world.add_client(CLIENT_ID, CLIENT_SECRET, redirect_uris=[REDIRECT])
        self.sandbox.listen(port)

    def _see(self, incoming: Any, answered: bool) -> None:
        if not answered:
            self.requests.append(f"{incoming.method} {incoming.path}")
            self.times.append(self.sandbox.clock.now())
            whole = re.findall(r"format=(?:raw|full)", f"{incoming.query}{incoming.body!r}")
            self.downloads += len(whole) + (("format", "raw") in incoming.query)
        act = self._at.pop((len(self.requests), answered), None)
        if act:
            act()

    def at_request(self, number: int, act: Callable[[], None], answered: bool = False) -> None:
        """Act at the ``number``-th request from now, before it is carried out or just after."""
        self._at[len(self.requests) + number, answered] = act

    def trouble(self, fault: str, call: str = "*", **given: Any) -> None:
        """Plan a fault (see the sandbox's README)."""
        self.sandbox.faults.add(call=call, fault=fault, **given)

    def calm(self) -> None:
        """No more planned trouble."""
        self._at.clear()
        self.sandbox.faults.clear()

    def account(self, address: str) -> Account:
        """A new, empty account."""
        return self.sandbox.world.add_account(address, name=address.split("@")[0].title())

    def grant(self, address: str) -> dict[str, Any]:
        """Tokens as the consent page would give them."""
        return self.sandbox.grant(address, CLIENT_ID, SCOPES)

    def fill(self, account: Account, messages: int) -> None:
        """Realistic mail in threads, with labels and attachments."""
        self.sandbox.load_scenario("small_shop", account, messages)

    def stop(self) -> None:
        """Stop serving."""
        self.sandbox.stop()


def letter(number: int, rng: Random, text: str = "") -> bytes:
    """A small mail that differs from every other."""
    mail = EmailMessage()
    mail["From"] = f"Visitor {number} <visitor{rng.randrange(9)}@example.net>"
    mail["To"] = "Shop <shop@example.com>"
    mail["Subject"] = f"Letter {number} {rng.choice(['große', 'naïve', 'plain', '日本'])}"
    mail["Date"] = format_datetime(datetime.fromtimestamp(1_700_000_000 + number, timezone.utc))
    mail["Message-ID"] = f"<letter-{number}-{rng.getrandbits(64):x}@example.net>"
    mail.set_content(text or f"Body of letter {number}, {rng.getrandbits(64):x}\n")
    if rng.random() < 0.2:
        data = rng.randbytes(rng.randrange(10, 3000))
        mail.add_attachment(data, "application", "octet-stream", filename=f"file{number}.bin")
    return mail.as_bytes()


def some(account: Account, rng: Random) -> Message | None:
    """Any message that is no draft (Gmail lets nobody label one); the same for the same seed."""
    keys = sorted(key for key, held in account.messages.items() if "DRAFT" not in held.labels)
    return account.messages[rng.choice(keys)] if keys else None


def disturb(account: Account, rng: Random, number: int) -> str:
    """One change such as people make: deliver, label, read, star, trash, restore, delete."""
    message = some(account, rng)
    kind = rng.choice(["deliver", "deliver", "read", "star", "label", "trash", "untrash", "delete"])
    if kind == "deliver" or message is None:
        account.deliver(letter(number, rng), rng.choice([["INBOX", "UNREAD"], ["INBOX"], []]))
        return "deliver"
    if kind == "read":
        flip = ([], ["UNREAD"]) if "UNREAD" in message.labels else (["UNREAD"], [])
        account.modify(message.id, *flip)
    elif kind == "star":
        flip = ([], ["STARRED"]) if "STARRED" in message.labels else (["STARRED"], [])
        account.modify(message.id, *flip)
    elif kind == "label":
        own = sorted(key for key in account.labels.by_id if key.startswith("Label_"))
        if len(own) < 3:
            own.append(account.add_label(f"Project {number}"))
        account.modify(message.id, [rng.choice(own)], [])
    elif kind == "trash":
        account.trash(message.id)
    elif kind == "untrash":
        account.untrash(message.id)
    else:
        account.delete(message.id)
    return kind
