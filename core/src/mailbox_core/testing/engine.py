"""A small engine over a store in memory: the reference for how a shell drives machine and plan.

One step has two halves, so that a test can let workers overlap and crash between them: ``ask``
talks to the provider and writes nothing; ``commit`` is one transaction. Every safety element is a
method of its own: the tests replace one at a time and watch the simulator find out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from ..contract import MailProvider
from ..errors import ProviderError
from ..sync import plan
from ..sync.machine import generation, next_request, step
from ..sync.plan import Context, Known, RowChanges
from ..sync.stream import (
    Call,
    Drop,
    Effect,
    Failure,
    FetchAnswer,
    FetchPending,
    List,
    Nothing,
    PageAnswer,
    Recent,
    StreamState,
    Sweep,
    Wake,
    Wish,
)
from ..types import Content, Fetched, Folder, MessageRef, Page, Scope, Since, StreamRef
from .world import EPOCH


@dataclass(slots=True)
class Store:
    """What a database would hold. ``placed`` has the generations of placements (folder streams)."""

    states: dict[StreamRef, StreamState] = field(default_factory=dict)
    rows: dict[str, Known] = field(default_factory=dict)
    raws: dict[str, bytes] = field(default_factory=dict)
    placed: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the network half brought home."""

    stream: StreamRef
    request: Call
    page: Page | None = None
    fetched: tuple[Fetched, ...] = ()
    asked: tuple[MessageRef, ...] = ()
    error: ProviderError | None = None


