"""The provider's time as ours."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mailbox_core.providers.gmail.fetch import moment


def test_milliseconds_are_exact() -> None:
    found = moment(1795300459123)
    assert found == datetime(2026, 11, 21, 22, 34, 19, 123000, timezone.utc)
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("value", "year"),
    [(0, 1970), (-1, 1969), (-(10**14), 1), (-(10**30), 1), (10**15, 9999), (10**30, 9999)],
)
def test_absurd_times_are_held_inside_the_calendar(value: int, year: int) -> None:
    assert moment(value).year == year
