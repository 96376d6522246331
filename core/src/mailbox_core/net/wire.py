"""The connection below ``http``: a requests session without surprises and with a total time limit.

The time-outs of sockets count from byte to byte, so a server that sends one byte a second would
hold a worker for ever. Here every read also looks at the clock of the call it belongs to.
"""

from __future__ import annotations

import io
import os
import socket
import ssl
import time
import zlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ..redact import guard_library_logs

CHUNK = 65536
#: Reached directly whatever the proxy: in the words of requests' proxy table.
_DIRECT = tuple(
    f"{scheme}://{host}"
    for scheme in ("http", "https")
    for host in ("127.0.0.1", "localhost", "::1")
)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, between two bytes, for the whole call. A long body earns more time, one
    second for every ``pace`` bytes received: a big message passes a slow line, a trickle does
    not."""

    connect: float = 5
    read: float = 30
    total: float = 60
    pace: int = 65536


@dataclass(slots=True)
class Call:
    """What happened on the wire during one exchange."""

    timeouts: Timeouts
    started: float = field(default_factory=time.monotonic)
    dialled: bool = False
    connected: bool = False
    received: int = 0
    ended: bool = False

    @property
    def reached(self) -> bool:
        """Whether the provider may have seen the request."""
        return self.connected or not self.dialled

    @property
    def stale(self) -> bool:
        """Whether a kept-alive connection was used and gave nothing."""
        return not self.dialled and not self.received

    def patience(self) -> float:
        """Seconds that the next byte may take. Raises TimeoutError when the call's time is over."""
        limit = self.timeouts.total + self.received / self.timeouts.pace
        left = self.started + limit - time.monotonic()
        if left <= 0:
            raise TimeoutError("total time")
        return min(left, self.timeouts.read)


current: ContextVar[Call] = ContextVar("mailbox_core.net.call")


class _Reader(io.RawIOBase):
    """The receiving half of a socket, under the time limit of one call."""

    def __init__(self, sock: socket.socket, call: Call) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._call = call

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._call.patience())
        count = self._raw.readinto(buffer)
        self._call.received += count or 0
        self._call.ended = count == 0
        return count

    def close(self) -> None:
        if not self.closed and self._sock.fileno() >= 0:
            # The connection may be kept: the next request must not inherit what is left of our
            # time.
            self._sock.settimeout(self._call.timeouts.read)
        self._raw.close()
        super().close()


class _Socket:
    """What http.client asks of a socket when it makes a response."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, current.get()))


class _Answer(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(_Socket(sock), *args, **kwargs)  # type: ignore[arg-type]

    def begin(self) -> None:
        super().begin()
        if current.get().ended:
            # http.client takes the end of the connection for the end of the headers.
            raise ConnectionResetError("the head of the answer ends early")


class Plain(HTTPConnection):
    response_class = _Answer

    def connect(self) -> None:
        call = current.get()
        call.dialled = True
        super().connect()  # type: ignore[no-untyped-call, unused-ignore]
        call.connected = True


class Secure(HTTPSConnection):
    response_class = _Answer

    def connect(self) -> None:
        call = current.get()
        call.dialled = True
        try:
            super().connect()  # type: ignore[no-untyped-call, unused-ignore]
        except ValueError as error:
            # urllib3 1.26 cannot check the certificate of a bare IP address.
            raise ssl.SSLError(str(error)) from error
        call.connected = True


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = Plain


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = Secure


def trust_store() -> str | None:
    """The certificate file or folder that the environment names, or None: ``REQUESTS_CA_BUNDLE``,
    ``SSL_CERT_FILE``, ``SSL_CERT_DIR``, in this order."""
    names = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
    return next((value for name in names if (value := os.environ.get(name))), None)


@cache
def tls_context(store: str | None) -> ssl.SSLContext:
    """TLS 1.2 or newer, host name and chain checked against ``store`` alone, or without one against
    the system's certificates and those that come with requests. Loaded once: a bundle takes 20 ms.

    Raises OSError when ``store`` cannot be read.
    """
    if store is None:
        context = ssl.create_default_context()
        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    elif os.path.isdir(store):
        context = ssl.create_default_context(capath=store)
    else:
        context = ssl.create_default_context(cafile=store)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        kwargs["ssl_context"] = tls_context(trust_store())
        super().init_poolmanager(*args, **kwargs)  # type: ignore[no-untyped-call, unused-ignore]
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        known = proxy in self.proxy_manager
        kwargs["ssl_context"] = tls_context(trust_store())
        manager = super().proxy_manager_for(proxy, **kwargs)  # type: ignore[no-untyped-call, unused-ignore]
        if not known:
            manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        # The context above already trusts whom it shall; requests would load its own bundle on top.
        conn.cert_reqs = "CERT_REQUIRED"


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Never any: even told not to follow, requests reads a redirect's body to look ahead."""


def new_session(connections: int = 4, proxy: str = "") -> requests.Session:
    """A session for one account in one worker: no environment proxies, no .netrc, no cookies.

    ``proxy``: the address of an HTTP proxy that all but the loopback is reached through (RFC 9110
    section 9.3.6: TLS goes through a tunnel, the proxy sees host names only).
    """
    guard_library_logs()
    session = _Session()
    session.trust_env = False
    if proxy:
        session.proxies = {"http": proxy, "https": proxy} | dict.fromkeys(_DIRECT, "")
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.clear()
    adapter = _Adapter(pool_connections=connections, pool_maxsize=connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class BrokenBody(Exception):
    """The body ended early or is not what its headers say."""


def body_chunks(answer: requests.Response) -> Iterator[bytes]:
    """The decoded body, at most ``CHUNK`` bytes at a time, however well it was compressed.

    Raises BrokenBody besides the errors of urllib3.
    """
    coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in {"identity", "gzip", "x-gzip", ""}:
        raise BrokenBody(f"unknown content encoding {coding[:20]!r}")
    raw = _raw_chunks(answer)
    return _gunzip(raw) if coding.endswith("gzip") else raw


def _raw_chunks(answer: requests.Response) -> Iterator[bytes]:
    declared = answer.headers.get("Content-Length", "")
    expected = int(declared) if declared.isascii() and declared.isdigit() else None
    count = 0
    for chunk in answer.raw.stream(CHUNK, decode_content=False):
        count += len(chunk)
        yield chunk
    if expected is not None and count < expected and answer.request.method != "HEAD":
        raise BrokenBody(f"{count} of {expected} bytes")


def _gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Inflate one or more gzip members (RFC 1952). An empty body stays empty."""
    inflate = zlib.decompressobj(31)
    started = False
    for chunk in chunks:
        rest, full = chunk, False
        while rest or full:
            if inflate.eof:
                inflate = zlib.decompressobj(31)
            started = True
            try:
                data = inflate.decompress(rest, CHUNK)
            except zlib.error as error:
                raise BrokenBody("broken gzip") from error
            yield data
            rest = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
            full = len(data) == CHUNK and not inflate.eof
    if started and not inflate.eof:
        raise BrokenBody("gzip ends early")
