"""Only hosts of the public internet are called, whatever their name says."""

import base64
import hashlib
import hmac
import socket
import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from mailbox_core.errors import NotFound, Refused, Throttled, Unavailable
from mailbox_core.net import public, webhook
from mailbox_core.net.public import check_url, is_public, networks
from mailbox_core.net.webhook import deliver, signature


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "0.0.0.0", "255.255.255.255", "224.0.0.1", "192.0.2.1", "::1", "::", "fe80::1%eth0",
     "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe",
     "2002:7f00:1::", "2002:a00:1::"],
)  # fmt: skip
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_what_is_public(address: str) -> None:
    assert is_public(address)


def test_the_operator_may_allow_networks() -> None:
    allowed = networks("10.0.0.0/8, ::1/128")
    assert is_public("10.1.2.3", allowed) and is_public("::1", allowed)
    assert is_public("::ffff:10.1.2.3", networks("::ffff:0:0/96 10.0.0.0/8"))
    assert not is_public("192.168.1.1", allowed)
    with pytest.raises(ValueError, match="nonsense"):
        networks("nonsense")


@pytest.mark.parametrize(
    "url",
    ["ftp://example.com/", "https://", "https://[::1", "file:///etc/passwd", "gopher://x/",
     "https://user:secret@8.8.8.8/", "https://127.0.0.1/", "https://[::1]/", "https://2130706433/",
     "https://0x7f.1/", "https://localhost/", "https://169.254.169.254/latest/meta-data/",
     "https://8.8.8.8/" + "a" * 3000, "https://example.com:99999/"],
)  # fmt: skip
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(Refused):
        check_url(url)


def test_one_private_address_among_several_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = [(2, 1, 6, "", ("8.8.8.8", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: answer)
    with pytest.raises(Refused, match="public internet"):
        check_url("https://both.test/")


def test_a_name_that_cannot_be_resolved_may_be_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nowhere(*_args: Any, **_kwargs: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    with pytest.raises(Unavailable, match="resolved"):
        check_url("https://nowhere.test/")


class _Server(HTTPServer):
    status = 200
    seen: list[tuple[dict[str, str], bytes]]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(({key.lower(): text for key, text in self.headers.items()}, body))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as one:
        one.seen = []
        thread = threading.Thread(target=one.serve_forever, daemon=True)
        thread.start()
        yield one
        one.shutdown()
        thread.join()


SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
LOOPBACK = networks("127.0.0.0/8 ::1/128")


def call(server: _Server, *, allowed: Sequence[public.Network] = LOOPBACK) -> int:
    """A signed call to the server under a name."""
    return deliver(
        f"http://localhost:{server.server_port}/hook",
        b'{"a": 1}',
        secret=SECRET,
        name="m-1",
        at=datetime.fromtimestamp(1_700_000_000, timezone.utc),
        allowed=allowed,
    )


def test_a_name_that_changes_its_mind_after_the_check_gains_nothing(
    server: _Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "check_url", lambda *_args: None)
    with pytest.raises(Unavailable, match="NotPublic"):
        call(server, allowed=())
    assert not server.seen
    assert call(server) == 200


def test_a_call_is_signed_and_keeps_the_name_of_the_host(server: _Server) -> None:
    assert call(server) == 200
    headers, body = server.seen[0]
    assert headers["host"] == f"localhost:{server.server_port}"
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("m-1", "1700000000")
    signed = b"m-1.1700000000." + body
    digest = hmac.new(b"0123456789abcdef0123456789abcdef", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert headers["content-type"] == "application/json"
    assert "authorization" not in headers


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the reference libraries of Standard Webhooks."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    name = "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert (
        signature(secret, name, 1614265330, b'{"test": 2432232314}')
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
    assert signature("plain words", name, 1, b"") != signature("plain word", name, 1, b"")


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (301, Unavailable),
        (308, Unavailable),
        (400, Refused),
        (404, NotFound),
        (410, NotFound),
        (429, Throttled),
        (500, Unavailable),
    ],
)
def test_answers_that_are_no_success(
    server: _Server, status: int, failure: type[Exception]
) -> None:
    server.status = status
    with pytest.raises(failure):
        call(server)
    assert len(server.seen) == 1, "a redirect is not followed"
