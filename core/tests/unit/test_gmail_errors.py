"""Gmail's recorded answers and the failures they stand for."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from mailbox_core.errors import (
    AuthorizationLost,
    NotFound,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
)
from mailbox_core.net.http import Response
from mailbox_core.providers.gmail.errors import classify, names_thread

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=timezone.utc)
HTML = b"<!DOCTYPE html>\n<html lang=en>\n<title>Error 502 (Server Error)!!1</title>"


def recorded(
    code: int, message: str, reason: str = "", status: str = "", details: object = None
) -> bytes:
    error: dict[str, object] = {"code": code, "message": message}
    if reason:
        error["errors"] = [{"message": message, "domain": "global", "reason": reason}]
    if status:
        error["status"] = status
    if details:
        error["details"] = details
    return json.dumps({"error": error}, indent=1).encode()


def failure(status: int, body: bytes = b"", **headers: str) -> ProviderError | None:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return classify(Response(status, given, body), lambda: NOW)


def test_success_is_no_failure() -> None:
    assert failure(200, b"{}") is None
    assert failure(204) is None


RETRY_TEXT = "User-rate limit exceeded.  Retry after 2026-11-21T20:00:30.500Z"
METRIC = (
    "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute{}' of service "
    "'gmail.googleapis.com' for consumer 'project_number:1'."
)


@pytest.mark.parametrize(
    ("status", "body", "advice", "whose"),
    [
        (403, recorded(403, "User Rate Limit Exceeded", "userRateLimitExceeded"), None, "mailbox"),
        (403, recorded(403, "Rate Limit Exceeded", "rateLimitExceeded"), None, "mailbox"),
        (403, recorded(403, "Quota", "quotaExceeded"), None, "mailbox"),
        (403, recorded(403, METRIC.format(" per user"), "rateLimitExceeded"), None, "mailbox"),
        (403, recorded(403, METRIC.format(""), "rateLimitExceeded"), None, "project"),
        (403, recorded(403, "Exhausted", "", "RESOURCE_EXHAUSTED"), None, "mailbox"),
        (403, recorded(403, "x", details=[{"reason": "RATE_LIMIT_EXCEEDED"}]), None, "mailbox"),
        (429, recorded(429, "Too many concurrent requests for user", "rateLimitExceeded"), None,
         "mailbox"),
        (429, recorded(429, RETRY_TEXT, "rateLimitExceeded"), 31.0, "mailbox"),
        (403, recorded(403, RETRY_TEXT, "userRateLimitExceeded"), 31.0, "mailbox"),
        (429, recorded(429, "Retry after 2020-01-01T00:00:00Z", "rateLimitExceeded"), 1.0,
         "mailbox"),
        (429, recorded(429, "Retry after 2026-99-99T00:00:00Z", "rateLimitExceeded"), None,
         "mailbox"),
        (429, HTML, None, "mailbox"),
    ],
)  # fmt: skip
def test_b41_rate_limits(status: int, body: bytes, advice: float | None, whose: str) -> None:
    found = failure(status, body)
    assert isinstance(found, Throttled)
    assert found.retry_after == advice
    assert found.scope == whose


def test_b41_retry_after_header_wins_over_the_text() -> None:
    found = failure(429, recorded(429, RETRY_TEXT, "rateLimitExceeded"), Retry_After="7")
    assert isinstance(found, Throttled)
    assert found.retry_after == 7.0


def test_b42_the_time_is_measured_by_googles_own_clock() -> None:
    body = recorded(429, RETRY_TEXT, "rateLimitExceeded")
    found = failure(429, body, Date="Sat, 21 Nov 2026 20:00:20 GMT")
    assert isinstance(found, Throttled)
    assert found.retry_after == 11.0


def test_daily_limit_ends_at_the_next_pacific_midnight() -> None:
    found = failure(403, recorded(403, "Daily Limit Exceeded", "dailyLimitExceeded"))
    assert isinstance(found, Throttled)
    assert found.scope == "day"
    assert found.retry_after == 12 * 3600  # 20:00 UTC is noon in Pacific winter time


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (403, recorded(403, "The domain administrators have disabled Gmail apps.", "domainPolicy"),
         "policy"),
        (400, recorded(400, "Mail service not enabled", "failedPrecondition"), "mailbox_missing"),
        (400, recorded(400, "Precondition check failed.", "failedPrecondition"),
         "mailbox_missing"),
        (403, recorded(403, "Gmail API has not been used", "accessNotConfigured"), "api_disabled"),
        (403, recorded(403, "Gmail API", details=[{"@type": "x", "reason": "SERVICE_DISABLED"}]),
         "api_disabled"),
        (403, recorded(403, "Request had insufficient authentication scopes.",
                       "insufficientPermissions", "PERMISSION_DENIED"), "scope_missing"),
        (403, recorded(403, "x", details=[{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]),
         "scope_missing"),
        (403, recorded(403, "Delegation denied for ada@example.com", "forbidden"),
         "wrong_account"),
        (401, recorded(401, "Invalid Credentials", "authError"), "invalid_grant"),
        (401, b"", "invalid_grant"),
    ],
)  # fmt: skip
def test_b46_what_a_person_has_to_mend(status: int, body: bytes, reason: str) -> None:
    found = failure(status, body)
    assert isinstance(found, AuthorizationLost)
    assert found.reason == reason
    assert found.detail


def test_missing_scopes_are_read_from_the_challenge() -> None:
    body = recorded(
        403, "Request had insufficient authentication scopes.", "insufficientPermissions"
    )
    challenge = (
        'Bearer realm="https://accounts.google.com/", error="insufficient_scope", scope="a b"'
    )
    found = failure(403, body, WWW_Authenticate=challenge)
    assert isinstance(found, AuthorizationLost)
    assert found.missing == {"a", "b"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, recorded(500, "Backend Error", "backendError")),
        (502, HTML),
        (503, b""),
        (504, HTML),
        (408, b""),
        (302, b""),
        (404, HTML),
        (403, HTML),
        (400, b'{"error": {"code": 400, "mess'),
        (400, b"[]"),
        (409, recorded(409, "The operation was aborted.", "aborted", "ABORTED")),
    ],
)
def test_b45_trouble_on_the_way_is_passing(status: int, body: bytes) -> None:
    assert isinstance(failure(status, body), Unavailable)


def test_gone_only_when_gmail_says_so() -> None:
    assert isinstance(failure(404, recorded(404, "Not found", "notFound", "NOT_FOUND")), NotFound)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, recorded(400, "Invalid label: x", "invalidArgument"), "invalidArgument"),
        (400, recorded(400, "no", status="INVALID_ARGUMENT"), "INVALID_ARGUMENT"),
        (403, recorded(403, "no", "forbidden"), "forbidden"),
        (413, b"", "size"),
    ],
)
def test_refusals_carry_gmails_word(status: int, body: bytes, code: str) -> None:
    found = failure(status, body)
    assert isinstance(found, Refused)
    assert found.code == code


def test_odd_envelopes_do_not_break_the_reading() -> None:
    odd = {"error": {"message": ["x"], "errors": [None, {"reason": 7}], "details": "no"}}
    found = failure(400, json.dumps(odd).encode())
    assert isinstance(found, Refused)
    assert found.detail
    assert isinstance(failure(400, b"[" * 100_000), Unavailable)


def test_detail_is_one_short_line() -> None:
    found = failure(400, recorded(400, "a\nb\r\n" + "c" * 999, "badRequest"))
    assert found is not None
    assert found.detail.startswith("a b ccc")
    assert len(found.detail) == 300


def test_invalid_thread_is_recognised() -> None:
    assert names_thread(Refused("Invalid thread_id value", "invalidArgument"))
    assert not names_thread(Refused("Invalid To header", "invalidArgument"))
