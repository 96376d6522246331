"""Key files, assertions and tokens of service accounts."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from mailbox_core.errors import AuthorizationLost, Refused, Unavailable
from mailbox_core.net.oauth import token_failure
from mailbox_core.net.service_account import ServiceAccount, ServiceAccountTokens

SCOPE = "https://www.googleapis.com/auth/pubsub"
NOW = 1_800_000_000.0


def pem(key, password=None):
    encryption = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    ).decode()


RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
FILE = {
    "type": "service_account",
    "project_id": "shop-1234",
    "private_key_id": "abc",
    "private_key": pem(RSA),
    "client_email": "Listen@shop-1234.iam.gserviceaccount.com",
    "token_uri": "https://attacker.example.com/token",
}
ACCOUNT = ServiceAccount.parse(json.dumps(FILE))


def test_what_is_kept_of_a_file():
    assert ACCOUNT.email == "listen@shop-1234.iam.gserviceaccount.com"
    assert (ACCOUNT.key_id, ACCOUNT.project) == ("abc", "shop-1234")
    assert ServiceAccount.parse(ACCOUNT.dump()) == ACCOUNT
    assert "attacker" not in ACCOUNT.dump()
    assert "PRIVATE" not in repr(ACCOUNT)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"type": "authorized_user"}, "its type must be"),
        ({"client_email": ""}, "lacks client_email"),
        ({"private_key": None, "private_key_id": 7}, "lacks private_key_id, private_key"),
        ({"private_key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"}, "read"),
        ({"private_key": pem(RSA, b"secret")}, "cannot be read"),
        ({"private_key": pem(ec.generate_private_key(ec.SECP256R1()))}, "RSA key of at least 2048"),
        (
            {"private_key": pem(rsa.generate_private_key(public_exponent=65537, key_size=1024))},
            "RSA key of at least 2048",
        ),
        ({"padding": "x" * 20_000}, "too long"),
    ],
)
def test_what_is_no_key_file_is_refused_by_name(change, words):
    with pytest.raises(Refused, match=words) as raised:
        ServiceAccount.parse(json.dumps(FILE | change))
    assert raised.value.code == "service_key"
    assert "BEGIN" not in raised.value.detail


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 10_000, FILE["private_key"], '"x"'])
def test_what_is_no_json_object(text):
    with pytest.raises(Refused, match="not a key file in JSON"):
        ServiceAccount.parse(text)


def test_an_assertion_says_who_asks_whom_for_what():
    made = ACCOUNT.assertion("https://oauth2.googleapis.com/token", SCOPE, NOW + 0.7)
    assert jwt.get_unverified_header(made) == {"alg": "RS256", "kid": "abc", "typ": "JWT"}
    options = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
    assert jwt.decode(made, RSA.public_key(), algorithms=["RS256"], options=options) == {
        "iss": ACCOUNT.email,
        "scope": SCOPE,
        "aud": "https://oauth2.googleapis.com/token",
        "iat": int(NOW),
        "exp": int(NOW) + 3600,
    }


@pytest.fixture
def desk(peer, make):
    """``desk(*answers)``: tokens, the server behind, and a clock to turn."""

    def start(*answers):
        def script(turn):
            status, body = answers[min(turn.number, len(answers)) - 1]
            turn.answer(body if isinstance(body, bytes) else json.dumps(body).encode(), status)

        server, clock = peer(script), [NOW]
        http = make(classify=token_failure)
        url = server.url + "/token"
        return ServiceAccountTokens(ACCOUNT, SCOPE, url, http, lambda: clock[0]), server, clock

    return start


def good(name):
    return 200, {"access_token": name, "expires_in": 3599, "token_type": "Bearer"}


def test_a_token_lasts_and_is_renewed_before_it_ends(desk):
    tokens, server, clock = desk(good("one"), good("two"), good("three"))
    assert [tokens.token(), tokens.token()] == ["one", "one"]
    clock[0] += 3599 - 225
    assert tokens.token() == "two"
    assert tokens.renew("one") == "two"
    assert tokens.renew("two") == "three"
    form = parse_qs(server.requests[0].body.decode())
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert set(form) == {"grant_type", "assertion"}


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        ((400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}),
         AuthorizationLost, "invalid_grant"),
        ((401, {"error": "disabled_client"}), AuthorizationLost, "client"),
        ((200, {"token_type": "Bearer"}), Unavailable, None),
        ((200, []), Unavailable, None),
        ((200, b"<html>"), Unavailable, None),
        ((502, b"<html>"), Unavailable, None),
    ],
)  # fmt: skip
def test_refusals_and_trouble(desk, answer, kind, reason):
    tokens, _server, _clock = desk(answer)
    with pytest.raises(kind) as raised:
        tokens.token()
    assert getattr(raised.value, "reason", None) == reason
