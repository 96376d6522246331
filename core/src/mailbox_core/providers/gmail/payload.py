"""Gmail's parsed ``payload`` turned back into RFC 5322 bytes, without what stays at Gmail. Pure.

Header fields keep order, case and duplicates. Bodies arrive decoded and are written as 8bit, or as
base64 where their lines could be mistaken for structure. A part that Gmail names by
``attachmentId`` only becomes ``message/external-body`` (RFC 2046 section 5.2.3) with the access
type ``x-mailbox-part``, its own header as the phantom body; see ``types.Content``. Paths number
parts as RFC 3501 section 6.4.5 does; an enclosed message is one part. Source: Gmail API,
``users.messages``, MessagePart.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .client import Json, decode64, items, text

MAX_DEPTH = 100
"""Levels of multiparts that are followed; deeper ones are left empty. The complete raw has them
all."""

_NAME = re.compile(r"[!-9;-~]+\Z")
_LINE_BREAK = re.compile(r"\r\n?|\n")
_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]+)"|([^\s;"]+))', re.I)
_CHARSET = re.compile(r'(charset\s*=\s*)("[^"]*"|[^\s;]+)', re.I)
_LONG_LINE = re.compile(rb"[^\n]{990}")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part without children: its path and what Gmail says about its body."""

    path: str
    part: Json

    @property
    def attachment_id(self) -> str | None:
        """The id for ``attachments.get``; another one after every ``messages.get``."""
        return text(_body(self.part), "attachmentId")

    @property
    def data(self) -> object:
        """The body as base64url when it came along, else None."""
        return _body(self.part).get("data")

    @property
    def is_body(self) -> bool:
        """Whether a mail program shows the part as the text of the message."""
        disposition = (_header(self.part, "content-disposition") or "").lstrip().lower()
        named = bool(text(self.part, "filename")) or disposition.startswith("attachment")
        return _kind(self.part) in ("text/plain", "text/html") and not named


def leaves(payload: Json) -> Iterator[Leaf]:
    """All parts without children, in order; a message in the message counts as one."""
    if not _children(payload):
        yield Leaf("1", payload)
        return
    yield from _leaves(payload, "", 0)


def find(payload: Json, path: str) -> Leaf | None:
    """The leaf at a path, None when there is none."""
    return next((leaf for leaf in leaves(payload) if leaf.path == path), None)


def absent_bodies(payload: Json) -> dict[str, str]:
    """Attachment id by path of the body texts that did not come along: big ones do not."""
    found = {}
    for leaf in leaves(payload):
        attachment_id = leaf.attachment_id
        if leaf.data is None and leaf.is_body and attachment_id is not None:
            found[leaf.path] = attachment_id
    return found


def rebuild(payload: Json, bodies: Mapping[str, bytes]) -> bytes:
    """The message as bytes. ``bodies`` are decoded contents by path, for ``absent_bodies``.

    Raises Unavailable for a body that is no base64.
    """
    if _children(payload):
        return _entity(payload, "", bodies, 0)
    return _entity(payload, "1", bodies, 0)


def header_block(payload: Json) -> bytes:
    """The header of a message with the empty line after it."""
    return _fields(payload) + b"\r\n"


def _leaves(part: Json, path: str, depth: int) -> Iterator[Leaf]:
    children = _children(part)
    if not children:
        yield Leaf(path, part)
    elif depth < MAX_DEPTH:
        for number, child in enumerate(children, 1):
            yield from _leaves(child, f"{path}.{number}" if path else str(number), depth + 1)


def _entity(part: Json, path: str, bodies: Mapping[str, bytes], depth: int) -> bytes:
    children = _children(part)
    if children and depth < MAX_DEPTH:
        return _multipart(part, path, bodies, depth)
    leaf = Leaf(path, part)
    if leaf.data is not None:
        return _content(part, decode64(leaf.data))
    if path in bodies:
        return _content(part, bodies[path])
    enclosed = items(part, "parts")
    if leaf.attachment_id is None and _kind(part) == "message/delivery-status":
        # Gmail gives its groups of fields as parts; together they are the report.
        return _content(part, b"\r\n".join(_fields(group) for group in enclosed))
    if leaf.attachment_id is not None or enclosed or _kind(part) == "message/rfc822":
        return _placeholder(part, path)
    return _content(part, b"")


