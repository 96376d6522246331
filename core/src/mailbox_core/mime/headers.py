"""Header fields: cut into fields, decoded, parameters read.

Structure is always read before encoded words are decoded (RFC 2047 section 6.2), so that an encoded
comma or line break never becomes syntax.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from . import limits
from .charset import decode, scrub

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
_COMMON = re.compile(
    rb"^(?:from|to|cc|subject|date|message-id|content-type|content-transfer-encoding|mime-version"
    rb"|received|return-path|reply-to|references|in-reply-to)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_BASE64 = bytes(
    octet for octet in range(256) if octet > 127 or not (chr(octet).isalnum() or octet in b"+/")
)
# Fields that are kept even when the header is far too long.
_KEPT = frozenset(
    [
        "bcc",
        "cc",
        "content-transfer-encoding",
        "content-type",
        "date",
        "from",
        "in-reply-to",
        "message-id",
        "mime-version",
        "references",
        "reply-to",
        "sender",
        "subject",
        "to",
    ]
)
_MAX_JUNK = 20
_FOLD = re.compile(r"[ \t]?[\r\n]+[ \t]*")
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]+")
# The payload stops at the beginning of another word, which keeps the search linear.
_WORD = re.compile(r"=\?([^?\s=]{1,60})\?([bBqQ])\?((?:[^?=]|=(?!\?(?!=))|\?(?!=))*)\?=")
_QUOTED_OCTET = re.compile(rb"=([0-9A-Fa-f]{2})")
_PARAM_NAME = re.compile(r"([^\s*=;]{1,60})(?:\*(\d{1,3}))?(\*)?")


@dataclass(slots=True)
class HeaderBlock:
    """The header fields of one entity: raw octets in order, with names as written.

    ``cut`` tells that fields were left out or shortened, ``junk`` that something was no field at
    all.
    """

    fields: list[tuple[str, bytes]] = field(default_factory=list)
    cut: bool = False
    junk: bool = False
    skipped: int = 0
    size: int = 0
    _index: dict[str, list[bytes]] = field(default_factory=dict)

    def add(self, name: str, value: bytes) -> None:
        """Append a field."""
        self.fields.append((name, value))
        self.size += len(value)
        self._index.setdefault(name.lower(), []).append(value)

    def all(self, name: str) -> list[bytes]:
        """Raw values of every field called ``name`` (lower case), in order."""
        return self._index.get(name, [])

    def raw(self, name: str) -> bytes | None:
        """Raw value of the first field called ``name`` (lower case)."""
        values = self._index.get(name)
        return values[0] if values else None

    def ascii(self, name: str) -> str:
        """The first value as unfolded, undecoded text; for tokens. Empty when missing."""
        values = self._index.get(name)
        return unfold(values[0].decode("ascii", "replace")) if values else ""


def split(raw: bytes, start: int, bound: int) -> tuple[HeaderBlock, int]:
    """The header block that begins at ``start``, and where the body begins (at most ``bound``)."""
    block = HeaderBlock()
    limit = min(bound, start + limits.MAX_HEADER_SCAN)
    pos = start
    while pos < limit:
        found = _FIELD.match(raw, pos, limit)
        if found:
            _add_field(block, found.group(1), found.group(2))
            pos = found.end()
            continue
        end = raw.find(b"\n", pos, bound)
        end = bound if end < 0 else end + 1
        line = raw[pos : min(end, pos + 100)].strip(b"\r\n")
        if not line and end - pos <= 2:
            return block, end
        if not _skip_junk(block, raw, line, pos == start, end, limit):
            return block, pos
        pos = end
    if pos < bound:
        block.cut = True
        return block, _body_after(raw, pos, bound)
    return block, pos


def _add_field(block: HeaderBlock, name: bytes, value: bytes) -> None:
    if len(value) > limits.MAX_HEADER:
        block.cut = True
        value = value[: limits.MAX_HEADER]
    word = name.decode("ascii")
    if len(block.fields) >= limits.MAX_FIELDS or block.size + len(value) > limits.MAX_HEADER_BLOCK:
        block.cut = True
        if word.lower() not in _KEPT or block.all(word.lower()):
            return
    block.add(word, value)


def _skip_junk(
    block: HeaderBlock, raw: bytes, line: bytes, first: bool, end: int, limit: int
) -> bool:
    """Whether a line that is no field may be passed over, because the header plainly goes on
    after it.
    """
    if first and line.startswith((b"From ", b">From ")):
        return True  # mbox separator
    block.junk = True
    block.skipped += 1
    if block.skipped > _MAX_JUNK:
        return False
    stop = _blank(raw, end - 1, limit)
    return _COMMON.search(raw, end, limit if stop < 0 else stop) is not None


def _blank(raw: bytes, start: int, bound: int) -> int:
    """Where the first empty line at or after ``start`` begins, less its line end; -1 if there is
    none.
    """
    found = [
        at for at in (raw.find(b"\n\n", start, bound), raw.find(b"\n\r\n", start, bound)) if at >= 0
    ]
    return min(found, default=-1)


def _body_after(raw: bytes, start: int, bound: int) -> int:
    at = _blank(raw, start - 1, bound)
    if at < 0:
        return bound
    return raw.index(b"\n", at + 1) + 1


def unfold(text: str) -> str:
    """One line: folds become a space, other control characters vanish (RFC 5322 section 2.2.3)."""
    if "\n" in text or "\r" in text:
        text = _FOLD.sub(" ", text)
    text = text.strip()
    return text if text.isprintable() else _CONTROL.sub("", text)


def to_text(raw: bytes, hint: str | None = None) -> tuple[str, bool]:
    """Octets of a value as one line with encoded words untouched, and whether a charset was
    guessed.

    RFC 6532 says UTF-8; anything else is guessed.
    """
    if raw.isascii() and b"\x1b" not in raw:
        return unfold(raw.decode("ascii")), False
    text, _ = decode(raw, "utf-8" if _is_utf8(raw) else None, hint)
    return unfold(text), not _is_utf8(raw)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\x1b" not in raw


def decode_words(text: str) -> tuple[str, bool]:
    """Encoded words as text (RFC 2047), and whether something had to be guessed.

    Words that follow each other with the same charset are joined as octets first: bad senders split
    them in the middle of a character.
    """
    if "=?" not in text:
        return text, False
    pieces: list[str] = []
    run: list[bytes] = []
    label = ""
    guessed = False
    last = 0

    def flush() -> None:
        nonlocal guessed
        if run:
            decoded, doubt = decode(b"".join(run), label)
            guessed = guessed or doubt
            pieces.append(decoded)
            run.clear()

    for word in _WORD.finditer(text):
        between = text[last : word.start()]
        charset = word.group(1).partition("*")[0]  # RFC 2231 section 5 adds a language
        if charset.lower() != label.lower() or not run or between.strip():
            flush()
        if between.strip() or not last:
            pieces.append(between)
        label = charset
        run.append(_word_octets(word.group(2), word.group(3)))
        last = word.end()
    flush()
    pieces.append(text[last:])
    return unfold(_CONTROL.sub(" ", "".join(pieces))), guessed


def _word_octets(encoding: str, payload: str) -> bytes:
    data = payload.encode("utf-8", "replace")
    if encoding in "bB":
        return base64_octets(data)
    data = data.replace(b"_", b" ")
    return _QUOTED_OCTET.sub(lambda found: bytes((int(found.group(1), 16),)), data)


def base64_octets(data: bytes) -> bytes:
    """Base64 with missing padding and stray characters allowed; what cannot be read is left out."""
    for tail in (b"", b"==", b"="):
        try:
            return binascii.a2b_base64(data + tail)
        except binascii.Error:
            continue
    kept = data.translate(None, _NOT_BASE64)
    kept = kept[: len(kept) - len(kept) % 4]
    return binascii.a2b_base64(kept)


def decoded(raw: bytes | None, hint: str | None = None) -> tuple[str, bool]:
    """An unstructured value: unfolded and decoded."""
    if raw is None:
        return "", False
    text, guessed = to_text(raw, hint)
    words, doubt = decode_words(text)
    return words, guessed or doubt


def params(value: str) -> tuple[str, dict[str, str]]:
    """A value with parameters (RFC 2045 section 5.1, RFC 2231): the part before them in lower case,
    and them.

    The first of several parameters with one name wins. Encoded words in values, which no RFC allows
    and many senders write, are decoded too.
    """
    head, *rest = _cut(value[: limits.MAX_HEADER])
    plain: dict[str, str] = {}
    split_up: dict[str, dict[int, tuple[str, bool]]] = {}
    for item in rest[: limits.MAX_PARAMS]:
        name, equals, content = item.partition("=")
        found = _PARAM_NAME.fullmatch(name.strip().lower())
        if not equals or not found:
            continue
        key, number, star = found.groups()
        content = _unquote(content.strip())
        if number is None and not star:
            plain.setdefault(key, decode_words(content)[0])
        else:
            split_up.setdefault(key, {}).setdefault(int(number or 0), (content, bool(star)))
    for key, sections in split_up.items():
        plain[key] = _join_sections(
            sections
        )  # RFC 2231 forms win over the plain one (RFC 6266 section 4.3)
    return head.strip().lower(), plain


def _cut(value: str) -> list[str]:
    """``value`` at its semicolons outside quotes; comments outside quotes are dropped."""
    if '"' not in value and "(" not in value:
        return value.split(";")
    items: list[str] = []
    current: list[str] = []
    quoted = False
    depth = 0
    for token in re.findall(r'\\.|["();\\]|[^"();\\]+', value, re.DOTALL):
        if quoted:
            quoted = token != '"'
        elif token == "(":
            depth += 1
        elif token == ")" and depth:
            depth -= 1
            continue
        elif token == '"' and not depth:
            quoted = True
        if depth:
            continue
        if token == ";" and not quoted:
            items.append("".join(current))
            current = []
        else:
            current.append(token)
    items.append("".join(current))
    return items


def _unquote(content: str) -> str:
    if not content.startswith('"'):
        return content
    content = content[1:-1] if content.endswith('"') and len(content) > 1 else content[1:]
    if "\\" not in content:
        return content
    # Only quotes and backslashes are unescaped: Windows paths in names come with bare backslashes.
    return re.sub(r'\\(["\\])', r"\1", content)


def _join_sections(sections: dict[int, tuple[str, bool]]) -> str:
    charset = "utf-8"
    octets: list[bytes] = []
    for number in range(len(sections)):
        if number not in sections:
            break
        content, extended = sections[number]
        if extended and number == 0 and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        if extended:
            octets.append(unquote_to_bytes(content.encode("utf-8", "replace")))
        else:
            octets.append(content.encode("utf-8", "replace"))
    text, _ = decode(b"".join(octets), charset or "utf-8")
    return scrub(unfold(text))
