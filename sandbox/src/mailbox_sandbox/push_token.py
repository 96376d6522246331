"""OIDC tokens as Pub/Sub sends them with a push, and forged ones of every kind.

Source: Cloud Pub/Sub, "Authentication for push subscriptions". They are dated by the machine's own
clock, not by the sandbox's: whoever checks them has no other.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from .keys import KeyRing

LIFETIME = 3600
ISSUER = "https://accounts.google.com"
#: What an attacker may try; ``no_token`` sends no header at all.
FORGERIES = (
    "no_token", "wrong_audience", "wrong_issuer", "other_email", "unverified", "expired",
    "alg_none", "unknown_kid", "bad_signature",
)  # fmt: skip


def claims(email: str, audience: str) -> dict[str, Any]:
    """Return the claims of a good token for a service account and an audience."""
    now = int(time.time())
    number = str(int(hashlib.sha256(email.encode()).hexdigest(), 16) % 9 * 10**20 + 10**20)
    return {
        "aud": audience, "azp": number, "email": email, "email_verified": True,
        "exp": now + LIFETIME, "iat": now, "iss": ISSUER, "sub": number,
    }  # fmt: skip


def good(ring: KeyRing, email: str, audience: str) -> str:
    """Return a signed token."""
    return ring.sign(claims(email, audience))


def forged(ring: KeyRing, kind: str, email: str, audience: str) -> str:
    """Return a token that is wrong in one way (empty: ``no_token``). Raises ValueError."""
    if kind not in FORGERIES:
        raise ValueError(f"unknown forgery {kind!r}; known: {', '.join(FORGERIES)}")
    content = claims(email, audience)
    if kind == "no_token":
        return ""
    if kind == "alg_none":
        return jwt.encode(content, "", algorithm="none", headers={"kid": ring.keys()[0].kid})
    if kind in ("unknown_kid", "bad_signature"):
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        kid = "0" * 40 if kind == "unknown_kid" else ring.keys()[0].kid
        return jwt.encode(content, other, algorithm="RS256", headers={"kid": kid})
    content.update(_wrong(kind, int(content["iat"])))
    return ring.sign(content)


def _wrong(kind: str, now: int) -> dict[str, Any]:
    wrong: dict[str, dict[str, Any]] = {
        "wrong_audience": {"aud": "https://elsewhere.example/push"},
        "wrong_issuer": {"iss": "https://accounts.example.com"},
        "other_email": {"email": "intruder@elsewhere.iam.gserviceaccount.com"},
        "unverified": {"email_verified": False},
        "expired": {"iat": now - LIFETIME - 61, "exp": now - 61},
    }
    return wrong[kind]
