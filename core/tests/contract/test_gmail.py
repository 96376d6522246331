"""Gmail passes the suite that every provider passes, over the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from typing import Any

import pytest

from mailbox_core.contract import MailProvider, PushProvider, PushTarget
from mailbox_core.errors import AuthorizationLost, ProviderError, Throttled
from mailbox_core.testing.driver import Seen, World
from mailbox_core.testing.suite import ProviderContract
from mailbox_core.types import Scope
from mailbox_sandbox.faces.gmail import dispatch, problems

FULL = "https://mail.google.com/"
FLAGS = {"STARRED": "flagged", "IMPORTANT": "important", "DRAFT": "draft"}
LABELS = {flag: label for label, flag in FLAGS.items()}


class GmailDriver:
    """``driver.World`` over a mailbox of the sandbox. What it sees is read from the labels by rules
    of its own, not by those under test."""

    def __init__(self, desk: Any, poison: Callable[[str], None]) -> None:
        self.address = "ada@example.com"
        self._desk, self._box, self._clock = desk, desk.box, desk.sandbox.clock
        self.poison = poison

    def provider(self, scope: Scope | None = None) -> MailProvider:
        made: MailProvider = self._desk.provider(scope or Scope(), scopes=(FULL,))
        return made

    def push(self) -> PushProvider:
        made: PushProvider = self._desk.provider(scopes=(FULL,))
        return made

    def push_target(self) -> PushTarget:
        return PushTarget(topic=self._desk.sandbox.add_topic())

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), timezone.utc)

    def deliver(
        self,
        subject: str,
        *,
        raw: bytes | None = None,
        in_reply_to: str | None = None,
        junk: bool = False,
    ) -> str:
        self._clock.advance(1.0)
        labels = ("SPAM", "UNREAD") if junk else ("INBOX", "UNREAD")
        message = raw or self._compose(subject, in_reply_to)
        return str(self._box.deliver(message, labels=labels).id)

    def _compose(self, subject: str, in_reply_to: str | None) -> bytes:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "bob@example.org", self.address, subject
        mail["Message-ID"] = f"<{self._clock.now()}@example.org>"
        if in_reply_to:
            mail["In-Reply-To"] = mail["References"] = in_reply_to
        mail.set_content("Hello\n")
        return bytes(mail)

    def message_id(self, remote_id: str) -> str:
        headers = BytesHeaderParser().parsebytes(self._box.get(remote_id).raw)
        return str(headers["Message-ID"])

    def folder(self, name: str) -> str:
        found = self._box.labels.find(name)
        return str(found.id if found else self._box.add_label(name))

    def flag(self, remote_id: str, set: Iterable[str] = (), clear: Iterable[str] = ()) -> None:
        on, off = list(set), list(clear)
        add = [LABELS[flag] for flag in on if flag != "seen"] + ["UNREAD"] * ("seen" in off)
        remove = [LABELS[flag] for flag in off if flag != "seen"] + ["UNREAD"] * ("seen" in on)
        self._box.modify(remote_id, add, remove)

    def move(self, remote_id: str, folder: str) -> str:
        self._box.modify(remote_id, [folder], ["INBOX"])
        return remote_id

    def delete(self, remote_id: str) -> None:
        self._box.delete(remote_id)

    def look(self, remote_id: str) -> Seen | None:
        if remote_id not in self._box.messages:
            return None
        labels = set(self._box.get(remote_id).labels)
        flags = {FLAGS[label] for label in labels if label in FLAGS}
        folders = labels - {"UNREAD"}
        if not labels & {"TRASH", "SPAM"}:
            folders.add("\\All")
        return frozenset(folders), frozenset(flags if "UNREAD" in labels else flags | {"seen"})

    def accepted(self) -> int:
        return len(self._desk.sandbox.world.outbox)

    def excluding(self, word: str) -> str:
        return f"subject:{word}"

    def expire(self) -> None:
        self._box.log.expire(self._clock.now())

    def fail(self, error: ProviderError) -> None:
        if isinstance(error, Throttled):
            seconds = int(error.retry_after or 0)
            self._desk.faults.add("gmail", "*", "rate_429_retry_after", seconds=seconds)
        elif isinstance(error, AuthorizationLost):
            # The new token that follows the first 401 is no good either.
            self._desk.faults.add("gmail", "*", "unauthorized_401", times=2)
        else:
            self._desk.faults.add("gmail", "*", "503")


class TestGmail(ProviderContract):
    @pytest.fixture
    def world(self, desk: Any, monkeypatch: pytest.MonkeyPatch) -> World:
        real, poisoned = dispatch.HANDLERS["messages.get"], set()

        def get(call: Any) -> Any:
            if call.path["id"] in poisoned:
                raise problems.backend()
            return real(call)

        monkeypatch.setitem(dispatch.HANDLERS, "messages.get", get)
        return GmailDriver(desk, poisoned.add)
