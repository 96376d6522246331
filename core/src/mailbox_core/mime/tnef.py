"""Files inside Outlook's winmail.dat (MS-OXTNEF), as far as a mail reader needs them: name, type,
octets.

A stream is a signature, a key and attributes of level, id, length, data and checksum. Attachments
are introduced by ``attAttachRendData``; their long name and type stand in a MAPI property list.
Everything is read by offset from lengths that are checked first, so hostile streams cost no more
than honest ones.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import limits
from .charset import decode, scrub

_SIGNATURE = 0x223E9F78
_OEM_CODEPAGE = 0x00069007
_ATTACH_DATA = 0x0006800F
_ATTACH_TITLE = 0x00018010
_ATTACH_REND = 0x00069002
_ATTACH_PROPS = 0x00069005
_BODY_PROPS = 0x00069003

_PID_ATTACH_DATA = 0x3701
_PID_EXTENSION_NAME = 0x3704
_PID_LONG_NAME = 0x3707
_PID_MIME_TAG = 0x370E
_PID_CONTENT_ID = 0x3712

# Octets of MAPI types of fixed size (MS-OXCDATA section 2.11.1), padded to four.
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}
_STRING8, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
_MULTI = 0x1000
_MAX_ATTRIBUTES = 10_000
_MAX_PROPERTIES = 1_000


class BrokenTnef(ValueError):
    """The stream is no TNEF or ends early."""


@dataclass(slots=True)
class TnefFile:
    """One attached file."""

    name: str = ""
    content_type: str = "application/octet-stream"
    data: bytes = b""
    content_id: str | None = None
    long_name: bool = field(default=False, repr=False)


def files(data: bytes) -> list[TnefFile]:
    """The files of a TNEF stream in order. Raises BrokenTnef; files before the broken place are
    lost then only if there are none.
    """
    found: list[TnefFile] = []
    codepage = "cp1252"
    try:
        for attribute, value in _attributes(data):
            if attribute == _OEM_CODEPAGE and len(value) >= 4:
                codepage = f"cp{struct.unpack_from('<I', value)[0]}"
            elif attribute == _ATTACH_REND:
                if len(found) >= limits.MAX_EMBEDDED:
                    break
                found.append(TnefFile())
            elif found:
                _apply(found[-1], attribute, value, codepage)
    except BrokenTnef:
        if not found:
            raise
    return [one for one in found if one.data or one.name]


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        raise BrokenTnef("no TNEF signature")
    pos = 6
    for _ in range(_MAX_ATTRIBUTES):
        if pos + 9 > len(data):
            return
        _level, attribute, length = struct.unpack_from("<BII", data, pos)
        pos += 9
        if length > len(data) - pos:
            raise BrokenTnef("an attribute is longer than the stream")
        yield attribute, data[pos : pos + length]
        pos += length + 2  # the checksum of the data; damage shows in the file itself


def _apply(file: TnefFile, attribute: int, value: bytes, codepage: str) -> None:
    if attribute == _ATTACH_DATA:
        file.data = value
    elif attribute == _ATTACH_TITLE and not file.long_name:
        file.name = _string(value, codepage)
    elif attribute == _ATTACH_PROPS:
        for number, content in _properties(value, codepage):
            _apply_property(file, number, content)


def _apply_property(file: TnefFile, number: int, content: str | bytes) -> None:
    if number == _PID_ATTACH_DATA and isinstance(content, bytes) and not file.data:
        file.data = content[16:]  # an object begins with the interface id it is read through
        file.content_type = "application/vnd.ms-outlook"
    elif not isinstance(content, str) or not content:
        return
    elif number == _PID_LONG_NAME:
        file.name, file.long_name = content, True
    elif number == _PID_MIME_TAG:
        kind = content.lower().strip()
        if (
            kind.isascii()
            and kind.count("/") == 1
            and kind.isprintable()
            and " " not in kind
            and len(kind) < 128
        ):
            file.content_type = kind
    elif number == _PID_CONTENT_ID:
        file.content_id = content.strip("<> ")[:1000] or None
    elif number == _PID_EXTENSION_NAME and not file.name:
        file.name = f"file{content}"


def _string(value: bytes, codepage: str) -> str:
    return scrub(decode(value.split(b"\0", 1)[0], codepage)[0])


class _Cursor:
    """Reads numbers and blocks from octets, refusing to pass the end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.pos = 0

    def take(self, length: int) -> bytes:
        if length > len(self.data) - self.pos:
            raise BrokenTnef("a property is longer than its list")
        block = self.data[self.pos : self.pos + length]
        self.pos += length
        return block

    def number(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def padded(self) -> bytes:
        """A counted block, padded to four octets."""
        length = self.number()
        block = self.take(length)
        self.pos += -length % 4
        return block


def _properties(data: bytes, codepage: str) -> Iterator[tuple[int, str | bytes]]:
    """String and object properties of a MAPI property list (MS-OXTNEF section 2.1.3.4); others
    are skipped.
    """
    cursor = _Cursor(data)
    try:
        for _ in range(min(cursor.number(), _MAX_PROPERTIES)):
            tag = cursor.number()
            number, kind = tag >> 16, tag & 0xFFFF
            if number >= 0x8000:
                _skip_name(cursor)
            yield from _values(cursor, number, kind, codepage)
    except BrokenTnef:
        return  # what was read so far is good


def _skip_name(cursor: _Cursor) -> None:
    cursor.take(16)
    if cursor.number() == 0:
        cursor.number()
    else:
        cursor.padded()


def _values(
    cursor: _Cursor, number: int, kind: int, codepage: str
) -> Iterator[tuple[int, str | bytes]]:
    base = kind & ~_MULTI
    if base in _FIXED:
        for _ in range(_count(cursor) if kind & _MULTI else 1):
            cursor.take(_FIXED[base])
        return
    if base not in (_STRING8, _UNICODE, _OBJECT, _BINARY):
        raise BrokenTnef("unknown property type")
    for _ in range(_count(cursor)):
        value = cursor.padded()
        if base == _STRING8:
            yield number, _string(value, codepage)
        elif base == _UNICODE:
            yield number, scrub(value.decode("utf-16-le", "replace").split("\0", 1)[0])
        elif base == _OBJECT:
            yield number, value


def _count(cursor: _Cursor) -> int:
    count = cursor.number()
    if count > _MAX_PROPERTIES:
        raise BrokenTnef("too many values")
    return count
