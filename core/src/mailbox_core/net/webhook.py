"""Signed calls to an address that somebody wrote, as Standard Webhooks 1.0 asks for
(standardwebhooks.com): the receiver checks the signature, the age and that it has not seen the id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from datetime import datetime

import requests

from .http import Http, Timeouts, default_failure
from .public import Network, check_url, public_session

#: Short: a receiver notes the call and works later.
TIMEOUTS = Timeouts(connect=5, read=10, total=15)
_LARGEST_ANSWER = 64 * 1024
#: The lane of calls that nobody waits for.
_LANE = "background"
_USER_AGENT = "mailbox-webhook/1"


class _Unmetered:
    """Nobody's quota: the receiver says when it is too much."""

    def take(self, lane: str, units: int) -> float:
        return 0.0

    def penalize(self, seconds: float) -> None:
        """Whoever calls again waits longer each time anyway."""


def signature(secret: str, name: str, moment: int, body: bytes) -> str:
    """``v1,`` and the base64 of HMAC-SHA256 over ``name.moment.body``; ``moment`` is seconds since
    1970. A secret ``whsec_…`` is base64, any other is taken as it is."""
    key = secret.encode()
    if secret.startswith("whsec_"):
        key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join((name.encode(), str(moment).encode(), body))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def deliver(
    url: str,
    body: bytes,
    *,
    secret: str,
    name: str,
    at: datetime,
    allowed: Sequence[Network] = (),
    proxy: str = "",
    session: Callable[[Sequence[Network], str], requests.Session] = public_session,
) -> int:
    """POST JSON once; returns the status, 2xx. ``name`` is the id of the message, the same in every
    try. Follows no redirect. Public hosts are reached through ``proxy`` when it is given.

    Raises Throttled and Unavailable when it may work later, Refused, NotFound and AuthorizationLost
    when it will not.
    """
    check_url(url, allowed)
    moment = int(at.timestamp())
    with session(allowed, proxy) as connection:
        client = Http(
            budget=_Unmetered(),
            lane=_LANE,
            classify=default_failure,
            timeouts=TIMEOUTS,
            max_bytes=_LARGEST_ANSWER,
            user_agent=_USER_AGENT,
            session=connection,
        )
        answer = client.request(
            "POST",
            url,
            body=body,
            content_type="application/json",
            headers={
                "webhook-id": name,
                "webhook-timestamp": str(moment),
                "webhook-signature": signature(secret, name, moment, body),
            },
        )
    return answer.status
