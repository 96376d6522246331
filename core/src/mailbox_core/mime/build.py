"""``Draft`` to octets that every server takes: RFC 5322 and MIME, seven bits, CRLF.

Nothing a person typed can become a header of its own: a control character or a Unicode line
separator in a header value is refused, not repaired (cf. CVE-2024-6923), and lone CR or LF in a
text become CRLF (SMTP smuggling, VU#302671). The same draft always gives the same octets.
"""

from __future__ import annotations

import binascii
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from email.header import Header
from email.utils import format_datetime
from typing import Literal
from urllib.parse import quote

from ..types import Address, Email
from . import addresses, names

COPY_HEADER = "X-Mailbox-Message-ID"
"""Repeats the Message-ID, as some providers replace it (Gmail does for ids it does not like)."""

MAX_SENT_REFERENCES = 30

_LINE = 76
_MAX_LINE = 998
_UNSAFE = re.compile("[\x00-\x08\x0a-\x1f\x7f\x80-\x9f\u2028\u2029\ud800-\udfff]")
_NEWLINE = re.compile(r"\r\n|\r|\n|\u2028|\u2029")
_ID = re.compile(r"<[!-;=?-~]{1,248}>")
_OWN_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
_FIELD_NAME = re.compile(r"[!-9;-~]{1,70}")
_QUOTABLE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_DOMAIN = re.compile(r"[A-Za-z0-9.-]{1,200}")
_RESERVED = frozenset(
    [
        "from",
        "to",
        "cc",
        "bcc",
        "reply-to",
        "sender",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "mime-version",
        "auto-submitted",
        "x-mailbox-message-id",
        "return-path",
        "received",
    ]
)


