"""What is done to a message before it is handed over."""

from __future__ import annotations

import pytest

from mailbox_core.mime.parse import parse
from mailbox_core.providers.gmail.send import bare, findable


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_the_message_id_is_repeated_in_a_header_of_our_own(end: bytes) -> None:
    message = end.join([b"From: a@b.example", b"Message-Id:", b" <x@y>", b"", b"body"])
    found = findable(message)
    assert found.endswith(message)
    assert ("X-Mailbox-Message-ID", "<x@y>") in parse(found).headers
    assert findable(found) == found


@pytest.mark.parametrize("message", [b"", b"From: a@b.example\r\n\r\nMessage-ID: <x@y>\r\n"])
def test_a_message_without_an_id_stays_as_it_is(message: bytes) -> None:
    assert findable(message) == message


def test_bare() -> None:
    assert bare(" <a@b> ") == bare("a@b") == "a@b"
