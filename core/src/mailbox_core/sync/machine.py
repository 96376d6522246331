"""The sync machine of one stream: what to ask next, and what an answer makes of the stream. Pure.

Two small orthogonal facts, drawn here::

    phase   new ──first page──► snapshot ──last page, sweep──► live ──┐
                                    ▲  │ live looks in between  ▲ │   │ pages until "no more",
                                    │  └────────────────────────┼─┘   │ then rest
                                    └────────CursorExpired──────┴─────┘
    gate    open ──Throttled, Unavailable──► waiting(until) ──time──► one probe ──success──► open
            open ──AuthorizationLost, Refused thrice──► blocked(reason) ──person──► open
            any  ──pause──► paused ──resume──► open, or waiting if its time has not come

========  ==========================  =====================  ========  ====================
phase     answer                      rows                   becomes   next
========  ==========================  =====================  ========  ====================
new       first page                  Apply(generation + 1)  snapshot  self
snapshot  listing page, more          Apply(generation)      snapshot  self, history lane
snapshot  listing page, last          Apply, then Sweep      live      one look
snapshot  live page (hint or poll)    Apply(generation)      snapshot  self
snapshot  recent page (no baseline)   Apply(generation)      snapshot  self, history lane
live      page, more                  Apply(generation)      live      self
live      page, last                  Apply(generation)      live      Rest
any       live page after push        as above               same      again in seconds
any       contents                    Contents               same      self while pending
any       answer to an older version  Drop                   same      self
any       CursorExpired               —                      snapshot  self, generation + 1
any       Throttled, Unavailable      what came before       waiting   self at that time
any       AuthorizationLost           what came before       blocked   TellOwner
any       Hinted                      —                      same      one look goes first
any       Credentials, Resumed        —                      open      self
any       Rescan                      —                      snapshot  self, generation + 1
========  ==========================  =====================  ========  ====================

*Compare-and-set.* A request carries the ``version`` of the state it was made from. Whoever commits
locks the stored state, reads it again and calls ``step`` on what it read: an answer to an older
version is dropped here, whatever it says. Hints alone leave the version, so that they cost no work
under way.

*Page and content.* A page may name more messages than one step can download: their rows are written
as *listed* together with the cursor, and ``FetchPending`` steps follow before the next page.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from ..backoff import delay
from ..capabilities import Capabilities
from ..errors import (
    AuthorizationLost,
    CursorExpired,
    NotFound,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
)
from ..types import Page, Position, Since, Snapshot, Start
from .stream import (
    OPEN,
    Answer,
    Apply,
    Contents,
    Credentials,
    Drop,
    Effect,
    Failure,
    FetchAnswer,
    FetchPending,
    Gate,
    Hinted,
    Lane,
    List,
    Nothing,
    Outcome,
    PageAnswer,
    Paused,
    Recent,
    Request,
    Rescan,
    Rest,
    Spread,
    StreamState,
    Sweep,
    TellOwner,
    Wake,
    Wish,
)

_Kind = Literal["start", "look", "fetch", "snapshot"]

#: Seconds until the looks that follow an empty answer to a push: Gmail's history lags its own push.
ECHO_DELAYS = (3.0, 12.0)
#: Seconds until one more look after a push that found something: Gmail tells a user one thing a
#: second and drops the rest, so the last of several mails may never be announced. What it drops
#: came within that second of the push, which was sent before this look.
TRAILING_LOOK = 1.2
#: Live looks that may go before one step of history, so that neither starves the other.
LOOKS_IN_A_ROW = 3
#: Refusals of the same call before a person is asked.
REFUSALS = 3
#: Seconds to wait when a day's quota is gone and the provider does not say until when.
DAY_QUOTA_WAIT = 3600.0


def next_request(
    state: StreamState, now: datetime, pending_content: int, capabilities: Capabilities
) -> Request:
    """What to ask the provider now. ``pending_content`` counts rows that are listed or stale."""
    if state.gate.kind in {"blocked", "paused"}:
        return Nothing()
    if state.gate.kind == "waiting" and state.gate.until is not None and now < state.gate.until:
        return Nothing(state.gate.until)
    # Half-open breaker: after a failure the first step is one call and at most one download.
    downloads = 1 if state.attempts else capabilities.fetch_limit
    limit, version, hints = capabilities.page_limit, state.version, state.hints
    kind = _next_kind(state, now, pending_content)
    if kind is None:
        return Nothing(state.look_at)
    if kind == "fetch":
        return FetchPending(downloads, version, hints)
    if kind == "start":
        # What is fetched with the first page is all that a person sees for some seconds: listing
        # hundreds more in the same step would only make them wait for it.
        limit = min(limit, capabilities.fetch_limit)
    if kind == "look" and state.cursor is None:
        return Recent(limit, downloads, version, hints)
    return List(_position(state, kind), limit, downloads, version, hints)


def generation(state: StreamState) -> int:
    """The generation to write a page under: what ``step`` will say in Apply. Rows, then their count
    as ``pending``, then ``step`` and the state: one transaction, so the order inside it is free."""
    return state.generation + (1 if state.phase == "new" else 0)


def step(state: StreamState, answer: Answer | Wish, now: datetime, rng: Random) -> Outcome:
    """The transition table above. ``rng`` only spreads retries."""
    if not isinstance(answer, (PageAnswer, FetchAnswer, Failure)):
        return _wish(state, answer, now)
    if answer.request.version != state.version:
        return state, (Drop(), *_follow(state, now, answer.pending))
    state = replace(state, version=state.version + 1)
    if isinstance(answer, Failure):
        return _fail(state, answer.error, now, rng)
    effects: tuple[Effect, ...]
    if isinstance(answer, FetchAnswer):
        state, effects = replace(state, looks=0), (Contents(),)
        progress = answer.done > 0
    else:
        state, effects = _page(state, answer.request, answer.page, now)
        progress = True
    if answer.trouble is not None:
        attempts = 0 if progress else state.attempts
        state, more = _fail(replace(state, attempts=attempts), answer.trouble, now, rng)
        return state, effects + more
    state = replace(state, attempts=0, gate=OPEN)
    return state, effects + _follow(state, now, answer.pending)


def _position(state: StreamState, kind: _Kind) -> Position:
    if kind == "look" and state.cursor is not None:
        return Since(state.cursor)
    if kind == "snapshot" and state.resume is not None:
        return Snapshot(state.resume)
    return Start()


def _next_kind(state: StreamState, now: datetime, pending: int) -> _Kind | None:
    """The order of work: first page, due looks, contents, the rest of the live pages, history."""
    if state.phase == "new" or (state.phase == "snapshot" and state.resume is None):
        return "start"
    backlog = pending > 0 or state.phase == "snapshot"
    due = state.hints > state.answered or (state.look_at is not None and state.look_at <= now)
    if due and (not backlog or state.looks < LOOKS_IN_A_ROW):
        return "look"
    if pending > 0:
        return "fetch"
    if state.draining:
        return "look"
    return "snapshot" if state.phase == "snapshot" else None


def _follow(state: StreamState, now: datetime, pending: int) -> tuple[Effect, ...]:
    """The successor of this step, unless the gate is shut (then its opening wakes)."""
    if state.gate.kind != "open":
        return ()
    kind = _next_kind(state, now, pending)
    if kind is not None:
        return (Wake(0.0, "history" if kind in {"fetch", "snapshot"} else "new"),)
    if state.look_at is not None:
        return (Wake((state.look_at - now).total_seconds(), "new"),)
    return (Rest(),)


def _page(
    state: StreamState, request: List | Recent, page: Page, now: datetime
) -> tuple[StreamState, tuple[Effect, ...]]:
    if isinstance(request, Recent):
        state = replace(state, answered=request.hints, looks=state.looks + 1)
        return state, (Apply(state.generation),)
    if isinstance(request.position, Since):
        return _live_page(state, request, page, now)
    return _listing_page(state, request, page)


def _listing_page(
    state: StreamState, request: List, page: Page
) -> tuple[StreamState, tuple[Effect, ...]]:
    """A page of the enumeration. The first one shows the newest mail, hence answers hints too."""
    first = isinstance(request.position, Start)
    state = replace(
        state,
        phase="snapshot",
        generation=generation(state),
        cursor=state.cursor if page.cursor is None else page.cursor,
        resume=page.resume,
        answered=request.hints if first else state.answered,
        looks=0,
    )
    if page.resume is not None:
        return state, (Apply(state.generation),)
    if state.cursor is None:
        raise ValueError("The provider ended its snapshot without a cursor.")
    state = replace(state, phase="live", draining=True)
    return state, (Apply(state.generation), Sweep(state.generation))


def _live_page(
    state: StreamState, request: List, page: Page, now: datetime
) -> tuple[StreamState, tuple[Effect, ...]]:
    moved = page.cursor is not None and page.cursor != state.cursor
    empty = not (page.upserts or page.removals or page.more)
    state = replace(
        state,
        cursor=state.cursor if page.cursor is None else page.cursor,
        answered=request.hints,
        # "More" without a new cursor would be the same page for ever.
        draining=page.more and moved,
        looks=state.looks + 1,
        look_at=None,
    )
    if empty and state.echoes:
        wait = ECHO_DELAYS[len(ECHO_DELAYS) - state.echoes]
        look_at = now + timedelta(seconds=wait)
        state = replace(state, echoes=state.echoes - 1, look_at=look_at)
    elif state.echoes and not state.draining and state.hints == request.hints:
        state = replace(state, echoes=0, look_at=now + timedelta(seconds=TRAILING_LOOK))
    return state, (Apply(state.generation),)


def _fail(state: StreamState, error: ProviderError, now: datetime, rng: Random) -> Outcome:
    """Expected trouble is an answer like any other: the gate changes, the position does not."""
    attempts = state.attempts + 1
    state = replace(state, attempts=attempts)
    if isinstance(error, CursorExpired):
        state = _restart(state)
        if attempts == 1:
            return state, (Wake(0.0, "new"),)
    if isinstance(error, AuthorizationLost):
        return _block(state, error.reason, error.detail)
    if isinstance(error, (Refused, NotFound)) and attempts >= REFUSALS:
        reason = "missing" if isinstance(error, NotFound) else "refused"
        return _block(state, reason, error.detail)
    advice = error.retry_after if isinstance(error, Throttled) else None
    if isinstance(error, Throttled) and error.scope == "day" and advice is None:
        advice = DAY_QUOTA_WAIT
    seconds = delay(attempts, advice, rng=rng)
    until = now + timedelta(seconds=seconds)
    state = replace(state, gate=Gate("waiting", until, _word(error)))
    lane: Lane = "history" if state.phase == "snapshot" else "new"
    wake = Wake(seconds, lane)
    if isinstance(error, Throttled) and error.scope != "mailbox":
        return state, (wake, Spread(error.scope, until))
    return state, (wake,)


def _word(error: ProviderError) -> str:
    """A short stable word for the gate's reason."""
    if isinstance(error, Throttled) and error.ours:
        return "quota"
    if isinstance(error, Throttled):
        return "throttled" if error.scope == "mailbox" else f"throttled_{error.scope}"
    words: dict[type[ProviderError], str] = {
        Unavailable: "unavailable",
        CursorExpired: "expired",
        Refused: "refused",
        NotFound: "missing",
    }
    return words.get(type(error), "unavailable")


