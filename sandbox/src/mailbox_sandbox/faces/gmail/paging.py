"""Opaque page tokens that know what they belong to and when they were made."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from . import problems
from .call import Call

MAX_RESULTS = 500
_KEY = b"sandbox page tokens"


def _seal(body: bytes) -> bytes:
    return hmac.new(_KEY, body, hashlib.sha256).digest()[:9]


def _query(call: Call) -> str:
    asked = {k: v for k, v in call.params.items() if k not in ("pageToken", "maxResults")}
    text = json.dumps([call.method.name, call.account.email, asked], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def make(call: Call, position: Any) -> str:
    """Return a token that resumes this query at *position* (plain JSON)."""
    body = json.dumps([_query(call), call.world.clock.now(), position]).encode()
    return base64.urlsafe_b64encode(_seal(body) + body).decode("ascii").rstrip("=")


def position(call: Call) -> Any:
    """Return where the token of this call resumes, or None on a first page.

    Raises ApiError (400) for a damaged or expired token, or one of another query.
    """
    token = call.params.get("pageToken")
    if not token:
        return None
    fault = call.services.faults.take(
        "gmail", call.method.name, call.account.email, {"page_token_expired"}
    )
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        query, made, found = json.loads(sealed[9:])
    except (ValueError, TypeError):
        raise problems.invalid("Invalid pageToken") from None
    fresh = call.world.clock.now() - made <= call.world.settings.page_token_ttl
    if fault or not fresh or query != _query(call) or sealed[:9] != _seal(sealed[9:]):
        raise problems.invalid("Invalid pageToken")
    return found


def size(call: Call) -> int:
    """Return the page size: 100 by default, at most 500 (more is cut). Raises ApiError for 0."""
    asked = call.params.get("maxResults", 100)
    if asked < 1:
        raise problems.invalid("Invalid maxResults")
    return int(min(asked, MAX_RESULTS))