@dataclass(slots=True)
class Engine:
    """Steps streams of one mailbox. ``now`` is the clock, advanced by the caller."""

    provider: MailProvider
    streams: tuple[StreamRef, ...]
    scope: Scope = field(default_factory=Scope)
    folders: tuple[Folder, ...] = ()
    rng: Random = field(default_factory=lambda: Random(0))
    store: Store = field(default_factory=Store)
    wakes: dict[StreamRef, datetime] = field(default_factory=dict)
    told: list[Effect] = field(default_factory=list)
    now: datetime = EPOCH

    def __post_init__(self) -> None:
        for stream in self.streams:
            self.store.states[stream] = StreamState()
            self.wakes[stream] = self.now

    # -- the network half ----------------------------------------------------------------------

    def ask(self, stream: StreamRef) -> Reply | None:
        """What the provider says to the next request; None when there is nothing to ask."""
        waiting = self._waiting(stream)
        state = self.store.states[stream]
        request = next_request(state, self.now, len(waiting), self.provider.capabilities)
        if isinstance(request, Nothing):
            if request.until is not None:
                # A wake-up that came too early must not be the last one.
                self.wakes[stream] = request.until
            return None
        if isinstance(request, FetchPending):
            return self._fetch(Reply(stream, request), waiting[: request.limit])
        try:
            page = self._page(stream, request)
        except ProviderError as error:
            return Reply(stream, request, error=error)
        changes = plan.diff(page, self._view(stream), self.context(stream, request))
        return self._fetch(Reply(stream, request, page), changes.waiting[: request.downloads])

    def _page(self, stream: StreamRef, request: List | Recent) -> Page:
        if isinstance(request, Recent):
            return self.provider.recent(stream, request.limit)
        return self.provider.changes(stream, request.position, request.limit)

    def _fetch(self, reply: Reply, rows: Sequence[Known]) -> Reply:
        """Add contents, as far as they come. Headers suffice for a row whose content is held."""
        fetched: list[Fetched] = []
        try:
            for held in (False, True):
                refs = [row.ref for row in rows if row.held is held]
                if refs:
                    fetched.extend(self.provider.fetch(refs, "headers" if held else "raw"))
        except ProviderError as error:
            return replace(reply, fetched=tuple(fetched), error=error)
        return replace(reply, fetched=tuple(fetched), asked=tuple(row.ref for row in rows))

    # -- the commit half -----------------------------------------------------------------------

    def commit(self, reply: Reply) -> tuple[Effect, ...]:
        """One transaction: lock, compare, rows, cursor, successor."""
        state = self.store.states[reply.stream]
        if reply.request.version == state.version:
            self.write_rows(reply)
        state, effects = step(state, self._answer(reply), self.now, self.rng)
        for effect in effects:
            if isinstance(effect, Sweep):
                self.sweep(reply.stream, effect.generation)
        self.write_state(reply.stream, state)
        self._wake(reply.stream, effects)
        return effects

    def write_rows(self, reply: Reply) -> None:
        """The rows of a page and of contents."""
        context = self.context(reply.stream, reply.request)
        if reply.page is not None:
            self._write(reply.stream, plan.diff(reply.page, self._view(reply.stream), context))
        known = self._view(reply.stream)
        changes = plan.settle(reply.fetched, known, context, reply.asked)
        self._write(reply.stream, changes)
        # Content that proved to be out of scope is not kept.
        kept = {c.after.ref.remote_id for c in changes.changes if c.after.disposition == "stored"}
        for answer in reply.fetched:
            if isinstance(answer, Content) and answer.complete and answer.ref.remote_id in kept:
                self.store.raws[answer.ref.remote_id] = answer.raw

    def write_state(self, stream: StreamRef, state: StreamState) -> None:
        """The cursor and everything beside it."""
        self.store.states[stream] = state

    def sweep(self, stream: StreamRef, current: int) -> None:
        """The end of a snapshot."""
        known = self._view(stream)
        if stream.folder is not None:
            known = {k: row for k, row in known.items() if stream.folder in (row.folders or ())}
        context = replace(self.context(stream, None), generation=current)
        self._write(stream, plan.sweep(known, context))

    def wish(self, stream: StreamRef, wish: Wish) -> None:
        """A hint or a person's word."""
        state, effects = step(self.store.states[stream], wish, self.now, self.rng)
        self.store.states[stream] = state
        self._wake(stream, effects)

    def end_grace(self) -> None:
        """The slow job that ends the grace period of messages that are nowhere."""
        for change in plan.expire(self.store.rows, self.now).changes:
            self.store.rows[change.after.ref.remote_id] = change.after

    # -- running -------------------------------------------------------------------------------

    def run(self, steps: int = 10_000) -> int:
        """Follow the wakes, moving the clock, until all rest; the steps used. Raises
        RuntimeError."""
        for used in range(steps):
            if not self.wakes:
                return used
            stream = min(self.wakes, key=lambda s: self.wakes[s])
            self.now = max(self.now, self.wakes.pop(stream))
            reply = self.ask(stream)
            if reply is not None:
                self.commit(reply)
        raise RuntimeError(f"Not at rest after {steps} steps: {self.store.states}")

    def context(self, stream: StreamRef, request: Call | None) -> Context:
        """Where a page of this request comes from."""
        since = isinstance(request, List) and isinstance(request.position, Since)
        return Context(
            generation=generation(self.store.states[stream]),
            now=self.now,
            scope=self.scope,
            folders=self.folders,
            listing=not since,
            exclusive=self.provider.capabilities.folders == "exclusive",
            folder=stream.folder,
        )

    def _answer(self, reply: Reply) -> PageAnswer | FetchAnswer | Failure:
        pending = len(self._waiting(reply.stream))
        if isinstance(reply.request, FetchPending):
            done = len(reply.fetched)
            return FetchAnswer(reply.request, done, pending, reply.error)
        if reply.page is not None:
            return PageAnswer(reply.request, reply.page, pending, reply.error)
        assert reply.error is not None
        return Failure(reply.request, reply.error, pending)

    def _wake(self, stream: StreamRef, effects: Sequence[Effect]) -> None:
        """Wake-ups merge, as jobs with the same identity do; the earliest stays."""
        for effect in effects:
            if isinstance(effect, Wake):
                due = self.now + timedelta(seconds=effect.seconds)
                self.wakes[stream] = min(due, self.wakes.get(stream, due))
            elif not isinstance(effect, Drop):
                self.told.append(effect)

    def _waiting(self, stream: StreamRef) -> list[Known]:
        """Rows that wait, newest first; a folder stream looks after those in its folder."""
        rows = [row for row in self.store.rows.values() if row.waits]
        if stream.folder is not None:
            rows = [row for row in rows if stream.folder in (row.folders or (stream.folder,))]
        return sorted(rows, key=lambda row: row.ref.remote_id, reverse=True)

    def _view(self, stream: StreamRef) -> dict[str, Known]:
        """The rows as this stream's plan wants to see them."""
        if stream.folder is None:
            return dict(self.store.rows)
        folder = stream.folder
        return {
            key: replace(row, generation=self.store.placed.get((key, folder), 0))
            for key, row in self.store.rows.items()
        }

    def _write(self, stream: StreamRef, changes: RowChanges) -> None:
        for change in changes.changes:
            key = change.after.ref.remote_id
            self.store.rows[key] = change.after
            if stream.folder is not None:
                self.store.placed[key, stream.folder] = change.after.generation
