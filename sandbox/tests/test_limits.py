"""Errors, rate limits, quota and scopes (b41 to b46), and strict reading."""

from __future__ import annotations

import contextlib
import dataclasses
import email.utils
import gzip
import json
import re
import socket
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from mailbox_sandbox import Account, Sandbox
from mailbox_sandbox.quota import PROFILES

GMAIL = "https://www.googleapis.com/auth/gmail."


def _error(reply: requests.Response) -> dict[str, Any]:
    error: dict[str, Any] = reply.json()["error"]
    return error


@pytest.mark.parametrize(
    ("fault", "status", "reason", "text"),
    [
        ("rate_403_user", 403, "userRateLimitExceeded", "User Rate Limit Exceeded"),
        ("rate_403_project", 403, "rateLimitExceeded", "Quota exceeded for quota metric"),
        ("rate_429", 429, "rateLimitExceeded", "Resource has been exhausted"),
        ("rate_429_retry_after", 429, "rateLimitExceeded", "Resource has been exhausted"),
        ("rate_retry_text", 429, "rateLimitExceeded", "exceeded.  Retry after 20"),
    ],
)
def test_b41_rate_limit_shapes(
    fault: str, status: int, reason: str, text: str, gmail: Any, sandbox: Sandbox
) -> None:
    sandbox.faults.add(call="labels.list", fault=fault, seconds=7)
    reply = gmail.call("GET", "labels")
    assert reply.status_code == status and text in _error(reply)["message"]
    assert _error(reply)["errors"][0]["reason"] == reason
    assert ("Retry-After" in reply.headers) == (fault == "rate_429_retry_after")


def test_b41_retry_after_in_seconds_and_as_date(gmail: Any, sandbox: Sandbox) -> None:
    sandbox.faults.add(fault="rate_429_retry_after", seconds=7)
    assert gmail.call("GET", "labels").headers["Retry-After"] == "7"
    sandbox.faults.add(fault="rate_429_retry_after", seconds=7, form="date")
    when = email.utils.parsedate_to_datetime(gmail.call("GET", "labels").headers["Retry-After"])
    assert 4 < when.timestamp() - sandbox.clock.now() <= 7


def test_b42_early_retry_pushes_the_time_out(gmail: Any, sandbox: Sandbox) -> None:
    sandbox.clock.freeze()
    sandbox.faults.add(fault="rate_retry_text", seconds=20)

    def told() -> str:
        message = _error(gmail.call("GET", "labels"))["message"]
        return re.findall(r"after (\S+)$", message)[0]

    first = told()
    second = told()
    assert second > first
    sandbox.clock.advance(21)
    assert told() > second
    sandbox.clock.advance(60)
    assert gmail.call("GET", "labels").status_code == 200


def test_b43_too_many_parallel_calls_of_one_user(
    gmail: Any, account: Account, sandbox: Sandbox
) -> None:
    limit = sandbox.world.settings.concurrency
    with contextlib.ExitStack() as busy:
        for _ in range(limit - 1):
            assert busy.enter_context(sandbox.quota.slot("demo-project", account.email, limit))
        gmail.get("labels")
        busy.enter_context(sandbox.quota.slot("demo-project", account.email, limit))
        reply = gmail.call("GET", "labels")
        assert reply.status_code == 429
        assert "Too many concurrent requests" in _error(reply)["message"]
    gmail.get("labels")
    assert sandbox.quota.usage()["peak_parallel"] == limit + 1


@pytest.mark.parametrize(("profile", "price", "burst"), [("v1", 5, 3000), ("v2", 20, 300)])
def test_b44_ledger_is_a_real_bucket(
    profile: str, price: int, burst: int, sandbox: Sandbox
) -> None:
    sandbox.clock.freeze()
    sandbox.quota.use(profile)
    assert sandbox.quota.price("messages.get") == price
    granted = sum(not sandbox.quota.charge("p", "u", "messages.get") for _ in range(burst + 50))
    assert granted == burst
    sandbox.clock.advance(6)
    more = sum(not sandbox.quota.charge("p", "u", "messages.get") for _ in range(burst))
    assert more == burst // 10
    assert not sandbox.quota.charge("p", "other", "messages.get")
    usage = sandbox.quota.usage("p", "u")
    assert usage["units"] == price * (granted + more)
    assert usage["refused"] == 50 + burst - more
    assert sum(usage["user_minutes"]["p u"].values()) == usage["units"]


