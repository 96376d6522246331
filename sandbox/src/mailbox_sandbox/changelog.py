"""One append-only change log per account; history answers are derived from it and nothing else."""

from __future__ import annotations

import bisect
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MESSAGE_ADDED = "messageAdded"
MESSAGE_DELETED = "messageDeleted"
LABEL_ADDED = "labelAdded"
LABEL_REMOVED = "labelRemoved"
KINDS = (MESSAGE_ADDED, MESSAGE_DELETED, LABEL_ADDED, LABEL_REMOVED)

#: Google: history is available "for at least one week", in rare cases for hours only.
DEFAULT_RETENTION = 7 * 24 * 3600.0
#: A quiet mailbox's position moves all the same (index maintenance and the like).
HOUSEKEEPING_INTERVAL = 3600.0


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to one message.

    ``labels`` is what the message carried right after the change, ``changed`` the labels that this
    change added or removed, ``at`` the sandbox time in epoch seconds.
    """

    id: int
    kind: str
    at: float
    message_id: str
    thread_id: str
    labels: tuple[str, ...]
    changed: tuple[str, ...] = ()


class ChangeLog:
    """Ascending change ids with random gaps, and a floor below which history is gone.

    Not locked by itself: the account that owns it holds its lock around every call.
    """

    def __init__(self, rng: random.Random, retention: float = DEFAULT_RETENTION) -> None:
        self._rng = rng
        self._ids: list[int] = []
        self._changes: list[Change] = []
        self._current = rng.randrange(100_000, 9_000_000)
        self._floor = self._current
        self._touched = 0.0
        self.retention = retention

    @property
    def floor(self) -> int:
        """The oldest start id that can still be answered."""
        return self._floor

    def current(self, now: float) -> int:
        """Return the mailbox position; it also moves when nothing happens (about hourly)."""
        if now - self._touched > HOUSEKEEPING_INTERVAL:
            self._next(now)
        return self._current

    def last_id(self) -> int:
        """Return the position without moving it."""
        return self._current

    def append(
        self,
        kind: str,
        at: float,
        message_id: str,
        thread_id: str,
        labels: Iterable[str],
        changed: Iterable[str] = (),
    ) -> int:
        """Record one change and return its id; times never run backwards in the log."""
        if self._changes:
            at = max(at, self._changes[-1].at)
        change_id = self._next(at)
        self._ids.append(change_id)
        self._changes.append(
            Change(change_id, kind, at, message_id, thread_id, tuple(labels), tuple(changed))
        )
        return change_id

    def read(self, after: int, limit: int, until: float) -> tuple[Sequence[Change], bool]:
        """Return at most *limit* changes with an id above *after* made not later than *until*.

        The flag tells whether more follow. Cost is that of the page, not of the log.
        """
        start = bisect.bisect_right(self._ids, after)
        page = self._changes[start : start + limit]
        visible = [change for change in page if change.at <= until]
        more = len(visible) == len(page) and start + limit < len(self._changes)
        return visible, more and self._changes[start + limit].at <= until

    def newest(self) -> Change:
        """Return the last change. Raises IndexError when there is none."""
        return self._changes[-1]

    def since(self, after: int) -> Sequence[Change]:
        """Return every change above *after*."""
        return self._changes[bisect.bisect_right(self._ids, after) :]

    def visible_position(self, until: float, now: float) -> int:
        """Return the newest id that a reader lagging behind (*until*) may be told."""
        if not self._changes or self._changes[-1].at <= until:
            return self.current(now)
        index = bisect.bisect_right(self._changes, until, key=lambda change: change.at)
        return self._changes[index - 1].id if index else self._floor

    def prune(self, now: float) -> None:
        """Forget what is older than the retention time."""
        self._drop(now - self.retention, now)

    def expire(self, now: float) -> None:
        """Forget everything up to now: every cursor handed out so far is too old."""
        self._drop(now, now)
        self._floor = self._next(now)

    def start_at(self, position: int, now: float) -> None:
        """Continue above *position*, knowing nothing of what was before."""
        self._current = max(self._current, position)
        self._floor = self._next(now)

    def _drop(self, before: float, now: float) -> None:
        if not self._changes or self._changes[0].at > before:
            return
        count = bisect.bisect_right(self._changes, before, key=lambda change: change.at)
        self._floor = self._ids[count - 1] + 1
        del self._ids[:count]
        del self._changes[:count]
        if not self._changes:
            self._next(now)

    def _next(self, now: float) -> int:
        self._current += self._rng.randint(1, 24)
        self._touched = max(now, self._touched)
        return self._current
