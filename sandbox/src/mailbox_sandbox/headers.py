"""Reading and rewriting the header block of a message as bytes, without touching the rest."""

from __future__ import annotations

import email.errors
import email.header
import re
from collections.abc import Iterable

_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:[ \t]?(.*)$", re.DOTALL)
_FOLD = re.compile(r"\r?\n(?=[ \t])|[\r\n]+")
_MESSAGE_ID = re.compile(r"<[^<>\s]+>")
_SUBJECT_PREFIX = re.compile(r"^\s*((re|fwd?|aw|wg|sv|rv|tr|r|antw|vs)(\[\d+\])?\s*:\s*)+", re.I)

Fields = list[tuple[str, str]]


def split(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """Return (header block, separator, body); the three joined are *raw* again."""
    found = _END.search(raw)
    if not found:
        return raw, b"", b""
    return raw[: found.start()], raw[found.start() : found.end()], raw[found.end() :]


def _lines(block: bytes) -> list[bytes]:
    """Split a header block into fields, each with its continuation lines and line ends."""
    fields: list[bytes] = []
    for line in block.splitlines(keepends=True):
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1] += line
        else:
            fields.append(line)
    return fields


def parse(raw: bytes) -> Fields:
    """Return the fields of a message in order, original case, unfolded, 8-bit read as UTF-8."""
    result: Fields = []
    for line in _lines(split(raw)[0]):
        found = _FIELD.match(line.rstrip(b"\r\n"))
        if found:
            name = found.group(1).decode("ascii", "replace")
            result.append((name, unfold(found.group(2).decode("utf-8", "replace"))))
    return result


def unfold(value: str) -> str:
    """Undo RFC 5322 section 2.2.3 folding."""
    return _FOLD.sub("", value).strip()


def get(fields: Fields, name: str) -> str:
    """Return the first value of the field *name* (any case), or an empty string."""
    wanted = name.lower()
    return next((value for key, value in fields if key.lower() == wanted), "")


def decode(value: str) -> str:
    """Decode RFC 2047 encoded words as far as they make sense; never raises."""
    if "=?" not in value:
        return value
    try:
        chunks = email.header.decode_header(value)
    except (email.errors.HeaderParseError, ValueError):
        return value
    return "".join(_chunk(chunk, charset) for chunk, charset in chunks)


def _chunk(chunk: bytes | str, charset: str | None) -> str:
    if isinstance(chunk, str):
        return chunk
    try:
        return chunk.decode(charset or "ascii", "replace")
    except (LookupError, ValueError):
        return chunk.decode("utf-8", "replace")


def message_ids(value: str) -> list[str]:
    """Return the ids named in a Message-ID, References or In-Reply-To value, with brackets."""
    return _MESSAGE_ID.findall(value)


def base_subject(value: str) -> str:
    """Return the subject without reply prefixes, in lower case: Gmail's test for one thread."""
    return " ".join(_SUBJECT_PREFIX.sub("", decode(value)).split()).lower()


def rewrite(
    raw: bytes,
    *,
    prepend: Iterable[tuple[str, str]] = (),
    replace: dict[str, str] | None = None,
    drop: Iterable[str] = (),
) -> bytes:
    """Return *raw* with fields put in front, replaced (added when absent) and dropped."""
    block, separator, body = split(raw)
    newline = b"\r\n" if b"\r\n" in raw[:4096] or b"\n" not in raw[:4096] else b"\n"
    wanted = {name.lower(): (name, value) for name, value in (replace or {}).items()}
    gone = {name.lower() for name in drop}
    kept = [_field(name, value, newline) for name, value in prepend]
    for line in _lines(block):
        name = line.split(b":", 1)[0].strip().decode("ascii", "replace").lower()
        if name in wanted:
            original, value = wanted.pop(name)
            kept.append(_field(original, value, newline))
        elif name not in gone:
            kept.append(line if line.endswith((b"\n", b"\r")) else line + newline)
    kept.extend(_field(name, value, newline) for name, value in wanted.values())
    return b"".join(kept) + (separator[len(separator) // 2 :] or newline) + body


def _field(name: str, value: str, newline: bytes) -> bytes:
    return f"{name}: {value}".encode() + newline
