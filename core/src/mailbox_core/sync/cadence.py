"""How often to look when nobody calls, and how long an import will take. Pure.

Push is speed, polling is the guarantee: the interval follows the habits of the mailbox, so that the
poll is quick when mail usually comes and cheap when it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

DAY_MINUTES = 24 * 60
#: Mail within this time makes an hour lively, today or on another day.
NEAR = timedelta(minutes=30)
#: Share of the remembered days with mail around this time that makes it a usual one.
USUAL = 0.25
#: Days of habits that count.
MEMORY = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Cadence:
    """Bounds in seconds. ``fastest`` is for lively hours without push, ``slowest`` for idle ones:
    new mail is never later than that. ``with_push`` applies while push is trusted, ``asleep`` in
    the quiet hours. ``quiet`` are local times from and until; the span may cross midnight. Raises
    ValueError for bounds that make no sense."""

    fastest: float = 30.0
    slowest: float = 120.0
    with_push: float = 900.0
    asleep: float = 1800.0
    quiet: tuple[time, time] | None = None

    def __post_init__(self) -> None:
        if not 0 < self.fastest <= min(self.slowest, self.with_push, self.asleep):
            raise ValueError("The fastest interval must be positive and below the others.")


def poll_interval(
    arrivals: Sequence[datetime], now: datetime, cadence: Cadence, push: bool = False
) -> float:
    """Seconds until the next poll.

    ``arrivals`` are times of received mail, aware, in any order; ``now`` is aware and in the
    owner's time zone, for the quiet hours and the habits are local. ``push``: pushes arrive and
    none was missed (the last new mail was found after a push, not by a poll).
    """
    if cadence.quiet is not None and is_quiet(now.time(), *cadence.quiet):
        return cadence.asleep
    if push:
        return cadence.with_push
    # Clocks differ: mail "from the future" is mail of now.
    past = [min(at.astimezone(now.tzinfo), now) for at in arrivals if now - at <= MEMORY]
    if not past:
        return cadence.slowest
    idle = now - max(past)
    if idle <= NEAR or _is_usual(past, now):
        return cadence.fastest
    # Ten minutes of silence cost a poll every thirty seconds, more of it up to the slowest.
    return min(cadence.slowest, max(cadence.fastest, idle.total_seconds() / 20))


def is_quiet(at: time, begin: time, end: time) -> bool:
    """Whether a local time lies in a span that may cross midnight; an empty span is never quiet."""
    if begin <= end:
        return begin <= at < end
    return at >= begin or at < end


def eta(done: int, total: int | None, rate: float) -> float | None:
    """Seconds until ``total`` messages are done at ``rate`` a second; None when that cannot be
    told."""
    if total is None or rate <= 0:
        return None
    return max(0, total - done) / rate


def _is_usual(past: Sequence[datetime], now: datetime) -> bool:
    """Whether mail came around this time of day on enough of the earlier days."""
    minute = now.hour * 60 + now.minute
    days, all_days = set(), set()
    for at in past:
        distance = abs(at.hour * 60 + at.minute - minute)
        if at.date() == now.date():
            continue
        all_days.add(at.date())
        if min(distance, DAY_MINUTES - distance) <= NEAR.total_seconds() / 60:
            days.add(at.date())
    return bool(days) and len(days) >= USUAL * (now.date() - min(all_days)).days
