"""What is asked of a Gmail client in trouble and under quota, by number (41 to 46),
against the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailbox_core.errors import (
    AuthorizationLost,
    Throttled,
    Unavailable,
)
from mailbox_core.providers.gmail.costs import PROFILE_V1, PROFILE_V2
from mailbox_core.types import (
    Content,
    MessageRef,
    PartRef,
    Since,
    Snapshot,
    Start,
    StreamRef,
)

STREAM = StreamRef()


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
