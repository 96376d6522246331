"""The OAuth face: addresses, faults and documents."""

from __future__ import annotations

from collections.abc import Callable

from ... import trouble as wire_trouble
from ...errors import WorldError
from ...faults import WIRE, Fault, FaultPlan
from ...keys import KeyRing
from ...world import World
from ..exchange import HTML, Incoming, Outgoing, parse_query
from .authorize import AuthorizeFlow
from .problems import TokenError, invalid_grant
from .tokens import ISSUER, TokenDesk

_TOKEN_FAULTS = frozenset(
    {"invalid_grant", "revoked", "token_500", "token_html", "error_500", "503", "502_html"}
)


class OAuthFace:
    """Answers HTTP requests for Google's identity endpoints."""

    def __init__(self, world: World, faults: FaultPlan, ring: KeyRing) -> None:
        self._world = world
        self._faults = faults
        self._ring = ring
        self._desk = TokenDesk(world, ring)
        self._routes: dict[str, tuple[str, Callable[[Incoming], Outgoing], tuple[str, ...]]] = {
            "/o/oauth2/v2/auth": (
                "authorize", AuthorizeFlow(world, faults).handle, ("GET", "POST")),
            "/token": ("token", self._token, ("POST",)),
            "/revoke": ("revoke", self._desk.revoke, ("POST",)),
            "/v1/userinfo": ("userinfo", self._desk.userinfo, ("GET", "POST")),
            "/oauth2/v3/userinfo": ("userinfo", self._desk.userinfo, ("GET", "POST")),
            "/oauth2/v1/certs": ("certs", self._certs, ("GET",)),
            "/oauth2/v3/certs": ("certs", self._jwks, ("GET",)),
            "/.well-known/openid-configuration": ("discovery", self._discovery, ("GET",)),
        }  # fmt: skip

    def accepts(self, path: str) -> bool:
        """Tell whether an address belongs to this face."""
        return path in self._routes

    def handle(self, incoming: Incoming) -> Outgoing:
        """Answer one HTTP exchange."""
        call, handler, verbs = self._routes[incoming.path]
        if incoming.method not in verbs:
            return Outgoing(405, b"Method not allowed", HTML, {"Allow": ", ".join(verbs)})
        fault = self._faults.take("oauth", call, None, WIRE | _TOKEN_FAULTS)
        if fault is not None:
            early = wire_trouble.before(fault) or self._struck(fault, incoming)
            if early is not None:
                return early
        try:
            answer = handler(incoming)
        except TokenError as error:
            answer = error.outgoing()
        except WorldError as error:
            answer = TokenError(400, "invalid_request", str(error)).outgoing()
        return answer if fault is None else wire_trouble.after(fault, answer)

    def _struck(self, fault: Fault, incoming: Incoming) -> Outgoing | None:
        if fault.fault in ("token_500", "error_500", "503"):
            status = 503 if fault.fault == "503" else int(fault.args.get("status", 500))
            return Outgoing.json({"error": "internal_failure"}, status)
        if fault.fault in ("token_html", "502_html"):
            page = b"<!DOCTYPE html><title>Error 502 (Server Error)!!1</title><p>Try again."
            return Outgoing(int(fault.args.get("status", 502)), page, HTML)
        if fault.fault == "revoked":
            return self._revoke(incoming)
        if fault.fault == "invalid_grant":
            subtype = str(fault.args.get("subtype", ""))
            return invalid_grant(subtype=subtype).outgoing()
        return None

    def _revoke(self, incoming: Incoming) -> Outgoing:
        """The person took the grant back just before this request."""
        value = next(
            (v for k, v in parse_query(incoming.body.decode("latin-1")) if k == "refresh_token"), ""
        )
        self._world.identity.revoke(value)
        return invalid_grant().outgoing()

    def _token(self, incoming: Incoming) -> Outgoing:
        answer = Outgoing.json(self._desk.issue(incoming))
        answer.headers.update({"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"})
        return answer

    def _certs(self, incoming: Incoming) -> Outgoing:
        answer = Outgoing.json(self._ring.certs())
        answer.headers["Cache-Control"] = "public, max-age=20000, must-revalidate"
        return answer

    def _jwks(self, incoming: Incoming) -> Outgoing:
        answer = Outgoing.json(self._ring.jwks())
        answer.headers["Cache-Control"] = "public, max-age=20000, must-revalidate"
        return answer

    def _discovery(self, incoming: Incoming) -> Outgoing:
        base = f"http://{incoming.headers.get('host', 'localhost')}"
        return Outgoing.json(
            {
                "issuer": ISSUER,
                "authorization_endpoint": base + "/o/oauth2/v2/auth",
                "token_endpoint": base + "/token",
                "userinfo_endpoint": base + "/v1/userinfo",
                "revocation_endpoint": base + "/revoke",
                "jwks_uri": base + "/oauth2/v3/certs",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["plain", "S256"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
            }
        )
