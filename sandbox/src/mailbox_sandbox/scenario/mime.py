"""Writing messages as bytes: quick, deterministic, and free to be wrong where a story wants it."""

from __future__ import annotations

import base64
import email.header
import email.utils
import quopri
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

CRLF = b"\r\n"


@dataclass
class Body:
    """A MIME part: its header fields and encoded content."""

    fields: list[tuple[str, str]]
    content: bytes

    def render(self) -> bytes:
        """Return the part as bytes."""
        return _fields(self.fields) + CRLF + self.content


@dataclass
class Letter:
    """The envelope side of a message; ``extra`` fields come last."""

    sender: tuple[str, str]
    to: Sequence[tuple[str, str]]
    subject: str
    date: float
    message_id: str
    charset: str = "utf-8"
    references: Sequence[str] = ()
    cc: Sequence[tuple[str, str]] = ()
    extra: list[tuple[str, str]] = field(default_factory=list)


def _fields(fields: Sequence[tuple[str, str]]) -> bytes:
    return b"".join(f"{name}: {value}".encode("utf-8", "surrogateescape") + CRLF
                    for name, value in fields)  # fmt: skip


def encode_word(text: str, charset: str = "utf-8", limit: int = 900) -> str:
    """Return *text* as RFC 2047 wants it; ASCII stays readable."""
    if text.isascii():
        return text
    header = email.header.Header(text, fitting(text, charset), maxlinelen=limit)
    return header.encode(linesep="\r\n")


def fitting(text: str, charset: str) -> str:
    """Return *charset* if it can write *text*, else UTF-8, as mail programs do."""
    try:
        text.encode(charset)
    except (UnicodeEncodeError, LookupError):
        return "utf-8"
    return charset


def address(person: tuple[str, str], charset: str = "utf-8") -> str:
    """Return ``Name <address>``, the name encoded when needed."""
    name, email_address = person
    if not name:
        return email_address
    if name.isascii():
        return email.utils.formataddr((name, email_address))
    return f"{encode_word(name, charset)} <{email_address}>"


def text(content: str, kind: str = "plain", charset: str = "utf-8", encoding: str = "") -> Body:
    """Return a text part; the encoding is chosen by content unless given."""
    charset = fitting(content, charset)
    data = content.replace("\n", "\r\n").encode(charset)
    ascii_only = data.isascii() and b"\x1b" not in data
    how = encoding or ("7bit" if ascii_only and _short(data) else "quoted-printable")
    if how == "base64":
        data = base64.encodebytes(data).replace(b"\n", CRLF)
    elif how == "quoted-printable":
        data = quopri.encodestring(data.replace(CRLF, b"\n")).replace(b"\n", CRLF)
    return Body(
        [("Content-Type", f'text/{kind}; charset="{charset}"'),
         ("Content-Transfer-Encoding", how)],
        data,
    )  # fmt: skip


def _short(data: bytes) -> bool:
    return all(len(line) < 900 for line in data.split(CRLF))


def attachment(name: str, kind: str, data: bytes, content_id: str = "") -> Body:
    """Return a file part; with *content_id* it is shown inline."""
    shown = encode_word(name)
    disposition = "inline" if content_id else "attachment"
    fields = [
        ("Content-Type", f'{kind}; name="{shown}"'),
        ("Content-Disposition", f"{disposition}; {_filename(name)}"),
        ("Content-Transfer-Encoding", "base64"),
    ]
    if content_id:
        fields.append(("Content-ID", f"<{content_id}>"))
    return Body(fields, base64.encodebytes(data).replace(b"\n", CRLF))


def _filename(name: str) -> str:
    if name.isascii():
        return f'filename="{name}"'
    return "filename*=" + email.utils.encode_rfc2231(name, "utf-8")


def multipart(kind: str, parts: Sequence[Body], rng: random.Random, extra: str = "") -> Body:
    """Return a multipart container."""
    boundary = f"=_{rng.getrandbits(96):024x}"
    pieces = [b"--" + boundary.encode() + CRLF + part.render() + CRLF for part in parts]
    content = b"".join(pieces) + b"--" + boundary.encode() + b"--" + CRLF
    value = f'multipart/{kind}; boundary="{boundary}"{extra}'
    return Body([("Content-Type", value)], content)


def message(letter: Letter, body: Body) -> bytes:
    """Return the whole message."""
    charset = letter.charset
    fields = [
        ("From", address(letter.sender, charset)),
        ("To", ", ".join(address(person, charset) for person in letter.to)),
        ("Subject", encode_word(letter.subject, charset, 70)),
        ("Date", email.utils.formatdate(letter.date)),
        ("Message-ID", letter.message_id),
    ]
    if letter.cc:
        fields.insert(2, ("Cc", ", ".join(address(person, charset) for person in letter.cc)))
    if letter.references:
        fields.append(("In-Reply-To", letter.references[-1]))
        fields.append(("References", "\r\n ".join(letter.references)))
    fields += [*letter.extra, ("MIME-Version", "1.0"), *body.fields]
    return _fields(fields) + CRLF + body.content
