"""The part tree of a message as Gmail numbers it (parser of the standard library, never raises)."""

from __future__ import annotations

import email
import email.message
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from . import headers

#: Deeper trees are cut, as Gmail does with absurd nesting; the raw is untouched.
MAX_DEPTH = 50
MAX_PARTS = 2000
SNIPPET_LENGTH = 200
_TAG = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.DOTALL | re.I)


@dataclass(slots=True)
class Part:
    """One MIME part: decoded content, own header fields, children."""

    part_id: str
    mime_type: str
    filename: str
    fields: headers.Fields
    content: bytes = b""
    charset: str = ""
    children: list[Part] = field(default_factory=list)

    def walk(self) -> list[Part]:
        """Return this part and all below it in document order."""
        found = [self]
        for child in self.children:
            found.extend(child.walk())
        return found

    def text(self) -> str:
        """Return the content as text, in the declared charset if there is such a thing."""
        try:
            return self.content.decode(self.charset or "utf-8", "replace")
        except (LookupError, ValueError):
            return self.content.decode("utf-8", "replace")


class _Budget:
    def __init__(self) -> None:
        self.parts = 0


def parse(raw: bytes) -> Part:
    """Return the part tree of *raw*; what cannot be parsed becomes one text part."""
    fields = headers.parse(raw)
    depth = raw.count(b"\n--") if raw.count(b"oundary") > MAX_DEPTH else 0
    if depth > MAX_PARTS:
        return _flat(raw, fields)
    try:
        return _part(email.message_from_bytes(raw), "", fields, 0, _Budget())
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, IndexError):
        return _flat(raw, fields)


def _flat(raw: bytes, fields: headers.Fields) -> Part:
    return Part("", "text/plain", "", fields, headers.split(raw)[2])


def _part(
    message: email.message.Message,
    part_id: str,
    fields: headers.Fields,
    depth: int,
    budget: _Budget,
) -> Part:
    budget.parts += 1
    part = Part(part_id, message.get_content_type(), _filename(message), fields)
    payload = message.get_payload()
    if isinstance(payload, list):
        if depth < MAX_DEPTH:
            part.children = _children(payload, part_id, depth, budget)
        return part
    content = message.get_payload(decode=True)
    part.content = content if isinstance(content, bytes) else b""
    part.charset = str(message.get_content_charset() or "")
    return part


def _children(payload: Sequence[object], part_id: str, depth: int, budget: _Budget) -> list[Part]:
    found: list[Part] = []
    for index, child in enumerate(payload):
        if budget.parts >= MAX_PARTS:
            break
        if isinstance(child, email.message.Message):
            child_id = f"{part_id}.{index}" if part_id else str(index)
            found.append(_part(child, child_id, _fields(child), depth + 1, budget))
    return found


def _fields(message: email.message.Message) -> headers.Fields:
    return [(name, headers.unfold(_utf8(str(value)))) for name, value in message.raw_items()]


def _utf8(value: str) -> str:
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _filename(message: email.message.Message) -> str:
    try:
        return headers.decode(_utf8(message.get_filename() or ""))
    except (ValueError, LookupError, TypeError):
        return ""


def is_attachment(part: Part) -> bool:
    """Tell whether a mail program would list the part as a file."""
    return bool(part.filename) and not part.mime_type.startswith("multipart/")


def snippet(tree: Part) -> str:
    """Return the HTML-escaped beginning of the text, as messages.get gives it."""
    parts = tree.walk()
    for wanted in ("text/plain", "text/html"):
        for part in parts:
            if part.mime_type == wanted and not part.filename:
                text = part.text()[:20000]
                if wanted == "text/html":
                    text = html.unescape(_TAG.sub(" ", text))
                words = " ".join(text.split())
                if words:
                    return html.escape(words[:SNIPPET_LENGTH], quote=True)
    return ""
