"""Quota ledger: real token buckets on the sandbox clock, and a book of every call and unit.

Numbers: Gmail usage limits page (both profiles), see faces/gmail/FIDELITY.md.
"""

from __future__ import annotations

import collections
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .clock import Clock, pacific_day

MINUTE = 60.0

_SHARED = {
    "messages.list": 5, "drafts.list": 5, "threads.list": 10, "threads.modify": 10,
    "messages.modify": 5, "messages.untrash": 5, "messages.delete": 10,
    "messages.batchModify": 50, "messages.batchDelete": 50, "messages.insert": 25,
    "messages.import": 25, "messages.send": 100, "drafts.send": 100, "drafts.create": 10,
    "drafts.delete": 10, "drafts.update": 15, "history.list": 2, "getProfile": 1,
    "labels.get": 1, "labels.list": 1, "labels.create": 5, "labels.update": 5,
    "labels.patch": 5, "labels.delete": 5, "settings.sendAs.list": 1, "settings.sendAs.get": 1,
    "settings.sendAs.update": 100, "settings.sendAs.patch": 100, "settings.sendAs.create": 100,
    "settings.sendAs.delete": 5, "settings.sendAs.verify": 100, "threads.untrash": 10,
    "threads.delete": 20, "watch": 100, "stop": 50,
}  # fmt: skip
_V1 = {"messages.get": 5, "drafts.get": 5, "messages.attachments.get": 5, "threads.get": 10,
       "messages.trash": 5, "threads.trash": 10}  # fmt: skip
_V2 = {"messages.get": 20, "drafts.get": 20, "messages.attachments.get": 20, "threads.get": 40,
       "messages.trash": 20, "threads.trash": 20}  # fmt: skip


@dataclass(frozen=True)
class Profile:
    """Prices and limits; None means no such limit."""

    name: str
    prices: dict[str, int]
    user_minute: int | None
    project_minute: int | None
    project_day: int | None


PROFILES = {
    "v1": Profile("v1", _SHARED | _V1, 15_000, 1_200_000, 1_000_000_000),
    "v2": Profile("v2", _SHARED | _V2, 6_000, 1_200_000, 80_000_000),
    "off": Profile("off", _SHARED | _V1, None, None, None),
}


@dataclass
class Bucket:
    """A token bucket: *capacity* units, refilled evenly over *period* seconds."""

    capacity: float
    period: float
    level: float
    at: float

    def available(self, now: float) -> float:
        """Refill up to *now* and return the units at hand."""
        if now > self.at:
            self.level = min(self.capacity, self.level + (now - self.at) * self.rate)
            self.at = now
        return self.level

    @property
    def rate(self) -> float:
        """Units per second."""
        return self.capacity / self.period


@dataclass
class Tally:
    """Calls, refused calls and units of one method."""

    calls: int = 0
    refused: int = 0
    units: int = 0


@dataclass
class Book:
    """The book of one user in one project."""

    methods: dict[str, Tally] = field(default_factory=lambda: collections.defaultdict(Tally))
    minutes: dict[int, int] = field(default_factory=lambda: collections.defaultdict(int))
    fetched: set[str] = field(default_factory=set)
    running: int = 0
    peak: int = 0


