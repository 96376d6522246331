"""Through an HTTP proxy: TLS ends at the provider, not at the proxy (RFC 9110 section 9.3.6)."""

from __future__ import annotations

import base64
import socket
import threading
from datetime import datetime, timezone
from urllib.parse import urlsplit

import pytest

from mailbox_core.errors import Refused, Unavailable
from mailbox_core.net import webhook
from mailbox_core.net.endpoints import Endpoints
from mailbox_core.net.public import networks
from mailbox_core.net.webhook import deliver

HOST = "gmail.example.test"
AT = datetime.fromtimestamp(1_700_000_000, timezone.utc)


class Proxy:
    """Answers CONNECT with a tunnel to one peer, whatever name was asked for, or with a status."""

    def __init__(self, port=0, status=200):
        self.target, self.status = port, status
        self.heads = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += client.recv(1)
        self.heads.append(head.decode())
        if self.status != 200:
            client.sendall(f"HTTP/1.1 {self.status} No\r\n\r\n".encode())
            client.close()
            return
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        server = socket.create_connection(("127.0.0.1", self.target))
        for one, other in ((client, server), (server, client)):
            threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    @staticmethod
    def _pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()


@pytest.fixture
def proxy():
    made = []

    def start(*args, **kwargs):
        made.append(Proxy(*args, **kwargs))
        return made[-1]

    yield start
    for one in made:
        one.listener.close()


@pytest.fixture
def behind(peer, proxy, certificate, monkeypatch):
    """A provider that is reached through a proxy only, trusted, and the proxy."""
    path, context = certificate(HOST)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    server = peer(lambda turn: turn.answer(b"ok"), context)
    return server, proxy(server.port)


def test_a_call_goes_through_the_tunnel(behind, make):
    server, proxy = behind
    http = make(proxy=proxy.url)
    for _ in range(2):
        assert http.request("GET", f"https://{HOST}/mail?secret=1").body == b"ok"
    assert len(server.requests) == 2 and server.connections == 1
    (head,) = proxy.heads
    assert head.startswith(f"CONNECT {HOST}:443 ") and "secret" not in head


def test_name_and_password_are_for_the_proxy_alone(behind, make):
    server, proxy = behind
    parts = urlsplit(proxy.url)
    make(proxy=f"http://ann:pw@{parts.netloc}").request("GET", f"https://{HOST}/")
    expected = base64.b64encode(b"ann:pw").decode()
    assert f"Proxy-Authorization: Basic {expected}" in proxy.heads[0]
    assert "proxy-authorization" not in server.requests[0].headers


def test_the_provider_still_has_to_prove_its_name(behind, make):
    server, proxy = behind
    with pytest.raises(Unavailable, match=r"certificate of other\.example\.test is not trusted"):
        make(proxy=proxy.url).request("GET", "https://other.example.test/")
    assert not server.requests


def test_the_loopback_is_reached_directly(peer, make):
    server = peer(lambda turn: turn.answer(b"ok"))
    assert make(proxy="http://127.0.0.1:1").request("GET", server.url).body == b"ok"


def test_the_environment_is_not_asked(peer, make, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert make().request("GET", peer(lambda turn: turn.answer(b"ok")).url).body == b"ok"


@pytest.mark.parametrize(("status", "words"), [(407, "it answers 407"), (503, "it answers 503")])
def test_a_proxy_that_refuses(proxy, make, status, words):
    with pytest.raises(Unavailable, match=rf"{HOST}: the proxy fails \({words}\)") as raised:
        make(proxy=proxy(status=status).url).request("GET", f"https://{HOST}/")
    assert not raised.value.reached


def test_a_proxy_that_is_not_there(make):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gone = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(Unavailable, match="the proxy fails") as raised:
        make(proxy=gone).request("GET", f"https://{HOST}/")
    assert not raised.value.reached


@pytest.mark.parametrize(
    "address",
    [
        "proxy:3128",
        "socks5://proxy:1080",
        "https://proxy:3128",
        "http://",
        "http://p:99999",
        "http://p/path",
    ],
)
def test_an_address_that_is_none(address):
    with pytest.raises(Refused) as raised:
        Endpoints(proxy=address)
    assert raised.value.code == "proxy"


def test_the_password_of_a_proxy_is_not_shown():
    assert "pw" not in repr(Endpoints.google_at("https://x", proxy="http://ann:pw@proxy:3128"))


@pytest.fixture
def names(monkeypatch):
    """What names resolve to here; all others as ever."""
    known = {}
    ask = socket.getaddrinfo

    def look_up(host, port, *args, **kwargs):
        address = known.get(host)
        if address is None:
            return ask(host, port, *args, **kwargs)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def call(url, proxy, allowed=()):
    """A signed call to an address that somebody wrote."""
    return deliver(
        url, b"{}", secret="x" * 16, name="m-1", at=AT, allowed=networks(",".join(allowed)),
        proxy=proxy,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("address", "target"),
    [("93.184.215.14", "93.184.215.14:443"), ("2606:2800::1", "[2606:2800::1]:443")],
)
def test_a_written_address_is_looked_up_here_and_not_by_the_proxy(behind, names, address, target):
    server, proxy = behind
    names[HOST] = address
    assert call(f"https://{HOST}/hook", proxy.url) == 200
    (head,) = proxy.heads
    assert head.startswith(f"CONNECT {target} ") and HOST not in head
    assert server.requests[0].headers["host"] == HOST, "the receiver and its certificate are asked"


def test_the_password_of_the_proxy_stays_with_the_proxy(behind, names):
    server, proxy = behind
    names[HOST] = "93.184.215.14"
    assert call(f"https://{HOST}/hook", proxy.url.replace("http://", "http://ann:p%40w@")) == 200
    assert base64.b64encode(b"ann:p@w").decode() in proxy.heads[0]
    assert "proxy-authorization" not in server.requests[0].headers


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
def test_a_proxy_opens_no_way_to_what_is_not_public(behind, names, monkeypatch, address):
    server, proxy = behind
    names[HOST] = address
    with pytest.raises(Refused, match="public internet"):
        call(f"https://{HOST}/hook", proxy.url)
    monkeypatch.setattr(webhook, "check_url", lambda *_args: None)
    with pytest.raises(Unavailable, match="NotPublic"):
        call(f"https://{HOST}/hook", proxy.url)
    assert not proxy.heads and not server.requests


def test_networks_of_the_operator_are_reached_directly(behind, names):
    server, proxy = behind
    names[HOST] = "127.0.0.1"
    assert call(f"https://{HOST}:{server.port}/hook", proxy.url, ["127.0.0.0/8"]) == 200
    assert not proxy.heads


@pytest.mark.parametrize(("status", "words"), [(407, "it answers 407"), (403, "it answers 403")])
def test_a_proxy_that_refuses_a_written_address(proxy, names, status, words):
    names[HOST] = "93.184.215.14"
    with pytest.raises(Unavailable, match=rf"the proxy fails \({words}\)") as raised:
        call(f"https://{HOST}/hook", proxy(status=status).url)
    assert not raised.value.reached


def test_a_proxy_that_is_not_there_for_a_written_address(names):
    names[HOST] = "93.184.215.14"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gone = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(Unavailable, match="the proxy fails"):
        call(f"https://{HOST}/hook", gone)
