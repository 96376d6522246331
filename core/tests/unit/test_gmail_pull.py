"""What Pub/Sub's answers to a pull mean."""

from __future__ import annotations

import json

import pytest

from mailbox_core.errors import (
    AuthorizationLost,
    NotFound,
    Refused,
    Throttled,
    Unavailable,
)
from mailbox_core.net.http import Response
from mailbox_core.providers.gmail.pull import failure


def answer(status, message="", **headers):
    body = {"error": {"code": status, "message": message, "status": "X"}}
    return Response(status, headers, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("response", "kind", "code"),
    [
        (answer(404, "Resource not found (resource=mail)."), NotFound, None),
        (answer(403, "User not authorized to perform this action."), Refused, "pull_permission"),
        (answer(403, "Request had insufficient authentication scopes."), Refused,
         "pull_permission"),
        (answer(403, "Cloud Pub/Sub API has not been used in project 1 before or it is disabled."),
         AuthorizationLost, None),
        (answer(400, "This method is not supported for this subscription type."), Refused,
         "pull_type"),
        (answer(400, "Some ack ids are invalid."), Refused, "pull"),
        (answer(429), Throttled, None),
        (answer(503), Unavailable, None),
        (answer(401), AuthorizationLost, None),
        (Response(403, {}, b"<html>"), Refused, "pull_permission"),
        (Response(404, {}, b"[]"), NotFound, None),
        (Response(302, {}, b""), Unavailable, None),
    ],
)  # fmt: skip
def test_each_refusal_is_of_a_kind(response, kind, code):
    found = failure(response)
    assert type(found) is kind
    assert getattr(found, "code", None) == code


def test_success_is_none():
    assert failure(Response(200, {}, b"{}")) is None
