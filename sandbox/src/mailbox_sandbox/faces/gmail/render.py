"""JSON of messages, threads and labels: empty values omitted, 64-bit numbers as strings."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ... import headers
from ...account import Account
from ...labels import Label
from ...message import Message
from ...mimetree import Part

Json = dict[str, Any]

#: Named parts up to this size arrive inline, text bodies above the other as an attachment id.
#: No threshold is documented; both directions happen in practice.
INLINE_NAMED = 600
INLINE_TEXT = 256 * 1024
_KEY = b"sandbox attachment ids"
_PAYLOAD = struct.Struct(">QIdQ")


def b64(data: bytes) -> str:
    """Encode as base64url with padding, as Gmail pads."""
    return base64.urlsafe_b64encode(data).decode("ascii")


@dataclass(frozen=True)
class View:
    """How a message is to be shown. ``wanted`` limits header names (lower case) in metadata."""

    format: str = "full"
    wanted: frozenset[str] = frozenset()
    now: float = 0.0


def reference(message: Message) -> Json:
    """The two ids that lists and history show."""
    return {"id": message.id, "threadId": message.thread_id}


def short(message: Message) -> Json:
    """Ids and labels: the answer of send, modify and their like."""
    return compact({**reference(message), "labelIds": ordered(message.labels)})


def ordered(labels: Iterable[str]) -> list[str]:
    """Return label ids in a stable order, flags first as Gmail tends to."""
    return sorted(labels, key=lambda name: (name.startswith("Label_"), name != "UNREAD", name))


def compact(data: Json) -> Json:
    """Drop what Google omits: empty collections, empty text, false."""
    return {key: value for key, value in data.items() if value not in ([], "", None, False, {})}


def message(found: Message, view: View) -> Json:
    """Render one message in the asked format."""
    data = {
        **short(found),
        "snippet": found.snippet,
        "historyId": str(found.history_id),
        "internalDate": str(found.internal_date),
        "sizeEstimate": found.size,
    }
    if view.format == "raw":
        data["raw"] = b64(found.raw)
    elif view.format == "metadata":
        data["payload"] = _metadata(found, view)
    elif view.format == "full":
        data["payload"] = part(found, found.tree, view)
    return compact(data)


def _metadata(found: Message, view: View) -> Json:
    tree = found.tree
    fields = [
        (name, value)
        for name, value in tree.fields
        if not view.wanted or name.lower() in view.wanted
    ]
    return compact({"mimeType": tree.mime_type, "headers": _headers(fields)})


def _headers(fields: headers.Fields) -> list[Json]:
    return [{"name": name, "value": headers.decode(value)} for name, value in fields]


def part(found: Message, node: Part, view: View) -> Json:
    """Render a part and everything below it."""
    data: Json = {
        "partId": node.part_id,
        "mimeType": node.mime_type,
        "filename": node.filename,
        "body": _body(found, node, view),
    }
    if node.fields:
        data["headers"] = _headers(node.fields)
    if node.children:
        data["parts"] = [part(found, child, view) for child in node.children]
    return data


def _body(found: Message, node: Part, view: View) -> Json:
    size = len(node.content)
    if node.children or not size:
        return {"size": size}
    if _inline(node, size):
        return {"size": size, "data": b64(node.content)}
    return {"size": size, "attachmentId": attachment_id(found, node, view.now)}


def _inline(node: Part, size: int) -> bool:
    if node.filename:
        return size <= INLINE_NAMED
    return node.mime_type.startswith("text/") and size <= INLINE_TEXT


def attachment_id(found: Message, node: Part, now: float) -> str:
    """Return a fresh id: two gets never name the same part alike."""
    index = found.tree.walk().index(node)
    packed = _PAYLOAD.pack(found.key[1], index, now, secrets.randbits(64))
    sealed = packed + hmac.new(_KEY, packed, hashlib.sha256).digest()
    return "ANGjdJ" + base64.urlsafe_b64encode(sealed).decode("ascii").rstrip("=")


def open_attachment_id(value: str, found: Message, now: float, ttl: float) -> Part | None:
    """Return the part an attachment id stands for; None when wrong, foreign or too old."""
    try:
        sealed = base64.urlsafe_b64decode(value.removeprefix("ANGjdJ") + "==")
        packed, seal = sealed[: _PAYLOAD.size], sealed[_PAYLOAD.size :]
        number, index, issued, _nonce = _PAYLOAD.unpack(packed)
    except (ValueError, struct.error):
        return None
    if not hmac.compare_digest(seal, hmac.new(_KEY, packed, hashlib.sha256).digest()):
        return None
    if number != found.key[1] or now - issued > ttl:
        return None
    parts = found.tree.walk()
    return parts[index] if index < len(parts) else None


def label(found: Label) -> Json:
    """Render a label without counters."""
    data = {
        "id": found.id,
        "name": found.name,
        "type": found.type,
        "messageListVisibility": found.message_list_visibility,
        "labelListVisibility": found.label_list_visibility,
    }
    if found.text_color:
        data["color"] = {  # type: ignore[assignment]
            "textColor": found.text_color, "backgroundColor": found.background_color
        }  # fmt: skip
    return compact(data)


def counted(account: Account, found: Label) -> Json:
    """Render a label with its four counters (zeros are sent here, as Gmail does)."""
    return {**label(found), **account.counters(found.id)}


def dumps(data: Any) -> bytes:
    """Serialise compactly."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
