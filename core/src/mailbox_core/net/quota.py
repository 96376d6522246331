"""Who may spend how many provider units, and when: token buckets with priority lanes.

The arithmetic is pure and separate from who keeps the state. ``TokenBucket`` and ``allot`` are the
rules; ``LocalBudget`` keeps the state in this process, the Odoo side keeps the same numbers in
PostgreSQL.

A bucket holds at most ``capacity`` units and gains ``rate`` a second. A lane may take units only
down to the reserve that is kept for the lanes above it. A lane that is alone still gets the full
rate: the bucket then rests at the lane's reserve and every new unit is the lane's. In any window of
t seconds at most ``capacity + rate * t`` units are granted, so a server that refills at the same
rate and holds at least ``capacity`` never refuses.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ..errors import Refused

MINUTE = 60.0
DAY = 86400.0

RESERVES: Mapping[str, float] = MappingProxyType(
    {"interactive": 0.0, "new": 0.1, "flags": 0.2, "history": 0.4, "attachments": 0.5}
)
"""Lanes, most urgent first, with the part of the bucket each must leave to those above it."""

_SLACK = 1e-6
"""Seconds added to a wait, so that a clock read after it is not short of it by rounding."""

_PACIFIC = -8 * 3600.0
"""Google's daily counters restart at midnight Pacific time. Winter time all year: in summer one
hour late, never early."""


@dataclass(frozen=True, slots=True)
class QuotaProfile:
    """The limits a provider publishes; None means that there is no such limit.

    ``costs`` maps a method name to units; ``burst_seconds`` is how much may be spent at once after
    a rest, in seconds of the refill rate.
    """

    units_per_minute_user: int | None
    units_per_minute_project: int | None
    units_per_day_project: int | None
    costs: Mapping[str, int] = field(default_factory=dict)
    burst_seconds: float = 10.0

    def cost(self, method: str) -> int:
        """Units of one call. Raises KeyError for a method without a price: guessing would
        overspend."""
        return self.costs[method]

    @property
    def largest_take(self) -> int | None:
        """The most units one call (a batch, say) may ask for; None without a limit."""
        limits = [self.units_per_minute_user, self.units_per_minute_project]
        sizes = [int(limit / MINUTE * self.burst_seconds) for limit in limits if limit is not None]
        return min(sizes, default=None)


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """``tokens`` units were there at time ``at`` (seconds of any clock). Never changes: ``take``
    answers the bucket that follows."""

    capacity: float
    rate: float
    tokens: float
    at: float

    @classmethod
    def per_minute(cls, units: int, burst_seconds: float, at: float) -> TokenBucket:
        """A full bucket for a limit of ``units`` a minute."""
        rate = units / MINUTE
        return cls(rate * burst_seconds, rate, rate * burst_seconds, at)

    def level(self, now: float) -> float:
        """Units at hand at ``now``. A clock that went back adds nothing."""
        return min(self.capacity, self.tokens + max(0.0, now - self.at) * self.rate)

    def wait(self, now: float, units: int, reserve: float = 0.0) -> float:
        """Seconds until ``units`` may be taken and ``reserve`` still be left; 0.0 for now.

        A reserve that could never be kept (``units`` almost fill the bucket) shrinks to what fits.
        Raises Refused when ``units`` are more than the bucket holds.
        """
        if units > self.capacity:
            raise Refused(f"{units} units at once; the budget holds {self.capacity:.0f}.", "units")
        short = units + min(reserve, self.capacity - units) - self.level(now)
        return short / self.rate + _SLACK if short > 0 and units else 0.0

    def take(self, now: float, units: int, reserve: float = 0.0) -> tuple[TokenBucket, float]:
        """The bucket after taking and 0.0, or the same bucket and the seconds to wait."""
        wait = self.wait(now, units, reserve)
        return (self, wait) if wait else (self.less(now, units), 0.0)

    def less(self, now: float, units: int) -> TokenBucket:
        """The bucket after ``units`` went. ``at`` follows a clock that was set back."""
        return replace(self, tokens=self.level(now) - units, at=now)

    def drained(self, now: float) -> TokenBucket:
        """The bucket as it must be assumed after the provider said "too many"."""
        return replace(self, tokens=min(0.0, self.tokens), at=now)


def allot(
    buckets: Sequence[TokenBucket], now: float, units: int, lane: str
) -> tuple[tuple[TokenBucket, ...], float]:
    """Take ``units`` for ``lane`` from all buckets or from none; the longest wait counts.

    Raises ValueError for an unknown lane and Refused when a bucket is too small for ``units``.
    """
    if lane not in RESERVES:
        raise ValueError(f"there is no lane {lane!r}; lanes are {', '.join(RESERVES)}")
    if units < 0:
        raise ValueError(f"{units} units cannot be taken")
    part = RESERVES[lane]
    wait = max((one.wait(now, units, part * one.capacity) for one in buckets), default=0.0)
    if wait:
        return tuple(buckets), wait
    return tuple(one.less(now, units) for one in buckets), 0.0


def quota_day(now: float) -> tuple[int, float]:
    """The quota day that Unix time ``now`` is in, and the seconds until the next one."""
    day, passed = divmod(now + _PACIFIC, DAY)
    return int(day), DAY - passed


@dataclass(frozen=True, slots=True)
class Usage:
    """What a budget did: units granted by lane, units at hand, units of the project's day, seconds
    of silence the provider still wants."""

    granted: Mapping[str, int]
    level: float | None
    day: int
    silence: float


class LocalProject:
    """The part of a budget that all mailboxes of one provider project share, in this process."""

    def __init__(
        self,
        profile: QuotaProfile,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.profile = profile
        self.lock = threading.Lock()
        self.clock = clock
        self.bucket = _bucket(profile.units_per_minute_project, profile, clock())
        self._wall = wall
        self._day = 0
        self._spent = 0

    def day_wait(self, units: int) -> float:
        """Seconds until the day has room for ``units``; 0.0 for now. Call it with the lock held."""
        limit = self.profile.units_per_day_project
        day, left = quota_day(self._wall())
        if day != self._day:
            self._day, self._spent = day, 0
        return left + _SLACK if limit is not None and self._spent + units > limit else 0.0

    def spend(self, units: int) -> None:
        """Book ``units`` on today. Call it with the lock held, after ``day_wait``."""
        self._spent += units

    @property
    def spent(self) -> int:
        """Units of the current quota day."""
        return self._spent


class LocalBudget:
    """A ``contract.Budget`` for the mailboxes of one process. Thread-safe."""

    def __init__(self, profile: QuotaProfile, project: LocalProject | None = None) -> None:
        self._project = project or LocalProject(profile)
        self._bucket = _bucket(profile.units_per_minute_user, profile, self._project.clock())
        self._until = 0.0
        self._granted = dict.fromkeys(RESERVES, 0)

    def take(self, lane: str, units: int) -> float:
        """Seconds to wait before these units may be spent; 0.0 when they are granted (and
        taken)."""
        project = self._project
        with project.lock:
            now = project.clock()
            held = [one for one in (self._bucket, project.bucket) if one is not None]
            after, wait = allot(held, now, units, lane)
            wait = max(wait, self._until - now, project.day_wait(units))
            if wait > 0:
                return wait
            rest = iter(after)
            self._bucket = next(rest) if self._bucket is not None else None
            project.bucket = next(rest) if project.bucket is not None else None
            project.spend(units)
            self._granted[lane] += units
            return 0.0

    def penalize(self, seconds: float) -> None:
        """No grants for this long, and none from savings after: what we counted was evidently
        wrong."""
        with self._project.lock:
            now = self._project.clock()
            self._until = max(self._until, now + max(0.0, seconds))
            if self._bucket is not None:
                self._bucket = self._bucket.drained(now)

    def usage(self) -> Usage:
        """What was granted so far and what is left."""
        with self._project.lock:
            now = self._project.clock()
            level = None if self._bucket is None else self._bucket.level(now)
            silence = max(0.0, self._until - now)
            return Usage(dict(self._granted), level, self._project.spent, silence)


class Unmetered:
    """A ``contract.Budget`` for calls no quota counts (token endpoint): only silence is
    honoured."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = 0.0

    def take(self, lane: str, units: int) -> float:
        """Seconds of silence left."""
        return max(0.0, self._until - self._clock())

    def penalize(self, seconds: float) -> None:
        """No grants for this long."""
        self._until = max(self._until, self._clock() + seconds)


def _bucket(limit: int | None, profile: QuotaProfile, now: float) -> TokenBucket | None:
    return None if limit is None else TokenBucket.per_minute(limit, profile.burst_seconds, now)
