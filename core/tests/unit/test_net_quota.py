"""quota.py by example: lanes, day, silence, threads."""

from __future__ import annotations

import threading

import pytest

from mailbox_core.errors import Refused
from mailbox_core.net.quota import (
    DAY,
    RESERVES,
    LocalBudget,
    LocalProject,
    QuotaProfile,
    TokenBucket,
    Unmetered,
    allot,
    quota_day,
)

GMAIL_LIKE = QuotaProfile(6_000, 1_200_000, 80_000_000, {"messages.get": 20})
LANES = list(RESERVES)


class Clock:
    def __init__(self, now=1000.0):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def budget(clock, profile=GMAIL_LIKE, wall=None):
    return LocalBudget(profile, LocalProject(profile, clock, wall or clock))


def spend(subject, clock, lane, units, each):
    """Seconds to spend ``units`` in portions, sleeping exactly as told."""
    began = clock.now
    for _ in range(units // each):
        while (wait := subject.take(lane, each)) > 0:
            clock.now += wait
    return clock.now - began


@pytest.mark.parametrize("lane", LANES)
def test_a_lone_lane_gets_the_full_rate(clock, lane):
    units, rate = 60_000, 100
    seconds = spend(budget(clock), clock, lane, units, 20)
    assert units / rate * 0.98 <= seconds <= 1.02 * units / rate


def test_lower_lanes_leave_a_reserve(clock):
    subject = budget(clock)
    for lane in reversed(LANES):
        while subject.take(lane, 20) == 0:
            pass
        kept = RESERVES[lane] * 1000
        assert kept <= subject.usage().level < kept + 20
    assert subject.take("interactive", 20) == pytest.approx(0.2, abs=1e-3)


def test_an_urgent_call_does_not_wait_for_the_history(clock):
    subject = budget(clock)
    spend(subject, clock, "history", 20_000, 400)
    assert subject.take("interactive", 400) == 0


def test_a_batch_that_fills_the_bucket_is_possible_in_every_lane(clock):
    size = GMAIL_LIKE.largest_take
    assert size == 1000
    for lane in LANES:
        spend(budget(clock), clock, lane, size * 3, size)
    with pytest.raises(Refused):
        budget(clock).take("interactive", size + 1)


def test_the_project_is_shared(clock):
    profile = QuotaProfile(6_000, 6_000, None)
    project = LocalProject(profile, clock, clock)
    one, two = LocalBudget(profile, project), LocalBudget(profile, project)
    assert one.take("interactive", 1000) == 0
    assert two.take("interactive", 1000) == pytest.approx(10, abs=0.01)
    assert two.usage().level == 1000


def test_the_day_ends_at_midnight_in_the_west(clock):
    profile = QuotaProfile(None, None, 100)
    wall = Clock(20 * DAY + 7 * 3600)
    subject = budget(clock, profile, wall)
    assert subject.take("new", 60) == 0
    assert subject.take("new", 60) == pytest.approx(3600, abs=0.01)
    assert subject.usage().day == 60
    wall.now += 3600
    assert subject.take("new", 60) == 0
    assert subject.usage().day == 60
    assert quota_day(20 * DAY + 8 * 3600) == (20, DAY)


def test_silence_is_kept_and_savings_are_gone(clock):
    subject = budget(clock)
    subject.penalize(5)
    subject.penalize(2)
    assert subject.take("interactive", 0) == 5
    clock.now += 4.9
    assert subject.take("interactive", 20) == pytest.approx(0.1)
    clock.now += 0.1
    assert subject.take("interactive", 20) == 0
    assert subject.usage().level == pytest.approx(480)


def test_usage_by_lane(clock):
    subject = budget(clock)
    subject.take("history", 40)
    subject.take("history", 900)
    subject.take("new", 5)
    assert subject.usage().granted == {**dict.fromkeys(LANES, 0), "history": 40, "new": 5}


def test_without_limits_everything_passes(clock):
    subject = budget(clock, QuotaProfile(None, None, None))
    assert subject.take("attachments", 10**9) == 0
    assert QuotaProfile(None, None, None).largest_take is None
    free = Unmetered(clock)
    assert free.take("new", 10**9) == 0
    free.penalize(3)
    assert free.take("new", 0) == 3


def test_a_clock_set_back_stops_nothing():
    bucket, wait = TokenBucket(100, 10, 0, at=9000.0).take(1800.0, 50)
    assert wait == pytest.approx(5, abs=1e-3)
    taken, wait = TokenBucket(100, 10, 60, at=9000.0).take(1800.0, 50)
    assert wait == 0
    assert taken.take(1804.1, 50)[1] == 0
    assert bucket.tokens == 0


def test_mistakes_are_told():
    with pytest.raises(ValueError, match="no lane"):
        allot([], 0, 1, "whenever")
    with pytest.raises(ValueError, match="cannot be taken"):
        allot([], 0, -1, "new")
    with pytest.raises(KeyError):
        GMAIL_LIKE.cost("messages.invent")
    assert GMAIL_LIKE.cost("messages.get") == 20


def test_threads_share_one_budget(clock):
    subject = budget(clock, QuotaProfile(6_000, None, None))
    granted = []

    def work():
        granted.extend(1 for _ in range(400) if subject.take("interactive", 5) == 0)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sum(granted) * 5 == 1000
