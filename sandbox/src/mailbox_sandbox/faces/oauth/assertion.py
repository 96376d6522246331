"""The JWT bearer grant of service accounts (RFC 7523; Google's page "Using OAuth 2.0 for Server to
Server Applications", with the refusals of its table of JWT error codes)."""

from __future__ import annotations

import time
from typing import Any

import jwt

from ...identity import Client, expand
from ...service_accounts import ServiceAccount
from ...world import World
from ..exchange import Incoming
from .problems import TokenError, invalid_grant

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCES = frozenset({
    "https://oauth2.googleapis.com/token", "https://www.googleapis.com/oauth2/v4/token",
    "https://accounts.google.com/o/oauth2/token",
})  # fmt: skip
LONGEST = 3600
#: Seconds by which the clocks may differ. Assertions are dated by real clocks, like push tokens.
LEEWAY = 300
_TIMES = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)


def answer(world: World, incoming: Incoming, fields: dict[str, str]) -> dict[str, Any]:
    """Turn an assertion into an access token. Raises TokenError."""
    assertion = fields.get("assertion", "")
    if not assertion:
        raise TokenError(400, "invalid_request", "Missing required parameter: assertion")
    account, claims = _signed(world, assertion)
    _check_audience(incoming, claims)
    _check_times(claims)
    scopes = expand(claims["scope"]) if isinstance(claims.get("scope"), str) else []
    if not scopes or not all(scope.startswith("https://") for scope in scopes):
        raise TokenError(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    if claims.get("sub", account.email) != account.email:
        raise TokenError(
            401, "unauthorized_client",
            "Client is unauthorized to retrieve access tokens using this method, or client not "
            "authorized for any of the scopes requested.",
        )  # fmt: skip
    client = Client(account.number, "", [], account.project)
    token = world.identity.issue_access(client, account.email, scopes, "")
    return {
        "access_token": token.token,
        "expires_in": int(world.settings.access_token_ttl),
        "token_type": "Bearer",
    }


def _signed(world: World, assertion: str) -> tuple[ServiceAccount, dict[str, Any]]:
    try:
        header = jwt.get_unverified_header(assertion)
        claimed = jwt.decode(assertion, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError):
        raise invalid_grant("Invalid JWT: Failed to parse the JWT.") from None
    account = world.service_accounts.find(str(claimed.get("iss", "")))
    if account is None:
        raise invalid_grant("Invalid grant: account not found")
    if account.disabled:
        raise TokenError(401, "disabled_client", "The OAuth client was disabled.")
    key = account.keys.get(str(header.get("kid", "")))
    unchecked = {f"verify_{name}": False for name in ("exp", "iat", "nbf", "aud", "iss", "sub")}
    try:
        if key is None:
            raise jwt.InvalidSignatureError
        options: Any = {"verify_signature": True, **unchecked}
        return account, jwt.decode(assertion, key, algorithms=["RS256"], options=options)
    except jwt.PyJWTError:
        raise invalid_grant("Invalid JWT Signature.") from None


def _check_audience(incoming: Incoming, claims: dict[str, Any]) -> None:
    own = f"http://{incoming.headers.get('host', '')}/token"
    if claims.get("aud") not in AUDIENCES | {own}:
        raise invalid_grant(
            "Invalid JWT: Failed audience check. The right audience is "
            "https://oauth2.googleapis.com/token"
        )


def _check_times(claims: dict[str, Any]) -> None:
    issued, ends, now = claims.get("iat"), claims.get("exp"), time.time()
    if not isinstance(issued, int) or not isinstance(ends, int):
        raise invalid_grant(_TIMES)
    if not issued <= ends <= issued + LONGEST or issued > now + LEEWAY or ends < now - LEEWAY:
        raise invalid_grant(_TIMES)
