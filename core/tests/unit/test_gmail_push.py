"""Notifications as they come."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone

import pytest

from mailbox_core.errors import Refused
from mailbox_core.providers.gmail.push import decode
from mailbox_core.types import Hint

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=timezone.utc)


def envelope(data: object, standard: bool = True, pad: bool = True) -> bytes:
    coder = base64.b64encode if standard else base64.urlsafe_b64encode
    text = coder(json.dumps(data).encode()).decode()
    message = {"data": text if pad else text.rstrip("="), "messageId": "2", "publishTime": "x"}
    return json.dumps({"message": message, "subscription": "projects/p/subscriptions/s"}).encode()


@pytest.mark.parametrize("history", [1234567, "1234567"])
@pytest.mark.parametrize("standard", [True, False])
@pytest.mark.parametrize("pad", [True, False])
def test_b16_wrapped_payload_with_number_or_text(
    history: object, standard: bool, pad: bool
) -> None:
    body = envelope({"emailAddress": "Ünser@Example.com>>??", "historyId": history}, standard, pad)
    assert decode(body, NOW) == Hint("ünser@example.com>>??", NOW, "1234567")


def test_history_ids_beyond_a_double_stay_exact() -> None:
    body = envelope({"emailAddress": "a@b", "historyId": 18446744073709551615})
    assert decode(body, NOW).detail == "18446744073709551615"


def test_a_pulled_message_has_no_envelope() -> None:
    message = json.loads(envelope({"emailAddress": "a@b", "historyId": 1}))["message"]
    assert decode(message, NOW).address == "a@b"


@pytest.mark.parametrize(
    ("said", "read"),
    [("2026-11-21T19:59:59.250Z", NOW - timedelta(seconds=0.75)), ("2026-11-21", None), (7, None)],
)
def test_the_time_of_publication(said: object, read: datetime | None) -> None:
    message = json.loads(envelope({"emailAddress": "a@b", "historyId": 1}))["message"]
    assert decode({**message, "publishTime": said}, NOW).published_at == read


def test_an_unwrapped_payload_is_the_data_itself() -> None:
    body = json.dumps({"emailAddress": "A@b", "historyId": 7}).encode()
    assert decode(body, NOW) == Hint("a@b", NOW, "7")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"message": 7}',
        b'{"message": {"data": "!!"}}',
        b'{"message": {"data": 5}}',
        envelope([]),
        envelope({"historyId": 1}),
        envelope({"emailAddress": "a@b"}),
        envelope({"emailAddress": "a@b", "historyId": True}),
        envelope({"emailAddress": "a@b", "historyId": 1.5}),
        envelope({"emailAddress": "a@b", "historyId": "-1"}),
        envelope({"emailAddress": ["a"], "historyId": 1}),
    ],
)
def test_anything_else_is_refused_clearly(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        decode(body, NOW)
    assert caught.value.code == "notification"
