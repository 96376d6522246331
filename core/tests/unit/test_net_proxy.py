"""Through an HTTP proxy: TLS ends at the provider, not at the proxy (RFC 9110 section 9.3.6)."""

from __future__ import annotations

import base64
import socket
import threading
from urllib.parse import urlsplit

import pytest

from mailbox_core.errors import Refused, Unavailable
from mailbox_core.net.endpoints import Endpoints

HOST = "gmail.example.test"


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
    "address", ["proxy:3128", "socks5://proxy:1080", "http://", "http://p:99999", "http://p/path"]
)
def test_an_address_that_is_none(address):
    with pytest.raises(Refused) as raised:
        Endpoints(proxy=address)
    assert raised.value.code == "proxy"


def test_the_password_of_a_proxy_is_not_shown():
    assert "pw" not in repr(Endpoints.google_at("https://x", proxy="http://ann:pw@proxy:3128"))
