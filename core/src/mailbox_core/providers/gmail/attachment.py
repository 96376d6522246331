"""The bytes of one MIME part by its path; attachment ids are no help, every answer has others."""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import NotFound
from ...mime.parse import part_bytes
from ...types import MessageRef, PartRef
from . import payload
from .client import Client, decode64, decoded_chunks

CHUNK = 1 << 18
_LANE = "interactive"
_FIELDS = "payload(partId,mimeType,filename,headers,body,parts)"


def attachment(client: Client, ref: MessageRef, part: PartRef) -> Iterator[bytes]:
    """The decoded bytes in chunks; everything was received when this returns.

    A part that Gmail gives neither inline nor by id (an enclosed message, a file inside
    winmail.dat) is cut out of the raw. Raises NotFound when the message or the part does not exist.
    """
    data = client.message(ref.remote_id, "full", fields=_FIELDS, lane=_LANE)
    tree = data.get("payload")
    leaf = payload.find(tree, part.path) if isinstance(tree, dict) else None
    if leaf is not None and leaf.data is not None:
        return decoded_chunks(leaf.data, CHUNK)
    if leaf is not None and leaf.attachment_id is not None:
        found = client.attachment(ref.remote_id, leaf.attachment_id, lane=_LANE)
        return decoded_chunks(found.get("data", ""), CHUNK)
    return _from_raw(client, ref, part)


def _from_raw(client: Client, ref: MessageRef, part: PartRef) -> Iterator[bytes]:
    raw = decode64(client.message(ref.remote_id, "raw", fields="raw", lane=_LANE).get("raw"))
    try:
        data = part_bytes(raw, part.path)
    except KeyError:
        raise NotFound(f"The message has no part {part.path}.") from None
    return (data[start : start + CHUNK] for start in range(0, len(data), CHUNK))