def test_b44_project_minute_and_day(sandbox: Sandbox) -> None:
    sandbox.clock.freeze()
    small = dataclasses.replace(PROFILES["v2"], project_minute=1000, project_day=2500)
    sandbox.quota.profile = small
    assert PROFILES["v2"].project_minute == 1_200_000
    assert PROFILES["v2"].project_day == 80_000_000

    def minute() -> list[str]:
        sandbox.clock.advance(60)
        return [sandbox.quota.charge("p", f"u{n}", "watch") for n in range(12)]

    assert minute() == [""] * 10 + ["project"] * 2
    sandbox.quota.reset()
    assert [minute().count("") for _ in range(3)] == [10, 10, 5]
    assert set(minute()) == {"day"}
    sandbox.clock.advance(86_400)
    assert minute().count("") == 10


def test_b44_over_http_the_real_bodies_come(
    gmail: Any, account: Account, mail: Any, sandbox: Sandbox
) -> None:
    sandbox.clock.freeze()
    sandbox.quota.use("v2")
    message = account.deliver(mail())
    for _ in range(299):
        sandbox.quota.charge("demo-project", account.email, "messages.get")
    gmail.get(f"messages/{message.id}")
    reply = gmail.call("GET", f"messages/{message.id}")
    assert reply.status_code == 403 and "per minute per user" in _error(reply)["message"]
    assert _error(reply)["errors"][0]["domain"] == "usageLimits"
    usage = sandbox.quota.usage(user=account.email)
    assert usage["messages"] == 1 and usage["by_method"]["messages.get"]["refused"] == 1


def test_b45_html_half_json_half_gzip_and_gzip(gmail: Any, sandbox: Sandbox) -> None:
    sandbox.faults.add(fault="502_html")
    reply = gmail.call("GET", "labels")
    assert reply.status_code == 502 and reply.headers["Content-Type"].startswith("text/html")
    sandbox.faults.add(fault="half_json")
    reply = gmail.session.get(gmail.base + "/gmail/v1/users/me/labels")
    assert reply.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        reply.json()
    sandbox.faults.add(fault="half_gzip")
    with pytest.raises((requests.RequestException, ValueError)):
        gmail.session.get(gmail.base + "/gmail/v1/users/me/labels").json()
    asked = {"Accept-Encoding": "gzip", "User-Agent": "tests (gzip)"}
    packed = gmail.session.get(
        gmail.base + "/gmail/v1/users/me/labels", headers=asked, stream=True
    ).raw.read(decode_content=False)
    assert json.loads(gzip.decompress(packed))["labels"]
    silent = {"Accept-Encoding": "gzip", "User-Agent": "tests"}
    reply = gmail.session.get(gmail.base + "/gmail/v1/users/me/labels", headers=silent)
    assert "Content-Encoding" not in reply.headers


@pytest.mark.parametrize("fault", ["refused", "reset_midbody", "lose_reply"])
def test_wire_faults_break_the_connection_once(fault: str, gmail: Any, sandbox: Sandbox) -> None:
    sandbox.faults.add(call="labels.list", fault=fault)
    with pytest.raises(requests.RequestException):
        gmail.get("labels")
    gmail.get("labels")


def test_hang_and_slow(gmail: Any, sandbox: Sandbox) -> None:
    sandbox.faults.add(call="labels.list", fault="hang", seconds=30)
    with pytest.raises(requests.Timeout):
        gmail.call("GET", "labels", timeout=0.3)
    size = len(gmail.call("GET", "labels").content)
    sandbox.faults.add(call="labels.list", fault="slow", rate=size * 2)
    begin = time.monotonic()
    gmail.get("labels")
    assert 0.3 < time.monotonic() - begin < 3


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        ("domain_policy", 403, "domainPolicy"),
        ("failed_precondition", 400, "failedPrecondition"),
        ("service_disabled", 403, "accessNotConfigured"),
        ("daily_limit", 403, "dailyLimitExceeded"),
        ("error_500", 500, "backendError"),
        ("503", 503, "backendError"),
    ],
)
def test_b46_permanent_and_other_refusals(
    fault: str, status: int, reason: str, gmail: Any, sandbox: Sandbox
) -> None:
    sandbox.faults.add(fault=fault)
    assert gmail.refused("GET", "profile") == (status, reason)
    gmail.get("profile")