def _multipart(part: Json, path: str, bodies: Mapping[str, bytes], depth: int) -> bytes:
    found = _BOUNDARY.search(_header(part, "content-type") or "")
    boundary = (found[1] or found[2]) if found else f"=_mailbox_{path}"
    replaced = {} if found else {"content-type": f'{_kind(part)}; boundary="{boundary}"'}
    mark = b"--" + boundary.encode("utf-8", "replace")
    pieces = [_fields(part, replaced), b"\r\n"]
    for number, child in enumerate(_children(part), 1):
        child_path = f"{path}.{number}" if path else str(number)
        pieces += [mark, b"\r\n", _entity(child, child_path, bodies, depth + 1), b"\r\n"]
    return b"".join([*pieces, mark, b"--\r\n"])


def _content(part: Json, data: bytes) -> bytes:
    replaced = _declared(part, data)
    if _is_plain(data):
        return _fields(part, {**replaced, "content-transfer-encoding": "8bit"}) + b"\r\n" + data
    head = _fields(part, {**replaced, "content-transfer-encoding": "base64"})
    return head + b"\r\n" + base64.encodebytes(data).replace(b"\n", b"\r\n")


def _is_plain(data: bytes) -> bool:
    """Whether a body can stand as it is: no line that looks like a delimiter, none too long."""
    risky = data.startswith(b"--") or b"\n--" in data or b"\r--" in data or b"\0" in data
    return not risky and _LONG_LINE.search(data) is None


def _declared(part: Json, data: bytes) -> dict[str, str]:
    """A new Content-Type when a text came transcoded: valid UTF-8 beyond ASCII under another
    charset."""
    kind = _header(part, "content-type")
    found = _CHARSET.search(kind or "")
    if not kind or not found or not _kind(part).startswith("text/") or data.isascii():
        return {}
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return {}
    return {"content-type": _CHARSET.sub(r"\1utf-8", kind, count=1)}


def _placeholder(part: Json, path: str) -> bytes:
    """A part that stays at Gmail: its own header lies in the body of the placeholder."""
    top = path == "1" and text(part, "partId") is None
    size = _body(part).get("size")
    name = text(part, "filename") or ""
    parameters = [
        "access-type=x-mailbox-part",
        f'path="{path}"',
        f"size={size if isinstance(size, int) and size >= 0 else 0}",
        f'type="{_quoted(_kind(part))}"',
        _parameter("name", name),
    ]
    kind = "message/external-body; " + ";\r\n ".join(parameters)
    phantom = _fields(part, only_content=True) + b"\r\n"
    if top:
        return (
            _fields(part, {"content-type": kind}, drop=("content-transfer-encoding",))
            + b"\r\n"
            + phantom
        )
    return b"Content-Type: " + kind.encode() + b"\r\n\r\n" + phantom


def _parameter(name: str, value: str) -> str:
    """A MIME parameter, by RFC 2231 when it is not plain ASCII."""
    if value.isascii() and value.isprintable():
        return f'{name}="{_quoted(value)}"'
    return f"{name}*=utf-8''{quote(value, safe='')}"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _fields(
    part: Json,
    replaced: Mapping[str, str] | None = None,
    drop: tuple[str, ...] = (),
    only_content: bool = False,
) -> bytes:
    """The header fields of a part, some with another value; a replaced one that is missing is
    added."""
    left = dict(replaced or {})
    lines: list[str] = []
    for entry in items(part, "headers"):
        name, value = entry.get("name"), entry.get("value")
        if not isinstance(name, str) or not isinstance(value, str) or not _NAME.match(name):
            continue
        key = name.lower()
        if key in drop or (only_content and not key.startswith("content-")):
            continue
        if replaced and key in replaced and key not in left:
            continue
        lines.append(f"{name}: {left.pop(key, _folded(value))}\r\n")
    lines += [
        f"{'-'.join(w.capitalize() for w in key.split('-'))}: {value}\r\n"
        for key, value in left.items()
    ]
    return "".join(lines).encode("utf-8", "replace")


def _folded(value: str) -> str:
    """A value whose line breaks stay inside the field."""
    return "\r\n ".join(
        piece.strip(" \t") for piece in _LINE_BREAK.split(value) if piece.strip(" \t")
    )


def _header(part: Json, wanted: str) -> str | None:
    for entry in items(part, "headers"):
        name, value = entry.get("name"), entry.get("value")
        if isinstance(name, str) and isinstance(value, str) and name.lower() == wanted:
            return value
    return None


def _children(part: Json) -> list[Json]:
    """The parts of a multipart. Those of an enclosed message do not count: it is one part."""
    return items(part, "parts") if _kind(part).startswith("multipart/") else []


def _kind(part: Mapping[str, Any]) -> str:
    found = part.get("mimeType")
    return found.lower() if isinstance(found, str) and "/" in found else "text/plain"


def _body(part: Json) -> Json:
    found = part.get("body")
    return found if isinstance(found, dict) else {}
