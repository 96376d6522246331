"""OAuth state of the world: clients, what people granted, codes and tokens. No HTTP in here."""

from __future__ import annotations

import random
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .clock import Clock
from .errors import NotFound
from .settings import Settings

PREFIX = "https://www.googleapis.com/auth/"
FULL_MAIL = "https://mail.google.com/"
#: Scopes that are always given and never count for the Testing expiry.
IDENTITY = frozenset({"openid", PREFIX + "userinfo.email", PREFIX + "userinfo.profile"})
ALIASES = {"email": PREFIX + "userinfo.email", "profile": PREFIX + "userinfo.profile"}
#: Refresh tokens alive per account and client (OAuth guide, "refresh token expiration").
MAX_REFRESH_TOKENS = 100
TESTING_LIFETIME = 7 * 86400.0
IDLE_LIFETIME = 182 * 86400.0


def expand(scope: str) -> list[str]:
    """Split a scope parameter, with short aliases written out, in order and once each."""
    return list(dict.fromkeys(ALIASES.get(item, item) for item in scope.split()))


@dataclass
class Client:
    """An OAuth client of a Cloud project; ``publishing`` is ``production`` or ``testing``."""

    id: str
    secret: str
    redirect_uris: list[str]
    project: str
    publishing: str = "production"
    deleted: bool = False


@dataclass
class Code:
    """A pending authorization code."""

    code: str
    client: Client
    redirect_uri: str
    account: str
    scopes: list[str]
    issue_refresh: bool
    challenge: str
    method: str
    nonce: str
    expires: float
    used: bool = False


@dataclass
class RefreshToken:
    """A refresh token; ``expires`` is None unless time-limited (Testing)."""

    token: str
    client: Client
    account: str
    scopes: list[str]
    issued: float
    used: float
    expires: float | None
    dead: bool = False


@dataclass
class AccessToken:
    """An access token and where it came from."""

    token: str
    client: Client
    account: str
    scopes: frozenset[str]
    expires: float
    refresh: str


@dataclass
class Identity:
    """The identity side of the world. Thread-safe."""

    clock: Clock
    settings: Settings
    rng: random.Random
    clients: dict[str, Client] = field(default_factory=dict)
    consents: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    known: set[tuple[str, str]] = field(default_factory=set)
    codes: dict[str, Code] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    access_tokens: dict[str, AccessToken] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def client(self, client_id: str) -> Client:
        """Return a client. Raises NotFound."""
        try:
            return self.clients[client_id]
        except KeyError:
            raise NotFound(client_id) from None

    def granted(self, account: str, project: str) -> set[str]:
        """Return all scopes the person ever granted to the project and not taken back."""
        return self.consents.get((account, project), set())

    def consent(
        self,
        client: Client,
        account: str,
        scopes: Iterable[str],
        *,
        redirect_uri: str,
        offline: bool,
        forced: bool,
        include_granted: bool,
        challenge: str = "",
        method: str = "",
        nonce: str = "",
    ) -> Code:
        """Record a consent and return the code for it.

        A refresh token will come only offline, and only at the first consent to this client or when
        consent was asked for explicitly (*forced*).
        """
        with self.lock:
            earlier = self.consents.setdefault((account, client.project), set())
            wanted = list(dict.fromkeys(scopes))
            if include_granted:
                wanted += sorted(earlier - set(wanted))
            earlier.update(wanted)
            first = (account, client.id) not in self.known
            if offline:
                self.known.add((account, client.id))
            code = Code(
                "4/0A" + secrets.token_urlsafe(48), client, redirect_uri, account, wanted,
                offline and (first or forced), challenge, method, nonce,
                self.clock.now() + self.settings.code_ttl,
            )  # fmt: skip
            self.codes[code.code] = code
            return code

    def issue_refresh(self, client: Client, account: str, scopes: list[str]) -> RefreshToken:
        """Mint a refresh token; the oldest of more than 100 dies without a word."""
        with self.lock:
            now = self.clock.now()
            limited = client.publishing == "testing" and not set(scopes) <= IDENTITY
            token = RefreshToken(
                "1//0" + secrets.token_urlsafe(64), client, account, scopes, now, now,
                now + TESTING_LIFETIME if limited else None,
            )  # fmt: skip
            self.refresh_tokens[token.token] = token
            alive = [
                other
                for other in self.refresh_tokens.values()
                if other.client is client and other.account == account and not other.dead
            ]
            for oldest in alive[: max(0, len(alive) - MAX_REFRESH_TOKENS)]:
                oldest.dead = True
            return token

    def restore(self, saved: dict[str, Any]) -> None:
        """Put a saved refresh token and the consent behind it back. Raises NotFound, KeyError."""
        client, account = self.client(saved["client"]), saved["account"]
        with self.lock:
            self.refresh_tokens[saved["token"]] = RefreshToken(
                saved["token"], client, account, saved["scopes"], saved["issued"], saved["used"],
                saved["expires"],
            )  # fmt: skip
            self.consents.setdefault((account, client.project), set()).update(saved["scopes"])
            self.known.add((account, client.id))

    def issue_access(
        self, client: Client, account: str, scopes: Iterable[str], refresh: str
    ) -> AccessToken:
        """Mint an access token."""
        with self.lock:
            token = AccessToken(
                "ya29.a0" + secrets.token_urlsafe(120), client, account, frozenset(scopes),
                self.clock.now() + self.settings.access_token_ttl, refresh,
            )  # fmt: skip
            self.access_tokens[token.token] = token
            return token

    def live_refresh(self, value: str) -> RefreshToken | None:
        """Return a refresh token that still works, or None for every reason it may not."""
        with self.lock:
            token = self.refresh_tokens.get(value)
            now = self.clock.now()
            if token is None or token.dead or now - token.used > IDLE_LIFETIME:
                return None
            if token.expires is not None and now >= token.expires:
                return None
            return token

    def live_access(self, value: str) -> AccessToken | None:
        """Return an access token that still works."""
        with self.lock:
            token = self.access_tokens.get(value)
            if token is None or self.clock.now() >= token.expires:
                return None
            return token

    def revoke(self, value: str) -> bool:
        """Revoke by either token: the grant of the whole project goes. False: unknown."""
        with self.lock:
            found = self.live_refresh(value) or self.access_tokens.get(value)
            if found is None:
                return False
            self.revoke_grant(found.account, found.client.project)
            return True

    def revoke_grant(self, account: str, project: str) -> None:
        """Take back everything a person granted to a project (all clients, all scopes)."""
        with self.lock:
            self.consents.pop((account, project), None)
            for token in self.refresh_tokens.values():
                if token.account == account and token.client.project == project:
                    token.dead = True
                    self.known.discard((account, token.client.id))
            self.access_tokens = {
                key: token
                for key, token in self.access_tokens.items()
                if not (token.account == account and token.client.project == project)
            }

    def password_changed(self, account: str) -> int:
        """Kill the refresh tokens of an account that hold a Gmail scope; return how many."""
        with self.lock:
            hit = [
                token
                for token in self.refresh_tokens.values()
                if token.account == account and not token.dead
                and any(s == FULL_MAIL or s.startswith(PREFIX + "gmail.") for s in token.scopes)
            ]  # fmt: skip
            for token in hit:
                token.dead = True
            return len(hit)
