"""Calls to addresses that people write: only to hosts of the public internet.

Whoever may write an address could otherwise let this server speak to itself, to its neighbours, or
to the metadata service of its cloud (CWE-918). Names are resolved here and the connection goes to
the address that was looked at, so that a name which changes its mind in between gains nothing.

Through an HTTP proxy this holds as well: the proxy is asked for a tunnel to the address that was
looked at, never to a name that it would resolve itself, with its own eyes on its own network (RFC
9110 section 9.3.6). Networks that the operator allows although they are not public are his own:
they are reached directly.
"""

from __future__ import annotations

import base64
import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ProxyError

from ..errors import Refused, Unavailable
from .wire import Plain, Secure, new_session

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LONGEST = 2_000
#: Where a proxy listens that names no port: as urllib3 takes it.
_PROXY_PORT = 80


class NotPublic(OSError):
    """The host is not one of the public internet."""


def networks(text: str) -> tuple[Network, ...]:
    """Networks in CIDR notation, separated by commas or spaces. Raises ValueError."""
    return tuple(ipaddress.ip_network(word) for word in text.replace(",", " ").split())


def is_public(address: str, allowed: Sequence[Network] = ()) -> bool:
    """Whether an IP address belongs to the public internet, or to one of the ``allowed`` networks.

    An IPv4 address inside an IPv6 one counts as what it is (RFC 4291 section 2.5.5.2, RFC 6052, RFC
    3056, RFC 4380).
    """
    ip: Address = ipaddress.ip_address(address.partition("%")[0])
    for one in (ip, *_inside(ip)):
        if any(one.version == net.version and one in net for net in allowed):
            continue
        if not one.is_global or one.is_multicast:
            return False
    return True


def _inside(ip: Address) -> tuple[ipaddress.IPv4Address, ...]:
    if isinstance(ip, ipaddress.IPv4Address):
        return ()
    found = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    if ip in _NAT64:
        found.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return tuple(one for one in found if one is not None)


def public_address(host: str, port: int, allowed: Sequence[Network] = ()) -> str:
    """An address of ``host`` to connect to. Raises NotPublic when any of its addresses is not
    public, OSError when it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(is_public(one, allowed) for one in addresses):
        raise NotPublic(f"{host} is not a host of the public internet")
    return addresses[0]


def check_url(url: str, allowed: Sequence[Network] = ()) -> None:
    """Refuse an address that must not be called. Raises Refused, or Unavailable when its name
    cannot be resolved now."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
    except ValueError:
        raise Refused("The address cannot be read.", "endpoint") from None
    if parts.scheme not in ("https", "http") or not host or len(url) > _LONGEST:
        raise Refused("The address must begin with https:// and name a host.", "endpoint")
    if parts.username is not None or parts.password is not None:
        raise Refused("The address must not hold a name or password.", "endpoint")
    try:
        public_address(host, port, allowed)
    except NotPublic:
        raise Refused(
            f"{host} is not a host of the public internet; the operator of this server decides"
            " which other networks may be called.",
            "private",
        ) from None
    except (OSError, UnicodeError):
        raise Unavailable(f"The name {host} cannot be resolved.") from None


@dataclass(frozen=True, slots=True)
class _Way:
    """How calls leave: to public and ``allowed`` networks, through ``proxy`` if it is given."""

    allowed: tuple[Network, ...] = ()
    #: ``http://user:password@host:port``
    proxy: str = field(default="", repr=False)

    def open(self, connection: Any, connect: Callable[[], Any]) -> Any:
        """The socket to the address that a connection's host has now."""
        name = connection._dns_host
        address = public_address(name, connection.port, self.allowed)
        if self.proxy and is_public(address):
            return _tunnel(self.proxy, address, connection)
        connection._dns_host = address
        try:
            return connect()
        finally:
            # The certificate is checked against the name.
            connection._dns_host = name


def public_session(allowed: Sequence[Network] = (), proxy: str = "") -> requests.Session:
    """A session that connects to public addresses only, whatever a name resolves to by then.
    ``proxy``: the HTTP proxy that gives tunnels to them, if any."""
    session = new_session(1)
    for scheme in ("https://", "http://"):
        adapter = session.get_adapter(scheme)
        if isinstance(adapter, HTTPAdapter):
            pools = _pools(_Way(tuple(allowed), proxy))
            adapter.poolmanager.pool_classes_by_scheme = pools
    return session


def _pools(way: _Way) -> dict[str, type[HTTPConnectionPool]]:
    """Connection pools whose connections look at the address they go to."""

    class PlainPublic(Plain):
        def _new_conn(self) -> Any:
            return way.open(self, super()._new_conn)  # type: ignore[misc, unused-ignore]

    class SecurePublic(Secure):
        def _new_conn(self) -> Any:
            return way.open(self, super()._new_conn)  # type: ignore[misc, unused-ignore]

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = PlainPublic

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecurePublic

    return {"http": PlainPool, "https": SecurePool}


def _tunnel(proxy: str, address: str, connection: Any) -> socket.socket:
    """A tunnel through ``proxy`` to an IP address. Raises ProxyError of urllib3."""
    parts = urlsplit(proxy)
    target = f"[{address}]" if ":" in address else address
    target = f"{target}:{connection.port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair.encode()).decode()}")
    sock: socket.socket | None = None
    try:
        sock = socket.create_connection(
            (parts.hostname or "", parts.port or _PROXY_PORT), connection.timeout
        )
        sock.sendall("\r\n".join([*lines, "", ""]).encode())
        # Nothing follows the head of the answer before we speak: nothing is read too much.
        answer = HTTPResponse(sock, method="CONNECT")
        answer.begin()
        if not 200 <= answer.status < 300:
            raise OSError(f"Tunnel connection failed: {answer.status}")
    except (OSError, HTTPException) as error:
        if sock is not None:
            sock.close()
        raise ProxyError("Cannot connect to proxy.", error) from error
    return sock
