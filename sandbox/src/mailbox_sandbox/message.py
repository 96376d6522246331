"""One stored message: exact bytes (kept or made on demand) and what the provider knows."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable

from . import headers, mimetree
from .ordering import Key

RawSource = bytes | Callable[[], bytes]


class Message:
    """A message of one account.

    ``id`` and ``thread_id`` are 16 hex digits, ``internal_date`` is in ms since the epoch,
    ``labels`` are label ids, ``history_id`` is the id of the last change of this message.
    """

    __slots__ = (
        "_sha256",
        "_size",
        "_snippet",
        "_source",
        "arrived",
        "history_id",
        "id",
        "internal_date",
        "key",
        "labels",
        "rfc822_id",
        "thread_id",
    )

    def __init__(
        self,
        message_id: str,
        thread_id: str,
        source: RawSource,
        labels: set[str],
        internal_date: int,
        arrived: float,
        rfc822_id: str,
    ) -> None:
        self.id = message_id
        self.thread_id = thread_id
        self.labels = labels
        self.internal_date = internal_date
        self.arrived = arrived
        self.history_id = 0
        self.rfc822_id = rfc822_id
        self.key: Key = (internal_date, int(message_id, 16))
        self._source = source
        self._sha256: str | None = None
        self._size: int | None = None
        self._snippet: str | None = None

    @property
    def raw(self) -> bytes:
        """The exact bytes of the message."""
        return self._source if isinstance(self._source, bytes) else self._source()

    @property
    def sha256(self) -> str:
        """Hex digest of the exact bytes."""
        if self._sha256 is None:
            self._sha256 = hashlib.sha256(self.raw).hexdigest()
        return self._sha256

    @property
    def size(self) -> int:
        """Length of the exact bytes."""
        if self._size is None:
            self._size = len(self.raw)
        return self._size

    @property
    def fields(self) -> headers.Fields:
        """Header fields in order, unfolded."""
        return headers.parse(self.raw)

    @property
    def tree(self) -> mimetree.Part:
        """The parsed part tree (recently used ones are kept)."""
        return _tree(self.raw)

    @property
    def snippet(self) -> str:
        """HTML-escaped beginning of the text."""
        if self._snippet is None:
            self._snippet = mimetree.snippet(self.tree)
        return self._snippet

    def header(self, name: str) -> str:
        """Return the first value of a header field, encoded words decoded."""
        return headers.decode(headers.get(self.fields, name))


@functools.lru_cache(maxsize=256)
def _tree(raw: bytes) -> mimetree.Part:
    return mimetree.parse(raw)