def test_b46_account_without_gmail(gmail: Any, account: Account) -> None:
    account.enabled = False
    assert gmail.refused("GET", "profile") == (400, "failedPrecondition")


def test_missing_scope_is_the_exact_body(connect: Any, account: Account, mail: Any) -> None:
    reader = connect(GMAIL + "readonly")
    message = account.deliver(mail())
    reply = reader.call("POST", f"messages/{message.id}/modify", json={"addLabelIds": ["INBOX"]})
    error = _error(reply)
    assert (reply.status_code, error["status"]) == (403, "PERMISSION_DENIED")
    assert error["message"] == "Request had insufficient authentication scopes."
    assert error["errors"][0]["reason"] == "insufficientPermissions"
    assert error["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    assert 'error="insufficient_scope"' in reply.headers["WWW-Authenticate"]
    modify = connect(GMAIL + "modify")
    assert modify.refused("DELETE", f"messages/{message.id}")[0] == 403
    assert connect(GMAIL + "send").refused("GET", "profile")[0] == 403


def test_metadata_scope_reads_headers_only(connect: Any, account: Account, mail: Any) -> None:
    reader, message = connect(GMAIL + "metadata"), account.deliver(mail())
    assert "body" not in reader.get(f"messages/{message.id}")["payload"]
    for shape in ("full", "raw"):
        path = f"messages/{message.id}"
        assert reader.refused("GET", path, params={"format": shape})[0] == 403
    assert reader.refused("GET", "messages", params={"q": "x"})[0] == 403
    reader.get("messages")


def test_strict_reading(gmail: Any, account: Account, mail: Any, sandbox: Sandbox) -> None:
    message = account.deliver(mail())
    for params in ({"foo": "1"}, {"maxResults": "many"}, {"maxResults": "0"},
                   {"includeSpamTrash": "perhaps"}, {"alt": "xml"}, {"quotaUser": "x" * 41},
                   {"q": ["a", "b"]}):  # fmt: skip
        assert gmail.refused("GET", "messages", params=params)[0] == 400, params
    path = f"messages/{message.id}/modify"
    assert gmail.refused("POST", path, json={"addLabels": ["INBOX"]})[0] == 400
    assert gmail.refused("POST", path, json={"addLabelIds": "INBOX"})[0] == 400
    assert gmail.refused("POST", path, data="addLabelIds=INBOX")[0] == 400
    broken = {"data": "{", "headers": {"Content-Type": "application/json"}}
    assert gmail.refused("POST", path, **broken)[0] == 400
    for odd in ("zz", "f" * 200):
        assert gmail.refused("GET", f"messages/{odd}")[0] == 400
    assert gmail.session.get(gmail.base + "/gmail/v1/users/me/nonsense").status_code == 404
    other = gmail.call("GET", "/gmail/v1/users/else@example.com/profile")
    assert other.status_code == 403
    assert _error(other)["message"] == "Delegation denied for else@example.com"
    assert gmail.call("GET", "/gmail/v1/users/Demo@Example.com/profile").status_code == 200
    gmail.session.headers["Authorization"] = "Bearer nonsense"
    assert gmail.refused("GET", "profile") == (401, "authError")


def test_faults_by_account_probability_and_skip(gmail: Any, connect: Any, sandbox: Sandbox) -> None:
    sandbox.world.add_account("other@example.com")
    other = connect(email="other@example.com")
    sandbox.faults.add(call="labels.*", fault="error_500", skip=1, account="other@example.com")
    gmail.get("labels")
    other.get("labels")
    gmail.get("labels")
    assert other.refused("GET", "labels")[0] == 500
    other.get("labels")
    sandbox.faults.add(fault="error_500", times=None, probability=0.5)
    statuses = [gmail.call("GET", "profile").status_code for _ in range(60)]
    assert 10 < statuses.count(500) < 50
    sandbox.faults.clear()
    with pytest.raises(ValueError, match="unknown fault"):
        sandbox.faults.add(fault="meteor")


def test_chunked_requests_and_keep_alive(gmail: Any, sandbox: Sandbox) -> None:
    port = urlsplit(sandbox.url).port
    body = b'{"name": "Chunk"}'
    token = gmail.session.headers["Authorization"]
    head = (
        f"POST /gmail/v1/users/me/labels HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port or 0), timeout=10) as connection:
        chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        connection.sendall(head.encode() + chunks)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK")
        connection.sendall(b"GET /_sandbox/status HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK")
