"""Bad mail, second shelf: resource bombs, attachments and odd contents."""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import random
import struct
import zipfile
from collections.abc import Callable
from urllib.parse import quote

from .corpus_base import Made, message

MB = 1_000_000


def nested(depth: int) -> bytes:
    """Multiparts inside each other, never closed."""
    levels = (f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth))
    return b"From: a@example.com\nSubject: deep\n" + "".join(levels).encode() + b"\nbottom\n"


def nested_messages(depth: int) -> bytes:
    """Messages attached to messages."""
    return (
        b"".join(b"From: a@example.com\nContent-Type: message/rfc822\n\n" for _ in range(depth))
        + b"\nend\n"
    )


def many_parts(count: int) -> bytes:
    """A flat multipart with very many parts."""
    return message("", b"--b\n\nx\n" * count + b"--b--\n", "multipart/mixed; boundary=b")


def _recipients(count: int) -> bytes:
    people = ",\n ".join(f'"Person, {n}" <p{n}@example.org>' for n in range(count))
    return f"From: a@example.com\nTo: {people}\nSubject: all\n\nhi\n".encode()


def _attachment(name: str, data: bytes, content_type: str = "application/octet-stream") -> bytes:
    part = (
        f'--b\nContent-Type: {content_type}\nContent-Disposition: attachment; filename="{name}"\n'
        f"Content-Transfer-Encoding: base64\n\n"
    ).encode() + base64.encodebytes(data)
    return message("", b"--b\n\nsee file\n" + part + b"--b--\n", "multipart/mixed; boundary=b")


def _archives() -> tuple[bytes, bytes]:
    zeros = bytes(20 * MB)
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", zeros)
    return gzip.compress(zeros, mtime=0), box.getvalue()


