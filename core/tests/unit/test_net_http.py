"""http.py against real sockets: what comes back, what it costs, what each trouble is called."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timezone

import pytest

from mailbox_core.errors import AuthorizationLost, NotFound, Refused, Throttled, Unavailable
from mailbox_core.net.http import (
    Response,
    Timeouts,
    default_failure,
    retry_after,
    seconds_until,
)

SECRET = "ya29.very-secret-token"
FAST = Timeouts(connect=1, read=0.3, total=0.6)


class Tokens:
    def __init__(self):
        self.renewed = []

    def token(self):
        return SECRET

    def renew(self, stale):
        self.renewed.append(stale)
        return "ya29.second"


class Waits:
    """A budget that answers from a list and books what it is asked."""

    def __init__(self, *waits):
        self.waits = list(waits)
        self.taken = []
        self.penalties = []

    def take(self, lane, units):
        self.taken.append((lane, units))
        return self.waits.pop(0) if self.waits else 0.0

    def penalize(self, seconds):
        self.penalties.append(seconds)


def packed(data):
    return lambda turn: turn.answer(gzip.compress(data), Content_Encoding="gzip")


def test_a_call_and_its_answer(peer, make):
    server = peer(packed(b'{"a": 1}'))
    answer = make(tokens=Tokens()).request(
        "POST",
        server.url + "/x",
        params={"q": "a b", "l": ["x", "y"]},
        json={"k": "é"},
        headers={"X-One": "1"},
    )
    assert (answer.status, answer.json()) == (200, {"a": 1})
    assert answer.headers["content-ENCODING"] == "gzip"
    [seen] = server.requests
    assert (seen.method, seen.target) == ("POST", "/x?q=a+b&l=x&l=y")
    assert json.loads(seen.body) == {"k": "é"}
    wanted = {
        "authorization": f"Bearer {SECRET}",
        "accept-encoding": "gzip",
        "x-one": "1",
        "content-type": "application/json",
    }
    assert wanted.items() <= seen.headers.items()
    assert "gzip" in seen.headers["user-agent"]


def test_connections_are_kept(peer, make):
    server = peer(packed(b"x" * 200_000))
    http = make()
    for _ in range(5):
        assert len(http.request("GET", server.url).body) == 200_000
    assert server.connections == 1


def test_no_body_is_fine(peer, make):
    server = peer(lambda turn: turn.answer(status=204))
    assert make().request("POST", server.url, body=b"x").body == b""


def test_an_empty_gzip_body_is_fine(peer, make):
    server = peer(lambda turn: turn.answer(b"", Content_Encoding="gzip"))
    assert make().request("GET", server.url).body == b""


def test_gzip_members_follow_each_other(peer, make):
    both = gzip.compress(b"one ") + gzip.compress(b"two")
    server = peer(lambda turn: turn.answer(both, Content_Encoding="gzip"))
    assert make().request("GET", server.url).body == b"one two"


def test_chunked_bodies(peer, make):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    server = peer(lambda turn: turn.send(head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))
    http = make()
    assert [http.request("GET", server.url).body for _ in range(2)] == [b"abcde"] * 2
    assert server.connections == 1


def test_stream_gives_bounded_chunks(peer, make):
    server = peer(packed(b"z" * 1_000_000))
    chunks = list(make().stream("GET", server.url, units=3))
    assert b"".join(chunks) == b"z" * 1_000_000
    assert max(map(len, chunks)) <= 65536


def test_stream_raises_failures_before_the_first_byte(peer, make):
    server = peer(lambda turn: turn.answer(b"{}", 404))
    with pytest.raises(NotFound):
        make().stream("GET", server.url)


def test_environment_proxies_and_cookies_are_ignored(peer, make, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    server = peer(lambda turn: turn.answer(Set_Cookie="who=you"))
    http = make()
    for _ in range(2):
        http.request("GET", server.url)
    assert "cookie" not in server.requests[1].headers


# --- money: units -------------------------------------------------------------------------------


def test_units_are_paid_in_the_lane_before_the_call(peer, make):
    server = peer(lambda turn: turn.answer())
    budget, slept = Waits(0.4, 0.9), []
    http = make(budget=budget, lane="history", sleep=slept.append)
    http.request("GET", server.url, units=20)
    http.request("GET", server.url, units=5, lane="interactive")
    assert budget.taken == [("history", 20)] * 3 + [("interactive", 5)]
    assert slept == [0.4, 0.9]


@pytest.mark.parametrize("waits", [(1.6,), (1.0, 0.6)])
def test_a_long_wait_is_not_slept(peer, make, waits):
    server = peer(lambda turn: turn.answer())
    slept = []
    with pytest.raises(Throttled) as raised:
        make(budget=Waits(*waits), sleep=slept.append).request("GET", server.url, units=1)
    assert raised.value.retry_after == waits[-1]
    assert sum(slept) <= 1.5
    assert not server.requests


@pytest.mark.parametrize(("headers", "penalty"), [({"Retry_After": "37"}, 37.0), ({}, 1.0)])
def test_too_many_requests_silences_the_budget(peer, make, headers, penalty):
    server = peer(lambda turn: turn.answer(b"", 429, **headers))
    budget = Waits()
    with pytest.raises(Throttled) as raised:
        make(budget=budget).request("GET", server.url)
    assert budget.penalties == [penalty]
    assert raised.value.retry_after == (37.0 if headers else None)
    assert len(server.requests) == 1


# --- tokens -------------------------------------------------------------------------------------


def test_one_new_token_after_401(peer, make):
    def script(turn):
        turn.answer(
            b"ok" if "second" in turn.request.headers["authorization"] else b"",
            200 if "second" in turn.request.headers["authorization"] else 401,
        )

    server, tokens, budget = peer(script), Tokens(), Waits()
    assert make(tokens=tokens, budget=budget).request("GET", server.url, units=5).body == b"ok"
    assert tokens.renewed == [SECRET]
    assert budget.taken == [("new", 5)] * 2


def test_a_second_401_is_the_end(peer, make):
    server, tokens = peer(lambda turn: turn.answer(b"", 401)), Tokens()
    with pytest.raises(AuthorizationLost):
        make(tokens=tokens).request("GET", server.url)
    assert len(server.requests) == 2
    assert tokens.renewed == [SECRET]


def test_redirects_are_not_followed(peer, make):
    thief = peer(lambda turn: turn.answer())
    server = peer(lambda turn: turn.answer(b"moved", 302, Location=thief.url))
    with pytest.raises(Unavailable):
        make(tokens=Tokens()).request("GET", server.url)
    assert thief.connections == 0
    answer = make(classify=lambda answer: None).request("GET", server.url)
    assert (answer.status, answer.body) == (302, b"moved")
    assert answer.headers["location"] == thief.url


def test_tokens_need_tls(make):
    with pytest.raises(Refused, match="must use https"):
        make(tokens=Tokens()).request("GET", "http://mail.example.com/")


def test_a_broken_token_is_refused_and_not_shown(peer, make):
    class Broken(Tokens):
        def token(self):
            return SECRET + "\r\nX-Evil: 1"

    server = peer(lambda turn: turn.answer())
    with pytest.raises(Refused) as raised:
        make(tokens=Broken()).request("GET", server.url)
    assert SECRET not in raised.value.detail
    assert not server.requests


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AuthorizationLost),
        (404, NotFound),
        (410, NotFound),
        (400, Refused),
        (413, Refused),
        (408, Unavailable),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (301, Unavailable),
        (429, Throttled),
    ],
)
def test_default_failures(status, kind):
    assert isinstance(default_failure(Response(status)), kind)
    assert default_failure(Response(204)) is None


def test_overload_with_advice_is_throttling():
    failure = default_failure(Response(503, {"Retry-After": "9"}))
    assert isinstance(failure, Throttled)
    assert failure.retry_after == 9


def clock():
    return datetime(2026, 11, 21, 20, 0, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sat, 21 Nov 2026 20:01:30 GMT", 90.0),
        ("Sat, 21 Nov 2026 19:00:00 GMT", 0.0),
        ("Saturday, 21-Nov-26 20:00:10 GMT", 10.0),
        ("99999999999999999999", 7 * 86400.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("Sat, 99 Nov 2026 20:01:30 GMT", None),
    ],
)
def test_retry_after(value, seconds):
    assert retry_after({"retry-after": value}, clock) == seconds


def test_advice_is_read_on_the_providers_clock():
    headers = {
        "Date": "Sun, 22 Nov 2026 20:00:00 GMT",
        "Retry-After": "Sun, 22 Nov 2026 20:00:30 GMT",
    }
    assert retry_after(headers, clock) == 30
    when = datetime(2026, 11, 22, 20, 1, tzinfo=timezone.utc)
    assert seconds_until(when, headers, clock) == 60
    assert retry_after({}) is None
