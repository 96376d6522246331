"""Gmail's answers as the six failures of ``mailbox_core.errors``. Pure, tested on recorded bodies.

Source: Gmail API, "Resolve errors"; google.rpc.ErrorInfo. What counts is status and ``reason``. The
text is read only where it alone tells the difference: the time after "Retry after", whose limit was
hit, a foreign ``userId``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from ...errors import (
    AuthorizationLost,
    AuthorizationReason,
    NotFound,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
)
from ...net.http import Response, default_failure, retry_after, seconds_until
from ...net.quota import quota_day

Now = Callable[[], datetime]

_RATE = frozenset(
    {"userRateLimitExceeded", "rateLimitExceeded", "quotaExceeded", "RATE_LIMIT_EXCEEDED"}
)
_LOST: dict[str, tuple[AuthorizationReason, str]] = {
    "domainPolicy": ("policy", "The administrators of the domain do not allow Gmail for apps."),
    "accessNotConfigured": (
        "api_disabled",
        "The Gmail API is not enabled in the Google Cloud project.",
    ),
    "SERVICE_DISABLED": (
        "api_disabled",
        "The Gmail API is not enabled in the Google Cloud project.",
    ),
    "failedPrecondition": ("mailbox_missing", "This account has no Gmail mailbox."),
}
_SCOPE = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})
_RETRY_TEXT = re.compile(
    r"Retry after\s+(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:\d\d)?", re.I
)
_CHALLENGE_SCOPE = re.compile(r'scope="([^"]*)"')
_LONGEST = 300


class _Problem:
    """The parts of Google's error envelope that decide; missing or odd parts read as empty."""

    def __init__(self, response: Response) -> None:
        self.response = response
        self.status = response.status
        error = _envelope(response.body)
        self.known = error is not None
        error = error or {}
        self.text = _line(error.get("message"))
        self.rpc = str(error.get("status") or "")
        self.reasons = [*_reasons(error.get("errors")), *_reasons(error.get("details"))]

    @property
    def code(self) -> str:
        return self.reasons[0] if self.reasons else self.rpc or str(self.status)

    def first(self, words: frozenset[str] | dict[str, Any]) -> str | None:
        return next((reason for reason in self.reasons if reason in words), None)


def classify(response: Response, now: Now | None = None) -> ProviderError | None:
    """The failure an answer stands for, None for success.

    ``now`` is asked for the time (aware) when the answer has no Date header. A refusal without
    Google's envelope comes from something in between (a proxy, a captive portal), so it is
    Unavailable and never "gone" or "forbidden".
    """
    if 200 <= response.status < 300:
        return None
    problem = _Problem(response)
    if response.status == 429 or (response.status == 403 and _is_rate(problem)):
        return _throttled(problem, now)
    if problem.known and response.status in (400, 401, 403):
        return _refusal(problem, now)
    if problem.known and response.status == 404:
        return NotFound(problem.text or "Gmail does not have it (any more).")
    if problem.known and response.status == 409:
        return Unavailable(f"Gmail met a conflict: {problem.text}", reached=False)
    if (
        400 <= response.status < 500
        and response.status not in (401, 408, 413)
        and not problem.known
    ):
        return Unavailable(f"The answer ({response.status}) is not from Gmail.", reached=True)
    if response.status == 413:
        return Refused("Gmail says that the request is too large.", "size")
    return default_failure(response)


def names_thread(failure: Refused) -> bool:
    """Whether a send was refused because of its conversation only (HTTP 400 "Invalid thread_id
    value"); the reason is the general ``invalidArgument``, so the text has to tell."""
    return bool(re.search(r"thread[_ ]?id", failure.detail, re.I))


def _refusal(problem: _Problem, now: Now | None) -> ProviderError:
    if problem.first(frozenset({"dailyLimitExceeded"})):
        return Throttled(problem.text, _midnight(problem.response, now), "day")
    if problem.first(_SCOPE):
        return AuthorizationLost(
            "scope_missing",
            "The sign-in does not cover this; a permission was left out.",
            _scopes(problem),
        )
    lost = problem.first(_LOST)
    if lost is not None:
        reason, text = _LOST[lost]
        return AuthorizationLost(reason, text)
    if problem.status == 401:
        return AuthorizationLost("invalid_grant", "Gmail does not accept the access token.")
    if problem.status == 403 and problem.text.startswith("Delegation denied"):
        return AuthorizationLost("wrong_account", problem.text)
    return Refused(problem.text or f"Gmail refused ({problem.status}).", problem.code)


def _is_rate(problem: _Problem) -> bool:
    return problem.first(_RATE) is not None or problem.rpc == "RESOURCE_EXHAUSTED"


def _throttled(problem: _Problem, now: Now | None) -> Throttled:
    advice = retry_after(problem.response.headers, now)
    if advice is None:
        advice = _retry_text(problem, now)
    return Throttled(problem.text or "Too many requests.", advice, _whose(problem))


def _whose(problem: _Problem) -> Literal["mailbox", "project"]:
    """``project`` when the quota metric named in the text is not counted by user."""
    named = "per minute" in problem.text and "per user" not in problem.text
    return "project" if named else "mailbox"


def _retry_text(problem: _Problem, now: Now | None) -> float | None:
    """Seconds until the time that only the text tells; such answers carry no Retry-After, and calls
    before that time move it further away."""
    found = _RETRY_TEXT.search(problem.text)
    if found is None:
        return None
    zone = (found[2] or "Z").upper().replace("Z", "+00:00")
    try:
        when = datetime.fromisoformat(found[1][:19] + zone)
    except ValueError:
        return None
    # The fraction was cut off, so one second is added.
    return seconds_until(when, problem.response.headers, now) + 1.0


def _midnight(response: Response, now: Now | None) -> float:
    """Seconds until Google's daily counters restart (midnight Pacific time), by Google's own clock
    if the answer tells it."""
    try:
        here = parsedate_to_datetime(response.headers.get("Date", ""))
    except (TypeError, ValueError, IndexError):
        here = now() if now else datetime.now(timezone.utc)
    return quota_day(here.timestamp())[1]


def _scopes(problem: _Problem) -> frozenset[str]:
    found = _CHALLENGE_SCOPE.search(problem.response.headers.get("WWW-Authenticate", ""))
    return frozenset(found[1].split()) if found else frozenset()


def _envelope(body: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    error = data.get("error") if isinstance(data, dict) else None
    return error if isinstance(error, dict) else None


def _reasons(entries: object) -> list[str]:
    if not isinstance(entries, list):
        return []
    found = [entry.get("reason") for entry in entries if isinstance(entry, dict)]
    return [reason for reason in found if isinstance(reason, str) and reason]


def _line(text: object) -> str:
    """One line of at most 300 characters: it is shown and logged."""
    return " ".join(text.split())[:_LONGEST] if isinstance(text, str) else ""
