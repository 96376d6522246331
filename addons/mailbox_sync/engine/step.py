"""One step of a stream: ask the provider, then write rows, position and successor together.

The network comes first, while no row is locked. Then the stream's row is locked and the version
compared: an answer to an older state is dropped, because somebody else has gone on meanwhile.
Expected trouble is an answer like any other (a raised retry would roll back the very note about
it); only surprises leave.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from mailbox_core.errors import ProviderError
from mailbox_core.sync import machine, plan
from mailbox_core.sync.plan import Known
from mailbox_core.sync.stream import (
    Failure,
    FetchAnswer,
    FetchPending,
    List,
    PageAnswer,
    Recent,
    StreamState,
    Sweep,
)
from mailbox_core.types import (
    Content,
    Depth,
    Fetched,
    Folder,
    MessageRef,
    Page,
    Since,
    Start,
    StreamRef,
)

from .. import mapping
from ..store.ledger import Ledger
from ..store.line import Line
from ..store.raw import RawStore
from ..store.safely import write_safely
from ..store.writer import Written
from . import survey
from .reader import Reader

#: Fetches of one step, and the seconds and bytes after which no further one is begun. Each step has
#: a price of its own (a job, a commit), and each fetch delays what else the worker could do.
_FETCHES = 10
_FETCH_SECONDS = 4.0
_FETCH_BYTES = 24 * 1024 * 1024


@dataclass(slots=True)
class Gathered:
    """What the network phase brought. ``rows``: lines as the page leaves them, before contents."""

    answer: Any
    page: Page | None = None
    known: dict[str, Known] = field(default_factory=dict)
    changed: dict[str, Known] = field(default_factory=dict)
    folders: tuple[Folder, ...] = ()
    total: int | None = None
    staged: dict[str, mapping.Stored] = field(default_factory=dict)

    @property
    def named(self) -> list[str]:
        """The messages that the page says something of."""
        page = self.page or Page()
        return [item.ref.remote_id for item in (*page.upserts, *page.removals)]


@dataclass(slots=True)
class Brought:
    """What the fetches of a step brought: the lines as their answers leave them, the contents, the
    number of answers, and what ended it early."""

    rows: dict[str, Known] = field(default_factory=dict)
    staged: dict[str, mapping.Stored] = field(default_factory=dict)
    answers: int = 0
    trouble: ProviderError | None = None


@dataclass(slots=True)
class Outcome:
    """What a step did: the machine's effects and what was written."""

    state: StreamState
    effects: tuple[Any, ...]
    written: Written
    request: Any = None


