"""From pages and contents to row changes. Pure, and idempotent: applying the same page twice is
once.

Every id a provider ever listed keeps a row (``Known``); its *disposition* is the completeness
ledger:

=============  ==============================  ====================================================
disposition    meaning                         leaves by
=============  ==============================  ====================================================
listed         exists, content not here yet    content: stored or filtered; Failed: quarantined;
                                               Gone: gone
stored         content here and in scope       scope rule: filtered; removal, sweep, grace: gone
filtered       out of scope, ``reason`` says   listing or folder change that admits it: listed
               which rule
quarantined    ``reason`` says why not stored  a retry sets it to listed; removal, sweep: gone
gone           not at the provider any more    listed again by the provider: listed
=============  ==============================  ====================================================

Two marks besides: *held* (the content was stored once, so headers suffice to bring the row back)
and *stale* (stored, but folders and flags may have changed while no cursor watched; a fetch of
headers settles it). A row "waits" when it is listed or stale.

====================================  ============================================================
what a page says                      what becomes of the row
====================================  ============================================================
unknown id                            created: listed, or filtered(rule)
folders or flags as a complete set    replaced
folders or flags as a Delta           added and removed; what was unknown stays unknown
known id, first time in a generation  stamped; stale unless both sets came complete
filtered or gone, but admissible      listed again
no longer admissible                  filtered("folder")
removal from a folder                 placement ends; the last one starts the grace period where a
                                      message has one folder at a time (the other half of a move
                                      may follow), else nothing: labels have explicit deletion
removal everywhere                    gone
span                                  known rows of that folder and key range, not named: removal
====================================  ============================================================
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from ..scope import admits, folder_rule
from ..types import (
    Content,
    Delta,
    Failed,
    Fetched,
    Folder,
    Gone,
    MessageRef,
    Page,
    Removal,
    Scope,
    Upsert,
)

Disposition = Literal["listed", "stored", "filtered", "quarantined", "gone"]

#: How long a message without any folder is kept as it was, for the other half of a move.
GRACE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Known:
    """A row, as far as the plan is concerned. ``folders`` and ``flags`` None: not known yet.

    ``generation`` is the row's, or for a folder stream that of its placement in the folder.
    ``absent_since``: when the last placement ended (exclusive folders only).
    """

    ref: MessageRef
    disposition: Disposition
    reason: str | None = None
    folders: frozenset[str] | None = None
    flags: frozenset[str] | None = None
    generation: int = 0
    stale: bool = False
    held: bool = False
    absent_since: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether a fetch is due: for content, or, if ``held``, for headers only."""
        return self.disposition == "listed" or (self.stale and self.disposition == "stored")


@dataclass(frozen=True, slots=True)
class Context:
    """Where a page comes from.

    ``listing``: it enumerates (snapshot or recent), so that what it names without ``filtered`` is
    admissible. ``exclusive``: a message has one folder at a time (Capabilities.folders).
    ``folder``: the folder of the stream, None for a whole mailbox. ``now``: aware UTC.
    """

    generation: int
    now: datetime
    scope: Scope = field(default_factory=Scope)
    folders: tuple[Folder, ...] = ()
    listing: bool = False
    exclusive: bool = False
    folder: str | None = None

    def admits(self, placed: frozenset[str]) -> bool:
        """Whether a message in these folders is in scope."""
        return folder_rule(placed, self.scope, self.folders) is None


@dataclass(frozen=True, slots=True)
class Change:
    """One row to write; ``before`` None means create."""

    before: Known | None
    after: Known


@dataclass(frozen=True, slots=True)
class RowChanges:
    """The rows to write, newest first where the page allows to tell."""

    changes: tuple[Change, ...] = ()

    @property
    def created(self) -> tuple[Known, ...]:
        """Rows that did not exist."""
        return tuple(change.after for change in self.changes if change.before is None)

    @property
    def waiting(self) -> tuple[Known, ...]:
        """Changed rows that wait for content or for a check, in the order to download them."""
        return tuple(change.after for change in self.changes if change.after.waits)

    @property
    def removed(self) -> tuple[Known, ...]:
        """Rows that became gone."""
        return tuple(
            change.after
            for change in self.changes
            if change.after.disposition == "gone"
            and (change.before is None or change.before.disposition != "gone")
        )

    def over(self, known: Mapping[str, Known]) -> dict[str, Known]:
        """``known`` with these changes applied."""
        return {**known, **{change.after.ref.remote_id: change.after for change in self.changes}}


