"""Raw octets to ``Email``: never raises, never runs long, and the same octets always give the
same answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from ..types import Address, Email
from . import addresses, body, classify, fields, limits
from .fingerprint import fingerprint
from .headers import HeaderBlock, decoded
from .parts import Found, list_parts, octets_of
from .quote import new_text
from .structure import scan, scan_head

_ONCE = ("from", "subject", "to", "cc", "reply-to", "in-reply-to", "references")

_LOOKED_AT = 20 * limits.MAX_SNIPPET

_T = TypeVar("_T")


def parse(raw: bytes) -> Email:
    """Read a message (RFC 5322, MIME). What had to be guessed or cut is named in ``Email.defects``:

    ``address`` ``body`` ``boundary`` ``charset`` ``content-type`` ``date`` ``depth``
    ``duplicate-header`` ``encoding`` ``epilogue`` ``from`` ``headers`` ``line-ends``
    ``message-id`` ``parts`` ``preamble`` ``references`` ``tnef``.
    """
    tree = scan(raw)
    block = tree.root.fields
    notes = _Notes(tree.defects)
    selector = body.Selector(tree)
    selection = selector.run()
    text, html = body.join_text(selection.pieces), body.join_html(selection.pieces)
    reader = _Reader(block, selector.hint, notes)
    from_ = reader.addresses("from")
    sender = reader.sender(from_)
    subject = notes("charset", decoded(block.raw("subject"), selector.hint))[: limits.MAX_SUBJECT]
    date = notes("date", fields.date(block.all("date"), block.all("received")))
    found = list_parts(tree, selection)
    return Email(
        message_id=notes("message-id", fields.message_id(block.all("message-id"))),
        in_reply_to=notes("references", fields.references(block.all("in-reply-to"))),
        references=notes("references", fields.references(block.all("references"))),
        date=date,
        subject=subject,
        from_=from_,
        sender=sender,
        reply_to=reader.addresses("reply-to"),
        to=reader.addresses("to"),
        cc=reader.addresses("cc"),
        bcc=reader.addresses("bcc"),
        headers=reader.headers(),
        text=text,
        html=html,
        snippet=snippet(text, html),
        parts=tuple(item.part for item in found),
        fingerprint=fingerprint(tree, found, sender, subject, date, text or html),
        automatic=classify.automatic(tree),
        defects=tuple(sorted(tree.defects)),
    )


def parse_head(raw: bytes) -> Email:
    """Read the header of a message whose octets may end anywhere behind it: a tenth of the work of
    ``parse``, for decisions that ask nothing of the body.

    Text, parts, snippet, fingerprint and ``automatic`` are empty, and ``defects`` are those of the
    header: they need the body.
    """
    tree = scan_head(raw)
    block, notes = tree.root.fields, _Notes(tree.defects)
    hint = tree.root.parameters.get("charset")
    reader = _Reader(block, hint, notes)
    from_ = reader.addresses("from")
    return Email(
        message_id=notes("message-id", fields.message_id(block.all("message-id"))),
        in_reply_to=notes("references", fields.references(block.all("in-reply-to"))),
        references=notes("references", fields.references(block.all("references"))),
        date=notes("date", fields.date(block.all("date"), block.all("received"))),
        subject=notes("charset", decoded(block.raw("subject"), hint))[: limits.MAX_SUBJECT],
        from_=from_,
        sender=reader.sender(from_),
        reply_to=reader.addresses("reply-to"),
        to=reader.addresses("to"),
        cc=reader.addresses("cc"),
        bcc=reader.addresses("bcc"),
        headers=reader.headers(),
        text=None,
        html=None,
        snippet="",
        parts=(),
        fingerprint="",
        defects=tuple(sorted(tree.defects)),
    )


class _Notes:
    """Turns (value, doubtful) into the value, remembering the doubt by name."""

    def __init__(self, defects: set[str]) -> None:
        self.defects = defects

    def __call__(self, word: str, answer: tuple[_T, bool]) -> _T:
        value, doubtful = answer
        if doubtful:
            self.defects.add(word)
        return value


class _Reader:
    """The top header of a message, decoded with the charset its body declares as a hint."""

    def __init__(self, block: HeaderBlock, hint: str | None, notes: _Notes) -> None:
        self.block = block
        self.hint = hint
        self.notes = notes
        if any(len(block.all(name)) > 1 for name in _ONCE):
            notes.defects.add("duplicate-header")

    def addresses(self, name: str) -> tuple[Address, ...]:
        return self.notes("address", addresses.parse(self.block.all(name), self.hint))

    def sender(self, from_: tuple[Address, ...]) -> Address | None:
        """The one address the message counts as sent by.

        The first From address. Of several, the one that Sender names (RFC 5322 section 3.6.2).
        Without any, Sender, then Return-Path. A Sender that is not among the From addresses never
        replaces them.
        """
        named, _ = addresses.parse(self.block.all("sender"), self.hint)
        if len(from_) != 1:
            self.notes.defects.add("from")
        if from_:
            emails = {one.email: one for one in from_}
            chosen = next((emails[one.email] for one in named if one.email in emails), None)
            return chosen or from_[0]
        path, _ = addresses.parse(self.block.all("return-path"), self.hint)
        return next(iter(named + path), None)

    def headers(self) -> tuple[tuple[str, str], ...]:
        """All fields in order, decoded; values above the bounds are cut."""
        kept: list[tuple[str, str]] = []
        room = limits.MAX_HEADERS_TEXT
        for name, raw in self.block.fields:
            text, _ = decoded(raw[: limits.MAX_HEADER_TEXT * 2], self.hint)
            if (
                len(raw) > limits.MAX_HEADER_TEXT * 2
                or len(text) > limits.MAX_HEADER_TEXT
                or len(text) > room
            ):
                self.notes.defects.add("headers")
            text = text[: min(limits.MAX_HEADER_TEXT, room)]
            room -= len(text)
            kept.append((name[:80], text))
        return tuple(kept)


def snippet(text: str | None, html: str | None) -> str:
    """The first words of what the sender wrote, at most 200 characters, quotation left out where
    that leaves something.
    """
    plain = text[: limits.TEXT_SAMPLE] if text else ""
    if not plain.strip() and html:
        plain = body.html_to_text(html, limits.HTML_SAMPLE)[: limits.TEXT_SAMPLE]
    line = body.one_line(new_text(plain)[:_LOOKED_AT]) or body.one_line(plain[:_LOOKED_AT])
    if len(line) <= limits.MAX_SNIPPET:
        return line
    return line[: limits.MAX_SNIPPET - 1].rsplit(" ", 1)[0][: limits.MAX_SNIPPET - 1] + "…"


def iter_parts(raw: bytes) -> Iterator[tuple[Found, bytes | None]]:
    """Every attachment with its decoded octets; None for those that stayed at the provider."""
    tree = scan(raw)
    for found in list_parts(tree, body.Selector(tree).run()):
        yield found, octets_of(tree, found.part.ref.path) if found.part.available else None


def part_bytes(raw: bytes, path: str) -> bytes:
    """Decoded octets of the part at ``path``. Raises KeyError when there is none, or it is not
    in ``raw``.
    """
    return octets_of(scan(raw), path)
