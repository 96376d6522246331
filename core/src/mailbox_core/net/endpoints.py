"""Where providers live. Overridden for a sandbox or a national cloud from odoo.conf or the
environment only, never from a database: who can write a record must not be able to redirect
tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..errors import Refused


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Absolute addresses of Google's services (provider page "Using OAuth 2.0 for Web Server
    Applications", Gmail discovery document)."""

    google_authorize: str = "https://accounts.google.com/o/oauth2/v2/auth"
    google_token: str = "https://oauth2.googleapis.com/token"
    google_revoke: str = "https://oauth2.googleapis.com/revoke"
    google_userinfo: str = "https://openidconnect.googleapis.com/v1/userinfo"
    google_certs: str = "https://www.googleapis.com/oauth2/v3/certs"
    gmail: str = "https://gmail.googleapis.com"
    pubsub: str = "https://pubsub.googleapis.com"
    #: The HTTP proxy on the way there; empty: none. It may hold a password.
    proxy: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.proxy:
            check_proxy(self.proxy)

    @classmethod
    def google_at(cls, base: str, proxy: str = "") -> Endpoints:
        """All of Google's services behind one base address, as the sandbox serves them.

        Plain http is accepted for the loopback only. Raises Refused otherwise.
        """
        base = base.rstrip("/")
        parts = urlsplit(base)
        if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise Refused(f"The provider address {base} must use https.", "endpoint")
        return cls(
            google_authorize=f"{base}/o/oauth2/v2/auth",
            google_token=f"{base}/token",
            google_revoke=f"{base}/revoke",
            google_userinfo=f"{base}/v1/userinfo",
            google_certs=f"{base}/oauth2/v3/certs",
            gmail=base,
            pubsub=base,
            proxy=proxy,
        )


def check_proxy(address: str) -> None:
    """Raises Refused, code ``proxy``, unless this is an address like ``http://proxy:3128``."""
    try:
        parts = urlsplit(address)
        good = parts.scheme == "http" and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.path.strip("/") or parts.query or parts.fragment:
        raise Refused(
            "The proxy must be given as http://host:port (or http://user:password@host:port).",
            "proxy",
        )
