"""Writing: nothing a person types becomes structure."""

from __future__ import annotations

import dataclasses
import email
import email.policy
from datetime import datetime, timezone

import pytest

from mailbox_core.mime import (
    Attachment,
    Draft,
    InvalidDraft,
    build,
    new_message_id,
    parse,
    part_bytes,
    reply_references,
)
from mailbox_core.types import Address

DRAFT = Draft(
    from_=Address("Anna", "anna@example.com"),
    message_id="<id.1@example.com>",
    date=datetime(2026, 11, 2, 10, 0, tzinfo=timezone.utc),
    to=(Address("Bob", "bob@example.org"),),
    subject="Offer",
    text="Hello",
)
FIELDS = (
    "subject",
    "from_name",
    "to_name",
    "to_email",
    "filename",
    "content_id",
    "message_id",
    "reference",
    "header",
    "header_name",
)
POISONS = (
    "\r\nBcc: x@y.z",
    "\nBcc: x@y.z",
    "\rBcc: x@y.z",
    "\0",
    "\u2028Bcc: x@y.z",
    "\u2029",
    "\x0b",
    "\x85",
)


def poisoned(field: str, poison: str) -> Draft:
    text = f"a{poison}b"
    changes: dict[str, dict[str, object]] = {
        "subject": {"subject": text},
        "from_name": {"from_": Address(text, "anna@example.com")},
        "to_name": {"to": (Address(text, "bob@example.org"),)},
        "to_email": {"to": (Address("", f"{text}@example.org"),)},
        "filename": {"attachments": (Attachment(text, "text/plain", b""),)},
        "content_id": {"html": "<p>", "attachments": (Attachment("x", "image/png", b"", text),)},
        "message_id": {"message_id": f"<{text}@example.com>"},
        "reference": {"references": (f"<{text}@example.com>",)},
        "header": {"headers": (("X-Note", text),)},
        "header_name": {"headers": ((f"X-{text}", "value"),)},
    }
    return dataclasses.replace(DRAFT, **changes[field])  # type: ignore[arg-type]


@pytest.mark.parametrize("poison", POISONS, ids=ascii)
@pytest.mark.parametrize("field", FIELDS)
def test_line_breaks_are_refused(field: str, poison: str) -> None:
    with pytest.raises(InvalidDraft) as refused:
        build(poisoned(field, poison))
    assert "Bcc" not in str(refused.value)


def test_an_encoded_line_break_stays_encoded() -> None:
    raw = build(dataclasses.replace(DRAFT, subject="=?utf-8?q?a=0D=0ABcc:_x@y.z?="))
    assert b"\nBcc" not in raw
    read = email.message_from_bytes(raw, policy=email.policy.SMTP)
    assert read["Bcc"] is None
    assert read["Subject"] == "=?utf-8?q?a=0D=0ABcc:_x@y.z?="


@pytest.mark.parametrize(
    "change",
    [
        {"date": datetime(2026, 1, 1)},
        {"message_id": "id@example.com"},
        {"message_id": "<no-domain>"},
        {"message_id": "<" + "x" * 300 + "@example.com>"},
        {"from_": Address("", "nobody")},
        {"to": (Address("", "grüße@example.org"),)},
        {"headers": (("Bcc", "x@y.z"),)},
        {"headers": (("Content-Type", "text/html"),)},
        {"headers": (("X Y", "z"),)},
    ],
)
def test_what_cannot_be_sent_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidDraft):
        build(dataclasses.replace(DRAFT, **change))  # type: ignore[arg-type]


def test_lone_line_ends_and_dots() -> None:
    raw = build(dataclasses.replace(DRAFT, text="a\rb\nc\r\nd\n.\nQUIT"))
    assert b"\r\n\r\na\r\nb\r\nc\r\nd\r\n.\r\nQUIT" in raw
    assert raw.replace(b"\r\n", b"").isascii()
    assert b"\r" not in raw.replace(b"\r\n", b"") and b"\n" not in raw.replace(b"\r\n", b"")


def test_the_standard_library_reads_the_same() -> None:
    draft = dataclasses.replace(
        DRAFT,
        from_=Address('Müller, "J"', "j@bücher.example"),
        subject="Größe " * 40,
        text="Zeile mit ü\n" + "x" * 2000,
        html="<p>日本語</p><img src='cid:logo@x'>",
        attachments=(
            Attachment("Übersicht – lang " * 5 + ".pdf", "application/pdf", b"%PDF\0"),
            Attachment("logo.png", "image/png", b"\x89PNG", "logo@x"),
            Attachment("mail.eml", "message/rfc822", b"From: x\r\n\r\ny"),
        ),
    )
    raw = build(draft)
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert read["Subject"] == draft.subject.strip()
    assert read["From"].addresses[0].display_name == 'Müller, "J"'
    assert read["X-Mailbox-Message-ID"] == read["Message-ID"] == "<id.1@example.com>"
    body = read.get_body(("plain",))
    assert body is not None and body.get_content().replace("\r\n", "\n").strip() == draft.text
    names = [part.get_filename() for part in read.iter_attachments()]
    assert names == [part.filename for part in parse(raw).parts if not part.inline]
    assert str(names[0]).startswith("Übersicht – lang Übersicht")
    assert [part.content_id for part in parse(raw).parts] == ["logo@x", None, None]
    assert part_bytes(raw, "3") == b"From: x\r\n\r\ny"


def test_bcc_only_on_request() -> None:
    draft = dataclasses.replace(DRAFT, bcc=(Address("", "secret@example.org"),))
    assert b"secret" not in build(draft)
    assert b"Bcc: secret@example.org" in build(draft, keep_bcc=True)


def test_references_of_a_reply() -> None:
    ids = " ".join(f"<{number}@x>" for number in range(60))
    parent = parse(f"From: a@b.example\nMessage-ID: <p@x>\nReferences: {ids}\n\nhi".encode())
    chain = reply_references(parent)
    assert (chain[0], chain[-1], len(chain)) == ("<0@x>", "<p@x>", 30)
    first = parse(b"From: a@b.example\nMessage-ID: <p@x>\nIn-Reply-To: <o@x>\n\nhi")
    assert reply_references(first) == ("<o@x>", "<p@x>")
    assert reply_references(parse(b"From: a@b.example\n\nhi")) == ()


def test_odd_ids_of_others_are_left_out() -> None:
    raw = build(dataclasses.replace(DRAFT, references=("<a@b>", "<ü@b>", "<c d@b>", "<e>")))
    assert b"References: <a@b> <e>\r\n" in raw


def test_message_ids_are_made_for_a_domain() -> None:
    one, two = new_message_id("bücher.example"), new_message_id("bücher.example")
    assert one != two and one.endswith("@xn--bcher-kva.example>")
    for domain in ("", "a b", "x@y", "a\r\nb"):
        with pytest.raises(InvalidDraft):
            new_message_id(domain)
