"""Signing keys of the identity provider: two at a time, rotated on demand, in both public forms."""

from __future__ import annotations

import base64
import datetime
import hashlib
import threading
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from .clock import Clock


@dataclass(frozen=True)
class SigningKey:
    """One RSA key with its id and self-signed certificate."""

    kid: str
    private: rsa.RSAPrivateKey
    certificate: str

    def jwk(self) -> dict[str, str]:
        """Return the public key as a JSON Web Key."""
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.kid,
            "n": _number(numbers.n), "e": _number(numbers.e),
        }  # fmt: skip


def _number(value: int) -> str:
    data = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _make(now: float) -> SigningKey:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mailbox-sandbox")])
    moment = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - datetime.timedelta(days=1))
        .not_valid_after(moment + datetime.timedelta(days=3650))
        .sign(private, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    return SigningKey(hashlib.sha256(pem).hexdigest()[:40], private, pem.decode())


class KeyRing:
    """The current key and the one before it; made on first use. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: list[SigningKey] = []

    def keys(self) -> list[SigningKey]:
        """Return both keys, the one that signs first."""
        with self._lock:
            while len(self._keys) < 2:
                self._keys.append(_make(self._clock.now()))
            return list(self._keys)

    def rotate(self) -> str:
        """Sign with a new key from now on; the oldest is withdrawn. Returns the new key id."""
        kept = self.keys()[0]
        with self._lock:
            self._keys = [_make(self._clock.now()), kept]
            return self._keys[0].kid

    def sign(self, claims: dict[str, Any]) -> str:
        """Return *claims* as an RS256 JWT."""
        key = self.keys()[0]
        return jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.kid})

    def certs(self) -> dict[str, str]:
        """Return kid to X.509 PEM, the form of ``/oauth2/v1/certs``."""
        return {key.kid: key.certificate for key in self.keys()}

    def jwks(self) -> dict[str, Any]:
        """Return the JWK set, the form of ``/oauth2/v3/certs``."""
        return {"keys": [key.jwk() for key in self.keys()]}
