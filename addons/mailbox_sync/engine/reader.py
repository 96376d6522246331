"""Keeps and reads what was fetched while the next fetch is on its way.

A fetch waits for the provider most of its time, and so does a disk that makes files durable. One
thread of the step's own works one fetch behind, so that the sources of two fetches at most are in
memory. It knows no database: cursors belong to the thread of the job.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from mailbox_core.mime.body import html_to_text
from mailbox_core.mime.parse import parse
from mailbox_core.types import Content, MessageRef

from .. import mapping
from ..store.raw import RawStore
from ..threads import thread_of
from ..values import clean

_logger = logging.getLogger(__name__)

#: HTML that is turned into words for the index, in characters.
_HTML_CHARACTERS = 200_000


class Reader:
    """The messages of one step. ``address``: of the mailbox. To be closed by ``with``.

    ``stored`` and ``unreadable`` hold the result by remote id, complete after ``finish``.
    """

    def __init__(self, raw: RawStore, mailbox_id: int, address: str) -> None:
        self._raw = raw
        self._mailbox_id = mailbox_id
        self._address = address
        self._pool: ThreadPoolExecutor | None = None
        self._behind: Future[None] | None = None
        self.stored: dict[str, mapping.Stored] = {}
        self.unreadable: set[str] = set()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *details: object) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def take(self, contents: Sequence[tuple[Content, MessageRef]], last: bool) -> None:
        """Keep and read the messages of one fetch: aside, or at once when there is nothing to wait
        for after it. Raises OSError for this fetch or the one before, when the disk refuses."""
        self.finish()
        if last:
            self._read(contents)
        elif contents:
            self._pool = self._pool or ThreadPoolExecutor(1, "mailbox-reader")
            self._behind = self._pool.submit(self._read, contents)

    def finish(self) -> None:
        """Wait for what is read aside. Raises OSError."""
        behind, self._behind = self._behind, None
        if behind is not None:
            behind.result()

    def _read(self, contents: Sequence[tuple[Content, MessageRef]]) -> None:
        places = self._raw.put_all([content.raw for content, _ref in contents])
        for (content, ref), (digest, place) in zip(contents, places, strict=True):
            key = content.ref.remote_id
            try:
                self.stored[key] = self._read_one(content, digest, place, ref)
            except Exception:  # pylint: disable=broad-except
                # Parsing promises never to raise. If it does, one message must not stop the others.
                _logger.exception("Mailbox %s: message %s cannot be read", self._mailbox_id, key)
                self.unreadable.add(key)
                self.stored[key] = mapping.Stored(mapping.source_columns(content, digest, place))

    def _read_one(
        self, content: Content, digest: str, place: str, ref: MessageRef
    ) -> mapping.Stored:
        """Read a message into the values of its row."""
        email = parse(content.raw)
        stored = mapping.stored(content, email, digest, place)
        words = stored.words
        if email.html and not words.strip():
            text = html_to_text(email.html, _HTML_CHARACTERS)
            words = clean(text, mapping.SEARCH_CHARACTERS) or ""
        thread = thread_of(
            stored.columns, ref.conversation_key, email, self._mailbox_id, (self._address,)
        )
        return replace(stored, words=words, thread=thread)