BOMBS: dict[str, Callable[[], bytes]] = {
    "nested-300": lambda: nested(300),
    "nested-10000": lambda: nested(10_000),
    "nested-same-boundary": lambda: b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 10_000,
    "nested-alternative": lambda: nested(3_000).replace(b"mixed", b"alternative"),
    "nested-messages-10000": lambda: nested_messages(10_000),
    "parts-100000": lambda: many_parts(100_000),
    "parts-all-closing": lambda: message("", b"--b--\n" * 100_000, "multipart/mixed; boundary=b"),
    "parts-nearly": lambda: message("", b"--bx\n" * 2_000_000, "multipart/mixed; boundary=b"),
    "parts-html": lambda: message(
        "", b"--b\nContent-Type: text/html\n\n<p>x\n" * 20_000, "multipart/mixed; boundary=b"
    ),
    "header-1mb": lambda: b"X-Long: " + b"x" * MB + b"\n" + message(),
    "header-folded": lambda: b"X-Long: " + b"x\n " * 300_000 + b"\n" + message(),
    "header-spaces": lambda: b"X-Long: a" + b" " * 60_000 + b"b\n" + message(),
    "header-names": lambda: b"".join(b"X-%d: y\n" % n for n in range(100_000)) + message(),
    "header-no-colon": lambda: b"x" * MB + b"\n" + message(),
    "header-junk-lines": lambda: b"x\n" * 200_000 + message(),
    "subject-words": lambda: b"Subject: " + b"=?utf-8?q?a?= " * 5_000 + b"\n" + message(),
    "subject-open-words": lambda: b"Subject: " + b"=?a?q?" * 10_000 + b"\n" + message(),
    "subject-questions": lambda: b"Subject: =?utf-8?q?" + b"?=" * 30_000 + b"\n" + message(),
    "recipients-10000": lambda: _recipients(10_000),
    "recipients-comments": lambda: b"To: " + b"(" * 60_000 + b"\n" + message(),
    "recipients-quotes": lambda: b'To: "' + b'\\"' * 30_000 + b"\n" + message(),
    "recipients-angles": lambda: b"To: " + b"<a@" * 20_000 + b"\n" + message(),
    "recipients-groups": lambda: b"To: " + b"g:a@b.c;" * 8_000 + b"\n" + message(),
    "references-200k": lambda: (
        b"References: " + b"<abcdefghij@example.com>\n " * 8_000 + b"\n" + message()
    ),
    "references-open": lambda: b"References: " + b"<" * 60_000 + b"\n" + message(),
    "parameters": lambda: b"Content-Type: text/plain" + b"; a=b" * 12_000 + b"\n\nhi\n",
    "parameter-sections": lambda: b"Content-Type: text/plain" + b"; name*9=x" * 6_000 + b"\n\nhi\n",
    "base64-line-50mb": lambda: message(
        "Content-Transfer-Encoding: base64\n", b"QUJD" * 12_500_000, "application/pdf"
    ),
    "base64-text-50mb": lambda: message(
        "Content-Transfer-Encoding: base64\n", b"QUJD" * 12_500_000
    ),
    "base64-padding": lambda: message(
        "Content-Transfer-Encoding: base64\n", b"QQ==" * 1_000_000, "application/pdf"
    ),
    "base64-equals": lambda: message("Content-Transfer-Encoding: base64\n", b"=" * 5 * MB + b"Q"),
    "quoted-printable-50mb": lambda: message(
        "Content-Transfer-Encoding: quoted-printable\n", b"=C3=BC=\n" * 6_000_000, "application/pdf"
    ),
    "uuencode-begins": lambda: message("", b"begin 644 x\n" * 200_000),
    "uuencode-files": lambda: message("", b"begin 644 x\n#86)C\n \nend\n" * 50_000),
    "text-50mb": lambda: message("", b"some words and more words\n" * 2_000_000),
    "html-nested": lambda: message("", b"<div>" * 400_000, "text/html"),
    "html-tables": lambda: message("", b"<table><tr><td>" * 200_000, "text/html"),
    "html-attributes": lambda: message("", b"<p " + b"a=b " * MB, "text/html"),
    "quotes": lambda: message("", b"> " * MB + b"\n" + b">" * MB + b"\nOn 1 " * 200_000),
    "flowed": lambda: message("", b"> a \n" * 800_000, "text/plain; format=flowed"),
    "eight-bit": lambda: message("", bytes(range(128, 256)) * 80_000, "text/plain; charset=x-none"),
    "utf-7": lambda: message("", b"+AGE-" * MB, "text/plain; charset=utf-7"),
    "gzip": lambda: _attachment("bomb.gz", _archives()[0], "application/gzip"),
    "zip": lambda: _attachment("bomb.zip", _archives()[1], "application/zip"),
    "tnef-lengths": lambda: _attachment(
        "winmail.dat", struct.pack("<IH", 0x223E9F78, 1) + b"\xff" * MB
    ),
    "tnef-attributes": lambda: _attachment(
        "winmail.dat",
        struct.pack("<IH", 0x223E9F78, 1) + struct.pack("<BIIH", 2, 0x00069002, 0, 0) * 100_000,
    ),
}


def bombs(rng: random.Random) -> Made:
    """Made to be slow, big or deep."""
    for name, make in BOMBS.items():
        yield name, make(), {}


def tnef(files: list[tuple[str, bytes]]) -> bytes:
    """A winmail.dat with these files, names in both of the places Outlook writes them."""
    stream = struct.pack("<IH", 0x223E9F78, 1)

    def attribute(number: int, value: bytes) -> bytes:
        return (
            struct.pack("<BII", 2, number, len(value))
            + value
            + struct.pack("<H", sum(value) & 0xFFFF)
        )

    for name, data in files:
        wide = (name + "\0").encode("utf-16-le")
        padded = wide + bytes(-len(wide) % 4)
        props = (
            struct.pack("<IIIII", 2, 0x0E200003, len(data), 0x3707001F, 1)
            + struct.pack("<I", len(wide))
            + padded
        )
        stream += attribute(0x00069002, bytes(14))
        stream += attribute(0x00018010, name.encode("ascii", "replace")[:8] + b"\0")
        stream += attribute(0x0006800F, data) + attribute(0x00069005, props)
    return stream


