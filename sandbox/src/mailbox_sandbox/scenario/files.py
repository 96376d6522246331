"""Small files that are what they say: PDF, PNG, Word, calendar, TNEF, CSV, ZIP."""

from __future__ import annotations

import datetime
import io
import random
import struct
import zipfile
import zlib

_ZIP_DATE = (2025, 1, 1, 0, 0, 0)


def pdf(title: str, lines: list[str], pages: int = 1) -> bytes:
    """Return a PDF that shows *lines* (Latin letters only)."""
    objects: list[bytes] = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    kids = []
    for page in range(pages):
        shown = [f"{title} - page {page + 1}", *lines]
        drawn = "".join(f"({_escape(line)}) Tj T* " for line in shown)
        stream = f"BT /F1 12 Tf 60 780 Td 16 TL {drawn}ET".encode("latin-1", "replace")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(len(objects))
    references = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (references, pages)
    return _pdf_file(objects)


def _escape(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _pdf_file(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, start
    )  # fmt: skip
    return bytes(out)


def png(rng: random.Random, width: int = 64, height: int = 64) -> bytes:
    """Return a PNG with a soft two-colour gradient."""
    first, second = ([rng.randrange(256) for _ in range(3)] for _ in range(2))
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            share = (x + y) / (width + height)
            rows += bytes(
                int(a * (1 - share) + b * share) for a, b in zip(first, second, strict=True)
            )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(rows), 9)) + _chunk(b"IEND", b"")
    )  # fmt: skip


def photo(rng: random.Random, size: int) -> bytes:
    """Return a PNG of about *size* bytes (noise, so that it does not compress)."""
    width = 640
    height = max(1, size // (3 * width))
    rows = b"".join(b"\0" + rng.randbytes(3 * width) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows, 0)) + _chunk(b"IEND", b"")
    )  # fmt: skip


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def archive(files: dict[str, bytes]) -> bytes:
    """Return a ZIP with fixed dates, so the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(zipfile.ZipInfo(name, _ZIP_DATE), data)
    return buffer.getvalue()


def docx(paragraphs: list[str]) -> bytes:
    """Return a minimal Word document."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    office = "http://schemas.openxmlformats.org"
    body = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in paragraphs)
    types = (
        f'<Types xmlns="{office}/package/2006/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
        'PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument'
        '.wordprocessingml.document.main+xml"/></Types>'
    )
    relations = (
        f'<Relationships xmlns="{office}/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{office}/officeDocument/2006/relationships/officeDocument" '
        'Target="word/document.xml"/></Relationships>'
    )
    document = f'<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>'
    parts = {"[Content_Types].xml": types, "_rels/.rels": relations, "word/document.xml": document}
    return archive({name: text.encode() for name, text in parts.items()})


def calendar(summary: str, start: float, uid: str, organizer: str, attendee: str) -> str:
    """Return an iTIP request for an hour (RFC 5545, 5546)."""
    begin = datetime.datetime.fromtimestamp(start, datetime.timezone.utc).replace(
        minute=0, second=0
    )
    end = begin + datetime.timedelta(hours=1)
    lines = [
        "BEGIN:VCALENDAR", "PRODID:-//mailbox-sandbox//EN", "VERSION:2.0", "METHOD:REQUEST",
        "BEGIN:VEVENT", f"UID:{uid}", f"DTSTAMP:{begin:%Y%m%dT%H%M%SZ}",
        f"DTSTART:{begin:%Y%m%dT%H%M%SZ}", f"DTEND:{end:%Y%m%dT%H%M%SZ}", f"SUMMARY:{summary}",
        f"ORGANIZER:mailto:{organizer}", f"ATTENDEE;RSVP=TRUE:mailto:{attendee}", "SEQUENCE:0",
        "STATUS:CONFIRMED", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def tnef(subject: str, name: str, data: bytes) -> bytes:
    """Return a winmail.dat holding a subject and one file (MS-OXTNEF)."""
    title = subject.encode("ascii", "replace") + b"\0"
    file_name = name.encode("ascii", "replace") + b"\0"
    render = struct.pack("<HIHHI", 1, 0xFFFFFFFF, 32, 32, 0)
    attributes = [
        (1, 0x00089006, struct.pack("<I", 0x00010000)),
        (1, 0x00069007, struct.pack("<II", 1252, 0)),
        (1, 0x00018004, title),
        (2, 0x00069002, render),
        (2, 0x00018010, file_name),
        (2, 0x0006800F, data),
    ]
    out = bytearray(struct.pack("<IH", 0x223E9F78, 1))
    for level, tag, value in attributes:
        out += struct.pack("<BII", level, tag, len(value)) + value
        out += struct.pack("<H", sum(value) & 0xFFFF)
    return bytes(out)


def csv(rng: random.Random, rows: int) -> bytes:
    """Return a price list."""
    lines = ["article;name;price"]
    lines += [f"{1000 + i};Part {rng.randrange(999)};{rng.randrange(100, 9900) / 100:.2f}"
              for i in range(rows)]  # fmt: skip
    return "\r\n".join(lines).encode()
