"""http.py against real sockets: what comes back, what it costs, what each trouble is called."""

from __future__ import annotations

import gzip
import json
import socket
import time
import tracemalloc
from datetime import datetime, timezone

import pytest

from mailbox_core.errors import AuthorizationLost, NotFound, Refused, Throttled, Unavailable
from mailbox_core.net.http import (
    Http,
    Response,
    Timeouts,
    default_failure,
    retry_after,
    seconds_until,
)
from mailbox_core.net.quota import Unmetered

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


@pytest.fixture
def make():
    made = []

    def build(**options):
        options = {"budget": Unmetered(), "lane": "new", "classify": default_failure} | options
        made.append(Http(**options))
        return made[-1]

    yield build
    for one in made:
        one.close()


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


# --- trouble ------------------------------------------------------------------------------------


def trouble(http, url, method="GET"):
    with pytest.raises(Unavailable) as raised:
        http.request(method, url + "/path?code=4/secret", params={"q": "private"})
    assert "secret" not in raised.value.detail
    assert "private" not in raised.value.detail
    assert raised.value.__suppress_context__
    return raised.value


def test_nobody_listens(make):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    failure = trouble(make(), f"http://127.0.0.1:{port}", "POST")
    assert not failure.reached
    assert "refuses connections" in failure.detail


def test_unknown_name(make):
    failure = trouble(make(), "https://mail.invalid")
    assert not failure.reached
    assert "cannot be resolved" in failure.detail


def test_no_answer_frees_the_worker(peer, make):
    server = peer(lambda turn: turn.pause(5))
    began = time.monotonic()
    failure = trouble(make(timeouts=FAST), server.url)
    assert failure.reached
    assert "no answer in time" in failure.detail
    assert time.monotonic() - began < 1
    assert len(server.requests) == 1


def drip(head, piece, every=0.05):
    def script(turn):
        turn.send(head)
        while not turn.stopped.is_set():
            turn.send(piece)
            turn.pause(every)

    return script


@pytest.mark.parametrize(
    "script",
    [
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
        drip(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drip(b"HT", b""),
    ],
    ids=["body", "headers", "chunks", "status"],
)
def test_a_trickle_ends_at_the_total_time(peer, make, script):
    server = peer(script)
    began = time.monotonic()
    failure = trouble(make(timeouts=FAST), server.url)
    assert failure.reached
    assert time.monotonic() - began < 1.2


def test_a_long_body_earns_time(peer, make):
    def script(turn):
        turn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n")
        for _ in range(10):
            turn.pause(0.06)
            turn.send(b"x" * 50_000)

    server = peer(script)
    http = make(timeouts=Timeouts(connect=1, read=0.3, total=0.2, pace=400_000))
    began = time.monotonic()
    assert len(http.request("GET", server.url).body) == 500_000
    assert time.monotonic() - began > 0.5


def test_time_left_over_is_not_inherited(peer, make):
    def script(turn):
        turn.pause(0.25)
        turn.answer(b"ok")

    server = peer(script)
    http = make(timeouts=Timeouts(connect=1, read=0.5, total=0.4))
    assert [http.request("GET", server.url).body for _ in range(3)] == [b"ok"] * 3
    assert server.connections == 1


# A fixed time stamp: it is part of a test id, which every worker must make alike.
HALF = gzip.compress(json.dumps(list(range(20_000))).encode(), mtime=0)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1, 2",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + HALF[:-900],
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + HALF[:5],
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + b"not gzip" * 9,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nConnection: close\r\n\r\n" + b"x",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"SMTP ready\r\n\r\n",
    ],
)
@pytest.mark.parametrize("rude", [False, True])
def test_damaged_answers(peer, make, data, rude):
    def script(turn):
        turn.send(data)
        turn.pause(0.02)
        turn.reset() if rude else turn.close()

    server = peer(script)
    assert trouble(make(timeouts=FAST), server.url).reached
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body", [b"<html>502</html>", b'{"a": [1, 2', b"", b"\xff\xfe\x00", b"[" * 99_999]
)
def test_answers_that_are_not_json(body):
    with pytest.raises(Unavailable) as raised:
        Response(200, {}, body).json()
    assert raised.value.reached


def test_a_bomb_is_stopped_early(peer, make):
    bomb = gzip.compress(bytes(300_000_000), compresslevel=9)
    server = peer(lambda turn: turn.answer(bomb, Content_Encoding="gzip"))
    http = make(max_bytes=4 * 1024 * 1024)
    tracemalloc.start()
    with pytest.raises(Refused) as raised:
        http.request("GET", server.url)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert raised.value.code == "too_large"
    assert peak < 12 * 1024 * 1024


def script_of(*turns):
    def script(turn):
        turns[min(turn.number, len(turns)) - 1](turn)

    return script


def test_a_get_survives_a_stale_connection(peer, make):
    server = peer(
        script_of(lambda t: t.answer(b"1"), lambda t: t.reset(), lambda t: t.answer(b"3"))
    )
    http, budget = make(), Waits()
    http = make(budget=budget)
    assert [http.request("GET", server.url, units=2).body for _ in range(2)] == [b"1", b"3"]
    assert [one.connection for one in server.requests] == [1, 1, 2]
    assert budget.taken == [("new", 2)] * 3


def test_a_get_is_sent_again_only_once(peer, make):
    server = peer(script_of(lambda t: t.answer(b"1"), lambda t: t.reset()))
    http = make()
    http.request("GET", server.url)
    assert trouble(http, server.url).reached
    assert len(server.requests) == 3


def test_a_post_is_never_sent_again(peer, make):
    server = peer(script_of(lambda t: t.answer(b"1"), lambda t: t.reset()))
    http = make()
    http.request("POST", server.url, body=b"x")
    assert trouble(http, server.url, "POST").reached
    assert len(server.requests) == 2


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
