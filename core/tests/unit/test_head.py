"""Deciding about a mail from its header alone."""

import pytest

from mailbox_core.mime.parse import parse, parse_head
from mailbox_core.rules.depth import needs_body, needs_zone
from mailbox_core.rules.syntax import FIELDS, Check, Not
from mailbox_core.testing.corpus import samples

_ROUTED_BY = (
    "message_id",
    "in_reply_to",
    "references",
    "from_",
    "sender",
    "reply_to",
    "to",
    "cc",
    "bcc",
    "date",
)


@pytest.mark.parametrize("category", ["addresses", "message_id", "dates", "threads"])
def test_the_header_says_the_same_without_the_body(category: str) -> None:
    count = 0
    for sample in samples(category):
        whole = parse(sample.raw)
        ends = [sample.raw.find(blank) for blank in (b"\n\n", b"\r\n\r\n")]
        end = min([found for found in ends if found >= 0], default=len(sample.raw))
        for part in (sample.raw, sample.raw[: end + 4]):
            head = parse_head(part)
            for name in _ROUTED_BY:
                assert getattr(head, name) == getattr(whole, name), (sample.name, name)
            count += 1
    assert count


def test_parts_that_were_not_read_are_no_fault_of_the_mail() -> None:
    head = b"From: a@shop.test\r\nMessage-ID: <1@shop.test>\r\n"
    head += b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
    head += b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    assert parse_head(head).defects == ()
    assert parse(head).defects == ("boundary",)


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_only_what_the_header_tells_needs_no_body(field: str) -> None:
    expected = field in ("body", "language", "urgency") or field.startswith("attachment")
    assert needs_body(Not(Check(field, "is", "x"))) is expected


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_only_times_of_day_need_a_zone(field: str) -> None:
    assert needs_zone(Not(Check(field, "is", "x"))) is (field == "time")
