"""The words of the sync machine: the state of a stream, requests, answers and effects. Data
only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ..errors import ProviderError
from ..types import Page, Position

Phase = Literal["new", "snapshot", "live"]
Lane = Literal["new", "history"]


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether the stream may call. ``until`` is the earliest next call; a paused gate remembers it,
    so that pause and resume never undercut a provider's Retry-After."""

    kind: Literal["open", "waiting", "blocked", "paused"] = "open"
    until: datetime | None = None
    reason: str = ""


OPEN = Gate()


@dataclass(frozen=True, slots=True)
class StreamState:
    """All the machine remembers of a stream; every field is a column of the store.

    ``version`` counts committed answers. ``hints`` counts hints and polls, ``answered`` those a
    look has covered. ``draining``: the last live page promised more. ``echoes``: further looks owed
    to a push that found nothing, the next at ``look_at``. ``looks``: live looks since the last step
    of history.
    """

    phase: Phase = "new"
    gate: Gate = OPEN
    cursor: str | None = None
    resume: str | None = None
    generation: int = 0
    version: int = 0
    attempts: int = 0
    hints: int = 0
    answered: int = 0
    draining: bool = False
    echoes: int = 0
    look_at: datetime | None = None
    looks: int = 0


@dataclass(frozen=True, slots=True)
class List:
    """Ask ``provider.changes(stream, position, limit)`` and download at most ``downloads``
    contents."""

    position: Position
    limit: int
    downloads: int
    version: int
    hints: int


@dataclass(frozen=True, slots=True)
class Recent:
    """Ask ``provider.recent(stream, limit)`` and download at most ``downloads`` contents."""

    limit: int
    downloads: int
    version: int
    hints: int


@dataclass(frozen=True, slots=True)
class FetchPending:
    """Download the ``limit`` newest rows that wait for content (listed) or for a check (stale)."""

    limit: int
    version: int
    hints: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """Do not call; not before ``until`` if given (leave a wake-up for then: this one may have been
    the last), else not before something happens."""

    until: datetime | None = None


Call = List | Recent | FetchPending
Request = List | Recent | FetchPending | Nothing


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """A page came. ``pending``: rows that still wait for content once this is committed.
    ``trouble``: what ended the downloads of this step early; what was downloaded before it
    counts."""

    request: List | Recent
    page: Page
    pending: int = 0
    trouble: ProviderError | None = None


@dataclass(frozen=True, slots=True)
class FetchAnswer:
    """``done`` contents came; ``pending`` and ``trouble`` as in PageAnswer."""

    request: FetchPending
    done: int
    pending: int = 0
    trouble: ProviderError | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """The call gave nothing but this."""

    request: Call
    error: ProviderError
    pending: int = 0


@dataclass(frozen=True, slots=True)
class Hinted:
    """Something may have changed: a push (worth a second look when nothing is found) or the
    poll."""

    source: Literal["push", "poll"] = "push"
    pending: int = 0


@dataclass(frozen=True, slots=True)
class Resumed:
    """A person says go on."""

    pending: int = 0


@dataclass(frozen=True, slots=True)
class Paused:
    """A person (or the resource guard) says stop."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Somebody signed in again."""

    pending: int = 0


@dataclass(frozen=True, slots=True)
class Rescan:
    """The scope grew, or a person doubts the copy: enumerate again, keep what is held."""

    pending: int = 0


Answer = PageAnswer | FetchAnswer | Failure
Wish = Hinted | Resumed | Paused | Credentials | Rescan


@dataclass(frozen=True, slots=True)
class Apply:
    """Write ``plan.diff`` of the page under this generation, with the state, in one transaction."""

    generation: int


@dataclass(frozen=True, slots=True)
class Contents:
    """Write ``plan.settle`` of what was fetched, with the state, in one transaction."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Then write ``plan.sweep``: rows of an older generation were not listed any more."""

    generation: int


@dataclass(frozen=True, slots=True)
class Drop:
    """Lost race: write nothing of this answer."""


@dataclass(frozen=True, slots=True)
class Wake:
    """Step again after ``seconds``, in this lane."""

    seconds: float
    lane: Lane


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do until a hint or the poll (``cadence.poll_interval``)."""


@dataclass(frozen=True, slots=True)
class TellOwner:
    """A person has to act. ``reason`` is a short stable word, ``detail`` safe to show."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Spread:
    """The limit is not this mailbox's alone: siblings of the same project should wait until then
    too."""

    scope: Literal["project", "day"]
    until: datetime


Effect = Apply | Contents | Sweep | Drop | Wake | Rest | TellOwner | Spread
Outcome = tuple[StreamState, tuple[Effect, ...]]