def _restart(state: StreamState) -> StreamState:
    """Enumerate again under a new generation; rows stay until the sweep."""
    return replace(
        state,
        phase="snapshot",
        cursor=None,
        resume=None,
        generation=state.generation + 1,
        draining=False,
        echoes=0,
        look_at=None,
    )


def _block(state: StreamState, reason: str, detail: str) -> Outcome:
    state = replace(state, gate=Gate("blocked", None, reason))
    return state, (TellOwner(reason, detail),)


def _wish(state: StreamState, wish: Wish, now: datetime) -> Outcome:
    if isinstance(wish, Hinted):
        echoes = len(ECHO_DELAYS) if wish.source == "push" else state.echoes
        state = replace(state, hints=state.hints + 1, echoes=echoes)
        ripe = state.gate.until is not None and state.gate.until <= now
        if state.gate.kind == "waiting" and ripe:
            return state, (Wake(0.0, "new"),)
        return state, _follow(state, now, wish.pending)
    state = replace(state, version=state.version + 1)
    if isinstance(wish, Paused):
        return replace(state, gate=Gate("paused", state.gate.until, wish.reason)), ()
    if isinstance(wish, Rescan):
        state = _restart(state) if state.phase != "new" else state
        return state, _follow(state, now, wish.pending)
    if state.gate.kind == "paused" and isinstance(wish, Credentials):
        return state, ()
    return _reopen(state, now, wish.pending)


def _reopen(state: StreamState, now: datetime, pending: int) -> Outcome:
    """Open the gate, but never before the time the provider asked for."""
    until = state.gate.until
    if until is not None and until > now:
        reason = state.gate.reason if state.gate.kind == "waiting" else "resumed"
        state = replace(state, gate=Gate("waiting", until, reason))
        return state, (Wake((until - now).total_seconds(), "new"),)
    state = replace(state, gate=OPEN)
    return state, _follow(state, now, pending)
