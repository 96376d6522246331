"""The token, revocation and user information endpoints."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Any

from ...errors import NotFound
from ...identity import PREFIX, AccessToken, Client, Code, RefreshToken, expand
from ...keys import KeyRing
from ...world import World
from ..exchange import Incoming, Outgoing, parse_query
from . import assertion
from .problems import TokenError, invalid_grant

ISSUER = "https://accounts.google.com"
_VERIFIER = re.compile(r"^[A-Za-z0-9\-._~]{43,128}$")


def form(incoming: Incoming) -> dict[str, str]:
    """Return the form fields. Raises TokenError for another content type or a repeated field."""
    kind = incoming.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise TokenError(400, "invalid_request", "Content-Type is not a form")
    pairs = parse_query(incoming.body.decode("utf-8", "replace"))
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise TokenError(400, "invalid_request", "Parameter given twice")
    return fields


def credentials(incoming: Incoming, fields: dict[str, str]) -> tuple[str, str]:
    """Return client id and secret from the form or from HTTP Basic."""
    kind, _, packed = incoming.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return fields.get("client_id", ""), fields.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(packed).decode().partition(":")
    except ValueError:
        raise TokenError(401, "invalid_client", "Unauthorized") from None
    return client_id, secret


class TokenDesk:
    """Hands out, renews and takes back tokens."""

    def __init__(self, world: World, ring: KeyRing) -> None:
        self._world = world
        self._ring = ring

    def issue(self, incoming: Incoming) -> dict[str, Any]:
        """Answer ``POST /token``. Raises TokenError."""
        fields = form(incoming)
        kind = fields.get("grant_type", "")
        if kind == assertion.GRANT:
            return assertion.answer(self._world, incoming, fields)
        client = self._client(incoming, fields)
        if kind == "authorization_code":
            return self._exchange(client, fields)
        if kind == "refresh_token":
            return self._refresh(client, fields)
        if not kind:
            raise TokenError(400, "invalid_request", "Missing required parameter: grant_type")
        raise TokenError(400, "unsupported_grant_type", f"Invalid grant_type: {kind}")

    def _client(self, incoming: Incoming, fields: dict[str, str]) -> Client:
        client_id, secret = credentials(incoming, fields)
        if not client_id:
            raise TokenError(400, "invalid_request", "Could not determine client ID from request.")
        try:
            client = self._world.identity.client(client_id)
        except NotFound:
            raise TokenError(401, "invalid_client", "The OAuth client was not found.") from None
        if client.deleted:
            raise TokenError(401, "deleted_client", "The OAuth client was deleted.")
        if not hmac.compare_digest(client.secret.encode(), secret.encode()):
            raise TokenError(401, "invalid_client", "Unauthorized")
        return client

    def _exchange(self, client: Client, fields: dict[str, str]) -> dict[str, Any]:
        identity = self._world.identity
        with identity.lock:
            code = identity.codes.get(fields.get("code", ""))
            if code is None:
                raise invalid_grant("Malformed auth code.")
            if code.client.id != client.id or self._world.clock.now() >= code.expires:
                raise invalid_grant("Bad Request")
            if code.used:
                raise invalid_grant("Bad Request")
            if fields.get("redirect_uri", "") != code.redirect_uri:
                raise TokenError(400, "redirect_uri_mismatch", "Bad Request")
            _check_verifier(code, fields.get("code_verifier", ""))
            code.used = True
        refresh: RefreshToken | None = None
        if code.issue_refresh:
            refresh = identity.issue_refresh(client, code.account, code.scopes)
        access = identity.issue_access(
            client, code.account, code.scopes, refresh.token if refresh else ""
        )
        answer = self._answer(access, code.scopes, code.nonce)
        if refresh is not None:
            answer["refresh_token"] = refresh.token
            if refresh.expires is not None:
                answer["refresh_token_expires_in"] = int(refresh.expires - refresh.issued) - 1
        return answer

    def _refresh(self, client: Client, fields: dict[str, str]) -> dict[str, Any]:
        identity = self._world.identity
        token = identity.live_refresh(fields.get("refresh_token", ""))
        if token is None or token.client.id != client.id:
            raise invalid_grant()
        account = self._world.accounts.get(token.account)
        if account is None:
            raise invalid_grant("Account has been deleted")
        scopes = token.scopes
        if fields.get("scope"):
            scopes = expand(fields["scope"])
            if not set(scopes) <= set(token.scopes):
                raise TokenError(400, "invalid_scope", "Bad Request")
        token.used = self._world.clock.now()
        answer = self._answer(identity.issue_access(client, token.account, scopes, token.token),
                              scopes, "")  # fmt: skip
        if token.expires is not None:
            answer["refresh_token_expires_in"] = int(token.expires - token.used) - 1
        return answer

    def _answer(self, access: AccessToken, scopes: list[str], nonce: str) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "access_token": access.token,
            "expires_in": int(self._world.settings.access_token_ttl),
            "scope": " ".join(sorted(scopes)),
            "token_type": "Bearer",
        }
        if "openid" in scopes:
            answer["id_token"] = self._ring.sign(self._claims(access, scopes, nonce))
        return answer

    def _claims(self, access: AccessToken, scopes: list[str], nonce: str) -> dict[str, Any]:
        now = int(self._world.clock.now())
        digest = hashlib.sha256(access.token.encode()).digest()[:16]
        claims: dict[str, Any] = {
            "iss": ISSUER, "azp": access.client.id, "aud": access.client.id,
            "at_hash": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "iat": now, "exp": now + 3600,
        }  # fmt: skip
        claims.update(self._person(access.account, scopes))
        if nonce:
            claims["nonce"] = nonce
        return claims

    def _person(self, email: str, scopes: list[str]) -> dict[str, Any]:
        account = self._world.account(email)
        person: dict[str, Any] = {"sub": account.sub}
        if PREFIX + "userinfo.email" in scopes:
            person.update(email=account.email, email_verified=True)
        if PREFIX + "userinfo.profile" in scopes:
            given, _, family = account.name.partition(" ")
            person.update(name=account.name, given_name=given, family_name=family)
        return person

    def userinfo(self, incoming: Incoming) -> Outgoing:
        """Answer ``GET /v1/userinfo``."""
        kind, _, value = incoming.headers.get("authorization", "").partition(" ")
        token = (
            self._world.identity.live_access(value.strip()) if kind.lower() == "bearer" else None
        )
        if token is None or token.account not in self._world.accounts:
            answer = Outgoing.json(
                {"error": "invalid_request", "error_description": "Invalid Credentials"}, 401
            )
            answer.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
            return answer
        return Outgoing.json(self._person(token.account, sorted(token.scopes)))

    def revoke(self, incoming: Incoming) -> Outgoing:
        """Answer ``POST /revoke``: the grant of the whole project goes."""
        fields = form(incoming) if incoming.body else dict(incoming.query)
        value = fields.get("token", "") or incoming.first("token")
        if not value:
            raise TokenError(400, "invalid_request", "Missing required parameter: token")
        if not self._world.identity.revoke(value):
            raise TokenError(400, "invalid_token", "Token expired or revoked")
        return Outgoing(200, b"{}")


def _check_verifier(code: Code, verifier: str) -> None:
    if not code.challenge:
        if verifier:
            raise invalid_grant("code_verifier or verifier is not needed.")
        return
    if not verifier:
        raise invalid_grant("Missing code verifier.")
    if not _VERIFIER.match(verifier):
        raise invalid_grant("Invalid code verifier.")
    wanted = verifier
    if code.method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        wanted = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    if not hmac.compare_digest(wanted, code.challenge):
        raise invalid_grant("Invalid code verifier.")
