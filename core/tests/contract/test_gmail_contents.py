"""What is asked of a Gmail client about contents, sending and batches, by number (26
to 38), against the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from mailbox_core.errors import (
    ProviderError,
    Throttled,
    Unavailable,
)
from mailbox_core.mime.parse import parse
from mailbox_core.providers.gmail.costs import PROFILE_V2, batch_parts
from mailbox_core.types import (
    Content,
    MessageRef,
    PartRef,
    StreamRef,
)

STREAM = StreamRef()


def test_b26_attachments_are_found_by_path_however_ids_change(desk: Any) -> None:
    key = desk.deliver(file=b"%PDF" + b"x" * 700_000)
    provider, ref = desk.provider(), MessageRef(key)
    content = desk.one(provider.fetch([ref], "text"))
    assert not content.complete
    (part,) = parse(content.raw).parts
    assert (part.available, part.size, part.filename) == (False, 700_004, "offer.pdf")
    for _ in range(2):
        desk.sandbox.clock.advance(2 * 3600)
        chunks = list(provider.attachment(ref, part.ref))
        assert b"".join(chunks) == b"%PDF" + b"x" * 700_000
        assert len(chunks) > 1


def test_b27_a_small_file_comes_inline_and_by_path_alike(desk: Any) -> None:
    key = desk.deliver(file=b"%PDF small")
    provider, ref = desk.provider(), MessageRef(key)
    (part,) = parse(desk.one(provider.fetch([ref], "text")).raw).parts
    assert part.available
    assert b"".join(provider.attachment(ref, PartRef(part.ref.path))) == b"%PDF small"


def test_b27_a_big_text_is_fetched_with_its_message(desk: Any) -> None:
    text = "Zeile mit Umlaut ä\n" * 30_000
    key = desk.deliver(text=text)
    provider = desk.provider()
    by_text = parse(desk.one(provider.fetch(desk.refs([key]), "text")).raw)
    by_raw = parse(desk.one(provider.fetch(desk.refs([key]), "raw")).raw)
    assert desk.calls("messages.attachments.get") == 1
    assert by_text.text == by_raw.text
    assert by_text.text is not None
    assert len(by_text.text) > 200_000


def test_b29_the_message_id_that_gmail_gave_is_read_back(desk: Any) -> None:
    provider = desk.provider()
    receipt = provider.send(mail("mine@example.com"), None)
    assert receipt.message_id is not None
    assert receipt.message_id != "<mine@example.com>"
    content = desk.one(provider.fetch([receipt.ref], "raw"))
    assert parse(content.raw).message_id == receipt.message_id
    assert "SENT" in content.folders
    assert provider.find_sent("<mine@example.com>") == receipt.ref
    assert provider.find_sent(receipt.message_id) == receipt.ref
    assert provider.find_sent("<missing@example.org>") is None


def test_b29_a_receipt_does_not_hang_on_reading_back(desk: Any) -> None:
    desk.faults.add("gmail", "messages.get", "error_500", times=None)
    receipt = desk.provider().send(mail("mine@example.com"), None)
    assert receipt.ref.remote_id
    assert receipt.message_id is None


def test_b30_a_lost_answer_is_found_and_not_sent_twice(desk: Any) -> None:
    provider = desk.provider()
    desk.faults.add("gmail", "messages.send", "lose_reply")
    with pytest.raises(Unavailable) as caught:
        provider.send(mail("mine@example.com"), None)
    assert caught.value.reached
    assert len(desk.sandbox.world.outbox) == 1
    assert provider.find_sent("mine@example.com") is not None
    for call, fault in (
        ("messages.list", "error_500"),
        ("messages.get", "rate_429"),
        ("messages.get", "error_500"),
        ("batch", "batch_part_fail"),
    ):
        desk.faults.clear()
        desk.faults.add("gmail", call, fault, times=None)
        with pytest.raises(ProviderError):
            desk.provider().find_sent("mine@example.com")


def test_b31_a_foreign_conversation_is_left_out(desk: Any) -> None:
    provider = desk.provider()
    receipt = provider.send(mail("a@example.com"), MessageRef("", "1234567890abcdef"))
    assert receipt.ref.remote_id
    assert len(desk.sandbox.world.outbox) == 1


def test_b31_an_answer_joins_its_conversation(desk: Any) -> None:
    key = desk.deliver("Offer")
    provider = desk.provider()
    thread = desk.one(provider.fetch(desk.refs([key]), "headers")).ref.conversation_key
    answer = mail("b@example.com", "Re: Offer", f"References: <{desk.number}@example.org>\r\n"
                  f"In-Reply-To: <{desk.number}@example.org>\r\n")  # fmt: skip
    assert provider.send(answer, MessageRef("", thread)).ref.conversation_key == thread
    big = answer + b"x" * (6 * 1024 * 1024)
    assert provider.send(big, MessageRef("", thread)).ref.conversation_key == thread


def test_b32_mail_to_oneself_is_one_message(desk: Any) -> None:
    provider = desk.provider()
    cursor, _ = desk.snapshot(provider)
    receipt = provider.send(mail("self@example.com", to="ada@example.com"), None)
    _, pages = desk.since(provider, cursor)
    assert set(desk.ids(pages)) == {receipt.ref.remote_id}
    assert {"SENT", "INBOX"} <= desk.one(provider.fetch([receipt.ref], "headers")).folders


@pytest.mark.parametrize("depth", ["raw", "text", "headers"])
@pytest.mark.parametrize("status", [500, 503, 401])
def test_b38_a_failed_part_is_asked_again_alone(desk: Any, depth: Any, status: int) -> None:
    keys = desk.fill(30)
    desk.faults.add("gmail", "batch", "batch_part_fail", times=4, skip=3, status=status)
    found = list(desk.provider().fetch(desk.refs(keys), depth))
    assert {one.ref.remote_id for one in found if isinstance(one, Content)} == set(keys)
    assert desk.faults.list() == []
    assert desk.calls("messages.get") == 30


def test_b38_parts_refused_for_rate_end_the_errand_and_blame_no_message(desk: Any) -> None:
    keys = desk.fill(45)
    desk.faults.add("gmail", "batch", "batch_part_fail", times=3, skip=5, status=429)
    found: list[Any] = []
    with pytest.raises(Throttled):
        for one in desk.provider().fetch(desk.refs(keys), "raw"):
            found.append(one)
    first = batch_parts(PROFILE_V2, 20)
    assert len(found) == first - 3, "what came before is kept"
    assert all(isinstance(one, Content) for one in found)
    assert desk.calls("messages.get") == first - 3
    assert desk.made[-1].usage().silence > 0


def test_b38_a_lost_exchange_blames_no_message(desk: Any) -> None:
    keys = desk.fill(45)
    desk.faults.add("gmail", "batch", "lose_reply", skip=1)
    found: list[Any] = []
    with pytest.raises(Unavailable):
        for one in desk.provider().fetch(desk.refs(keys), "raw"):
            found.append(one)
    assert len(found) == batch_parts(PROFILE_V2, 20)
    assert all(isinstance(one, Content) for one in found)


def test_b38_nothing_but_refusals_is_the_refusal(desk: Any) -> None:
    keys = desk.fill(5)
    desk.faults.add("gmail", "batch", "batch_part_fail", times=None, status=429)
    with pytest.raises(Throttled):
        list(desk.provider().fetch(desk.refs(keys), "raw"))
    desk.faults.clear()
    desk.faults.add("gmail", "messages.get", "error_500", times=None)
    with pytest.raises(Unavailable):
        list(desk.provider().fetch(desk.refs(keys), "raw"))


def test_b38_a_message_that_always_fails_stops_nobody(desk: Any) -> None:
    keys = desk.fill(3)
    desk.faults.add("gmail", "batch", "batch_part_fail", times=1, status=500)
    desk.faults.add("gmail", "messages.get", "error_500", times=1, skip=3)
    found = list(desk.provider().fetch(desk.refs(keys), "raw"))
    assert sorted(type(one).__name__ for one in found) == ["Content", "Content", "Failed"]


def mail(
    message_id: str, subject: str = "Offer", extra: str = "", to: str = "zoe@example.net"
) -> bytes:
    """A message as the builder hands it over."""
    return (
        f"From: ada@example.com\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{message_id}>\r\n"
        f"X-Mailbox-Message-ID: <{message_id}>\r\n{extra}Date: Sat, 21 Nov 2026 20:00:00 +0000\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n"
    ).encode()
