"""Signing in as a program: a service account's key becomes access tokens.

The key signs an assertion, the token endpoint answers with an access token of an hour (RFC 7523
section 2.1; Google's page "Using OAuth 2.0 for Server to Server Applications"). The endpoint is
ours to choose: the ``token_uri`` in a key file is never followed, a pasted file must not name where
assertions go.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ..errors import Refused, Unavailable
from .http import Http

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME = 3600
"""Seconds an assertion asks for: Google's limit."""

_EARLY = 225.0
_LONGEST = 16384
_SMALLEST_KEY = 2048
_CODE = "service_key"


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A program's identity at Google and the key it signs with."""

    email: str
    key_id: str
    project: str
    private_key: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> ServiceAccount:
        """Read a key file in JSON, as Google hands it out once.

        Raises Refused, code ``service_key``, saying what is wrong with it and never quoting it.
        """
        data = _object(text)
        if data.get("type") != "service_account":
            raise Refused(
                "This is not the key of a service account: its type must be “service_account”. "
                "An OAuth client's file does not do.",
                _CODE,
            )
        names = ("client_email", "private_key_id", "private_key")
        missing = [name for name in names if not isinstance(data.get(name), str) or not data[name]]
        if missing:
            raise Refused(f"The key file lacks {', '.join(missing)}.", _CODE)
        _check_key(data["private_key"])
        project = data.get("project_id")
        return cls(
            email=data["client_email"].strip().lower(),
            key_id=data["private_key_id"].strip(),
            project=project if isinstance(project, str) else "",
            private_key=data["private_key"],
        )

    def dump(self) -> str:
        """The parts that are used, as a key file; ``parse`` reads it again. Holds the secret."""
        return json.dumps(
            {
                "type": "service_account",
                "project_id": self.project,
                "client_email": self.email,
                "private_key_id": self.key_id,
                "private_key": self.private_key,
            }
        )

    def assertion(self, audience: str, scope: str, now: float) -> str:
        """A signed statement of who asks for what (RFC 7523 section 3). ``now``: Unix seconds."""
        issued = int(now)
        claims = {
            "iss": self.email,
            "scope": scope,
            "aud": audience,
            "iat": issued,
            "exp": issued + LIFETIME,
        }
        headers = {"kid": self.key_id}
        return jwt.encode(claims, self.private_key, algorithm="RS256", headers=headers)


class ServiceAccountTokens:
    """A ``contract.TokenSource`` over a service account. One thread at a time.

    ``http`` must classify with ``oauth.token_failure``; ``now`` answers Unix time.
    """

    def __init__(
        self,
        account: ServiceAccount,
        scope: str,
        token_url: str,
        http: Http,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._account = account
        self._scope = scope
        self._url = token_url
        self._http = http
        self._now = now
        self._token = ""
        self._ends = 0.0

    def token(self) -> str:
        """A token that lasts for a call. Raises AuthorizationLost when Google does not accept the
        key, Unavailable when it cannot be asked."""
        if not self._token or self._now() >= self._ends - _EARLY:
            self._obtain()
        return self._token

    def renew(self, stale: str) -> str:
        """A token other than ``stale``. Raises as ``token`` does."""
        if self._token == stale:
            self._obtain()
        return self._token

    def _obtain(self) -> None:
        now = self._now()
        assertion = self._account.assertion(self._url, self._scope, now)
        answer = self._http.request(
            "POST",
            self._url,
            body=urlencode({"grant_type": GRANT, "assertion": assertion}).encode(),
            content_type="application/x-www-form-urlencoded",
            headers={"Accept": "application/json"},
        ).json()
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise Unavailable("The token endpoint answered without a token.", reached=True)
        lifetime = answer.get("expires_in")
        good = isinstance(lifetime, (int, float)) and not isinstance(lifetime, bool)
        self._token, self._ends = token, now + (float(lifetime) if good else LIFETIME)


def _object(text: str) -> dict[str, Any]:
    if len(text) > _LONGEST:
        raise Refused("This is too long for a key file.", _CODE)
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise Refused(
            "This is not a key file in JSON. Paste the whole file, from “{” to “}”.", _CODE
        )
    return data


def _check_key(text: str) -> None:
    """Raises Refused unless ``text`` is an unencrypted RSA key that is long enough."""
    try:
        key = load_pem_private_key(text.encode(), None)
    except (ValueError, TypeError) as error:
        raise Refused("The private key in the file cannot be read.", _CODE) from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < _SMALLEST_KEY:
        raise Refused(
            f"The private key must be an RSA key of at least {_SMALLEST_KEY} bits.", _CODE
        )