class InvalidDraft(ValueError):
    """The draft cannot become a message. The text says which field and why, without its content."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to send. With ``content_id`` it is an image the HTML shows by ``cid:``."""

    filename: str
    content_type: str
    data: bytes
    content_id: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to send. ``date`` must be aware; ``message_id`` is ``<id@domain>``, made with
    ``new_message_id`` and stored before sending, so that a send that broke off can be found
    again.
    """

    from_: Address
    message_id: str
    date: datetime
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    sender: Address | None = None
    subject: str = ""
    text: str | None = None
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    auto_submitted: Literal["auto-generated", "auto-replied"] | None = None


def new_message_id(domain: str) -> str:
    """An id nobody can guess (160 bits). Raises InvalidDraft for what is no domain name."""
    ascii_domain = (addresses.normalize(f"x@{domain}") or "@")[2:]
    if not _DOMAIN.fullmatch(ascii_domain):
        raise InvalidDraft("Message-ID: the domain is not valid")
    return f"<{secrets.token_hex(20)}@{ascii_domain}>"


def reply_references(parent: Email) -> tuple[str, ...]:
    """References of an answer to ``parent`` (RFC 5322 section 3.6.4), trimmed in the middle."""
    chain = parent.references or parent.in_reply_to[:1]
    own = (parent.message_id,) if parent.message_id else ()
    return _trim(tuple(dict.fromkeys(chain + own)))


def _trim(chain: tuple[str, ...]) -> tuple[str, ...]:
    """The root and the last ids: what readers thread by."""
    if len(chain) <= MAX_SENT_REFERENCES:
        return chain
    return chain[:1] + chain[1 - MAX_SENT_REFERENCES :]


def build(draft: Draft, *, keep_bcc: bool = False) -> bytes:
    """The message. Bcc is written only with ``keep_bcc``, for providers that read recipients
    from the header and remove it themselves. Raises InvalidDraft.
    """
    if draft.date.tzinfo is None:
        raise InvalidDraft("Date: a time zone is missing")
    if not _OWN_ID.fullmatch(draft.message_id) or len(draft.message_id) > 250:
        raise InvalidDraft("Message-ID: not a valid id")
    lines = _address_lines(draft, keep_bcc)
    lines.append(_text_line("Subject", draft.subject))
    lines.append(f"Date: {format_datetime(draft.date.astimezone(timezone.utc))}")
    lines.append(f"Message-ID: {draft.message_id}")
    lines.append(f"{COPY_HEADER}: {draft.message_id}")
    lines += _id_lines("In-Reply-To", draft.in_reply_to) + _id_lines(
        "References", _trim(draft.references)
    )
    if draft.auto_submitted:
        lines.append(f"Auto-Submitted: {draft.auto_submitted}")
    lines += [_custom_line(name, value) for name, value in draft.headers]
    lines.append("MIME-Version: 1.0")
    head = "\r\n".join(lines).encode("ascii")
    return head + b"\r\n" + _body(draft)


def _address_lines(draft: Draft, keep_bcc: bool) -> list[str]:
    lists = [
        ("From", (draft.from_,)),
        ("Sender", (draft.sender,) if draft.sender else ()),
        ("Reply-To", draft.reply_to),
        ("To", draft.to),
        ("Cc", draft.cc),
        ("Bcc", draft.bcc if keep_bcc else ()),
    ]
    return [
        _fold(name, [_address(name, one) for one in group], ", ") for name, group in lists if group
    ]


def _safe(name: str, value: str) -> str:
    if _UNSAFE.search(value):
        raise InvalidDraft(f"{name}: line breaks and control characters are not allowed")
    return value.replace("\t", " ")


def _address(field: str, address: Address) -> str:
    name = _safe(field, address.name).strip()
    email = addresses.normalize(_safe(field, address.email))
    if email is None or not email.isascii():
        raise InvalidDraft(f"{field}: an address is not valid")
    if not name:
        return email
    if not name.isascii() or "=?" in name:
        return f"{_words(field, name)} <{email}>"
    if _QUOTABLE.fullmatch(name) and len(name) <= _LINE:
        return f"{name} <{email}>"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{email}>'


def _words(field: str, text: str) -> str:
    return Header(text, "utf-8", maxlinelen=75, header_name=field).encode(linesep="\r\n")


def _text_line(name: str, text: str) -> str:
    text = _safe(name, text).strip()
    words = text.split(" ")
    if text.isascii() and "=?" not in text and "" not in words and max(map(len, words)) < 200:
        return _fold(name, words, " ")
    return f"{name}: {_words(name, text)}" if text else f"{name}:"


def _custom_line(name: str, value: str) -> str:
    lower = name.lower()
    if not _FIELD_NAME.fullmatch(name) or lower in _RESERVED or lower.startswith("content-"):
        raise InvalidDraft("a header of this name cannot be set")
    return _text_line(name, value)


def _id_lines(name: str, ids: Sequence[str]) -> list[str]:
    """Ids of others are copied only if they are harmless; odd ones would break the header of
    some servers.
    """
    for one in ids:
        _safe(name, one)
    good = [one for one in ids if _ID.fullmatch(one)]
    return [_fold(name, good, " ")] if good else []


def _fold(name: str, items: Sequence[str], separator: str) -> str:
    """Items on lines of at most 76 characters where they fit; an item is never broken."""
    lines = [f"{name}:"]
    mark = separator.rstrip()
    ended = [f"{item}{mark}" for item in items[:-1]] + list(items[-1:])
    for number, item in enumerate(ended):
        last_line = lines[-1].rpartition("\r\n")[2]
        if len(last_line) + 1 + len(item.partition("\r\n")[0]) > _LINE and number:
            lines.append(f" {item}")
        else:
            lines[-1] += f" {item}"
    return "\r\n".join(lines)


def _body(draft: Draft) -> bytes:
    inline = [one for one in draft.attachments if one.content_id and draft.html is not None]
    files = [one for one in draft.attachments if one not in inline]
    html = _text_part("html", draft.html) if draft.html is not None else None
    if html is not None and inline:
        html = _multipart("related", [html, *(_file_part(one, inline=True) for one in inline)])
    text = _text_part("plain", draft.text or "") if draft.text is not None or html is None else None
    content = _multipart("alternative", [text, html]) if text and html else text or html or b""
    if files:
        content = _multipart("mixed", [content, *(_file_part(one, inline=False) for one in files)])
    return content


def _multipart(kind: str, parts: Sequence[bytes]) -> bytes:
    """The boundary is a digest of the parts: it cannot occur in them, and needs no chance."""
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]
    boundary = f"=_{digest}"
    delimiter = f"\r\n--{boundary}".encode("ascii")
    head = f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n'.encode("ascii")
    return head + b"".join(delimiter + b"\r\n" + part for part in parts) + delimiter + b"--\r\n"


def _text_part(subtype: str, text: str) -> bytes:
    text = _NEWLINE.sub("\r\n", text.replace("\0", "\ufffd"))
    data = text.encode("utf-8", "replace")
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: '.encode(
        "ascii"
    )
    if data.isascii() and all(len(line) <= _MAX_LINE - 20 for line in data.split(b"\r\n")):
        return head + b"7bit\r\n\r\n" + data
    if sum(octet > 127 for octet in data[:4096]) * 3 > min(len(data), 4096):
        return head + b"base64\r\n\r\n" + _base64(data)
    return head + b"quoted-printable\r\n\r\n" + _quoted_printable(data)


def _quoted_printable(data: bytes) -> bytes:
    """RFC 2045 section 6.7; binascii ends its soft breaks with LF when a line has no CRLF of its
    own.
    """
    lines = (
        binascii.b2a_qp(line, quotetabs=False, istext=False, header=False)
        for line in data.split(b"\r\n")
    )
    return b"\r\n".join(line.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for line in lines)


def _base64(data: bytes) -> bytes:
    encoded = binascii.b2a_base64(data, newline=False)
    return b"\r\n".join(encoded[at : at + _LINE] for at in range(0, len(encoded), _LINE)) + b"\r\n"


def _file_part(file: Attachment, *, inline: bool) -> bytes:
    content_type = file.content_type.lower().strip()
    if not _TYPE.fullmatch(content_type) or content_type.startswith(("multipart/", "message/")):
        # RFC 2046 section 5.2.1 forbids base64 for messages; a plain file keeps its octets.
        content_type = "application/octet-stream"
    name = names.safe_filename(_safe("file name", file.filename)) or names.default_filename(
        content_type, "1"
    )
    lines = [f"Content-Type: {content_type}", "Content-Transfer-Encoding: base64"]
    disposition = "inline" if inline else "attachment"
    lines.append(f"Content-Disposition: {disposition}{_filename_parameter(name)}")
    if file.content_id:
        cid = _safe("Content-ID", file.content_id).strip("<>")
        if not re.fullmatch(r"[!-;=?-~]{1,200}", cid):
            raise InvalidDraft("Content-ID: not a valid id")
        lines.append(f"Content-ID: <{cid}>")
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + _base64(file.data)


def _filename_parameter(name: str) -> str:
    """RFC 2231, in sections that keep lines short; plain ASCII names as every reader knows them."""
    if _QUOTABLE.fullmatch(name.replace(".", "")) and len(name) <= 60:
        return f';\r\n filename="{name}"'
    sections = [quote(name[at : at + 10], safe="") for at in range(0, len(name), 10)]
    if len(sections) == 1:
        return f";\r\n filename*=utf-8''{sections[0]}"
    sections[0] = f"utf-8''{sections[0]}"
    return "".join(f";\r\n filename*{number}*={section}" for number, section in enumerate(sections))
