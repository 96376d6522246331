"""Trouble on the wire: what each is called, what it costs in time and memory."""

from __future__ import annotations

import gzip
import json
import socket
import time
import tracemalloc

import pytest

from mailbox_core.errors import Refused, Unavailable
from mailbox_core.net.http import (
    Response,
    Timeouts,
)
from mailbox_core.net.quota import Unmetered

FAST = Timeouts(connect=1, read=0.3, total=0.6)


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
    server = peer(lambda turn: turn.pause(60))
    began = time.monotonic()
    failure = trouble(make(timeouts=FAST), server.url)
    assert failure.reached
    assert "no answer in time" in failure.detail
    assert time.monotonic() - began < 30
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
    # The peer never ends by itself.
    failure = trouble(make(timeouts=FAST), peer(script).url)
    assert failure.reached


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


def test_a_get_survives_a_stale_connection(peer, make, monkeypatch):
    server = peer(
        script_of(lambda t: t.answer(b"1"), lambda t: t.reset(), lambda t: t.answer(b"3"))
    )
    taken = []
    monkeypatch.setattr(
        Unmetered, "take", lambda _, lane, units: taken.append((lane, units)) or 0.0
    )
    http = make()
    assert [http.request("GET", server.url, units=2).body for _ in range(2)] == [b"1", b"3"]
    assert [one.connection for one in server.requests] == [1, 1, 2]
    assert taken == [("new", 2)] * 3


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