class Step:
    """One step. ``provider`` is made for the lane of the request by who calls. ``gives_way``: asked
    between two fetches whether something more urgent waits for this stream."""

    def __init__(
        self,
        stream,
        provider,
        now: datetime,
        rng: Random | None = None,
        gives_way: Callable[[], bool] = lambda: False,
    ) -> None:
        self._stream = stream
        self._mailbox = stream.mailbox_id
        self._provider = provider
        self._now = now
        self._rng = rng or Random()
        self._gives_way = gives_way
        self._ledger = Ledger(stream)
        self._raw = RawStore.of(stream.env.cr)
        self._ref = StreamRef(stream.kind, stream.folder_id.remote_id or None)

    # -- network, no row is locked -------------------------------------------------------------

    def gather(self, state: StreamState, request: List | Recent | FetchPending) -> Gathered:
        """Ask the provider and prepare what came. Writes nothing but files of the raw store."""
        try:
            if isinstance(request, FetchPending):
                return self._gather_pending(state, request)
            return self._gather_page(state, request)
        except ProviderError as error:
            return Gathered(Failure(request, error))

    def _gather_page(self, state: StreamState, request: List | Recent) -> Gathered:
        folders, total = (), None
        if isinstance(request, List) and isinstance(request.position, Start):
            # Roles decide what is in scope, so that the first page needs them.
            folders = tuple(self._provider.folders())
            total = self._provider.profile().messages
        if isinstance(request, Recent):
            page = self._provider.recent(self._ref, request.limit)
        else:
            page = self._provider.changes(self._ref, request.position, request.limit)
        known = self._ledger.known({item.ref.remote_id for item in (*page.upserts, *page.removals)})
        if page.span is not None:
            known |= self._ledger.inside(page.span.folder, page.span.low, page.span.high)
        context = self._context(state, request, folders)
        changes = plan.diff(page, known, context)
        changed = changes.over({})
        wanted = self._unsurveyed(changes.waiting)
        brought = self._download(wanted[: request.downloads], {**known, **changed}, context)
        return Gathered(
            PageAnswer(request, page, 0, brought.trouble),
            page,
            known,
            {**changed, **brought.rows},
            folders,
            total,
            brought.staged,
        )

    def _gather_pending(self, state: StreamState, request: FetchPending) -> Gathered:
        # A half-open stream asks for one download; a healthy one goes on while that is quick.
        healthy = request.limit >= self._provider.capabilities.fetch_limit
        rows = self._ledger.waiting(request.limit * (_FETCHES if healthy else 1))
        known = {row.ref.remote_id: row for row in rows}
        brought = self._download(rows, known, self._context(state, request), strict=True)
        return Gathered(
            FetchAnswer(request, brought.answers, 0, brought.trouble),
            None,
            known,
            brought.rows,
            staged=brought.staged,
        )

    def _context(
        self, state: StreamState, request: Any, folders: Sequence[Folder] = ()
    ) -> plan.Context:
        return plan.Context(
            generation=machine.generation(state),
            now=self._now,
            scope=self._mailbox._scope(),
            folders=tuple(folders) or self._ledger.folders,
            listing=not (isinstance(request, List) and isinstance(request.position, Since)),
            exclusive=self._provider.capabilities.folders == "exclusive",
            folder=self._ref.folder,
        )

    def _unsurveyed(self, rows: Sequence[Known]) -> Sequence[Known]:
        """The rows without those that a survey will check."""
        if any(row.held for row in rows) and self._stream._is_surveyed():
            return [row for row in rows if not row.held or row.disposition == "listed"]
        return rows

    def _download(
        self,
        rows: Sequence[Known],
        known: Mapping[str, Known],
        context: plan.Context,
        strict: bool = False,
    ) -> Brought:
        """The contents of rows, kept and read while the next ones come; for rows whose content is
        held, headers tell folders and flags. It stops between two fetches once it has taken long,
        has brought much or shall give way: the rest waits for the next step. ``strict``: what a
        whole fetch left unanswered is quarantined."""
        brought = Brought()
        until, size = time.monotonic() + _FETCH_SECONDS, 0
        fetches = self._fetches(rows)
        with Reader(self._raw, self._mailbox.id, self._mailbox.address) as reader:
            for number, (refs, how) in enumerate(fetches):
                took_enough = time.monotonic() > until or size > _FETCH_BYTES
                if number and (took_enough or self._gives_way()):
                    break
                answers = self._fetch(refs, how, brought)
                whole = brought.trouble is None
                settled = plan.settle(answers, known, context, refs if strict and whole else ())
                found = settled.over({})
                brought.rows |= found
                brought.answers += len(answers)
                size += sum(len(one.raw) for one in answers if isinstance(one, Content))
                last = number == len(fetches) - 1 or not whole
                reader.take(self._new_contents(answers, found), last)
                if not whole:
                    break
            reader.finish()
        for key in reader.unreadable:
            brought.rows[key] = plan.quarantine(brought.rows[key], "unreadable")
        brought.staged = reader.stored
        return brought

    def _fetches(self, rows: Sequence[Known]) -> list[tuple[Sequence[MessageRef], Depth]]:
        """What to ask for, in the order of the rows: contents, then checks of what is held."""
        limit = self._provider.capabilities.fetch_limit
        depth = self._mailbox._fetch_depth()
        fresh = [row.ref for row in rows if not row.held]
        held = [row.ref for row in rows if row.held]
        fetches = [(some, depth) for some in _slices(fresh, limit)]
        return [*fetches, *((some, "headers") for some in _slices(held, limit))]

    def _fetch(self, refs: Sequence[MessageRef], how: Depth, brought: Brought) -> list[Fetched]:
        """The answers of one fetch; those that came before its trouble, if it has some."""
        answers: list[Fetched] = []
        try:
            for answer in self._provider.fetch(refs, how):
                answers.append(answer)
        except ProviderError as error:
            brought.trouble = error
        return answers

    def _new_contents(
        self, answers: Sequence[Fetched], rows: Mapping[str, Known]
    ) -> list[tuple[Content, MessageRef]]:
        """The contents that are wanted and not held, each with its ref as the row knows it: for
        held rows only headers were fetched."""
        return [
            (one, rows[one.ref.remote_id].ref)
            for one in answers
            if isinstance(one, Content) and self._is_wanted(one.ref.remote_id, rows)
        ]

    def _is_wanted(self, key: str, rows: Mapping[str, Known]) -> bool:
        before = self._ledger.rows.get(key)
        wanted = key in rows and rows[key].disposition == "stored"
        return wanted and not (before is not None and before.known.held)

    # -- database, one transaction -------------------------------------------------------------

    def commit(self, gathered: Gathered, state: StreamState) -> Outcome:
        """Write what was gathered, unless ``state`` (locked and read again) has moved on."""
        written = Written()
        request = gathered.answer.request
        if request.version == state.version:
            if gathered.folders:
                self._mailbox._write_folders(gathered.folders)
                self._ledger.read_folders()
            if self._is_look(request) and gathered.named:
                survey.strike(self._stream.env.cr, self._stream.id, gathered.named)
            written = self._write(gathered)
            if self._sweeps(state, gathered):
                self._sweep(written, gathered, state)
        answer = _with_pending(gathered.answer, self._ledger.has_waiting())
        after, effects = machine.step(state, answer, self._now, self._rng)
        return Outcome(after, effects, written, request)

    def _write(self, gathered: Gathered) -> Written:
        lane = "new" if self._is_look(gathered.answer.request) else "history"
        lines = [self._line(key, row, gathered, lane) for key, row in gathered.changed.items()]
        return write_safely(self._stream, self._ledger, lines)

    def _line(self, key: str, row: Known, gathered: Gathered, lane: str) -> Line:
        before = self._ledger.rows.get(key)
        line = Line(before, row, gathered.staged.get(key), before.lane if before else lane)
        line.attempts = before.attempts if before else 0
        if row.disposition == "quarantined":
            if before is None or before.known.disposition != "quarantined":
                line.postpone(self._now)
            else:
                # A page that only names it again takes nothing away from its next try.
                line.retry_at = before.retry_at
        elif row.disposition == "stored":
            line.attempts = 0
        return line

    def _is_look(self, request: Any) -> bool:
        return isinstance(request, Recent) or (
            isinstance(request, List) and isinstance(request.position, Since)
        )

    def _sweeps(self, state: StreamState, gathered: Gathered) -> bool:
        if gathered.page is None:
            return False
        _, effects = machine.step(state, gathered.answer, self._now, Random(0))
        return any(isinstance(effect, Sweep) for effect in effects)

    def _sweep(self, written: Written, gathered: Gathered, state: StreamState) -> None:
        """The last page of an enumeration: what no page of its generation named is not there any
        more."""
        request = gathered.answer.request
        context = self._context(state, request)
        changes = plan.sweep(self._ledger.older(context.generation), context)
        lines = [self._line(key, row, gathered, "history") for key, row in changes.over({}).items()]
        for line in lines:
            line.stored = None
        swept = write_safely(self._stream, self._ledger, lines)
        written.updated += swept.updated
        written.changed += swept.changed
        for disposition, count in swept.dispositions.items():
            written.dispositions[disposition] += count


def _with_pending(answer: Any, pending: int) -> Any:
    if isinstance(answer, PageAnswer):
        return PageAnswer(answer.request, answer.page, pending, answer.trouble)
    if isinstance(answer, FetchAnswer):
        return FetchAnswer(answer.request, answer.done, pending, answer.trouble)
    return Failure(answer.request, answer.error, pending)


def _slices(refs: Sequence[MessageRef], size: int) -> Iterator[Sequence[MessageRef]]:
    for start in range(0, len(refs), size):
        yield refs[start : start + size]
