"""What one subscription still owes: due times, leases, tries. Not locked: its broker is."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Note:
    """A published message; ``published`` in seconds of the sandbox clock."""

    id: str
    data: bytes
    attributes: dict[str, str]
    published: float


@dataclass(slots=True)
class _Owed:
    note: Note
    due: float
    attempts: int = 0
    ack_id: str = ""


@dataclass
class Backlog:
    """Messages by number of arrival, and a heap of (due, number) with stale lines left in it."""

    rng: random.Random
    _owed: dict[int, _Owed] = field(default_factory=dict)
    _heap: list[tuple[float, int]] = field(default_factory=list)
    _leases: dict[str, int] = field(default_factory=dict)
    _count: int = 0

    def __len__(self) -> int:
        return len(self._owed)

    def add(self, note: Note, due: float) -> None:
        """Owe a message from *due* on."""
        self._count += 1
        self._owed[self._count] = _Owed(note, due)
        heapq.heappush(self._heap, (due, self._count))

    def due(self, now: float) -> bool:
        """Tell whether something could be leased."""
        self._drop_stale()
        return bool(self._heap) and self._heap[0][0] <= now

    def lease(self, now: float, limit: int, seconds: float) -> list[tuple[str, Note, int]]:
        """Take what is due, for *seconds*: (ack id, message, number of this try)."""
        taken: list[tuple[str, Note, int]] = []
        while len(taken) < limit and self.due(now):
            _, number = heapq.heappop(self._heap)
            owed = self._owed[number]
            self._leases.pop(owed.ack_id, None)
            owed.ack_id = f"{self.rng.getrandbits(160):040x}"
            owed.attempts += 1
            self._leases[owed.ack_id] = number
            self._set_due(number, now + seconds)
            taken.append((owed.ack_id, owed.note, owed.attempts))
        return taken

    def acknowledge(self, ack_ids: Iterable[str]) -> int:
        """Strike messages by their present lease; other ids are ignored."""
        done = 0
        for ack_id in ack_ids:
            number = self._leases.pop(ack_id, None)
            if number is not None and self._owed.pop(number, None) is not None:
                done += 1
        return done

    def postpone(self, ack_ids: Iterable[str], due: float) -> None:
        """Move the end of leases."""
        for ack_id in ack_ids:
            number = self._leases.get(ack_id)
            if number is not None:
                self._set_due(number, due)

    def forget(self, before: float) -> None:
        """Strike messages published before a moment."""
        for number, owed in list(self._owed.items()):
            if owed.note.published >= before:
                return
            self._leases.pop(owed.ack_id, None)
            del self._owed[number]

    def clear(self) -> None:
        """Strike everything."""
        self._owed.clear()
        self._heap.clear()
        self._leases.clear()

    def notes(self) -> list[Note]:
        """Return what is owed, oldest first."""
        return [owed.note for owed in self._owed.values()]

    def _set_due(self, number: int, due: float) -> None:
        self._owed[number].due = due
        heapq.heappush(self._heap, (due, number))

    def _drop_stale(self) -> None:
        while self._heap:
            due, number = self._heap[0]
            owed = self._owed.get(number)
            if owed is not None and owed.due == due:
                return
            heapq.heappop(self._heap)
