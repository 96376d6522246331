"""What provider-contracts asks of a Gmail client, number by number, against the sandbox.

Numbers without a test here: 16, 28, 39 and 48 are pure and tested in ``core/tests/unit``; 33 and 34
(own writes come back) are the engine's; 36 (label colours), 40 (method override) and 47 (snippets)
are not used.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from mailbox_core.errors import (
    AuthorizationLost,
    CursorExpired,
    ProviderError,
    Throttled,
    Unavailable,
)
from mailbox_core.mime.parse import parse
from mailbox_core.providers.gmail.costs import PROFILE_V1, PROFILE_V2, batch_parts
from mailbox_core.providers.gmail.labels import ALL
from mailbox_core.types import (
    Content,
    Delta,
    Failed,
    Gone,
    MessageRef,
    PartRef,
    Scope,
    Since,
    Snapshot,
    Start,
    StreamRef,
)

STREAM = StreamRef()
READ_LATER = "<missing@example.org>"


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


def test_b26_attachments_are_found_by_path_however_ids_change(desk: Any) -> None:
    key = desk.deliver(file=b"%PDF" + b"x" * 700_000)
    provider, ref = desk.provider(), MessageRef(key)
    content = desk.one(provider.fetch([ref], "text"))
    assert not content.complete
    (part,) = parse(content.raw).parts
    assert (part.available, part.size, part.filename) == (False, 700_004, "offer.pdf")
    for _ in range(2):
        desk.sandbox.clock.advance(2 * 3600)
        chunks = list(provider.attachment(ref, part.ref))
        assert b"".join(chunks) == b"%PDF" + b"x" * 700_000
        assert len(chunks) > 1


def test_b27_a_small_file_comes_inline_and_by_path_alike(desk: Any) -> None:
    key = desk.deliver(file=b"%PDF small")
    provider, ref = desk.provider(), MessageRef(key)
    (part,) = parse(desk.one(provider.fetch([ref], "text")).raw).parts
    assert part.available
    assert b"".join(provider.attachment(ref, PartRef(part.ref.path))) == b"%PDF small"


def test_b27_a_big_text_is_fetched_with_its_message(desk: Any) -> None:
    text = "Zeile mit Umlaut ä\n" * 30_000
    key = desk.deliver(text=text)
    provider = desk.provider()
    by_text = parse(desk.one(provider.fetch(desk.refs([key]), "text")).raw)
    by_raw = parse(desk.one(provider.fetch(desk.refs([key]), "raw")).raw)
    assert desk.calls("messages.attachments.get") == 1
    assert by_text.text == by_raw.text
    assert by_text.text is not None
    assert len(by_text.text) > 200_000


def test_b29_the_message_id_that_gmail_gave_is_read_back(desk: Any) -> None:
    provider = desk.provider()
    receipt = provider.send(mail("mine@example.com"), None)
    assert receipt.message_id is not None
    assert receipt.message_id != "<mine@example.com>"
    content = desk.one(provider.fetch([receipt.ref], "raw"))
    assert parse(content.raw).message_id == receipt.message_id
    assert "SENT" in content.folders
    assert provider.find_sent("<mine@example.com>") == receipt.ref
    assert provider.find_sent(receipt.message_id) == receipt.ref
    assert provider.find_sent(READ_LATER) is None


def test_b29_a_receipt_does_not_hang_on_reading_back(desk: Any) -> None:
    desk.faults.add("gmail", "messages.get", "error_500", times=None)
    receipt = desk.provider().send(mail("mine@example.com"), None)
    assert receipt.ref.remote_id
    assert receipt.message_id is None


def test_b30_a_lost_answer_is_found_and_not_sent_twice(desk: Any) -> None:
    provider = desk.provider()
    desk.faults.add("gmail", "messages.send", "lose_reply")
    with pytest.raises(Unavailable) as caught:
        provider.send(mail("mine@example.com"), None)
    assert caught.value.reached
    assert len(desk.sandbox.world.outbox) == 1
    assert provider.find_sent("mine@example.com") is not None
    for call, fault in (
        ("messages.list", "error_500"),
        ("messages.get", "rate_429"),
        ("messages.get", "error_500"),
        ("batch", "batch_part_fail"),
    ):
        desk.faults.clear()
        desk.faults.add("gmail", call, fault, times=None)
        with pytest.raises(ProviderError):
            desk.provider().find_sent("mine@example.com")


def test_b31_a_foreign_conversation_is_left_out(desk: Any) -> None:
    provider = desk.provider()
    receipt = provider.send(mail("a@example.com"), MessageRef("", "1234567890abcdef"))
    assert receipt.ref.remote_id
    assert len(desk.sandbox.world.outbox) == 1


def test_b31_an_answer_joins_its_conversation(desk: Any) -> None:
    key = desk.deliver("Offer")
    provider = desk.provider()
    thread = desk.one(provider.fetch(desk.refs([key]), "headers")).ref.conversation_key
    answer = mail("b@example.com", "Re: Offer", f"References: <{desk.number}@example.org>\r\n"
                  f"In-Reply-To: <{desk.number}@example.org>\r\n")  # fmt: skip
    assert provider.send(answer, MessageRef("", thread)).ref.conversation_key == thread
    big = answer + b"x" * (6 * 1024 * 1024)
    assert provider.send(big, MessageRef("", thread)).ref.conversation_key == thread


def test_b32_mail_to_oneself_is_one_message(desk: Any) -> None:
    provider = desk.provider()
    cursor, _ = desk.snapshot(provider)
    receipt = provider.send(mail("self@example.com", to="ada@example.com"), None)
    _, pages = desk.since(provider, cursor)
    assert set(desk.ids(pages)) == {receipt.ref.remote_id}
    assert {"SENT", "INBOX"} <= desk.one(provider.fetch([receipt.ref], "headers")).folders


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


@pytest.mark.parametrize("depth", ["raw", "text", "headers"])
@pytest.mark.parametrize("status", [500, 503, 401])
def test_b38_a_failed_part_is_asked_again_alone(desk: Any, depth: Any, status: int) -> None:
    keys = desk.fill(30)
    desk.faults.add("gmail", "batch", "batch_part_fail", times=4, skip=3, status=status)
    found = list(desk.provider().fetch(desk.refs(keys), depth))
    assert {one.ref.remote_id for one in found if isinstance(one, Content)} == set(keys)
    assert desk.faults.list() == []
    assert desk.calls("messages.get") == 30


def test_b38_parts_refused_for_rate_end_the_errand_and_are_told_apart(desk: Any) -> None:
    keys = desk.fill(45)
    desk.faults.add("gmail", "batch", "batch_part_fail", times=3, skip=5, status=429)
    found = list(desk.provider().fetch(desk.refs(keys), "raw"))
    assert sorted(one.ref.remote_id for one in found) == sorted(keys)
    failed = [one for one in found if isinstance(one, Failed)]
    first = batch_parts(PROFILE_V2, 20)
    assert len(failed) == 3 + 45 - first
    assert all(one.retry for one in failed)
    assert desk.calls("messages.get") == first - 3
    assert desk.made[-1].usage().silence > 0


def test_b38_nothing_but_refusals_is_the_refusal(desk: Any) -> None:
    keys = desk.fill(5)
    desk.faults.add("gmail", "batch", "batch_part_fail", times=None, status=429)
    with pytest.raises(Throttled):
        list(desk.provider().fetch(desk.refs(keys), "raw"))
    desk.faults.clear()
    desk.faults.add("gmail", "messages.get", "error_500", times=None)
    with pytest.raises(Unavailable):
        list(desk.provider().fetch(desk.refs(keys), "raw"))


def test_b38_a_message_that_always_fails_stops_nobody(desk: Any) -> None:
    keys = desk.fill(3)
    desk.faults.add("gmail", "batch", "batch_part_fail", times=1, status=500)
    desk.faults.add("gmail", "messages.get", "error_500", times=1, skip=3)
    found = list(desk.provider().fetch(desk.refs(keys), "raw"))
    assert sorted(type(one).__name__ for one in found) == ["Content", "Content", "Failed"]


@pytest.mark.parametrize(
    ("fault", "low", "high"),
    [
        ("rate_403_user", None, None),
        ("rate_403_project", None, None),
        ("rate_429", None, None),
        ("rate_429_retry_after", 1, 6),
        ("rate_retry_text", 25, 32),
    ],
)
def test_b41_every_shape_of_rate_limit(
    desk: Any, fault: str, low: float | None, high: float | None
) -> None:
    desk.deliver()
    provider = desk.provider()
    cursor, _ = desk.snapshot(provider)
    desk.faults.add("gmail", "*", fault)
    with pytest.raises(Throttled) as caught:
        provider.changes(STREAM, Since(cursor), 10)
    advice = caught.value.retry_after
    if low is None or high is None:
        assert advice is None
    else:
        assert advice is not None
        assert low <= advice <= high


def test_b42_nothing_is_asked_before_the_time_that_was_told(desk: Any) -> None:
    provider = desk.provider()
    cursor, _ = desk.snapshot(provider)
    desk.faults.add("gmail", "*", "rate_retry_text", seconds=60)
    with pytest.raises(Throttled):
        provider.changes(STREAM, Since(cursor), 10)
    before = desk.units()["calls"]
    for _ in range(3):
        with pytest.raises(Throttled) as caught:
            provider.changes(STREAM, Since(cursor), 10)
        assert caught.value.retry_after is not None
        assert caught.value.retry_after > 50
    assert desk.units()["calls"] == before


def test_b43_never_two_calls_at_once_and_never_a_crowded_batch(desk: Any) -> None:
    desk.fill(120)
    provider = desk.provider()
    _, pages = desk.snapshot(provider, 50)
    wanted = [MessageRef(key) for key in dict.fromkeys(desk.ids(pages))]
    assert all(isinstance(one, Content) for one in provider.fetch(wanted, "raw"))
    assert desk.units()["peak_parallel"] == 1


def test_b44_300_messages_under_the_strict_profile(make_desk: Callable[..., Any]) -> None:
    """Within the published budget of a user's minute and never refused once; a real token
    bucket."""
    desk = make_desk(quota="v2")
    started = desk.sandbox.clock.freeze()
    keys = desk.fill(300)
    provider = desk.provider(quota=PROFILE_V2)
    page = provider.changes(STREAM, Start(), 100)
    listed, resume = {upsert.ref.remote_id: upsert.ref for upsert in page.upserts}, page.resume
    while resume is not None:
        page = provider.changes(STREAM, Snapshot(resume), 100)
        listed |= {upsert.ref.remote_id: upsert.ref for upsert in page.upserts}
        resume = page.resume
    assert set(listed) == set(keys)
    todo, got = list(listed.values()), 0
    while todo:
        part, todo = todo[:50], todo[50:]
        for found in provider.fetch(part, "raw"):
            assert isinstance(found, Content)
            got += 1
    usage = desk.units()
    assert got == usage["messages"] == 300
    assert usage["refused"] == 0
    assert usage["units_per_message"] <= 20.5
    assert desk.sandbox.clock.now() - started < 60


def test_b44_conversations_are_read_whole_where_that_costs_less(desk: Any) -> None:
    for story in range(3):
        first = f"<{desk.number + 1}@example.org>"
        desk.deliver(f"Story {story}")
        for _ in range(3):
            desk.deliver(f"Re: Story {story}", reply=first)
    alone = desk.deliver("Alone")
    provider = desk.provider()
    wanted = [upsert.ref for upsert in provider.recent(STREAM, 50).upserts]
    found = list(provider.fetch(wanted, "text"))
    assert {one.ref.remote_id for one in found} == {ref.remote_id for ref in wanted}
    assert all(isinstance(one, Content) and not one.complete for one in found)
    assert desk.calls("threads.get") == 3
    assert desk.calls("messages.get") == 1
    assert alone in {one.ref.remote_id for one in found}
    assert PROFILE_V1.cost("threads.get") < 3 * PROFILE_V1.cost("messages.get")


@pytest.mark.parametrize(
    "fault", ["502_html", "503", "error_500", "half_json", "half_gzip", "reset_midbody", "refused"]
)
def test_b45_trouble_on_the_way_is_passing(desk: Any, fault: str) -> None:
    keys = desk.fill(2)
    provider = desk.provider()
    cursor, _ = desk.snapshot(provider)
    calls: list[Callable[[], Any]] = [
        provider.profile,
        lambda: provider.changes(STREAM, Since(cursor), 10),
        lambda: provider.changes(STREAM, Start(), 10),
        lambda: list(provider.fetch(desk.refs(keys), "raw")),
        lambda: list(provider.attachment(MessageRef(keys[0]), PartRef("1"))),
    ]
    for call in calls:
        desk.faults.add("gmail", "*", fault, times=None)
        with pytest.raises(Unavailable):
            call()
        desk.faults.clear()
        call()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("domain_policy", "policy"),
        ("failed_precondition", "mailbox_missing"),
        ("service_disabled", "api_disabled"),
    ],
)
def test_b46_what_a_person_has_to_mend_is_named(desk: Any, fault: str, reason: str) -> None:
    keys = desk.fill(2)
    provider = desk.provider()
    provider.profile()
    for call in (provider.profile, lambda: list(provider.fetch(desk.refs(keys), "raw"))):
        desk.faults.add("gmail", "*", fault)
        with pytest.raises(AuthorizationLost) as caught:
            call()
        assert caught.value.reason == reason
        desk.faults.clear()


def test_b46_the_daily_limit_lasts_until_the_day_ends(desk: Any) -> None:
    provider = desk.provider()
    desk.faults.add("gmail", "*", "daily_limit")
    with pytest.raises(Throttled) as caught:
        provider.profile()
    assert caught.value.scope == "day"
    assert caught.value.retry_after is not None
    assert 0 < caught.value.retry_after <= 86400


def mail(
    message_id: str, subject: str = "Offer", extra: str = "", to: str = "zoe@example.net"
) -> bytes:
    """A message as the builder hands it over."""
    return (
        f"From: ada@example.com\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{message_id}>\r\n"
        f"X-Mailbox-Message-ID: <{message_id}>\r\n{extra}Date: Sat, 21 Nov 2026 20:00:00 +0000\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n"
    ).encode()
