"""A Gmail mailbox in the sandbox and the provider over it, on a loopback socket."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pytest

from mailbox_core.contract import ProviderConfig
from mailbox_core.net.endpoints import Endpoints
from mailbox_core.net.quota import LocalBudget, LocalProject, QuotaProfile
from mailbox_core.providers.gmail import SPEC
from mailbox_core.providers.gmail.adapter import GmailProvider
from mailbox_core.types import (
    Content,
    Fetched,
    MessageRef,
    Page,
    Scope,
    Since,
    Snapshot,
    Start,
    StreamRef,
    Upsert,
)
from mailbox_sandbox import Sandbox

ADA = "ada@example.com"
GMAIL = "https://www.googleapis.com/auth/gmail."
STREAM = StreamRef()
EVERYTHING = Scope()
UNLIMITED = QuotaProfile(None, None, None)


class Grant:
    """A TokenSource that asks the sandbox's desk instead of a person."""

    def __init__(self, sandbox: Sandbox, scopes: list[str]) -> None:
        self._sandbox, self._scopes = sandbox, scopes
        self.value = ""
        self.renewed = 0

    def token(self) -> str:
        if not self.value:
            grant = self._sandbox.grant(ADA, "shop", self._scopes)
            self.value = str(grant["access_token"])
        return self.value

    def renew(self, stale: str) -> str:
        self.renewed += 1
        self.value = ""
        return self.token()


@dataclass
class Desk:
    """The provider's side (``box``), ours (``provider``), and what goes wrong between
    (``faults``)."""

    sandbox: Sandbox
    made: list[LocalBudget] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        self.box = self.sandbox.world.add_account(ADA)
        self.sandbox.world.add_client("shop", "secret", ["https://odoo.example.com/back"])
        self.faults = self.sandbox.faults
        self.grant = Grant(self.sandbox, [f"{GMAIL}modify"])

    def provider(
        self,
        scope: Scope = EVERYTHING,
        scopes: tuple[str, ...] = (f"{GMAIL}modify",),
        quota: QuotaProfile = UNLIMITED,
    ) -> GmailProvider:
        self.grant = Grant(self.sandbox, list(scopes))
        clock = self.sandbox.clock
        self.made.append(LocalBudget(quota, LocalProject(quota, clock.now, clock.now)))
        config = ProviderConfig(ADA, self.grant, self.made[-1], scope)
        made = SPEC.provider(config, Endpoints.google_at(self.sandbox.url))
        assert isinstance(made, GmailProvider)
        # Waiting for units moves the sandbox's clock, by which its buckets fill too.
        made._client._http._sleep = clock.advance
        return made

    def deliver(self, subject: str = "Hello", text: str = "Hi\n", **options: Any) -> str:
        """Let a mail arrive; its id. ``reply`` is a Message-ID, ``file`` the bytes of an
        attachment, other options are the sandbox's."""
        self.number += 1
        mail = EmailMessage()
        mail["From"] = options.pop("sender", "Bob <bob@example.org>")
        mail["To"] = ADA
        mail["Subject"] = subject
        mail["Message-ID"] = f"<{self.number}@example.org>"
        if reply := options.pop("reply", None):
            mail["In-Reply-To"] = mail["References"] = reply
        mail.set_content(text)
        if (file := options.pop("file", None)) is not None:
            mail.add_attachment(file, "application", "pdf", filename="offer.pdf")
        return str(self.box.deliver(bytes(mail), **options).id)

    def fill(self, count: int, gap: float = 60.0, **options: Any) -> list[str]:
        """Mails ``gap`` seconds apart, newest first."""
        now = time.time()
        return [self.deliver(f"No {n}", date=now - n * gap, **options) for n in range(count)]

    def units(self) -> dict[str, Any]:
        return self.sandbox.quota.usage()

    def calls(self, method: str) -> int:
        found = self.units()["by_method"].get(method, {"calls": 0})
        return int(found["calls"])

    @staticmethod
    def snapshot(
        provider: GmailProvider, limit: int = 100, most: int = 200
    ) -> tuple[str, list[Page]]:
        """All pages from the start, and the baseline cursor."""
        pages = [provider.changes(STREAM, Start(), limit)]
        cursor = pages[0].cursor
        assert cursor is not None
        while (resume := pages[-1].resume) is not None:
            assert pages[-1].more
            assert len(pages) < most, "the snapshot does not end"
            pages.append(provider.changes(STREAM, Snapshot(resume), limit))
        assert not pages[-1].more
        return cursor, pages

    @staticmethod
    def since(provider: GmailProvider, cursor: str, limit: int = 100) -> tuple[str, list[Page]]:
        """All live pages, and the cursor after them."""
        pages: list[Page] = []
        more = True
        while more:
            assert len(pages) < 200, "the pages do not end"
            pages.append(provider.changes(STREAM, Since(cursor), limit))
            cursor, more = pages[-1].cursor or cursor, pages[-1].more
        return cursor, pages

    @staticmethod
    def ids(pages: list[Page]) -> list[str]:
        """Message ids of upserts in order, repeats included."""
        return [upsert.ref.remote_id for page in pages for upsert in page.upserts]

    @staticmethod
    def upserts(pages: list[Page]) -> dict[str, Upsert]:
        """The last upsert of each message."""
        return {upsert.ref.remote_id: upsert for page in pages for upsert in page.upserts}

    @staticmethod
    def refs(found: list[str]) -> list[MessageRef]:
        return [MessageRef(one) for one in found]

    @staticmethod
    def one(found: list[Fetched] | Iterator[Fetched]) -> Content:
        (content,) = found
        assert isinstance(content, Content), content
        return content


@pytest.fixture
def make_desk() -> Iterator[Callable[..., Desk]]:
    """Desks with settings of their own; all are closed after the test."""
    opened: list[Sandbox] = []

    def make(**options: Any) -> Desk:
        opened.append(Sandbox.start(**{"quota": "off", **options}))
        return Desk(opened[-1])

    yield make
    for sandbox in opened:
        sandbox.stop()


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    """One desk without quota."""
    return make_desk()
