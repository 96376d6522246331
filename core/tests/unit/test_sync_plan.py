"""Every row of the tables in ``sync.plan``, and that replaying a page is once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings

from mailbox_core.sync import plan
from mailbox_core.sync.plan import GRACE, Context, Known
from mailbox_core.testing import strategies
from mailbox_core.testing.world import EPOCH, FOLDERS
from mailbox_core.types import (
    Content,
    Delta,
    Failed,
    Gone,
    MessageRef,
    Page,
    Removal,
    Scope,
    Span,
    Upsert,
)

REF = MessageRef("m1")
INBOX, JUNK, WORK = frozenset({"inbox"}), frozenset({"junk"}), frozenset({"work"})
NONE: frozenset[str] = frozenset()
LIVE = Context(generation=2, now=EPOCH, folders=FOLDERS)
LISTING = replace(LIVE, listing=True)
EXCLUSIVE = replace(LIVE, exclusive=True)
STORED = Known(REF, "stored", None, INBOX, NONE, 2, held=True)


def after(known: Known | None, page: Page, context: Context = LIVE) -> Known | None:
    rows = {} if known is None else {"m1": known}
    return plan.diff(page, rows, context).over(rows).get("m1")


def upsert(*args: object, **more: object) -> Page:
    return Page(upserts=(Upsert(REF, *args, **more),))  # type: ignore[arg-type]


def content(**more: object) -> Content:
    values = {
        "ref": REF,
        "raw": b"x",
        "complete": True,
        "received_at": EPOCH,
        "size": 1,
        "folders": INBOX,
        "flags": NONE,
    }
    return Content(**{**values, **more})  # type: ignore[arg-type]


def settled(answer: object, known: Known, context: Context = LIVE) -> Known:
    return plan.settle([answer], {"m1": known}, context).over({"m1": known})["m1"]  # type: ignore[list-item]


def test_an_unknown_id_is_listed_or_filtered() -> None:
    assert after(None, upsert(INBOX, NONE)) == Known(REF, "listed", None, INBOX, NONE, 2)
    assert after(None, upsert()) == Known(REF, "listed", generation=2)
    assert after(None, upsert(filtered="size")) == Known(REF, "filtered", "size", generation=2)
    assert after(None, upsert(JUNK, NONE)) == Known(REF, "filtered", "folder", JUNK, NONE, 2)


def test_complete_sets_replace() -> None:
    row = after(STORED, upsert(WORK, frozenset({"seen"})))
    assert row == replace(STORED, folders=WORK, flags=frozenset({"seen"}))


def test_differences_add_and_remove_and_leave_the_unknown_unknown() -> None:
    page = upsert(Delta(WORK, INBOX), Delta(frozenset({"seen"})))
    row = after(STORED, page)
    assert row == replace(STORED, folders=WORK, flags=frozenset({"seen"}))
    blank = Known(REF, "listed", generation=2)
    assert after(blank, page) == blank
    assert after(replace(blank, folders=INBOX), upsert(None, None)) == replace(blank, folders=INBOX)


def test_the_first_word_in_a_generation_stamps_and_marks_stale() -> None:
    old = replace(STORED, generation=1)
    assert after(old, upsert(), LISTING) == replace(STORED, stale=True)
    assert after(old, upsert(Delta(WORK))) == replace(STORED, folders=INBOX | WORK, stale=True)
    assert after(old, upsert(INBOX, NONE)) == STORED
    assert after(STORED, upsert(), LISTING) == STORED


def test_stale_folders_do_not_filter() -> None:
    old = replace(STORED, generation=1, disposition="filtered", reason="folder", folders=JUNK)
    row = after(old, upsert(), LISTING)
    assert row is not None
    assert row.disposition == "listed"


def test_filtered_rows_come_back_when_admissible() -> None:
    junk = replace(STORED, disposition="filtered", reason="folder", folders=JUNK)
    row = after(junk, upsert(Delta(INBOX, JUNK)))
    assert row == replace(STORED, disposition="listed")
    word = replace(STORED, disposition="filtered", reason="exclude")
    assert after(word, upsert(Delta(WORK))) == replace(word, folders=INBOX | WORK)
    assert after(word, upsert(), LISTING) == replace(STORED, disposition="listed")
    large = replace(STORED, disposition="filtered", reason="size")
    assert after(large, upsert(), LISTING) == large


def test_a_gone_row_starts_from_nothing() -> None:
    gone = replace(STORED, disposition="gone", folders=NONE, flags=None)
    row = after(gone, upsert(Delta(WORK)))
    assert row == replace(STORED, disposition="listed", folders=None, flags=None)
    assert row.waits
    assert row.held


def test_a_folder_does_not_hide_another_rule() -> None:
    word = replace(STORED, disposition="filtered", reason="exclude")
    junk = after(word, upsert(Delta(JUNK, INBOX)))
    assert junk == replace(word, folders=JUNK)
    assert after(junk, upsert(Delta(INBOX, JUNK))) == word
    assert (
        after(replace(word, folders=INBOX | JUNK), Page(removals=(Removal(REF, "junk"),))) == word
    )


def test_out_of_scope_is_filtered() -> None:
    assert after(STORED, upsert(Delta(JUNK, INBOX))) == replace(
        STORED, disposition="filtered", reason="folder", folders=JUNK
    )
    followed = replace(LIVE, scope=Scope(folders=INBOX))
    row = after(STORED, upsert(Delta(removed=INBOX)), followed)
    assert row == replace(STORED, disposition="filtered", reason="folder", folders=NONE)


def test_removal_from_a_folder() -> None:
    page = Page(removals=(Removal(REF, "inbox"),))
    assert after(STORED, page) == replace(STORED, folders=NONE)
    assert after(STORED, page, EXCLUSIVE) == replace(STORED, folders=NONE, absent_since=EPOCH)
    both = replace(STORED, folders=INBOX | WORK)
    moved = after(both, page, replace(EXCLUSIVE, folder="inbox"))
    assert moved == replace(STORED, folders=WORK, stale=True)
    assert after(None, page) is None


def test_the_other_half_of_a_move_ends_the_grace_period() -> None:
    absent = replace(STORED, folders=NONE, absent_since=EPOCH)
    row = after(absent, upsert(Delta(WORK)), EXCLUSIVE)
    assert row == replace(STORED, folders=WORK)
    assert plan.expire({"m1": absent}, EPOCH + GRACE / 2).changes == ()
    (gone,) = plan.expire({"m1": absent}, EPOCH + GRACE).removed
    assert gone.disposition == "gone"


def test_removal_everywhere_and_removal_beats_upsert() -> None:
    removal = Removal(REF)
    gone = replace(STORED, disposition="gone", folders=NONE, flags=None)
    assert after(STORED, Page(removals=(removal,))) == gone
    page = Page(upserts=(Upsert(REF, INBOX, NONE),), removals=(removal,))
    assert after(STORED, page) == gone
    row = after(None, page)
    assert row is not None
    assert row.disposition == "gone"


def test_a_span_removes_who_is_absent_from_it() -> None:
    rows = {key: replace(STORED, ref=MessageRef(key)) for key in ("m1", "m2", "m3", "m9")}
    rows["m3"] = replace(rows["m3"], folders=WORK)
    page = Page(upserts=(Upsert(REF),), span=Span("inbox", "m1", "m5"))
    changes = plan.diff(page, rows, EXCLUSIVE).changes
    assert [(c.after.ref.remote_id, c.after.absent_since) for c in changes] == [("m2", EPOCH)]


def test_sweep_takes_what_was_not_stamped() -> None:
    rows = {"m1": STORED, "m2": replace(STORED, ref=MessageRef("m2"), generation=1)}
    assert [row.ref.remote_id for row in plan.sweep(rows, LIVE).removed] == ["m2"]


def test_contents_settle_rows() -> None:
    listed = Known(REF, "listed", generation=2)
    assert settled(content(), listed) == STORED
    assert settled(Gone(REF), listed) == replace(listed, disposition="gone", folders=NONE)
    failed = settled(Failed(REF, "broken"), listed)
    assert failed == replace(listed, disposition="quarantined", reason="broken")
    assert plan.retry(failed) == listed
    old = replace(LIVE, scope=Scope(since=EPOCH + timedelta(days=1)))
    assert settled(content(), listed, old).reason == "since"
    small = replace(LIVE, scope=Scope(max_message_bytes=5))
    assert settled(content(size=6), listed, small).reason == "size"
    assert settled(content(folders=JUNK), listed).reason == "folder"
    assert settled(content(), replace(STORED, stale=True)) == STORED


def test_contents_do_not_touch_rows_that_do_not_wait() -> None:
    newer = replace(STORED, flags=frozenset({"seen"}))
    assert settled(content(), newer) == newer


def test_what_is_left_unanswered_is_quarantined() -> None:
    listed = Known(REF, "listed", generation=2)
    (change,) = plan.settle([], {"m1": listed}, LIVE, asked=[REF]).changes
    assert (change.after.disposition, change.after.reason) == ("quarantined", "unanswered")


def test_downloads_are_newest_first() -> None:
    page = Page(upserts=tuple(Upsert(MessageRef(f"m{n}")) for n in (1, 2, 3)))
    live = [row.ref.remote_id for row in plan.diff(page, {}, LIVE).waiting]
    listing = [row.ref.remote_id for row in plan.diff(page, {}, LISTING).waiting]
    assert (live, listing) == (["m3", "m2", "m1"], ["m1", "m2", "m3"])


@settings(max_examples=400)
@given(strategies.pages, strategies.known_rows, strategies.contexts)
def test_a_page_twice_is_once(page: Page, known: dict[str, Known], context: Context) -> None:
    """The second time may learn a set that the first forgot with others that nobody vouched for."""
    once = plan.diff(page, known, context).over(known)
    twice = plan.diff(page, once, context).over(once)
    for key, row in once.items():
        learnt = replace(
            row,
            folders=twice[key].folders if row.folders is None else row.folders,
            flags=twice[key].flags if row.flags is None else row.flags,
        )
        assert twice[key] in {row, learnt}
    assert twice.keys() == once.keys()


@given(strategies.pages, strategies.known_rows, strategies.contexts)
def test_every_listed_id_has_a_row(page: Page, known: dict[str, Known], context: Context) -> None:
    once = plan.diff(page, known, context).over(known)
    assert once.keys() >= {upsert.ref.remote_id for upsert in page.upserts} | known.keys()
    for row in once.values():
        assert row.disposition != "filtered" or row.reason or known.get(row.ref.remote_id) == row
