"""Cursors and resume places of a Gmail stream as opaque, versioned JSON text.

Nothing outside this file looks inside one; the engine stores them and hands them back. History ids
are unsigned 64-bit numbers that travel as text; they become numbers only here, to find the larger
of two.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ...errors import CursorExpired

VERSION = 1


@dataclass(frozen=True, slots=True)
class Live:
    """All changes up to ``history`` are known. ``page`` is set inside an answer of several pages:
    its token stands for the pages of the same ``history`` that were already handed over."""

    history: str
    page: str | None = None

    def encode(self) -> str:
        """The cursor text."""
        return _encode({"h": self.history, "p": self.page})

    def advanced(self, newest: object) -> Live:
        """The cursor after the last page, whose top-level history id is ``newest`` (text or
        number).

        Never goes back: an answer that is older than what we know, or unreadable, leaves it in
        place.
        """
        number = _number(newest)
        if number is None or number < (_number(self.history) or 0):
            return Live(self.history)
        return Live(str(number))


@dataclass(frozen=True, slots=True)
class Place:
    """A place in an enumeration by key, newest first.

    ``before`` is the exclusive upper bound in epoch seconds, None at the top. ``page`` is the
    provider's page token inside that bound, used only where more messages share one second than fit
    on a page. ``seen`` are ids at the end of the page before: the bound lists its last second
    again.
    """

    before: int | None = None
    page: str | None = None
    seen: tuple[str, ...] = ()

    def encode(self) -> str:
        """The resume text."""
        return _encode({"k": self.before, "p": self.page, "s": list(self.seen) or None})


def decode_live(text: str) -> Live:
    """Read a cursor. Raises CursorExpired for text that this version did not write: the mailbox is
    then enumerated again, which is always correct."""
    data = _decode(text)
    history, page = data.get("h"), data.get("p")
    if _number(history) is None or not _is_token(page):
        raise CursorExpired("The stored position cannot be read.")
    return Live(str(history), page)


def decode_place(text: str | None) -> Place:
    """Read a resume place, None being the top. Raises CursorExpired as ``decode_live`` does."""
    if text is None:
        return Place()
    data = _decode(text)
    before, page, seen = data.get("k"), data.get("p"), data.get("s") or []
    if not (before is None or type(before) is int) or not _is_token(page):
        raise CursorExpired("The stored position cannot be read.")
    if not isinstance(seen, list) or not all(isinstance(one, str) for one in seen):
        raise CursorExpired("The stored position cannot be read.")
    return Place(before, page, tuple(seen))


def _encode(data: dict[str, Any]) -> str:
    known = {key: value for key, value in data.items() if value is not None}
    return json.dumps({"v": VERSION, **known}, separators=(",", ":"))


def _decode(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or data.get("v") != VERSION:
        raise CursorExpired("The stored position cannot be read.")
    return data


def _is_token(page: object) -> bool:
    return page is None or (isinstance(page, str) and bool(page))


def _number(value: object) -> int | None:
    """An unsigned 64-bit number from text or number, None if it is none."""
    text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        return None
    return int(text)
