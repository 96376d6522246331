"""oauth.py against a scripted token endpoint on a real socket."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
import pytest

from mailbox_core.contract import AuthorizerConfig
from mailbox_core.errors import AuthorizationLost, Refused, Throttled, Unavailable
from mailbox_core.net.endpoints import Endpoints
from mailbox_core.net.http import Response
from mailbox_core.net.oauth import (
    GOOGLE,
    OAuthClient,
    challenge,
    google,
    missing_scopes,
    new_state,
    new_verifier,
    oauth_failure,
    oauth_http,
    token_failure,
)
from mailbox_core.types import Credentials

NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
MODIFY = "https://www.googleapis.com/auth/gmail.modify"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
CONFIG = AuthorizerConfig(
    client_id="id.apps.example.com",
    client_secret="GOCSPX-client-secret",
    redirect_uri="https://odoo.example.com/mail/oauth2callback",
    scopes=frozenset({"openid", "email", MODIFY}),
    code_verifier="v" * 43,
)
KNOWN = Credentials(
    "ya29.old", "1//old-refresh", NOW, frozenset({MODIFY}), "ann@example.com", NOW + timedelta(7)
)


def id_token(**claims):
    good = {
        "iss": "https://accounts.google.com",
        "aud": CONFIG.client_id,
        "email": "ann@example.com",
        "email_verified": True,
    }
    return jwt.encode(good | claims, "k" * 32, algorithm="HS256")


def grant(**changes):
    good = {
        "access_token": "ya29.new",
        "expires_in": 3599,
        "refresh_token": "1//new-refresh",
        "scope": f"{MODIFY} openid {EMAIL}",
        "token_type": "Bearer",
        "id_token": id_token(),
    }
    return {key: value for key, value in (good | changes).items() if value is not None}


@pytest.fixture
def sign_in(peer):
    """``sign_in(*answers)`` makes a client whose endpoints answer in turn: dicts are 200, pairs are
    (status, body)."""
    made = []

    def start(*answers, config=CONFIG):
        def script(turn):
            answer = answers[min(turn.number, len(answers)) - 1]
            status, body = answer if isinstance(answer, tuple) else (200, answer)
            turn.answer(body if isinstance(body, bytes) else json.dumps(body).encode(), status)

        server = peer(script)
        http = oauth_http(Endpoints())
        made.append(http)
        settings = google(Endpoints.google_at(server.url))
        return OAuthClient(config, settings, http, lambda: NOW), server

    yield start
    for one in made:
        one.close()


def form(request):
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    return dict(parse_qsl(request.body.decode()))


# --- the way there ------------------------------------------------------------------------------


def test_the_authorization_address(sign_in):
    client, server = sign_in({})
    url = client.authorization_url("s t/&", "ann@example.com")
    assert url.startswith(server.url + "/o/oauth2/v2/auth?")
    query = {key: value for key, [value] in parse_qs(urlsplit(url).query).items()}
    assert query.pop("scope").split() == sorted(CONFIG.scopes)
    assert query == {
        "client_id": CONFIG.client_id,
        "redirect_uri": CONFIG.redirect_uri,
        "response_type": "code",
        "state": "s t/&",
        "code_challenge": challenge(CONFIG.code_verifier),
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "consent",
        "login_hint": "ann@example.com",
    }
    assert CONFIG.code_verifier not in url
    assert "login_hint" not in client.authorization_url("s")


def test_pkce_as_in_the_rfc():
    # RFC 7636 appendix B
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert challenge(new_verifier()) != challenge(new_verifier())
    assert len(new_state()) >= 43


@pytest.mark.parametrize("verifier", ["", "short", "v" * 129, "v" * 42 + "/", "v" * 43 + "\n"])
def test_bad_verifiers_are_refused(sign_in, verifier):
    client, _ = sign_in({}, config=replace(CONFIG, code_verifier=verifier))
    with pytest.raises(Refused):
        client.authorization_url("state")


def test_a_state_is_needed(sign_in):
    with pytest.raises(Refused):
        sign_in({})[0].authorization_url("")


# --- exchange -----------------------------------------------------------------------------------


def test_exchange(sign_in):
    client, server = sign_in(grant(refresh_token_expires_in="604799"))
    assert client.exchange("4/code") == Credentials(
        access_token="ya29.new",
        refresh_token="1//new-refresh",
        expires_at=NOW + timedelta(seconds=3599),
        scopes=frozenset({MODIFY, "openid", EMAIL}),
        identity="ann@example.com",
        refresh_expires_at=NOW + timedelta(seconds=604799),
    )
    [seen] = server.requests
    assert seen.target == "/token"
    assert form(seen) == {
        "grant_type": "authorization_code",
        "code": "4/code",
        "redirect_uri": CONFIG.redirect_uri,
        "code_verifier": CONFIG.code_verifier,
        "client_id": CONFIG.client_id,
        "client_secret": CONFIG.client_secret,
    }


def test_an_unticked_box_is_told(sign_in):
    client, _ = sign_in(grant(scope=f"openid {EMAIL}"))
    with pytest.raises(AuthorizationLost) as raised:
        client.exchange("4/code")
    assert raised.value.reason == "scope_missing"
    assert raised.value.missing == {MODIFY}
    assert "ya29" not in raised.value.detail


def test_a_missing_scope_means_all_were_granted(sign_in):
    # RFC 6749 section 5.1
    client, _ = sign_in(grant(scope=None))
    assert client.exchange("4/code").scopes == CONFIG.scopes


def test_without_a_refresh_token_the_answer_says_so(sign_in):
    client, _ = sign_in(grant(refresh_token=None))
    assert client.exchange("4/code").refresh_token is None


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(3599, 3599), ("3599", 3599), ("3599.0", 3599), (0, 0), (-5, 0), (10**30, 10 * 365 * 86400),
     ("soon", None), (None, None), ("nan", None), ([], None), (True, None)],
)  # fmt: skip
def test_lifetimes(sign_in, given, seconds):
    client, _ = sign_in(grant(expires_in=given))
    wanted = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert client.exchange("4/code").expires_at == wanted


@pytest.mark.parametrize(
    "claims", [{"iss": "https://evil.example.com"}, {"aud": "other"}, {"aud": None}]
)
def test_foreign_identities_are_refused(sign_in, claims):
    client, _ = sign_in(grant(id_token=id_token(**claims)))
    with pytest.raises(Refused) as raised:
        client.exchange("4/code")
    assert raised.value.code == "id_token"


def test_the_short_issuer_and_a_list_of_audiences(sign_in):
    token = id_token(iss="accounts.google.com", aud=["x", CONFIG.client_id])
    client, _ = sign_in(grant(id_token=token))
    assert client.exchange("4/code").identity == "ann@example.com"


def test_an_unverified_address_is_no_identity(sign_in):
    client, _ = sign_in(grant(id_token=id_token(email_verified=False)))
    assert client.exchange("4/code").identity is None


@pytest.mark.parametrize("token", [None, "broken", "a.b.c", 7])
def test_userinfo_tells_the_identity_otherwise(sign_in, token):
    client, server = sign_in(grant(id_token=token), {"email": "bob@example.com"})
    assert client.exchange("4/code").identity == "bob@example.com"
    assert server.requests[1].target == "/v1/userinfo"
    assert server.requests[1].headers["authorization"] == "Bearer ya29.new"


@pytest.mark.parametrize("trouble", [(500, b"no"), (401, b"{}"), (200, b"[]"), (200, b"<html>")])
def test_trouble_with_userinfo_costs_nothing(sign_in, trouble):
    client, _ = sign_in(grant(id_token=None), trouble)
    assert client.exchange("4/code").identity is None


def test_userinfo_is_not_asked_without_a_scope_for_it(sign_in):
    config = replace(CONFIG, scopes=frozenset({MODIFY}))
    client, server = sign_in(grant(id_token=None, scope=MODIFY), config=config)
    assert client.exchange("4/code").identity is None
    assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [b"", b"<html>ok</html>", b"[]", b'{"access_token": ""}', b"{}"])
def test_half_answers_are_trouble_on_the_way(sign_in, answer):
    client, _ = sign_in((200, answer))
    with pytest.raises(Unavailable):
        client.exchange("4/code")


def test_unknown_token_types_are_refused(sign_in):
    with pytest.raises(Refused):
        sign_in(grant(token_type="mac"))[0].exchange("4/code")
    assert sign_in(grant(token_type="bearer"))[0].exchange("4/code").access_token


# --- refresh and revoke -------------------------------------------------------------------------


def test_refresh_keeps_what_the_answer_leaves_out(sign_in):
    client, server = sign_in({"access_token": "ya29.new", "expires_in": 3599})
    wanted = replace(KNOWN, access_token="ya29.new", expires_at=NOW + timedelta(seconds=3599))
    assert client.refresh(KNOWN) == wanted
    assert form(server.requests[0]) == {
        "grant_type": "refresh_token",
        "refresh_token": "1//old-refresh",
        "client_id": CONFIG.client_id,
        "client_secret": CONFIG.client_secret,
    }
    assert len(server.requests) == 1


@pytest.mark.parametrize("empty", ["", None, 0])
def test_a_refresh_token_is_never_lost(sign_in, empty):
    client, _ = sign_in({"access_token": "ya29.new", "refresh_token": empty})
    assert client.refresh(KNOWN).refresh_token == "1//old-refresh"


def test_a_rotated_refresh_token_is_taken(sign_in):
    client, _ = sign_in(grant(scope=EMAIL))
    fresh = client.refresh(KNOWN)
    assert fresh.refresh_token == "1//new-refresh"
    assert fresh.refresh_expires_at is None
    assert missing_scopes(frozenset({MODIFY, "email"}), fresh.scopes, GOOGLE) == {MODIFY}


def test_nothing_to_refresh_with(sign_in):
    client, server = sign_in({})
    with pytest.raises(AuthorizationLost):
        client.refresh(replace(KNOWN, refresh_token=None))
    assert not server.requests


@pytest.mark.parametrize("answer", [(200, b""), (400, {"error": "invalid_token"})])
def test_revoke(sign_in, answer):
    client, server = sign_in(answer)
    client.revoke(KNOWN)
    assert server.requests[0].target == "/revoke"
    assert form(server.requests[0]) == {"token": "1//old-refresh"}


def test_revoke_tells_real_trouble(sign_in):
    with pytest.raises(Unavailable):
        sign_in((503, b"<html>"))[0].revoke(KNOWN)
    with pytest.raises(Refused):
        sign_in((400, {"error": "invalid_request"}))[0].revoke(KNOWN)


# --- failures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."},
         AuthorizationLost, "invalid_grant"),
        (400, {"error": "invalid_grant", "error_subtype": "invalid_rapt"},
         AuthorizationLost, "invalid_grant"),
        (400, {"error": "invalid_grant", "error_description": "Account has been deleted"},
         AuthorizationLost, "mailbox_missing"),
        (401, {"error": "invalid_client"}, AuthorizationLost, "client"),
        (401, {"error": "deleted_client"}, AuthorizationLost, "client"),
        (401, {"error": "unauthorized_client"}, AuthorizationLost, "client"),
        (400, {"error": "redirect_uri_mismatch"}, AuthorizationLost, "client"),
        (400, {"error": "admin_policy_enforced"}, AuthorizationLost, "policy"),
        (403, {"error": "rate_limit_exceeded"}, Throttled, None),
        (429, {"error": "whatever"}, Throttled, None),
        (400, {"error": "invalid_scope"}, Refused, None),
        (400, {"error": "temporarily_unavailable"}, Unavailable, None),
        (400, {"error": {"code": 400}}, Refused, None),
        (500, {"error": "invalid_grant"}, Unavailable, None),
        (503, b"<html>", Unavailable, None),
        (400, b"<html>proxy</html>", Unavailable, None),
        (401, b"", Unavailable, None),
        (302, b"", Unavailable, None),
    ],
)  # fmt: skip
def test_failures_of_the_token_endpoint(sign_in, status, body, kind, reason):
    client, server = sign_in((status, body))
    with pytest.raises(kind) as raised:
        client.refresh(KNOWN)
    assert getattr(raised.value, "reason", None) == reason
    assert len(server.requests) == 1


def test_the_words_help():
    body = b'{"error": "invalid_grant", "error_subtype": "invalid_rapt"}'
    assert "invalid_rapt" in token_failure(Response(400, {}, body)).detail
    body = b'{"error": "invalid_grant", "error_description": "bad 1//secret-refresh-token\\nX"}'
    detail = token_failure(Response(400, {}, body)).detail
    assert "1//" not in detail
    assert "\n" not in detail
    assert token_failure(Response(200)) is None


def test_a_person_who_said_no():
    failure = oauth_failure("access_denied")
    assert isinstance(failure, Refused)
    assert failure.code == "access_denied"
    assert oauth_failure("org_internal").reason == "policy"


def test_secrets_stay_out_of_representations():
    for text in (repr(CONFIG), repr(KNOWN)):
        assert not any(word in text for word in ("GOCSPX", "vvvv", "ya29", "1//"))
