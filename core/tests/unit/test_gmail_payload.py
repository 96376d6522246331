"""Rebuilding bytes from a parsed payload, and finding parts by path."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from mailbox_core.errors import Unavailable
from mailbox_core.mime.classify import delivery_report
from mailbox_core.mime.parse import parse, part_bytes
from mailbox_core.providers.gmail.client import decode64, decoded_chunks
from mailbox_core.providers.gmail.payload import (
    absent_bodies,
    find,
    header_block,
    leaves,
    rebuild,
)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def header(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def leaf(kind: str, data: bytes | None = None, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"size": len(data or b"")}
    if data is not None:
        body["data"] = b64(data)
    found = {"mimeType": kind, "filename": "", "headers": [], "body": body}
    return {**found, **more}


def away(kind: str, name: str, size: int = 30112, **more: Any) -> dict[str, Any]:
    body = {"size": size, "attachmentId": "ANGjdJ8"}
    return {"mimeType": kind, "filename": name, "headers": [], "body": body, **more}


ROOT = [
    header("Delivered-To", "u@example.com"),
    header("Message-Id", "<a@b>"),
    header("Received", "one"),
    header("Received", "two"),
    header("Subject", "Grüße"),
    header("From", "A <a@example.com>"),
    header("Content-Type", 'multipart/mixed; boundary="b1"'),
]


def mixed(*parts: dict[str, Any], headers: list[dict[str, str]] = ROOT) -> dict[str, Any]:
    return {
        "partId": "",
        "mimeType": "multipart/mixed",
        "filename": "",
        "headers": headers,
        "body": {"size": 0},
        "parts": list(parts),
    }


def test_b28_headers_keep_order_case_and_duplicates() -> None:
    block = header_block(mixed()).decode()
    assert block.startswith("Delivered-To: u@example.com\r\nMessage-Id: <a@b>\r\nReceived: one\r\n")
    assert "Received: two\r\nSubject: Grüße\r\n" in block
    assert block.endswith('boundary="b1"\r\n\r\n')


def test_b28_a_line_break_in_a_value_cannot_end_the_header() -> None:
    odd = [
        header("Subject", "a\r\n\r\nBcc: evil\n more"),
        header("Bad Name", "x"),
        {"name": 1},  # type: ignore[dict-item]
    ]
    block = header_block({"mimeType": "text/plain", "headers": odd})
    assert block == b"Subject: a\r\n Bcc: evil\r\n more\r\n\r\n"


def offer() -> dict[str, Any]:
    """Two texts and two files that stayed at Gmail."""
    return mixed(
        {
            "mimeType": "multipart/alternative",
            "headers": [header("Content-Type", "multipart/alternative; boundary=b2")],
            "parts": [
                leaf(
                    "text/plain",
                    "Grüße\r\n".encode("latin-1"),
                    headers=[
                        header("Content-Type", "text/plain; charset=iso-8859-1"),
                        header("Content-Transfer-Encoding", "quoted-printable"),
                    ],
                ),
                leaf(
                    "text/html",
                    b"<b>Hello</b>",
                    headers=[header("Content-Type", "text/html; charset=utf-8")],
                ),
            ],
        },
        away(
            "application/pdf",
            "offer.pdf",
            headers=[
                header("Content-Type", "application/pdf"),
                header("Content-Disposition", 'attachment; filename="offer.pdf"'),
                header("X-Own", "stays out"),
            ],
        ),
        away("image/png", "bild ü.png", 9, headers=[header("Content-ID", "<c1@x>")]),
    )


def test_text_and_attachments_that_stayed() -> None:
    raw = rebuild(offer(), {})
    email = parse(raw)
    assert email.text is not None
    assert email.text.strip() == "Grüße"
    assert email.html is not None
    assert "<b>Hello</b>" in email.html
    assert email.message_id == "<a@b>"
    assert [(p.ref.path, p.filename, p.content_type, p.size, p.available) for p in email.parts] == [
        ("2", "offer.pdf", "application/pdf", 30112, False),
        ("3", "bild ü.png", "image/png", 9, False),
    ]
    assert b"stays out" not in raw
    assert email.parts[1].content_id == "c1@x"


def test_b27_a_small_file_inline_is_really_there() -> None:
    tree = mixed(leaf("text/plain", b"hi"), leaf("text/csv", b"a;b\n", filename="t.csv"))
    raw = rebuild(tree, {})
    assert part_bytes(raw, "2").strip() == b"a;b"


def test_b27_a_big_text_comes_by_attachment_id() -> None:
    tree = mixed(away("text/plain", ""), away("text/plain", "notes.txt"))
    assert absent_bodies(tree) == {"1": "ANGjdJ8"}
    email = parse(rebuild(tree, {"1": b"the big text"}))
    assert email.text is not None
    assert email.text.strip() == "the big text"
    assert [(part.ref.path, part.available) for part in email.parts] == [("2", False)]


def test_an_attached_text_is_no_body() -> None:
    named = away("text/html", "", headers=[header("Content-Disposition", "Attachment")])
    assert absent_bodies(mixed(named)) == {}


def test_a_message_without_parts_has_the_path_one() -> None:
    tree = leaf("text/plain", b"Hello\n", partId="", headers=[header("Subject", "x")])
    assert [found.path for found in leaves(tree)] == ["1"]
    assert parse(rebuild(tree, {})).subject == "x"


def test_a_message_that_is_only_a_file() -> None:
    tree = away("application/pdf", "x.pdf", 5, partId="", headers=ROOT[:4])
    email = parse(rebuild(tree, {}))
    assert [(p.ref.path, p.filename, p.size, p.available) for p in email.parts] == [
        ("1", "x.pdf", 5, False)
    ]
    assert ("Delivered-To", "u@example.com") in email.headers


def test_paths_are_those_of_rfc_3501_and_an_enclosed_message_is_one_part() -> None:
    inner = {"mimeType": "multipart/mixed", "parts": [leaf("text/plain", b"x")]}
    tree = mixed(
        {
            "mimeType": "multipart/related",
            "parts": [leaf("text/html", b"x"), away("image/gif", "")],
        },
        {"mimeType": "message/rfc822", "filename": "m.eml", "parts": [inner]},
    )
    assert [found.path for found in leaves(tree)] == ["1.1", "1.2", "2"]
    assert find(tree, "1.2") is not None
    assert find(tree, "2.1") is None
    email = parse(rebuild(tree, {}))
    assert ("2", False) in [(part.ref.path, part.available) for part in email.parts]


def test_a_delivery_report_can_be_read() -> None:
    groups = [
        {"mimeType": "text/plain", "headers": [header("Reporting-MTA", "dns; mx.example")]},
        {
            "mimeType": "text/plain",
            "headers": [
                header("Final-Recipient", "rfc822; zoe@example.net"),
                header("Action", "failed"),
                header("Status", "5.1.1"),
            ],
        },
    ]
    kind = [header("Content-Type", "message/delivery-status")]
    report = {"mimeType": "message/delivery-status", "headers": kind, "parts": groups}
    top = [header("Content-Type", 'multipart/report; report-type=delivery-status; boundary="b1"')]
    found = delivery_report(rebuild(mixed(leaf("text/plain", b"Sorry"), report, headers=top), {}))
    assert found is not None
    assert [(one.recipient, one.status) for one in found.recipients] == [
        ("zoe@example.net", "5.1.1")
    ]


def test_a_body_cannot_break_out_of_its_part() -> None:
    evil = b"hello\r\n--b1\r\nContent-Type: application/x-evil\r\n\r\nx\r\n--b1--\r\n"
    email = parse(rebuild(mixed(leaf("text/plain", evil)), {}))
    assert email.parts == ()
    assert email.text is not None
    assert "x-evil" in email.text


@pytest.mark.parametrize(
    "data", [b"", b"--", b"a\0b", b"x" * 5000, b"a\r--b", "ä\n".encode() * 700, bytes(range(256))]
)
def test_every_body_survives(data: bytes) -> None:
    part = leaf(
        "application/octet-stream",
        data,
        filename="f",
        headers=[header("Content-Transfer-Encoding", "base64")],
    )
    raw = rebuild(mixed(leaf("text/plain", b"."), part), {})
    assert part_bytes(raw, "2") == data


def test_text_that_came_transcoded_says_so() -> None:
    given = [header("Content-Type", 'text/plain; format=flowed; charset="iso-8859-1"')]
    part = leaf("text/plain", "Grüße €".encode(), headers=given)
    email = parse(rebuild(mixed(part), {}))
    assert email.text is not None
    assert email.text.strip() == "Grüße €"


def test_a_multipart_without_boundary_gets_one() -> None:
    tree = mixed(leaf("text/plain", b"one"), away("image/gif", "g.gif"), headers=ROOT[:5])
    email = parse(rebuild(tree, {}))
    assert email.text is not None
    assert email.text.strip() == "one"
    assert len(email.parts) == 1


def test_absurd_depth_ends() -> None:
    tree = leaf("text/plain", b"x")
    for _ in range(5000):
        tree = {"mimeType": "multipart/mixed", "parts": [tree]}
    assert isinstance(rebuild(tree, {}), bytes)
    assert list(leaves(tree)) == []


def test_odd_payloads_do_not_break() -> None:
    for tree in ({}, {"mimeType": 7, "body": [], "parts": "x"}, {"headers": [None]}):
        assert isinstance(rebuild(tree, {}), bytes)


@pytest.mark.parametrize("pad", [True, False])
def test_b48_base64url_with_and_without_padding(pad: bool) -> None:
    for data in (b"", b"a", b"ab", b"abc", bytes(range(256))):
        text = b64(data)
        assert decode64(text if pad else text.rstrip("=")) == data
        assert decode64(base64.b64encode(data).decode()) == data


@pytest.mark.parametrize("bad", [None, 7, "a", "!!!!", "äöü", "ab cd"])
def test_b48_a_body_that_is_no_base64_is_passing_trouble(bad: object) -> None:
    with pytest.raises(Unavailable):
        decode64(bad)


def test_chunks_join_to_the_whole() -> None:
    data = bytes(range(256)) * 50
    found = list(decoded_chunks(b64(data), 1000))
    assert b"".join(found) == data
    assert max(map(len, found)) <= 1000