_NAMES = (
    "../../etc/passwd",
    "..\\..\\windows\\system.ini",
    "/etc/shadow",
    "C:\\boot.ini",
    "invoice\u202efdp.exe",
    "a\u200bb\u2066c.pdf",
    "x" * 300 + ".pdf",
    "日" * 200 + ".docx",
    "same.txt",
    "same.txt",
    "con.txt",
    "LPT1",
    "...",
    "",
    " ",
    "a\tb.txt",
    "trailing. ",
    "semi;colon.txt",
    "per%20cent.txt",
    "<script>.html",
    "mail.msg",
    "smime.p7m",
    "encrypted.asc",
    "photo.jpg.exe",
    ".htaccess",
)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def attachments(rng: random.Random) -> Made:
    """Names that attack, empty files, messages, TNEF, uuencode, external bodies, S/MIME and PGP."""
    for number, name in enumerate(_NAMES):
        data = rng.randbytes(rng.randint(0, 200))
        part = base64.encodebytes(data).decode()
        plain = name.replace("\\", "\\\\").replace('"', '\\"')
        forms = {
            "quoted": f'attachment; filename="{plain}"',
            "2231": f"attachment; filename*=utf-8''{quote(name, safe='')}",
            "word": f'attachment; filename="=?utf-8?b?{_b64(name)}?="',
        }
        for form, disposition in forms.items():
            head = (
                f"--b\nContent-Disposition: {disposition}\n"
                f"Content-Transfer-Encoding: base64\n\n{part}--b--\n"
            )
            yield (
                f"{form}-{number}",
                message("", head.encode(), "multipart/mixed; boundary=b"),
                {"files": [data]},
            )
    yield from _containers(rng)


def _containers(rng: random.Random) -> Made:
    for number in range(10):
        files = [
            (f"Datei {n} ü.txt", rng.randbytes(rng.randint(1, 99))) for n in range(1 + number % 3)
        ]
        stream = tnef(files)
        yield (
            f"tnef-{number}",
            _attachment("winmail.dat", stream, "application/ms-tnef"),
            {"files": [stream, *(data for _, data in files)]},
        )
        data = rng.randbytes(rng.randint(1, 120))
        lines = [binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45)]
        block = b"begin 644 f.bin\n" + b"".join(lines) + b" \nend\n"
        yield f"uu-{number}", message("", b"Look:\n\n" + block + b"Bye\n"), {"files": [data]}
    inner = message("", b"inner\n")
    for number, (kind, payload) in enumerate(
        (
            ("message/rfc822", inner),
            ("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", b"MIIB"),
            ("application/pgp-encrypted", b"Version: 1"),
            ("application/vnd.ms-outlook; name=mail.msg", b"\xd0\xcf\x11\xe0"),
            ('message/external-body; access-type=URL; URL="http://example.com/x"', b"\n"),
        )
    ):
        body = f"--b\n\nsee\n--b\nContent-Type: {kind}\n\n".encode() + payload + b"\n--b--\n"
        expect: dict[str, object] = {"files": [payload]}
        yield f"kind-{number}", message("", body, "multipart/mixed; boundary=b"), expect
    yield (
        "encrypted",
        message(
            "",
            b"--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\n"
            b"Content-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\n--b--\n",
            "multipart/encrypted; protocol=application/pgp-encrypted; boundary=b",
        ),
        {"files": [b"Version: 1", b"-----BEGIN PGP MESSAGE-----"]},
    )


_CALENDAR = (
    b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
_CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Anna\r\nEND:VCARD\r\n"


def content(rng: random.Random) -> Made:
    """Calendars, cards, nothing at all, pictures only, very large ones."""
    kinds: list[tuple[str, str, bytes]] = [
        ("calendar", "text/calendar; method=REQUEST; charset=utf-8", _CALENDAR),
        ("card", "text/vcard; charset=utf-8", _CARD),
        ("image", "image/png; name=p.png", b"\x89PNG"),
        ("empty", "text/plain", b""),
        ("blank", "text/html", b"<html><body> &nbsp; </body></html>"),
        ("bare-type", "application/x-strange", b"?"),
    ]
    for number in range(10):
        for name, content_type, body in kinds:
            if number % 2:
                part = f"--b\nContent-Type: {content_type}\n\n".encode() + body + b"\n--b--\n"
                yield f"{name}-{number}", message("", part, "multipart/mixed; boundary=b"), {}
            else:
                yield f"{name}-{number}", message("", body, content_type), {}
    yield "large-25mb", _attachment("film.mp4", rng.randbytes(18 * MB), "video/mp4"), {}
    yield "only-header", b"Subject: nothing else", {}
    yield "nothing", b"", {}