class QuotaLedger:
    """Books and enforces. Thread-safe."""

    def __init__(self, clock: Clock, profile: str = "v1") -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, ...], Bucket] = {}
        self._days: dict[tuple[str, int], int] = collections.defaultdict(int)
        self._books: dict[tuple[str, str], Book] = collections.defaultdict(Book)
        self.profile = PROFILES["v1"]
        self.use(profile)

    def use(self, profile: str) -> None:
        """Switch to profile ``v1``, ``v2`` or ``off``. Raises ValueError for another name."""
        if profile not in PROFILES:
            raise ValueError(f"quota profile is one of {', '.join(PROFILES)}, not {profile!r}")
        with self._lock:
            self.profile = PROFILES[profile]
            self._buckets.clear()

    def price(self, method: str) -> int:
        """Return what one call of *method* costs in units."""
        return self.profile.prices.get(method, 1)

    def charge(self, project: str, user: str, method: str) -> str:
        """Book one call; return ``""`` or the limit that refuses it.

        The limit is ``user``, ``project`` or ``day``. A refused call costs nothing but is counted.
        """
        now, cost = self._clock.now(), self.price(method)
        with self._lock:
            book = self._books[project, user]
            refused = self._refusal(project, user, cost, now)
            tally = book.methods[method]
            tally.calls += 1
            if refused:
                tally.refused += 1
                return refused
            for bucket in self._pair(project, user, now):
                bucket.level -= cost
            tally.units += cost
            book.minutes[int(now // MINUTE)] += cost
            self._days[project, pacific_day(now)] += cost
            return ""

    def _refusal(self, project: str, user: str, cost: int, now: float) -> str:
        day = self.profile.project_day
        if day is not None and self._days[project, pacific_day(now)] + cost > day:
            return "day"
        for name, bucket in zip(("user", "project"), self._pair(project, user, now), strict=False):
            if bucket.available(now) < cost:
                return name
        return ""

    def _pair(self, project: str, user: str, now: float) -> list[Bucket]:
        if self.profile.user_minute is None or self.profile.project_minute is None:
            return []
        return [
            self._bucket((project, user), self.profile.user_minute, now),
            self._bucket((project,), self.profile.project_minute, now),
        ]

    def _bucket(self, key: tuple[str, ...], capacity: int, now: float) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(capacity, MINUTE, capacity, now)
        return bucket

    @contextlib.contextmanager
    def slot(self, project: str, user: str, limit: int) -> Iterator[bool]:
        """Hold one of the user's parallel calls; yields False when there are too many."""
        with self._lock:
            book = self._books[project, user]
            book.running += 1
            book.peak = max(book.peak, book.running)
            free = book.running <= limit or self.profile.name == "off"
        try:
            yield free
        finally:
            with self._lock:
                book.running -= 1

    def fetched(self, project: str, user: str, message_ids: list[str]) -> None:
        """Note which messages a client has really got (for units per message)."""
        with self._lock:
            self._books[project, user].fetched.update(message_ids)

    def reset(self) -> None:
        """Start a new book with full buckets."""
        with self._lock:
            self._buckets.clear()
            self._days.clear()
            self._books.clear()

    def usage(self, project: str | None = None, user: str | None = None) -> dict[str, Any]:
        """Return the book, optionally of one project and one user.

        Keys: profile, units, calls, refused, by_method, user_minutes, project_minutes,
        project_days, messages (distinct ones fetched), units_per_message, peak_parallel,
        available (units now).
        """
        now = self._clock.now()
        with self._lock:
            books = {
                key: book
                for key, book in self._books.items()
                if project in (None, key[0]) and user in (None, key[1])
            }
            return self._summary(books, now)

    def _summary(self, books: dict[tuple[str, str], Book], now: float) -> dict[str, Any]:
        methods: dict[str, dict[str, int]] = {}
        for book in books.values():
            for name, tally in book.methods.items():
                line = methods.setdefault(name, {"calls": 0, "refused": 0, "units": 0})
                line["calls"] += tally.calls
                line["refused"] += tally.refused
                line["units"] += tally.units
        units = sum(line["units"] for line in methods.values())
        fetched = sum(len(book.fetched) for book in books.values())
        return {
            "profile": self.profile.name,
            "units": units,
            "calls": sum(line["calls"] for line in methods.values()),
            "refused": sum(line["refused"] for line in methods.values()),
            "by_method": methods,
            "messages": fetched,
            "units_per_message": round(units / fetched, 3) if fetched else None,
            "user_minutes": _minutes({f"{p} {u}": book.minutes for (p, u), book in books.items()}),
            "project_minutes": self._project_minutes(books),
            "project_days": {f"{p} {day}": total for (p, day), total in self._days.items()},
            "peak_parallel": max((book.peak for book in books.values()), default=0),
            "available": {
                " ".join(key): int(bucket.available(now)) for key, bucket in self._buckets.items()
            },
        }

    @staticmethod
    def _project_minutes(books: dict[tuple[str, str], Book]) -> dict[str, dict[str, int]]:
        totals: dict[str, dict[int, int]] = {}
        for (project, _user), book in books.items():
            line = totals.setdefault(project, collections.defaultdict(int))
            for minute, units in book.minutes.items():
                line[minute] += units
        return _minutes(totals)


def _minutes(lines: dict[str, dict[int, int]]) -> dict[str, dict[str, int]]:
    return {name: {str(minute): units for minute, units in m.items()} for name, m in lines.items()}
