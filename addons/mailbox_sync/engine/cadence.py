"""When to look again: soon after something happened, then ever later. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

#: Seconds between two runs of the poll cron. A shorter rest needs a job of its own.
CRON_SECONDS = 60
#: Seconds of rest after a look that found something.
SOON = 20
#: Seconds of rest at most, by day and by night, when nothing tells of changes but the poll.
BY_DAY, BY_NIGHT = 45, 300
_DAY_HOURS = range(6, 21)
_GROWTH = 1.5


@dataclass(frozen=True, slots=True)
class Cadence:
    """What bounds the rest. ``fixed``: seconds set by a person. ``cap``: seconds at most. ``quiet``: seconds
    until the quiet hours end, 0 outside of them."""

    fixed: int = 0
    cap: int = BY_DAY
    quiet: int = 0


def next_poll(current: int, busy: bool, cadence: Cadence) -> int:
    """Seconds to rest after a look, where ``current`` was the rest before it."""
    if cadence.quiet:
        return cadence.quiet
    if cadence.fixed:
        return cadence.fixed
    if busy:
        return SOON
    return min(cadence.cap, max(SOON, int(current * _GROWTH)))


def cadence_at(local: datetime, poll_minutes: int, quiet_from: float, quiet_to: float) -> Cadence:
    """The cadence at a moment in the owner's time zone. Quiet hours may span midnight."""
    cap = BY_DAY if local.hour in _DAY_HOURS else BY_NIGHT
    return Cadence(max(0, poll_minutes) * 60, cap, _quiet_left(local, quiet_from, quiet_to))


def _quiet_left(local: datetime, begin: float, end: float) -> int:
    if begin == end:
        return 0
    hour = local.hour + local.minute / 60 + local.second / 3600
    inside = begin <= hour < end if begin < end else hour >= begin or hour < end
    if not inside:
        return 0
    return max(1, int(timedelta(hours=(end - hour) % 24).total_seconds()))
