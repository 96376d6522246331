"""The authorization endpoint: checks, the consent page, and the way back to the client."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from ...errors import NotFound
from ...faults import FaultPlan
from ...identity import FULL_MAIL, IDENTITY, PREFIX, Client, expand
from ...world import World
from ..exchange import HTML, Incoming, Outgoing, parse_query
from .page import render
from .problems import PageError

_KNOWN = frozenset(
    {"client_id", "redirect_uri", "response_type", "scope", "access_type", "prompt", "state",
     "include_granted_scopes", "login_hint", "code_challenge", "code_challenge_method", "nonce",
     "hd", "hl", "display", "response_mode", "enable_granular_consent", "approval_prompt",
     "authuser", "service", "flowName", "openid.realm", "device_id", "device_name"}
)  # fmt: skip
#: The sandbox's own parameters: sign in and answer without a person.
_OWN = frozenset({"sandbox_account", "sandbox_scopes", "sandbox_decision"})
_PROMPTS = frozenset({"none", "consent", "select_account"})
_CHALLENGE = re.compile(r"^[A-Za-z0-9\-._~]{43,128}$")
_SCOPE = re.compile(re.escape(PREFIX) + r"[a-z][a-z0-9._]*$")


@dataclass(frozen=True)
class Ask:
    """A checked authorization request."""

    client: Client
    redirect_uri: str
    scopes: list[str]
    state: str
    offline: bool
    prompts: frozenset[str]
    include_granted: bool
    login_hint: str
    challenge: str
    method: str
    nonce: str


class Redirected(Exception):
    """An error that goes back to the client instead of to the person."""

    def __init__(self, ask: Ask, error: str) -> None:
        super().__init__(error)
        self.ask = ask
        self.error = error


def read(world: World, fields: dict[str, str]) -> Ask:
    """Check a request. Raises PageError (shown here) for everything that must not redirect."""
    unknown = set(fields) - _KNOWN - _OWN
    if unknown:
        name = sorted(unknown)[0]
        raise PageError(400, "invalid_request", f"Parameter not allowed for this request: {name}")
    client = _client(world, fields)
    redirect_uri = fields.get("redirect_uri", "")
    if redirect_uri not in client.redirect_uris:
        raise PageError(
            400, "redirect_uri_mismatch",
            f"You can't sign in because this app sent an invalid request: the redirect URI "
            f"{redirect_uri or '(none)'} is not registered for this client.",
        )  # fmt: skip
    _check_enums(fields)
    challenge, method = _pkce(fields)
    prompts = frozenset(fields.get("prompt", "").split())
    if fields.get("approval_prompt") == "force":
        prompts |= {"consent"}
    return Ask(
        client, redirect_uri, _scopes(fields), fields.get("state", ""),
        fields.get("access_type") == "offline", prompts,
        fields.get("include_granted_scopes", "").lower() == "true",
        fields.get("login_hint", ""), challenge, method, fields.get("nonce", ""),
    )  # fmt: skip


def _client(world: World, fields: dict[str, str]) -> Client:
    try:
        client = world.identity.client(fields.get("client_id", ""))
    except NotFound:
        raise PageError(401, "invalid_client", "The OAuth client was not found.") from None
    if client.deleted:
        raise PageError(401, "deleted_client", "The OAuth client was deleted.")
    return client


def _check_enums(fields: dict[str, str]) -> None:
    if fields.get("response_type") != "code":
        raise PageError(400, "unsupported_response_type", "response_type must be code.")
    if fields.get("access_type", "online") not in ("online", "offline"):
        raise PageError(400, "invalid_request", "access_type is online or offline.")
    prompts = fields.get("prompt", "").split()
    if set(prompts) - _PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise PageError(400, "invalid_request", "Invalid parameter value for prompt.")
    if fields.get("include_granted_scopes", "").lower() not in ("", "true", "false"):
        raise PageError(400, "invalid_request", "include_granted_scopes is true or false.")


def _pkce(fields: dict[str, str]) -> tuple[str, str]:
    challenge, method = fields.get("code_challenge", ""), fields.get("code_challenge_method", "")
    if method and method not in ("S256", "plain"):
        raise PageError(400, "invalid_request", "Invalid code_challenge_method.")
    if challenge and not _CHALLENGE.match(challenge):
        raise PageError(400, "invalid_request", "Invalid code_challenge.")
    return challenge, (method or "plain") if challenge else ""


def _scopes(fields: dict[str, str]) -> list[str]:
    scopes = expand(fields.get("scope", ""))
    if not scopes:
        raise PageError(400, "invalid_request", "Missing required parameter: scope")
    for scope in scopes:
        if scope not in IDENTITY and scope != FULL_MAIL and not _SCOPE.match(scope):
            raise PageError(400, "invalid_scope", f"Some requested scopes were invalid: {scope}")
    return scopes


class AuthorizeFlow:
    """Shows the consent page and turns the answer into a redirect."""

    def __init__(self, world: World, faults: FaultPlan) -> None:
        self._world = world
        self._faults = faults

    def handle(self, incoming: Incoming) -> Outgoing:
        """GET shows the page (or goes straight through); POST is the person's answer."""
        try:
            if incoming.method == "POST":
                pairs = parse_query(incoming.body.decode("utf-8", "replace"))
                return self._answered(incoming, pairs)
            return self._asked(dict(incoming.query))
        except PageError as error:
            return error.outgoing()
        except Redirected as error:
            return self._back(error.ask, {"error": error.error})

    def _asked(self, fields: dict[str, str]) -> Outgoing:
        ask = read(self._world, fields)
        if "sandbox_decision" in fields or "sandbox_account" in fields:
            return self._scripted(ask, fields)
        account = ask.login_hint.lower()
        known = account in self._world.accounts
        covered = known and set(ask.scopes) <= self._world.identity.granted(
            account, ask.client.project
        )
        if "none" in ask.prompts:
            if not known:
                raise Redirected(ask, "interaction_required")
            if not covered:
                raise Redirected(ask, "consent_required")
        if covered and not ask.prompts & {"consent", "select_account"}:
            return self._grant(ask, account, ask.scopes)
        accounts = [(item.email, item.name) for item in self._world.accounts.values()]
        body = render(ask.client.id, accounts, ask.scopes, account, fields,
                      ticked=self._world.settings.consent_preticked)  # fmt: skip
        return Outgoing(200, body.encode(), HTML, {"Cache-Control": "no-store",
                                                   "X-Frame-Options": "DENY"})  # fmt: skip

    def _scripted(self, ask: Ask, fields: dict[str, str]) -> Outgoing:
        if fields.get("sandbox_decision", "allow") != "allow":
            raise Redirected(ask, "access_denied")
        account = fields.get("sandbox_account") or ask.login_hint
        chosen = fields.get("sandbox_scopes", "all")
        ticked = ask.scopes if chosen == "all" else expand(chosen)
        return self._grant(ask, account, ticked)

    def _answered(self, incoming: Incoming, pairs: list[tuple[str, str]]) -> Outgoing:
        fields = {name: value for name, value in pairs if name in _KNOWN}
        fields = {**dict(incoming.query), **fields}
        ask = read(self._world, {k: v for k, v in fields.items() if k in _KNOWN})
        chosen = [value for name, value in pairs if name == "granted"]
        answer = dict(pairs)
        if answer.get("decision") != "allow":
            raise Redirected(ask, "access_denied")
        account = answer.get("other_account", "").strip() or answer.get("account", "")
        return self._grant(ask, account, chosen)

    def _grant(self, ask: Ask, account: str, ticked: Iterable[str]) -> Outgoing:
        email = account.strip().lower()
        fault = self._faults.take("oauth", "authorize", email, {"wrong_account"})
        if fault is not None:
            email = self._other(email, str(fault.args.get("email", "")))
        if email not in self._world.accounts:
            raise PageError(400, "invalid_request", f"Couldn't find the account {email}.")
        wanted = set(ticked) | IDENTITY
        scopes = [scope for scope in ask.scopes if scope in wanted]
        if not scopes:
            raise Redirected(ask, "access_denied")
        code = self._world.identity.consent(
            ask.client, email, scopes, redirect_uri=ask.redirect_uri, offline=ask.offline,
            forced="consent" in ask.prompts, include_granted=ask.include_granted,
            challenge=ask.challenge, method=ask.method, nonce=ask.nonce,
        )  # fmt: skip
        return self._back(ask, {"code": code.code, "scope": " ".join(code.scopes),
                                "authuser": "0", "prompt": "consent"})  # fmt: skip

    def _other(self, email: str, named: str) -> str:
        others = [address for address in self._world.accounts if address != email]
        return named or next(iter(others), email)

    @staticmethod
    def _back(ask: Ask, values: dict[str, str]) -> Outgoing:
        if ask.state:
            values = {"state": ask.state, **values}
        parts = urlsplit(ask.redirect_uri)
        query = "&".join(item for item in (parts.query, urlencode(values)) if item)
        where = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
        page = f'<!DOCTYPE html><title>Redirecting</title><a href="{html.escape(where)}">On</a>'
        return Outgoing(302, page.encode(), HTML, {"Location": where, "Cache-Control": "no-store"})
