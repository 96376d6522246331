"""A loopback peer that answers byte for byte what a test scripts: broken answers need a real
socket."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mailbox_core.net.http import Http, default_failure
from mailbox_core.net.quota import Unmetered


@dataclass(frozen=True)
class Request:
    """What came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Turn:
    """One request being answered. ``send`` writes, ``close`` hangs up, ``reset`` hangs up
    rudely."""

    request: Request
    number: int
    sock: socket.socket
    stopped: threading.Event
    open: bool = True

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(self, body: bytes = b"", status: int = 200, **headers: str) -> None:
        """A well-formed answer in one write; underscores in header names become dashes."""
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def close(self) -> None:
        self.open = False

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close()

    def pause(self, seconds: float) -> None:
        """Sleep, but not beyond the end of the test."""
        self.stopped.wait(seconds)


Script = Callable[[Turn], None]


@dataclass
class Peer:
    """A server that runs ``script`` for each request and keeps what it received."""

    script: Script
    context: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self.stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        scheme = "https" if self.context else "http"
        self.url = (
            f"{scheme}://localhost:{self.port}" if self.context else f"http://127.0.0.1:{self.port}"
        )
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self.stopped.set()
        self._listener.close()

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True).start()

    def _serve(self, sock: socket.socket, connection: int) -> None:
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context is not None:
                sock = self.context.wrap_socket(sock, server_side=True)
            with sock, sock.makefile("rb") as reader:
                while (request := _read(reader, connection)) is not None:
                    self.requests.append(request)
                    turn = Turn(request, len(self.requests), sock, self.stopped)
                    self.script(turn)
                    if not turn.open:
                        return
        except OSError:
            return
        finally:
            sock.close()


def _read(reader: object, connection: int) -> Request | None:
    first = reader.readline().decode("latin-1").split()  # type: ignore[attr-defined]
    if len(first) < 2:
        return None
    headers: dict[str, str] = {}
    while line := reader.readline().strip():  # type: ignore[attr-defined]
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = reader.read(int(headers.get("content-length", "0")))  # type: ignore[attr-defined]
    return Request(first[0], first[1], headers, body, connection)


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    """``peer(script, context=None)`` starts a scripted server on the loopback."""
    started: list[Peer] = []

    def start(script: Script, context: ssl.SSLContext | None = None) -> Peer:
        started.append(Peer(script, context))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def make() -> Iterator[Callable[..., Http]]:
    """Builds transports that nobody meters, closed at the end."""
    made: list[Http] = []

    def build(**options: Any) -> Http:
        given: dict[str, Any] = {
            "budget": Unmetered(),
            "lane": "new",
            "classify": default_failure,
        } | options
        made.append(Http(**given))
        return made[-1]

    yield build
    for one in made:
        one.close()


def _certificate(folder: Path, host: str, days: int) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate, also its own trust anchor; answers path and server context."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.timezone.utc)
    start, end = now - dt.timedelta(days=3), now + dt.timedelta(days=days)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}{days}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + built.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context


@pytest.fixture
def certificate(tmp_path: Path) -> Callable[..., tuple[Path, ssl.SSLContext]]:
    """``certificate(host="localhost", days=1)`` makes one that is its own trust anchor."""

    def make(host: str = "localhost", days: int = 1) -> tuple[Path, ssl.SSLContext]:
        return _certificate(tmp_path, host, days)

    return make
