"""Notifications fetched instead of delivered: Cloud Pub/Sub's pull over REST.

For installations that nobody can reach from outside. A pull waits at Google until something is
there (about ninety seconds at most); what it returns is ours until the acknowledgement deadline and
comes again unless it is acknowledged. Source: Cloud Pub/Sub reference, ``projects.subscriptions``
(``pull``, ``acknowledge``, ``modifyAckDeadline``, ``testIamPermissions``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...contract import Pulled
from ...errors import AuthorizationLost, NotFound, ProviderError, Refused, Unavailable
from ...net.endpoints import Endpoints
from ...net.http import Http, Response, Timeouts, default_failure
from ...net.oauth import oauth_http
from ...net.quota import Unmetered
from ...net.service_account import ServiceAccount, ServiceAccountTokens
from ...redact import redact

SCOPE = "https://www.googleapis.com/auth/pubsub"
CONSUME = "pubsub.subscriptions.consume"
#: A pull that finds nothing is answered after about ninety seconds.
WAIT = Timeouts(connect=10, read=120, total=150)
_LARGEST = 32 * 1024 * 1024


class GmailPull:
    """A ``contract.PullSource`` over one Pub/Sub subscription (its full resource name)."""

    def __init__(self, account: ServiceAccount, subscription: str, endpoints: Endpoints) -> None:
        self._url = f"{endpoints.pubsub}/v1/{subscription}"
        self._sign_in = oauth_http(endpoints)
        tokens = ServiceAccountTokens(account, SCOPE, endpoints.google_token, self._sign_in)
        self._http = Http(
            budget=Unmetered(),
            lane="new",
            classify=failure,
            tokens=tokens,
            timeouts=WAIT,
            max_bytes=_LARGEST,
            proxy=endpoints.proxy,
        )

    def check(self) -> None:
        """Prove that the key signs in and may pull, without taking anything.

        Raises Refused ``pull_permission`` when it may not, NotFound when there is no such
        subscription, and what signing in raises.
        """
        held = self._call("testIamPermissions", permissions=[CONSUME]).get("permissions")
        if not isinstance(held, list) or CONSUME not in held:
            raise _denied()

    def pull(self, limit: int) -> Sequence[Pulled]:
        """Wait for notifications, at most ``limit``; none when the wait was over first.

        Raises Refused ``pull_type`` for a subscription that delivers by itself, and as ``check``.
        """
        lines = self._call("pull", maxMessages=limit).get("receivedMessages", [])
        if not isinstance(lines, list):
            raise _odd()
        return [_pulled(line) for line in lines]

    def acknowledge(self, receipts: Sequence[str]) -> None:
        """Say that these need not come again."""
        self._call("acknowledge", ackIds=list(receipts))

    def extend(self, receipts: Sequence[str], seconds: int) -> None:
        """Keep these for so many seconds from now (600 at most); 0 hands them back at once."""
        self._call("modifyAckDeadline", ackIds=list(receipts), ackDeadlineSeconds=seconds)

    def close(self) -> None:
        """Close the connections."""
        self._sign_in.close()
        self._http.close()

    def _call(self, method: str, **body: Any) -> dict[str, Any]:
        answer = self._http.request("POST", f"{self._url}:{method}", json=body).json()
        if not isinstance(answer, dict):
            raise _odd()
        return answer


def failure(response: Response) -> ProviderError | None:
    """What an answer of Pub/Sub means; None for 2xx."""
    general = default_failure(response)
    if general is None or response.status not in (400, 403, 404):
        return general
    said = _message(response)
    if response.status == 404:
        return NotFound(f"The Pub/Sub subscription does not exist: {said}")
    if response.status == 403:
        if "has not been used" in said or "is disabled" in said:
            return AuthorizationLost("api_disabled", "Pub/Sub is not switched on in the project.")
        return _denied()
    if "not supported for this subscription type" in said:
        return Refused("The Pub/Sub subscription pushes by itself: it has an address.", "pull_type")
    return Refused(f"Pub/Sub refused: {said}", "pull")


def _message(response: Response) -> str:
    try:
        error = response.json().get("error", {})
        said = error.get("message", "")
    except (Unavailable, AttributeError):
        said = ""
    return redact(str(said), limit=200) or str(response.status)


def _pulled(line: Any) -> Pulled:
    receipt = line.get("ackId") if isinstance(line, dict) else None
    message = line.get("message", {}) if isinstance(line, dict) else None
    if not isinstance(receipt, str) or not isinstance(message, dict):
        raise _odd()
    return Pulled(receipt, message)


def _denied() -> Refused:
    return Refused(
        "The service account may not pull: it needs the role Pub/Sub Subscriber on the "
        "subscription.",
        "pull_permission",
    )


def _odd() -> Unavailable:
    return Unavailable("Pub/Sub answered something else.", reached=True)
