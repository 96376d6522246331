"""What the contract suite needs of a world: the provider's side, moved by hand.

Whoever brings a provider writes one class with these methods (over a sandbox, a fake or a real test
account) and one fixture that gives a fresh, empty one to ``suite.ProviderContract``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from ..contract import MailProvider, PushProvider, PushTarget
from ..errors import ProviderError
from ..types import Scope, StreamRef
from .engine import Engine

#: Folders and flags, in the contract's words.
Seen = tuple[frozenset[str], frozenset[str]]


class Doors(Protocol):
    """The provider, as the product meets it."""

    address: str

    def provider(self, scope: Scope | None = None) -> MailProvider:
        """A new provider object for this mailbox, with this scope."""

    def push(self) -> PushProvider:
        """Its push side; only asked if the capabilities name a way to push."""

    def push_target(self) -> PushTarget:
        """A target that ``push().subscribe`` accepts."""

    def now(self) -> datetime:
        """The provider's clock, aware."""

    def excluding(self, word: str) -> str:
        """A ``Scope.exclude`` in the provider's syntax for messages with this word in the
        subject."""


class Hands(Protocol):
    """Other clients and other senders at work in the mailbox."""

    def deliver(
        self,
        subject: str,
        *,
        raw: bytes | None = None,
        in_reply_to: str | None = None,
        junk: bool = False,
    ) -> str:
        """A new message, later than all before, in the inbox (or the junk folder), without flags;
        its id. ``raw`` (RFC 5322 bytes) is taken as it is; else compose one with this subject and a
        Message-ID. ``in_reply_to`` is a Message-ID."""

    def folder(self, name: str) -> str:
        """The id of an ordinary folder of this name, made if missing."""

    def flag(self, remote_id: str, set: Iterable[str] = (), clear: Iterable[str] = ()) -> None:
        """Another client changes flags (words of ``types.Flag``)."""

    def move(self, remote_id: str, folder: str) -> str:
        """Another client moves a message from the inbox to this folder; its id afterwards."""

    def delete(self, remote_id: str) -> None:
        """Another client deletes a message for good."""


class Eyes(Protocol):
    """What the provider itself knows."""

    def message_id(self, remote_id: str) -> str:
        """The Message-ID header of a message."""

    def look(self, remote_id: str) -> Seen | None:
        """Folders and flags as the provider itself knows them, in the contract's words; None if
        gone."""

    def accepted(self) -> int:
        """How many messages the provider has accepted for sending."""


class Trouble(Protocol):
    """What providers do to us."""

    def expire(self) -> None:
        """Every cursor given out so far becomes too old."""

    def fail(self, error: ProviderError) -> None:
        """The next call meets trouble that the adapter has to answer with such an error: Throttled
        with this ``retry_after``, Unavailable, or AuthorizationLost with this ``reason``."""

    def poison(self, remote_id: str) -> None:
        """Fetching this one message fails for good, fetching its neighbours does not."""


class World(Doors, Hands, Eyes, Trouble, Protocol):
    """One empty mailbox at a provider. Ids are remote ids."""


def streams_of(provider: MailProvider) -> tuple[StreamRef, ...]:
    """The streams that together cover the mailbox."""
    if provider.capabilities.cursor_scope == "mailbox":
        return (StreamRef(),)
    folders = (f for f in provider.folders() if f.selectable)
    return tuple(StreamRef(folder=folder.remote_id) for folder in folders)


def copy_of(world: World, scope: Scope | None = None) -> Engine:
    """An engine that has copied the mailbox and rests."""
    provider = world.provider(scope)
    engine = Engine(provider, streams_of(provider), scope or Scope(), tuple(provider.folders()))
    engine.run()
    return engine
