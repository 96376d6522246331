"""The seam between engine and provider: three protocols of plain data.

Product verbs ("archive all from a sender") are composed above; no screen may add a method here.
Every method may raise the failures of ``errors`` and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from .capabilities import Capabilities
from .types import (
    Credentials,
    Depth,
    Fetched,
    Folder,
    Listing,
    MessageRef,
    Mutation,
    Page,
    PartRef,
    Position,
    Profile,
    Receipt,
    Role,
    Scope,
    StreamRef,
)


class MailProvider(Protocol):
    """One mailbox at one provider."""

    capabilities: Capabilities

    def profile(self) -> Profile:
        """Whose mailbox this is. The cheapest call that proves the credentials work."""

    def folders(self) -> Sequence[Folder]:
        """All folders, parents before children."""

    def changes(self, stream: StreamRef, position: Position, limit: int) -> Page:
        """The page after ``position``. Raises CursorExpired if the provider forgot it."""

    def recent(self, stream: StreamRef, limit: int) -> Page:
        """The newest messages, without touching any position."""

    def enumerate(self, within: str | None, resume: str | None, limit: int) -> Listing:
        """Refs by key, newest first, of one folder or flag name, or of all; honours
        ``Scope.since`` only."""

    def fetch(self, refs: Sequence[MessageRef], depth: Depth) -> Iterator[Fetched]:
        """One answer per ref, in any order. Trouble with one message is a ``Failed``, not an
        exception; trouble with the provider is raised, after the answers that came before it."""

    def attachment(self, ref: MessageRef, part: PartRef) -> Iterator[bytes]:
        """The decoded bytes of one part, in chunks."""

    def apply(self, mutation: Mutation) -> None:
        """Reach a goal. Messages that are gone are passed over."""

    def send(self, message: bytes, draft: MessageRef | None) -> Receipt:
        """Hand over a message once. Unavailable with ``reached`` means: look with find_sent
        first."""

    def find_sent(self, message_id: str) -> MessageRef | None:
        """The sent message that was handed over with this Message-ID, even if the provider rewrote
        it."""


class Authorizer(Protocol):
    """The OAuth side of a provider (RFC 6749, RFC 7636)."""

    def authorization_url(self, state: str, login_hint: str | None = None) -> str:
        """Where to send the person."""

    def exchange(self, code: str) -> Credentials:
        """Authorization code to credentials; checks scopes and reads the identity."""

    def refresh(self, credentials: Credentials) -> Credentials:
        """A fresh access token. Keeps the refresh token when the answer has none."""

    def revoke(self, credentials: Credentials) -> None:
        """Withdraw the grant at the provider, for every client of the same project."""


@dataclass(frozen=True, slots=True)
class PushTarget:
    """Where notifications shall go. ``topic`` or ``url`` depending on the provider; ``folders``:
    roles of the folders whose changes count, empty for all."""

    topic: str = ""
    url: str = ""
    folders: frozenset[Role] = frozenset()
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PushSetup:
    """What has to be prepared in the provider's cloud, once for all mailboxes of a client.

    ``delivery``: whether notifications are brought to ``endpoint`` or fetched. ``client_project``:
    the number of the project that the OAuth client belongs to, empty when that is not known.
    """

    project: str
    topic: str
    subscription: str
    endpoint: str = ""
    audience: str = ""
    client_project: str = ""
    delivery: Literal["push", "pull"] = "push"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A push registration that expires."""

    remote_id: str
    expires_at: datetime | None
    cursor: str | None = None


class PushProvider(Protocol):
    """Providers that can say that something changed."""

    def subscribe(self, target: PushTarget) -> Subscription:
        """Register; an existing registration for the same target is renewed."""

    def renew(self, target: PushTarget, subscription: Subscription) -> Subscription:
        """Extend before it expires."""

    def cancel(self, subscription: Subscription) -> None:
        """End it. Notifications may still arrive for minutes."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """A notification taken from a queue at the provider: ours until its deadline, then it comes
    again. ``receipt`` acknowledges it; ``message`` is for the provider's ``decode``."""

    receipt: str
    message: Mapping[str, Any]


class PullSource(Protocol):
    """Notifications that are fetched, for installations that nobody reaches from outside."""

    def check(self) -> None:
        """Prove that the sign-in works and may pull, without taking anything."""

    def pull(self, limit: int) -> Sequence[Pulled]:
        """Wait for notifications, at most ``limit``; none when the wait was over first."""

    def acknowledge(self, receipts: Sequence[str]) -> None:
        """These need not come again."""

    def extend(self, receipts: Sequence[str], seconds: int) -> None:
        """Keep these for so many seconds from now; 0 hands them back at once."""

    def close(self) -> None:
        """Close the connections."""


class TokenSource(Protocol):
    """Where a provider gets its access token; the engine persists what is refreshed."""

    def token(self) -> str:
        """A token believed to be valid. Raises AuthorizationLost."""

    def renew(self, stale: str) -> str:
        """Called once after a 401: a token other than ``stale``. Raises AuthorizationLost."""


class Budget(Protocol):
    """Units a mailbox may spend at its provider; shared between processes by the engine."""

    def take(self, lane: str, units: int) -> float:
        """Seconds to wait before these units may be spent; 0.0 when they are granted (and
        taken)."""

    def penalize(self, seconds: float) -> None:
        """The provider asked for silence: no grants for this long."""


class Clock(Protocol):
    """Learns how the provider's time differs from ours."""

    def note(self, headers: Mapping[str, str], sent: float, received: float) -> None:
        """Take in the headers of an answer, and the Unix times around it by our clock."""


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """Everything a provider needs to be made. ``settings`` are the form fields its registry entry
    names; ``clock`` is told the time of the provider's answers."""

    address: str
    tokens: TokenSource | None
    budget: Budget
    scope: Scope = field(default_factory=Scope)
    settings: dict[str, str] = field(default_factory=dict)
    lane: str = "new"
    clock: Clock | None = None


@dataclass(frozen=True, slots=True)
class AuthorizerConfig:
    """What an Authorizer needs: the registered client and where the person comes back to."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    scopes: frozenset[str]
    code_verifier: str = field(repr=False, default="")
