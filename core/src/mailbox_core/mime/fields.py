"""Message-ID, References and Date (RFC 5322 sections 3.3 and 3.6.4) in normal form."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_tz

from . import limits
from .charset import scrub
from .headers import unfold

_BRACKETED = re.compile(r"<([^<>]{1,8000})>")
_FILLER = re.compile(r"[\s\x00-\x1f\x7f]+")
_ZONE = re.compile(r"[+-]\d{4}\b|\b(?:GMT|UTC?|Z|[ECMP][SD]T)\b", re.IGNORECASE)
_EARLIEST = datetime(1980, 1, 1, tzinfo=timezone.utc)
_LATEST = datetime(2070, 1, 1, tzinfo=timezone.utc)
_SKEW = timedelta(days=7)
_MAX_DATE = 200


def message_id(raws: Sequence[bytes]) -> tuple[str | None, bool]:
    """The first usable id of the Message-ID fields as ``<id>``, and whether there was none or a
    choice.

    Missing brackets are added and white space inside is dropped. An id longer than 250 characters
    is stood for by ``<digest@long-id.invalid>``, so that two long ids stay two.
    """
    found = [one for raw in raws if (one := _first_id(raw))]
    if not found:
        return None, True
    return found[0], len(raws) > 1


def _first_id(raw: bytes) -> str | None:
    text = _text(raw)
    ids = _ids(text)
    return ids[0] if ids else normal_id(text)


def references(raws: Sequence[bytes]) -> tuple[tuple[str, ...], bool]:
    """Ids of References or In-Reply-To fields in order, each once, and whether some were left out.

    Of a long chain the first ids (the root of the conversation) and the last are kept.
    """
    ids: dict[str, None] = {}
    for raw in raws:
        text = _text(raw)
        found = _ids(text)
        if (
            not found
        ):  # unbracketed: only words that look like ids, as people's names also stand here
            found = [one for word in text.split() if "@" in word and (one := normal_id(word))]
        ids.update(dict.fromkeys(found))
    kept = tuple(ids)
    if len(kept) <= limits.MAX_REFERENCES:
        return kept, False
    last = limits.MAX_REFERENCES - limits.FIRST_REFERENCES
    return kept[: limits.FIRST_REFERENCES] + kept[-last:], True


def _text(raw: bytes) -> str:
    return scrub(unfold(raw.decode("utf-8", "replace")))


def _ids(text: str) -> list[str]:
    return [one for found in _BRACKETED.finditer(text) if (one := normal_id(found.group(1)))]


def normal_id(text: str) -> str | None:
    """``text`` as ``<id>``, None when nothing is left of it."""
    text = _FILLER.sub("", text).strip("<>")
    if not text:
        return None
    if len(text) > limits.MAX_MESSAGE_ID:
        digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        return f"<{digest}@long-id.invalid>"
    return f"<{text}>"


def date(raws: Sequence[bytes], received: Sequence[bytes] = ()) -> tuple[datetime | None, bool]:
    """The Date field as aware UTC, and whether it is missing, unreadable, ambiguous or implausible.

    Implausible means outside 1980 to 2070, a zone no clock keeps, or more than seven days from the
    newest ``Received`` field, which the reader's own server wrote.
    """
    value, doubt = _parse(raws[0]) if raws else (None, True)
    if value is None:
        return None, True
    if received:
        arrived, _ = _parse(received[0][-_MAX_DATE:].rpartition(b";")[2])
        doubt = doubt or (arrived is not None and abs(arrived - value) > _SKEW)
    return value, doubt or len(raws) > 1 or not _EARLIEST <= value < _LATEST


def _parse(raw: bytes) -> tuple[datetime | None, bool]:
    text = unfold(raw[:_MAX_DATE].decode("ascii", "replace"))
    try:
        parts = parsedate_tz(text)
        if parts is None:
            return None, True
        offset = parts[9] or 0
        doubt = _ZONE.search(text) is None or str(parts[0]) not in text
        if abs(offset) > 50_400:  # RFC 5322 allows +9959; no place on earth is beyond 14 hours
            offset, doubt = 0, True
        naive = datetime(*parts[:5], min(parts[5], 59))
        return naive.replace(tzinfo=timezone.utc) - timedelta(seconds=offset), doubt
    except (ValueError, OverflowError, IndexError, TypeError):
        return None, True
