"""When to look, and for how long an import still runs."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone

import pytest

from mailbox_core.sync.cadence import Cadence, eta, is_quiet, poll_interval

VIENNA = timezone(timedelta(hours=2))
NOW = datetime(2024, 6, 12, 10, 0, tzinfo=VIENNA)
CADENCE = Cadence(fastest=30, slowest=600, with_push=900, asleep=1800, quiet=(time(22), time(6)))


def ago(**span: float) -> datetime:
    return (NOW - timedelta(**span)).astimezone(timezone.utc)


def test_lively_hours_are_fast() -> None:
    assert poll_interval([ago(minutes=20)], NOW, CADENCE) == 30


def test_usual_hours_are_fast_even_after_a_silent_night() -> None:
    habits = [ago(days=day, minutes=10) for day in range(1, 6)]
    assert poll_interval(habits, NOW, CADENCE) == 30
    assert poll_interval([ago(days=9, minutes=10)], NOW, CADENCE) == 600


def test_silence_slows_down() -> None:
    waits = [poll_interval([ago(hours=hours)], NOW, CADENCE) for hours in (1, 3, 8, 40)]
    assert waits == sorted(waits)
    assert waits[0] == 180
    assert waits[-1] == 600


def test_an_empty_or_forgotten_mailbox_is_slow() -> None:
    assert poll_interval([], NOW, CADENCE) == 600
    assert poll_interval([ago(days=20)], NOW, CADENCE) == 600


def test_push_and_quiet_hours_spare_requests() -> None:
    assert poll_interval([ago(minutes=1)], NOW, CADENCE, push=True) == 900
    night = NOW.replace(hour=23)
    assert poll_interval([night - timedelta(minutes=1)], night, CADENCE) == 1800


def test_a_clock_that_is_wrong_does_no_harm() -> None:
    assert poll_interval([NOW + timedelta(days=1)], NOW, CADENCE) == 30


def test_quiet_spans() -> None:
    assert is_quiet(time(23), time(22), time(6))
    assert is_quiet(time(5, 59), time(22), time(6))
    assert not is_quiet(time(6), time(22), time(6))
    assert is_quiet(time(12), time(12), time(13))
    assert not is_quiet(time(12), time(12), time(12))


@pytest.mark.parametrize("bounds", [{"fastest": 0}, {"fastest": 60, "slowest": 30}, {"asleep": 1}])
def test_bounds_that_make_no_sense(bounds: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="fastest"):
        Cadence(**bounds)  # type: ignore[arg-type]


def test_eta() -> None:
    assert eta(500, 2000, 50.0) == 30
    assert eta(2100, 2000, 50.0) == 0
    assert eta(0, None, 50.0) is None
    assert eta(0, 2000, 0.0) is None
