"""What is asked of a Gmail client about listing and following, by number (15 to 25,
35 and 37; numbers of the sandbox's FIDELITY.md), against the sandbox.

Numbers without a test in these three files: 16, 28, 39 and 48 are pure and tested in
``core/tests/unit``; 33 and 34 (own writes come back) are the engine's; 36 (label colours), 40
(method override) and 47 (snippets) are not used.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from mailbox_core.errors import (
    CursorExpired,
)
from mailbox_core.providers.gmail.labels import ALL
from mailbox_core.types import (
    Content,
    Delta,
    Gone,
    Scope,
    Since,
    Snapshot,
    Start,
    StreamRef,
)

STREAM = StreamRef()


def test_b15_an_empty_mailbox_has_no_keys_and_no_trouble(desk: Any) -> None:
    provider = desk.provider()
    assert provider.profile().messages == 0
    cursor, pages = desk.snapshot(provider)
    assert desk.ids(pages) == []
    _, live = desk.since(provider, cursor)
    assert (desk.ids(live), live[0].removals) == ([], ())
    assert provider.recent(STREAM, 10).upserts == ()
    assert provider.enumerate(None, None, 10).refs == ()


def test_b15_an_archived_read_message_has_no_labels(desk: Any) -> None:
    key = desk.deliver(labels=())
    content = desk.one(desk.provider().fetch(desk.refs([key]), "raw"))
    assert content.folders == {ALL}
    assert content.flags == {"seen"}


def test_b17_all_are_listed_newest_first_whatever_the_estimate(desk: Any) -> None:
    expected = desk.fill(250)
    _, pages = desk.snapshot(desk.provider(), 40)
    found = desk.ids(pages)
    assert list(dict.fromkeys(found)) == expected
    assert len(found) < 1.1 * len(expected)


def test_b17_mail_that_arrives_while_listing_shifts_nothing(make_desk: Callable[..., Any]) -> None:
    desk = make_desk()
    desk.sandbox.world.settings.update({"list_paging": "offset"})
    old = desk.fill(60)
    provider = desk.provider()
    page = provider.changes(STREAM, Start(), 10)
    found, cursor = desk.ids([page]), page.cursor
    for doomed in found[2:5]:
        desk.box.delete(doomed)
    new = [desk.deliver("new") for _ in range(5)]
    while page.resume is not None:
        page = provider.changes(STREAM, Snapshot(page.resume), 10)
        found += desk.ids([page])
    assert set(old) <= set(found)
    assert not set(new) & set(found)
    _, live = desk.since(provider, cursor)
    assert set(new) <= set(desk.ids(live))


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_b18_more_messages_in_one_second_than_fit_on_a_page(desk: Any, limit: int) -> None:
    moment = float(int(time.time()) - 500)
    around = [desk.deliver("before", date=moment - 1.5), desk.deliver("after", date=moment + 1.5)]
    same = [desk.deliver("same", date=moment + n / 100) for n in range(20)]
    _, pages = desk.snapshot(desk.provider(), limit)
    assert set(desk.ids(pages)) == {*around, *same}
    provider, resume, listed = desk.provider(), None, set()
    for _ in range(100):
        listing = provider.enumerate("INBOX", resume, limit)
        listed |= {ref.remote_id for ref in listing.refs}
        resume = listing.resume
        if resume is None:
            break
    assert listed == {*around, *same}


def test_b18_an_expired_page_token_starts_its_second_again(desk: Any) -> None:
    moment = float(int(time.time()) - 500)
    same = [desk.deliver("same", date=moment) for _ in range(9)]
    desk.faults.add("gmail", "messages.list", "page_token_expired", times=1, skip=1)
    _, pages = desk.snapshot(desk.provider(), 3)
    assert set(desk.ids(pages)) == set(same)
    assert len(desk.ids(pages)) > len(same)


def test_b18_repeated_items_are_only_repeats(desk: Any) -> None:
    expected = desk.fill(30)
    desk.faults.add("gmail", "messages.list", "repeat_items", times=None)
    _, pages = desk.snapshot(desk.provider(), 10)
    assert set(desk.ids(pages)) == set(expected)


def test_b18_an_expired_history_page_falls_back_to_its_start(desk: Any) -> None:
    provider = desk.provider()
    cursor, _ = desk.snapshot(provider)
    expected = desk.fill(9, gap=0)
    first = provider.changes(STREAM, Since(cursor), 3)
    assert first.more
    desk.sandbox.clock.advance(2 * 3600)
    after, rest = desk.since(provider, first.cursor, 3)
    assert set(desk.ids(rest)) == set(expected)
    assert desk.ids(desk.since(provider, after)[1]) == []


def test_b19_an_empty_page_with_a_token_goes_on(desk: Any) -> None:
    provider = desk.provider()
    cursor, _ = desk.snapshot(provider)
    expected = desk.fill(3, gap=0)
    desk.faults.add("gmail", "history.list", "empty_history_page", times=1)
    first = provider.changes(STREAM, Since(cursor), 10)
    assert first.more
    assert first.upserts == ()
    _, rest = desk.since(provider, first.cursor)
    assert set(desk.ids(rest)) == set(expected)


def test_b20_a_forgotten_start_is_an_expired_cursor(desk: Any) -> None:
    provider = desk.provider()
    cursor, _ = desk.snapshot(provider)
    desk.deliver()
    desk.sandbox.clock.advance(30 * 86400)
    desk.deliver()
    with pytest.raises(CursorExpired):
        provider.changes(STREAM, Since(cursor), 10)


def test_b20_on_demand_and_only_for_history(desk: Any) -> None:
    provider = desk.provider()
    cursor, _ = desk.snapshot(provider)
    desk.faults.add("gmail", "history.list", "history_expired")
    with pytest.raises(CursorExpired):
        provider.changes(STREAM, Since(cursor), 10)
    (gone,) = provider.fetch(desk.refs(["18c0ffee18c0ffee"]), "raw")
    assert isinstance(gone, Gone)


def test_b21_the_baseline_of_a_quiet_mailbox_is_good(desk: Any) -> None:
    desk.deliver("old")
    desk.sandbox.clock.advance(60 * 86400)
    provider = desk.provider()
    cursor, pages = desk.snapshot(provider)
    assert len(desk.ids(pages)) == 1
    new = desk.deliver("new")
    assert desk.ids(desk.since(provider, cursor)[1]) == [new]


def test_b21_the_baseline_is_older_than_the_first_page(desk: Any) -> None:
    """Mail that arrives between profile and listing is told by both, hence never missed."""
    provider = desk.provider()
    real, late = provider._client.profile, []

    def profile_then_mail() -> Any:
        found = real()
        late.append(desk.deliver("in between"))
        return found

    provider._client.profile = profile_then_mail
    page = provider.changes(STREAM, Start(), 10)
    assert desk.ids([page]) == late
    assert desk.ids(desk.since(provider, page.cursor)[1]) == late


def test_b22_many_changes_to_one_message_are_one(desk: Any) -> None:
    provider = desk.provider()
    old = desk.deliver()
    cursor, _ = desk.snapshot(provider)
    short = desk.deliver("comes and goes")
    desk.box.modify(short, ["STARRED"])
    desk.box.delete(short)
    for _ in range(3):
        desk.box.modify(old, ["STARRED"], ["UNREAD"])
        desk.box.modify(old, ["UNREAD"], ["STARRED"])
    cursor, pages = desk.since(provider, cursor)
    assert [removal.ref.remote_id for removal in pages[0].removals] == [short]
    (upsert,) = pages[0].upserts
    assert upsert.ref.remote_id == old
    assert upsert.flags == Delta(removed=frozenset({"seen", "flagged"}))


@pytest.mark.parametrize("depth", ["raw", "text", "headers"])
def test_b23_gone_since_is_ordinary(desk: Any, depth: Any) -> None:
    keys = desk.fill(3)
    desk.box.delete(keys[1])
    found = {one.ref.remote_id: one for one in desk.provider().fetch(desk.refs(keys), depth)}
    assert isinstance(found[keys[1]], Gone)
    assert isinstance(found[keys[0]], Content)
    assert isinstance(found[keys[2]], Content)


def test_b24_trash_is_a_change_of_folders(desk: Any) -> None:
    provider = desk.provider()
    key = desk.deliver()
    cursor, _ = desk.snapshot(provider)
    desk.box.trash(key)
    cursor, pages = desk.since(provider, cursor)
    assert pages[0].removals == ()
    assert pages[0].upserts[0].folders == Delta(frozenset({"TRASH"}), frozenset({"INBOX", ALL}))
    desk.box.untrash(key)
    cursor, pages = desk.since(provider, cursor)
    folders = pages[0].upserts[0].folders
    assert isinstance(folders, Delta)
    assert ALL in folders.added
    assert "TRASH" in folders.removed
    desk.box.delete(key)
    _, pages = desk.since(provider, cursor)
    assert [removal.ref.remote_id for removal in pages[0].removals] == [key]


def test_b25_editing_a_draft_is_another_message(desk: Any) -> None:
    provider = desk.provider()
    http = provider._client
    made = http.post("drafts.send", "drafts", {"message": {"raw": "U3ViamVjdDogYQ0KDQph"}})
    first = made["message"]["id"]
    cursor, _ = desk.snapshot(provider)
    sending = pytest.importorskip("mailbox_sandbox.sending")
    draft = sending.update_draft(
        desk.sandbox.world, desk.box, made["id"], b"Subject: b\r\n\r\nb", None
    )
    _, pages = desk.since(provider, cursor)
    assert [removal.ref.remote_id for removal in pages[0].removals] == [first]
    (upsert,) = pages[0].upserts
    assert upsert.ref.remote_id == draft.id
    assert upsert.flags is not None
    assert "draft" in upsert.flags


def test_b35_a_renamed_label_keeps_its_identity(desk: Any) -> None:
    work = desk.box.add_label("Work")
    deep = desk.box.add_label("Work/2026")
    provider = desk.provider()
    before = {folder.remote_id: folder for folder in provider.folders()}
    assert before[deep].parent_id == work
    desk.box.labels.rename(desk.box.labels.get(work), "Job")
    after = {folder.remote_id: folder for folder in provider.folders()}
    assert (after[work].name, after[deep].path, after[deep].parent_id) == ("Job", "Job/2026", work)
    desk.box.remove_label(deep)
    assert deep not in {folder.remote_id for folder in provider.folders()}


def test_b37_since_is_exact_to_the_second(desk: Any) -> None:

    moment = int(time.time()) - 86400
    early = desk.deliver("early", date=float(moment - 5))
    exact = desk.deliver("exact", date=float(moment))
    late = desk.deliver("late", date=float(moment + 5))
    scope = Scope(since=datetime.fromtimestamp(moment, timezone.utc))
    provider = desk.provider(scope)
    found = desk.ids(desk.snapshot(provider)[1])
    assert {exact, late} <= set(found)
    assert early not in found
    listed = {ref.remote_id for ref in provider.enumerate("INBOX", None, 10).refs}
    assert listed == set(found)
