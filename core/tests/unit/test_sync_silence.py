"""How long a push channel may be quiet before somebody looks."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbox_core.sync.silence import Patience, poll_with_push, threshold

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=timezone.utc)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
P = Patience()


def shop(days: int, every: timedelta = 5 * MINUTE) -> list[datetime]:
    """Mail from 8 to 18 o'clock on each of the days before NOON."""
    found = []
    for day in range(days + 1):
        at = NOON.replace(hour=8) - day * DAY
        while at < min(NOON, NOON.replace(hour=18) - day * DAY):
            found.append(at)
            at += every
    return found


def test_a_new_mailbox_is_given_the_longest_time() -> None:
    assert threshold([], NOON) == P.longest
    assert threshold([NOON - HOUR, NOON - 2 * DAY], NOON) == P.longest


def test_a_lively_mailbox_is_missed_soon_by_day_and_late_at_night() -> None:
    mails = shop(10)
    assert threshold(mails, NOON) == P.shortest
    evening = NOON.replace(hour=17, minute=58) - DAY
    assert threshold(mails, evening) == P.longest


def test_the_usual_wait_at_this_hour_counts_twice() -> None:
    mails = [NOON - day * DAY + 40 * MINUTE for day in range(1, 12)]
    mails.append(NOON - 12 * DAY)
    assert threshold(mails, NOON) == 80 * MINUTE


def test_one_odd_day_in_ten_does_not_count() -> None:
    mails = [NOON - day * DAY + (HOUR if day != 4 else 9 * HOUR) for day in range(1, 11)]
    mails.append(NOON - 10 * DAY - HOUR)
    assert threshold(mails, NOON) == 2 * HOUR


def test_what_came_after_the_notification_teaches_nothing() -> None:
    mails = shop(10)
    assert threshold([*mails, NOON + MINUTE], NOON) == threshold(mails, NOON)


def test_the_present_silence_is_no_sample() -> None:
    mails = [NOON - day * DAY + 30 * MINUTE for day in range(3, 9)]
    mails.append(NOON - 10 * DAY)
    # After the last mail nothing came for more than two days: those waits have not ended.
    assert threshold(mails, NOON) <= P.longest
    assert threshold(mails, NOON) == threshold([*mails], NOON)


@given(st.lists(st.integers(0, 20 * 24 * 60), max_size=60), st.integers(0, 5 * 24 * 60))
def test_always_between_the_bounds(minutes: list[int], later: int) -> None:
    mails = [NOON - minute * MINUTE for minute in minutes]
    assert P.shortest <= threshold(mails, NOON - later * MINUTE) <= P.longest


@pytest.mark.parametrize(("quiet", "seconds"), [(10, 300), (1, 60), (360, 900)])
def test_polling_is_half_as_patient(quiet: int, seconds: float) -> None:
    assert poll_with_push(quiet * MINUTE, 900.0) == seconds
