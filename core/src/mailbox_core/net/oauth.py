"""The authorization code flow (RFC 6749 section 4.1) with PKCE (RFC 7636), refresh and revocation
(RFC 7009). What differs between providers is data: ``OAuthSettings``.

Google's habits are from its pages "Using OAuth 2.0 for Web Server Applications" and "Using OAuth
2.0 to Access Google APIs" (refresh token expiration).
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

import jwt

from ..contract import AuthorizerConfig
from ..errors import (
    AuthorizationLost,
    AuthorizationReason,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
)
from ..redact import redact
from ..types import Credentials
from .endpoints import Endpoints
from .http import Http, Response, default_failure, retry_after
from .jwt import GOOGLE_ISSUERS
from .quota import Unmetered

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z")
_DECADE = 10 * 365 * 86400


@dataclass(frozen=True, slots=True)
class OAuthSettings:
    """One provider's addresses and habits. ``extra`` goes into the authorization address;
    ``aliases`` maps scope names that come back under another name."""

    authorize_url: str
    token_url: str
    revoke_url: str = ""
    userinfo_url: str = ""
    issuers: frozenset[str] = frozenset()
    extra: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)


def google(endpoints: Endpoints) -> OAuthSettings:
    """Google at ``endpoints``. ``prompt=consent`` because Google gives a refresh token only with a
    consent. Earlier grants are not carried along: who reconnects with less, holds less."""
    return OAuthSettings(
        authorize_url=endpoints.google_authorize,
        token_url=endpoints.google_token,
        revoke_url=endpoints.google_revoke,
        userinfo_url=endpoints.google_userinfo,
        issuers=GOOGLE_ISSUERS,
        extra={"access_type": "offline", "prompt": "consent"},
        aliases={
            "email": "https://www.googleapis.com/auth/userinfo.email",
            "profile": "https://www.googleapis.com/auth/userinfo.profile",
        },
    )


GOOGLE = google(Endpoints())


def new_state() -> str:
    """An unguessable ``state`` (RFC 6749 section 10.12), to be bound to the session by the
    caller."""
    return secrets.token_urlsafe(32)


def new_verifier() -> str:
    """A PKCE code verifier of 64 characters (RFC 7636 section 4.1)."""
    return secrets.token_urlsafe(48)


def challenge(verifier: str) -> str:
    """The S256 code challenge of a verifier (RFC 7636 section 4.2). Raises Refused for a verifier
    that the RFC does not allow."""
    if not _VERIFIER.match(verifier):
        raise Refused("The code verifier must be 43 to 128 unreserved characters.", "pkce")
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def missing_scopes(
    wanted: frozenset[str], granted: frozenset[str], settings: OAuthSettings
) -> frozenset[str]:
    """The wanted scopes that were not granted, under the names they were wanted by."""
    names = settings.aliases
    have = {names.get(scope, scope) for scope in granted}
    return frozenset(scope for scope in wanted if names.get(scope, scope) not in have)


def oauth_http(endpoints: Endpoints) -> Http:
    """An ``Http`` for token endpoints: no quota, failures read as RFC 6749 section 5.2 says."""
    return Http(
        budget=Unmetered(),
        lane="interactive",
        classify=token_failure,
        proxy=endpoints.proxy,
    )


def _now() -> datetime:
    return datetime.now(timezone.utc)


class OAuthClient:
    """A ``contract.Authorizer``. ``http`` must classify with ``token_failure`` (see
    ``oauth_http``); ``now`` answers aware UTC."""

    def __init__(
        self,
        config: AuthorizerConfig,
        settings: OAuthSettings,
        http: Http,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._config = config
        self._settings = settings
        self._http = http
        self._now = now

    def authorization_url(self, state: str, login_hint: str | None = None) -> str:
        """Where to send the person. Raises Refused without a state or a PKCE verifier: neither is
        optional here (RFC 9700 section 2.1)."""
        if not state:
            raise Refused("An authorization needs a state.", "state")
        parameters = {
            "client_id": self._config.client_id,
            "redirect_uri": self._config.redirect_uri,
            "response_type": "code",
            "scope": " ".join(sorted(self._config.scopes)),
            "state": state,
            "code_challenge": challenge(self._config.code_verifier),
            "code_challenge_method": "S256",
            **self._settings.extra,
        }
        if login_hint:
            parameters["login_hint"] = login_hint
        return f"{self._settings.authorize_url}?{urlencode(parameters)}"

    def exchange(self, code: str) -> Credentials:
        """Authorization code to credentials, with the identity if it can be read.

        Raises AuthorizationLost ``scope_missing`` when a box was left unticked, and what
        ``token_failure`` answers. ``refresh_token`` is None when the provider gave none.
        """
        answer = self._token(
            grant_type="authorization_code",
            code=code,
            redirect_uri=self._config.redirect_uri,
            code_verifier=self._config.code_verifier,
        )
        found = self._credentials(answer, Credentials("", scopes=self._config.scopes))
        missing = missing_scopes(self._config.scopes, found.scopes, self._settings)
        if missing:
            names = ", ".join(sorted(missing))
            raise AuthorizationLost("scope_missing", f"Not granted: {names}.", missing)
        return found

    def refresh(self, credentials: Credentials) -> Credentials:
        """A fresh access token; what the answer leaves out is kept, above all the refresh token.

        ``scopes`` are those granted now: compare with ``missing_scopes`` where fewer matter.
        """
        if not credentials.refresh_token:
            raise AuthorizationLost("invalid_grant", "There is no refresh token: sign in again.")
        answer = self._token(grant_type="refresh_token", refresh_token=credentials.refresh_token)
        return self._credentials(answer, credentials)

    def revoke(self, credentials: Credentials) -> None:
        """Withdraw the grant for every client of the same project. A dead token is fine."""
        token = credentials.refresh_token or credentials.access_token
        if not self._settings.revoke_url or not token:
            return
        try:
            self._post(self._settings.revoke_url, {"token": token})
        except Refused as refused:
            if refused.code != "invalid_token":
                raise

    def _token(self, **form: str) -> dict[str, Any]:
        form |= {"client_id": self._config.client_id, "client_secret": self._config.client_secret}
        answer = _object(self._post(self._settings.token_url, form))
        kind = answer.get("token_type", "Bearer")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise Refused("The provider issued a token of an unknown kind.", "token_type")
        if not isinstance(answer.get("access_token"), str) or not answer["access_token"]:
            raise Unavailable("The token endpoint answered without a token.", reached=True)
        return answer

    def _post(self, url: str, form: Mapping[str, str]) -> Response:
        body = urlencode({name: value for name, value in form.items() if value}).encode()
        return self._http.request(
            "POST",
            url,
            body=body,
            content_type="application/x-www-form-urlencoded",
            headers={"Accept": "application/json"},
        )

    def _credentials(self, answer: Mapping[str, Any], known: Credentials) -> Credentials:
        refresh, scope = answer.get("refresh_token"), answer.get("scope")
        fresh = isinstance(refresh, str) and bool(refresh)
        ends = self._after(answer.get("refresh_token_expires_in"))
        return Credentials(
            access_token=answer["access_token"],
            refresh_token=refresh if fresh else known.refresh_token,
            expires_at=self._after(answer.get("expires_in")),
            scopes=frozenset(scope.split()) if isinstance(scope, str) and scope else known.scopes,
            identity=self._identity(answer, known.identity),
            refresh_expires_at=ends if fresh or ends else known.refresh_expires_at,
        )

    def _after(self, seconds: object) -> datetime | None:
        """The moment ``seconds`` (a number, or one in a string) from now; None if unreadable."""
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float, str)):
            return None
        try:
            return self._now() + timedelta(seconds=min(max(float(seconds), 0.0), _DECADE))
        except ValueError:
            return None

    def _identity(self, answer: Mapping[str, Any], known: str | None) -> str | None:
        token = answer.get("id_token")
        claims = self._claims(token) if isinstance(token, str) else None
        if claims is None and known is None:
            claims = self._userinfo(answer)
        email = (claims or {}).get("email")
        if not isinstance(email, str) or (claims or {}).get("email_verified") is False:
            return known
        return email

    def _claims(self, token: str) -> Mapping[str, Any] | None:
        """The claims of an id token, None if it cannot be read. It came from the token endpoint
        over TLS, which stands for the signature (OpenID Connect Core section 3.1.3.7 point 6); its
        times are not checked, it was made just now and this machine's clock may be wrong."""
        try:
            claims: Mapping[str, Any] = jwt.decode(token, options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") not in self._settings.issuers:
            raise Refused("The identity was issued by somebody else.", "id_token")
        if self._config.client_id not in audiences:
            raise Refused("The identity was issued for another client.", "id_token")
        return claims

    def _userinfo(self, answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The identity by an extra call. Trouble there must not cost the grant just received."""
        scope = str(answer.get("scope", "")).split()
        telling = {"openid", "email", *self._settings.aliases.values()}
        if not self._settings.userinfo_url or not telling.intersection(scope):
            return None
        try:
            return _object(
                self._http.request(
                    "GET",
                    self._settings.userinfo_url,
                    headers={"Authorization": f"Bearer {answer['access_token']}"},
                )
            )
        except ProviderError:
            return None


_LOST: Mapping[str, tuple[AuthorizationReason, str]] = {
    "invalid_grant": ("invalid_grant", "The grant is not valid (any more)"),
    "invalid_client": ("client", "The client id or secret is wrong"),
    "disabled_client": ("client", "The client or service account is switched off"),
    "deleted_client": ("client", "The client was deleted at the provider"),
    "unauthorized_client": ("client", "The client is not allowed to do this"),
    "redirect_uri_mismatch": ("client", "The redirect URI is not the one registered"),
    "disallowed_useragent": ("client", "The provider does not allow signing in this way"),
    "admin_policy_enforced": ("policy", "The organisation's administrator does not allow this"),
    "org_internal": ("policy", "The client is for its own organisation only"),
}
_GONE = "account has been deleted"
_PASSING = frozenset({"internal_failure", "server_error", "temporarily_unavailable"})


def token_failure(response: Response) -> ProviderError | None:
    """What a token, revocation or userinfo answer means (RFC 6749 section 5.2); None for 2xx.

    An answer that is no OAuth error is judged by its status, and a 4xx that is not even JSON as
    trouble on the way: nobody is sent to sign in again because of a proxy's error page.
    """
    if response.status >= 500 or response.status in (408, 429) or response.status < 400:
        return default_failure(response)
    try:
        body = response.json()
    except Unavailable as failure:
        return failure
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, str):
        return default_failure(response)
    text = str(body.get("error_description") or "")
    if error == "invalid_grant" and text.rstrip(".").lower() == _GONE:
        return AuthorizationLost("mailbox_missing", "The account was deleted at the provider.")
    if body.get("error_subtype") == "invalid_rapt":
        text = "The organisation ends sessions after a time (invalid_rapt); sign in again."
    return oauth_failure(error, text, retry_after(response.headers))


def oauth_failure(error: str, description: str = "", advice: float | None = None) -> ProviderError:
    """What an OAuth ``error`` means, from a token endpoint or in the redirect back (RFC 6749
    section 4.1.2.1). Refused ``access_denied`` is a person who said no."""
    said = redact(description, limit=200)
    code = redact(error, limit=40)
    if error in _LOST:
        reason, words = _LOST[error]
        return AuthorizationLost(reason, f"{words}: {said or code}")
    if error in _PASSING:
        return Unavailable(f"The sign-in service has trouble: {said or code}", reached=True)
    if error == "rate_limit_exceeded":
        return Throttled(f"Too many sign-ins: {said or code}", advice, "project")
    return Refused(f"The sign-in service refused: {said or code}", code)


def _object(response: Response) -> dict[str, Any]:
    body = response.json()
    if not isinstance(body, dict):
        raise Unavailable("The sign-in service answered something else.", reached=True)
    return body
