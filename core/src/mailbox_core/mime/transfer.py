"""Content-Transfer-Encoding (RFC 2045 section 6) and uuencode, forgiving, with sizes that cost
no decoding.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

from . import limits
from .headers import base64_octets

_NOT_BASE64 = bytes(
    octet
    for octet in range(256)
    if not (chr(octet).isalnum() and octet < 128) and octet not in b"+/"
)
_UU_SAMPLE = 4_096
_CHUNK = 1 << 20
_MAX_SEGMENTS = 1_000
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)
_UU_END = re.compile(rb"^end[ \t]*\r?$", re.MULTILINE)
_UUE = frozenset({"x-uuencode", "uuencode", "uue", "x-uue"})


def decode(data: bytes, encoding: str) -> bytes:
    """Decoded octets. Unknown encodings and broken octets are passed through or left out, never
    raised.
    """
    if encoding == "base64":
        return _decode_base64(data)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding in _UUE:
        found = uu_files(data, 1)
        return found[0].data(data) if found else data
    return data


def _decode_base64(data: bytes) -> bytes:
    padding = data.find(b"=")
    if padding < 0 or not data[padding : padding + 4096].strip(b"= \t\r\n"):
        return base64_octets(data)
    # Encoded pieces put one after the other; Python's decoder would stop at the first padding.
    segments = data.split(b"=", _MAX_SEGMENTS)
    return b"".join(base64_octets(segment) for segment in segments if segment.strip())


def decoded_size(raw: bytes, start: int, end: int, encoding: str) -> int:
    """Octets that ``decode`` would return for ``raw[start:end]``; exact unless the encoding is
    broken.
    """
    if encoding == "base64":
        kept = 0
        for at in range(start, end, _CHUNK):
            kept += len(raw[at : min(at + _CHUNK, end)].translate(None, _NOT_BASE64))
        return kept * 3 // 4
    if encoding == "quoted-printable" or encoding in _UUE:
        return len(decode(raw[start:end], encoding))
    return end - start


@dataclass(frozen=True, slots=True)
class UuFile:
    """A uuencoded file inside text: offsets of the whole block and of its lines."""

    name: bytes
    start: int
    lines: int
    lines_end: int
    end: int

    def data(self, text: bytes) -> bytes:
        """The file's octets; lines that cannot be read are left out."""
        octets = bytearray()
        for line in text[self.lines : self.lines_end].splitlines():
            octets += _uu_line(line)
        return bytes(octets)


def _uu_line(line: bytes) -> bytes:
    if not line:
        return b""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        pass
    try:  # some encoders pad the last line with garbage; the first octet tells the length
        return binascii.a2b_uu(line[: (((line[0] - 32) & 63) * 4 + 5) // 3 + 1])
    except binascii.Error:
        return b""


def uu_files(text: bytes, limit: int = limits.MAX_EMBEDDED) -> list[UuFile]:
    """The uuencoded files of a text body, in order; a block needs its ``end`` line."""
    files: list[UuFile] = []
    pos = 0
    while len(files) < limit:
        begin = _UU_BEGIN.search(text, pos)
        if not begin:
            break
        stop = _UU_END.search(text, begin.end())
        if not stop:
            break
        pos = stop.end()
        if _looks_uu(text, begin.end(), stop.start()):
            files.append(
                UuFile(begin.group(1).strip(), begin.start(), begin.end(), stop.start(), stop.end())
            )
    return files


def _looks_uu(text: bytes, start: int, end: int) -> bool:
    """Whether the lines have the lengths their first octets tell: prose between begin and end has
    not, and must stay in the text."""
    lines = text[start : min(end, start + _UU_SAMPLE)].split(b"\n")
    if end - start > _UU_SAMPLE:
        lines.pop()  # cut in the middle
    checked = [
        line for line in (line.rstrip(b"\r\n ") for line in lines) if line not in (b"", b"`")
    ]
    return bool(checked) and all(map(_is_uu_line, checked))


def _is_uu_line(line: bytes) -> bool:
    if not 33 <= line[0] <= 95:
        return False
    wanted = 1 + (line[0] - 32 + 2) // 3 * 4
    return wanted - 8 <= len(line) <= wanted + 2  # relays strip spaces, encoders add a checksum
