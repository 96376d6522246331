"""TLS: nothing is sent to a server that cannot prove its name (RFC 9325)."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading

import pytest

from mailbox_core.errors import Unavailable
from mailbox_core.net.http import Http, default_failure
from mailbox_core.net.quota import Unmetered
from mailbox_core.net.wire import tls_context


@pytest.fixture
def call():
    made = []

    def get(url):
        made.append(Http(budget=Unmetered(), lane="new", classify=default_failure))
        return made[-1].request("GET", url)

    yield get
    for one in made:
        one.close()


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_trusted_certificate(peer, call, certificate, monkeypatch, variable):
    path, context = certificate()
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(variable, str(path))
    assert call(peer(lambda turn: turn.answer(b"ok"), context).url).body == b"ok"


@pytest.mark.parametrize(
    ("host", "days", "trust", "words"),
    [
        ("localhost", 1, False, "self.signed"),
        ("localhost", -1, True, "expired"),
        ("elsewhere.example.com", 1, True, "localhost"),
    ],
)
def test_an_untrusted_certificate(peer, call, certificate, monkeypatch, host, days, trust, words):
    path, context = certificate(host, days)
    anchor = path if trust else certificate("other.example.com")[0]
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(anchor))
    server = peer(lambda turn: turn.answer(b"ok"), context)
    with pytest.raises(Unavailable, match=words) as raised:
        call(server.url)
    assert not raised.value.reached
    assert "Nothing was sent" in raised.value.detail
    assert not server.requests


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_server_without_tls(call, host):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet():
            with contextlib.suppress(OSError), listener.accept()[0] as sock:
                sock.sendall(b"220 mail.example.com ESMTP\r\n")
                sock.recv(65536)

        threading.Thread(target=greet, daemon=True).start()
        with pytest.raises(Unavailable, match="TLS failed") as raised:
            call(f"https://{host}:{listener.getsockname()[1]}")
    assert not raised.value.reached


def test_old_protocol_versions_are_off():
    context = tls_context(None)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.get_ca_certs()
