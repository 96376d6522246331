"""The mails of a benchmark: one deterministic mix of sizes, kinds and threads, as a Maildir.

Of a hundred mails 62 are plain texts of 1 to 8 KB, 20 are HTML newsletters of 20 to 90 KB, 10 are
short HTML replies with the text they answer, 8 carry files of 20 to 400 KB, and of a thousand 6
carry 1 to 5 MB. Words follow Zipf's law over a vocabulary of 30,000, so that a full text index has
as much to do as with real mail. Threads have four mails on average.
"""

import base64
import quopri
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from itertools import accumulate
from pathlib import Path

#: Changes of what is written make a new folder.
EDITION = 1
NEEDLES = 20
_FIRST_DAY = datetime(2024, 3, 1, 8, tzinfo=timezone.utc)
_KINDS = ("plain", "newsletter", "reply", "files", "large")
_SHARES = (620, 200, 100, 74, 6)
_SYLLABLES = [first + last for first in "bdfghklmnprstvw" for last in ("a", "e", "i", "o", "u")]
_TYPES = (("application/pdf", "pdf"), ("image/jpeg", "jpg"), ("application/zip", "zip"))


@dataclass
class _Thread:
    subject: str
    chain: list[str]


class Mix:
    """Writes mail after mail; the same numbers give the same bytes."""

    def __init__(self) -> None:
        self._rng = random.Random("mailbox bench")
        self._words = ["".join(self._rng.choices(_SYLLABLES, k=2 + n % 3)) for n in range(30_000)]
        self._weights = list(accumulate(1 / (rank + 10) for rank in range(len(self._words))))
        self._threads: list[_Thread] = []

    def mails(self, count: int) -> Iterator[bytes]:
        """The first ``count`` mails, oldest first."""
        for number in range(count):
            kind = self._rng.choices(_KINDS, _SHARES)[0]
            body = getattr(self, f"_{kind}")(number)
            yield self._header(number, kind) + body

    def _header(self, number: int, kind: str) -> bytes:
        thread = self._thread(kind)
        own = f"<bench.{number}@mail.example>"
        person = self._rng.randrange(2000)
        lines = [
            f"Received: from mx{person % 7}.example by mail.example with ESMTPS id {number:08x}",
            f"Message-ID: {own}",
            f"Date: {format_datetime(_FIRST_DAY + timedelta(seconds=97 * number))}",
            f"From: {self._text(2).title()} <person{person}@firm{person % 300}.example>",
            "To: Demo <demo@example.com>",
            f"Subject: {'Re: ' if thread.chain else ''}{thread.subject}",
            "MIME-Version: 1.0",
        ]
        if thread.chain:
            lines += [f"In-Reply-To: {thread.chain[-1]}", f"References: {' '.join(thread.chain)}"]
        if kind == "newsletter":
            lines += ["List-Id: <news.example>", "List-Unsubscribe: <https://news.example/u>"]
        thread.chain = [*thread.chain[-9:], own]
        return ("\r\n".join(lines) + "\r\n").encode()

    def _thread(self, kind: str) -> _Thread:
        if kind != "newsletter" and self._threads and self._rng.random() < 0.8:
            return self._rng.choice(self._threads[-40:])
        thread = _Thread(self._text(6).capitalize() + f" {self._rng.randrange(10**9)}", [])
        if kind != "newsletter":
            self._threads.append(thread)
        return thread

    # -- words ---------------------------------------------------------------------------------

    def _text(self, count: int) -> str:
        return " ".join(self._rng.choices(self._words, cum_weights=self._weights, k=count))

    def _paragraphs(self, characters: int, number: int) -> str:
        lines = [f"Grüße — needle{number % NEEDLES}q" if number % 50 < 1 else "Hallo,"]
        size = 0
        while size < characters:
            lines.append(self._text(self._rng.randrange(8, 15)).capitalize() + ".")
            size += len(lines[-1])
        return "\r\n".join(lines) + "\r\n"

    # -- kinds ---------------------------------------------------------------------------------

    def _plain(self, number: int) -> bytes:
        text = self._paragraphs(self._rng.choice((600, 1200, 2500, 6500)), number)
        if number % 4:
            return _part("text/plain; charset=utf-8", "8bit", text.encode())
        return _part("text/plain; charset=iso-8859-1", "quoted-printable", _quoted(text, "latin-1"))

    def _newsletter(self, number: int) -> bytes:
        rows, size, wanted = [], 0, self._rng.randrange(18_000, 85_000)
        while size < wanted:
            image = f"https://img.example/{self._rng.randrange(10**9)}.png"
            rows.append(
                f'<tr><td style="padding:12px;font:14px Arial;color:#333333" width="280">'
                f'<a href="https://news.example/c/{self._rng.randrange(10**12)}"><img src="{image}"'
                f' width="280" height="120" alt=""></a><h3 style="margin:0">{self._text(6)}</h3>'
                f'<p style="line-height:20px">{self._text(60)}</p></td></tr>'
            )
            size += len(rows[-1])
        html = (
            "<html><head><style>td{font-size:14px}</style></head><body><table>"
            + "\r\n".join(rows)
            + "</table></body></html>"
        )
        return self._alternative(self._paragraphs(1500, number), html)

    def _reply(self, number: int) -> bytes:
        text, quoted = self._paragraphs(500, number), self._paragraphs(1500, 1)
        html = (
            "<div>" + text.replace("\r\n", "<br>") + "</div><blockquote>"
            + quoted.replace("\r\n", "<br>") + "</blockquote>"
        )  # fmt: skip
        plain = text + "".join(f"> {line}\r\n" for line in quoted.split("\r\n"))
        return self._alternative(plain, html)

    def _files(self, number: int) -> bytes:
        sizes = [self._rng.randrange(20_000, 400_000) for _ in range(1 + number % 4 // 3)]
        return self._mixed(number, sizes)

    def _large(self, number: int) -> bytes:
        return self._mixed(number, [self._rng.randrange(1_000_000, 3_700_000)])

    def _alternative(self, text: str, html: str) -> bytes:
        plain = _part("text/plain; charset=utf-8", "quoted-printable", _quoted(text))
        rich = _part("text/html; charset=utf-8", "quoted-printable", _quoted(html))
        return _multipart("alternative", [plain, rich])

    def _mixed(self, number: int, sizes: list[int]) -> bytes:
        parts = [self._plain(number)]
        for index, size in enumerate(sizes):
            kind, extension = _TYPES[(number + index) % len(_TYPES)]
            name = f"file-{number}-{index}.{extension}"
            head = f'{kind}; name="{name}"\r\nContent-Disposition: attachment; filename="{name}"'
            data = base64.encodebytes(self._rng.randbytes(size)).replace(b"\n", b"\r\n")
            parts.append(_part(head, "base64", data))
        return _multipart("mixed", parts)


def maildir(root: Path, count: int) -> Path:
    """The Maildir with the first ``count`` mails below ``root``, written when it is not there."""
    folder = root / f"mails-{EDITION}-{count}"
    if (folder / "complete").exists():
        return folder / "Maildir"
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("cur", "new", "tmp"):
        (folder / "Maildir" / name).mkdir(parents=True)
    for number, mail in enumerate(Mix().mails(count)):
        flags = "S" if number % 8 else ""
        path = folder / "Maildir" / "cur" / f"{1_700_000_000 + number}.{number}.bench:2,{flags}"
        path.write_bytes(mail)
    (folder / "complete").touch()
    return folder / "Maildir"


def files(folder: Path) -> list[Path]:
    """The mails of a Maildir, oldest first."""
    return sorted((folder / "cur").iterdir())


def _part(kind: str, encoding: str, body: bytes) -> bytes:
    head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + body


def _multipart(kind: str, parts: list[bytes]) -> bytes:
    head = f'Content-Type: multipart/{kind}; boundary="=_bench_{kind}"\r\n\r\n'.encode()
    mark = f"--=_bench_{kind}".encode()
    return head + b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


def _quoted(text: str, charset: str = "utf-8") -> bytes:
    data = text.replace("\r\n", "\n").encode(charset, "replace")
    return quopri.encodestring(data).replace(b"\n", b"\r\n")
