"""Is this push really from the provider? Checks OIDC tokens as Cloud Pub/Sub sends them.

Source: Cloud Pub/Sub, "Authentication for push subscriptions"; OpenID Connect Core 1.0 section
3.1.3.7. Google's own library leaves the ``email`` claim to the receiver; without that check any
Google-signed token for the same audience would pass.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ..errors import Unavailable
from .http import Response

Reason = Literal["missing", "malformed", "signature", "issuer", "audience", "expired", "signer"]

GOOGLE_ISSUERS = frozenset({"https://accounts.google.com", "accounts.google.com"})
LEEWAY = 30.0
_LONGEST = 8192
#: Tokens whose signatures are remembered.
_REMEMBERED = 256
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


class TokenRejected(Exception):
    """The token proves nothing. ``reason`` is for our log; tell the sender only "no"."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class KeySet:
    """The provider's signing keys, kept as long as it allows (``Cache-Control: max-age``).

    An unknown key id causes one look for new keys, at most every ``pause`` seconds: whoever sends
    made-up ids must not make us knock at the provider. Thread-safe. ``clock`` counts seconds.
    """

    def __init__(
        self,
        fetch: Callable[[], Response],
        clock: Callable[[], float] = time.monotonic,
        pause: float = 60.0,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._keys: Mapping[str, RSAPublicKey] = {}
        self._fetched: float | None = None
        self._lifetime = 0.0
        self._proved: dict[bytes, Mapping[str, Any]] = {}

    def key(self, kid: str) -> RSAPublicKey | None:
        """The key named ``kid``, None if the provider has none. Raises what ``fetch`` raises, and
        Unavailable when its answer is no key set."""
        with self._lock:
            age = self._age()
            if age >= self._lifetime or (kid not in self._keys and age >= self._pause):
                self._load()
            return self._keys.get(kid)

    def proved(self, token: str) -> Mapping[str, Any] | None:
        """The claims of a token whose signature was found good by a key that still counts; Pub/Sub
        sends the same token for up to an hour. None: it has to be checked (again)."""
        digest = _digest(token)
        with self._lock:
            # New keys forget all: what is remembered was proved by keys of now.
            return self._proved.get(digest) if self._age() < self._lifetime else None

    def prove(self, token: str, claims: Mapping[str, Any]) -> None:
        """Remember that the signature of a token is good."""
        with self._lock:
            if len(self._proved) >= _REMEMBERED:
                self._proved.clear()
            self._proved[_digest(token)] = claims

    def _age(self) -> float:
        return float("inf") if self._fetched is None else self._clock() - self._fetched

    def _load(self) -> None:
        answer = self._fetch()
        try:
            found = jwt.PyJWKSet.from_dict(answer.json())
        except (jwt.PyJWTError, TypeError, AttributeError):
            raise Unavailable("The signing keys cannot be read.", reached=True) from None
        self._keys = {
            one.key_id: one.key
            for one in found.keys
            if one.key_id and isinstance(one.key, RSAPublicKey)
        }
        self._proved.clear()
        age = _MAX_AGE.search(answer.headers.get("Cache-Control", ""))
        self._lifetime = min(max(float(age[1]) if age else 3600.0, self._pause), 86400.0)
        self._fetched = self._clock()


@dataclass(frozen=True, slots=True)
class Claims:
    """What a good token says. Times are Unix seconds."""

    email: str
    subject: str
    issued_at: float
    expires_at: float


class TokenVerifier:
    """Accepts tokens for one audience from the named signers (addresses of service accounts).

    ``leeway`` is the seconds by which clocks may differ; ``now`` answers Unix time.
    """

    def __init__(
        self,
        keys: KeySet,
        audience: str,
        signers: frozenset[str],
        *,
        issuers: frozenset[str] = GOOGLE_ISSUERS,
        leeway: float = LEEWAY,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._audience = audience
        self._signers = signers
        self._issuers = issuers
        self._leeway = leeway
        self._now = now

    def verify(self, authorization: str | None) -> Claims:
        """Check the value of an ``Authorization`` header. Raises TokenRejected; Unavailable and
        Throttled when the keys cannot be had (answer the sender with 503: it comes again)."""
        token = bearer(authorization)
        if not token:
            raise TokenRejected("missing")
        claims = self._signed(token)
        self._check_parties(claims)
        return self._timely(claims)

    def _signed(self, token: str) -> Mapping[str, Any]:
        proved = self._keys.proved(token)
        if proved is not None:
            return proved
        key = self._keys.key(_key_id(token))
        if key is None:
            raise TokenRejected("signature", "unknown key")
        try:
            # Everything but the signature is checked below: PyJWT reads the clock itself.
            unchecked = {f"verify_{name}": False for name in ("exp", "iat", "nbf", "aud", "iss")}
            options: Any = {"verify_signature": True, **unchecked}
            found: Mapping[str, Any] = jwt.decode(token, key, algorithms=["RS256"], options=options)
        except jwt.InvalidSignatureError:
            raise TokenRejected("signature") from None
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise TokenRejected("malformed") from None
        self._keys.prove(token, found)
        return found

    def _check_parties(self, claims: Mapping[str, Any]) -> None:
        checks: tuple[tuple[Reason, bool], ...] = (
            ("issuer", _among(claims.get("iss"), self._issuers)),
            ("audience", claims.get("aud") == self._audience),
            ("signer", _among(claims.get("email"), self._signers)),
            ("signer", claims.get("email_verified") is True),
        )
        for reason, good in checks:
            if not good:
                raise TokenRejected(reason)

    def _timely(self, claims: Mapping[str, Any]) -> Claims:
        expires, issued = claims.get("exp"), claims.get("iat")
        if not _is_time(expires) or not _is_time(issued):
            raise TokenRejected("malformed", "exp or iat")
        now = self._now()
        if now > expires + self._leeway:
            raise TokenRejected("expired")
        if issued > now + self._leeway:
            raise TokenRejected("expired", "not valid yet")
        return Claims(claims["email"], str(claims.get("sub", "")), issued, expires)


def bearer(authorization: str | None) -> str:
    """The token in the value of an ``Authorization`` header (RFC 6750 section 2.1); empty without
    one."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _key_id(token: str) -> str:
    if len(token) > _LONGEST:
        raise TokenRejected("malformed", "too long")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise TokenRejected("malformed") from None
    if header.get("alg") != "RS256":
        raise TokenRejected("signature", "not RS256")
    kid = header.get("kid")
    if not isinstance(kid, str) or "crit" in header:
        raise TokenRejected("malformed", "header")
    return kid


def _among(value: object, allowed: frozenset[str]) -> bool:
    return isinstance(value, str) and value in allowed


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