def diff(page: Page, known: Mapping[str, Known], context: Context) -> RowChanges:
    """What a page changes. ``known`` holds the rows of its ids and, with a span, those inside the
    span.

    Upserts count first, removals after: what a page both names and removes is removed.
    """
    named: dict[str, list[Upsert]] = {}
    for upsert in page.upserts:
        named.setdefault(upsert.ref.remote_id, []).append(upsert)
    rows = {key: _upsert(known.get(key), upserts, context) for key, upserts in named.items()}
    for removal in (*page.removals, *_outside_span(page, known)):
        key = removal.ref.remote_id
        row = rows.get(key) or known.get(key)
        if row is not None:
            rows[key] = _remove(row, removal.folder, context)
    # History pages come oldest first, listings newest first.
    order = list(named) if context.listing else list(named)[::-1]
    return _changes(dict.fromkeys([*order, *rows]), rows, known)


def sweep(known: Mapping[str, Known], context: Context) -> RowChanges:
    """What the end of a snapshot removes: rows that its generation did not stamp. ``known`` holds
    the rows of the mailbox, or for a folder stream those placed in its folder."""
    old = {key: row for key, row in known.items() if row.generation < context.generation}
    rows = {key: _remove(row, context.folder, context) for key, row in old.items()}
    return _changes(rows, rows, known)


def expire(known: Mapping[str, Known], now: datetime, grace: timedelta = GRACE) -> RowChanges:
    """What the grace period ends: rows that have been nowhere for so long are gone."""
    rows = {
        key: _gone(row)
        for key, row in known.items()
        if row.absent_since is not None and row.absent_since + grace <= now
    }
    return _changes(rows, rows, known)


def settle(
    fetched: Sequence[Fetched],
    known: Mapping[str, Known],
    context: Context,
    asked: Collection[MessageRef] = (),
) -> RowChanges:
    """What fetched contents change. ``known`` holds the rows as they will be after the page, if
    any.

    ``asked`` are the refs of a fetch that came to its end: what it left unanswered is quarantined,
    or the same question would be asked for ever. Leave it empty when the fetch was cut short.
    """
    rows: dict[str, Known] = {}
    for answer in fetched:
        row = known.get(answer.ref.remote_id)
        if row is not None and row.waits:
            rows[answer.ref.remote_id] = _settle(row, answer, context)
    for ref in asked:
        row = known.get(ref.remote_id)
        if row is not None and row.waits and ref.remote_id not in rows:
            rows[ref.remote_id] = _settle(row, Failed(ref, "unanswered"), context)
    return _changes(rows, rows, known)


def quarantine(row: Known, reason: str) -> Known:
    """The row of a message that came but cannot be read; its raw bytes are kept with it."""
    return replace(row, disposition="quarantined", reason=reason, stale=False)


def retry(row: Known) -> Known:
    """A quarantined or filtered row, waiting for a fetch again (a second try, a wider scope)."""
    return replace(row, disposition="listed", reason=None)


def _changes(
    order: Iterable[str], rows: Mapping[str, Known], known: Mapping[str, Known]
) -> RowChanges:
    pairs = (Change(known.get(key), rows[key]) for key in order)
    return RowChanges(tuple(change for change in pairs if change.before != change.after))


def _outside_span(page: Page, known: Mapping[str, Known]) -> list[Removal]:
    span = page.span
    if span is None:
        return []
    present = {upsert.ref.remote_id for upsert in page.upserts}
    return [
        Removal(row.ref, span.folder)
        for key, row in known.items()
        if span.low <= key <= span.high
        and key not in present
        and span.folder in (row.folders or ())
    ]


def _merge(
    old: frozenset[str] | None, news: frozenset[str] | Delta | None, exclusive: bool
) -> frozenset[str] | None:
    """A set after the news. With exclusive folders one placement is all there is to know."""
    if news is None:
        return old
    if not isinstance(news, Delta):
        return news
    if old is None:
        return news.added if exclusive and news.added else None
    return (old - news.removed) | news.added


