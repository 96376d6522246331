"""Sorted views of messages: a list page costs what the page costs, not what the mailbox holds."""

from __future__ import annotations

import bisect
from collections.abc import Iterator

#: (internal date in ms, numeric id): unique and totally ordered.
Key = tuple[int, int]


class NewestFirst:
    """Keys of messages in order of date; insertion and removal by binary search."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: list[Key] = []

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: Key) -> None:
        """Insert *key*; appending the newest is the cheap and usual case."""
        keys = self._keys
        if not keys or keys[-1] < key:
            keys.append(key)
        else:
            bisect.insort(keys, key)

    def remove(self, key: Key) -> None:
        """Remove *key* if present."""
        index = bisect.bisect_left(self._keys, key)
        if index < len(self._keys) and self._keys[index] == key:
            del self._keys[index]

    def walk(self, before: Key | None = None, oldest_ms: int | None = None) -> Iterator[Key]:
        """Yield keys newest first, starting strictly below *before*, ending at *oldest_ms*."""
        keys = self._keys
        index = len(keys) if before is None else bisect.bisect_left(keys, before)
        while index > 0:
            index -= 1
            key = keys[index]
            if oldest_ms is not None and key[0] < oldest_ms:
                return
            yield key