def _upsert(row: Known | None, upserts: Sequence[Upsert], context: Context) -> Known:
    """The row after all that a page says of it; only the sum decides about the disposition."""
    rule = next((upsert.filtered for upsert in reversed(upserts) if upsert.filtered), None)
    if row is None:
        row = Known(upserts[0].ref, "gone", generation=context.generation)
    doubtful = row.stale or row.generation < context.generation
    # Only a stored row has sets worth showing while they are checked.
    shown = row.disposition == "stored" and rule is None
    if row.disposition == "gone" or (doubtful and not shown):
        row, doubtful = _forget(row, context), False
    for upsert in upserts:
        row = replace(
            row,
            ref=_merge_ref(row.ref, upsert.ref),
            folders=_merge(row.folders, upsert.folders, context.exclusive),
            flags=_merge(row.flags, upsert.flags, False),
        )
        doubtful = doubtful and not _is_complete(upsert, context)
    row = replace(
        row,
        generation=max(row.generation, context.generation),
        stale=doubtful,
        absent_since=None if row.folders else row.absent_since,
    )
    return _dispose(row, rule, context)


def _is_complete(upsert: Upsert, context: Context) -> bool:
    """A folder stream speaks for its own placement only: there a Delta is all there is to say."""
    return isinstance(upsert.flags, frozenset) and (
        isinstance(upsert.folders, frozenset) or context.folder is not None
    )


def _dispose(row: Known, rule: str | None, context: Context) -> Known:
    """The disposition of a row that exists at the provider."""
    if rule is not None:
        return _filtered(row, rule)
    # With exclusive folders "nowhere" only means under way; with labels it is a place (archived).
    # Stale folders tell nothing: the message may have come into scope while no cursor watched.
    placed = row.folders if row.folders or not context.exclusive else None
    kept_out = row.disposition == "filtered" and not _readmits(row.reason, context)
    if kept_out:
        return row
    if placed is not None and not row.stale and not context.admits(placed):
        return _filtered(row, "folder")
    if row.disposition in {"gone", "filtered"}:
        return replace(row, disposition="listed", reason=None)
    return row


def _forget(row: Known, context: Context) -> Known:
    """The row without sets that nobody vouches for any more. A folder stream does not speak for the
    placements of the others."""
    others = context.folder is not None and row.disposition != "gone"
    return replace(row, folders=row.folders if others else None, flags=None, stale=False)


def _readmits(rule: str | None, context: Context) -> bool:
    """Whether being named without a rule lifts the old one. Size and date of a message never
    change, and a change of folders says nothing about a rule that looks at words."""
    return rule == "folder" or (context.listing and rule not in {"size", "since"})


def _filtered(row: Known, rule: str) -> Known:
    return replace(row, disposition="filtered", reason=rule)


def _merge_ref(old: MessageRef, new: MessageRef) -> MessageRef:
    return replace(
        old,
        conversation_key=new.conversation_key or old.conversation_key,
        folder=new.folder or old.folder,
    )


def _gone(row: Known) -> Known:
    """Nowhere. What it had before says nothing should it ever come back."""
    return replace(
        row,
        disposition="gone",
        reason=None,
        folders=frozenset(),
        flags=None,
        stale=False,
        absent_since=None,
    )


def _remove(row: Known, folder: str | None, context: Context) -> Known:
    if folder is None or row.disposition == "gone":
        return _gone(row)
    if row.folders is None:
        return row
    folders = row.folders - {folder}
    row = replace(row, folders=folders)
    if context.exclusive and not folders:
        return replace(row, absent_since=row.absent_since or context.now)
    if row.disposition == "filtered" and row.reason != "folder":
        return row
    if not row.stale and not context.admits(folders):
        return _filtered(row, "folder")
    if row.disposition == "filtered":
        return replace(row, disposition="listed", reason=None)
    # With a stream a folder, the two ends of a move saw its flags at different times, and no order
    # joins them.
    moved = context.exclusive and context.folder is not None and row.disposition == "stored"
    return replace(row, stale=row.stale or moved)


def _settle(row: Known, answer: Fetched, context: Context) -> Known:
    if isinstance(answer, Gone):
        return _gone(row)
    if isinstance(answer, Failed):
        return quarantine(row, answer.detail)
    row = _place(replace(row, ref=_merge_ref(row.ref, answer.ref)), answer, context)
    rule = admits(answer, context.scope, context.folders)
    if rule is not None:
        return _filtered(row, rule)
    return replace(row, disposition="stored", reason=None, held=True)


def _place(row: Known, content: Content, context: Context) -> Known:
    """The row with the folders and flags a content came with.

    A folder stream knows them from its pages and keeps those: this fetch may be older than what the
    stream of another folder has committed meanwhile, and no compare-and-set joins the two.
    """
    own = context.folder is not None
    return replace(
        row,
        folders=row.folders if own and row.folders is not None else content.folders,
        flags=row.flags if own and row.flags is not None and not row.stale else content.flags,
        stale=False,
        absent_since=None if content.folders and not own else row.absent_since,
    )
