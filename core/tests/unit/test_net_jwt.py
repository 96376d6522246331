"""jwt.py with real RSA keys and forged tokens."""

from __future__ import annotations

import base64
import json
import threading

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from mailbox_core.errors import Unavailable
from mailbox_core.net.http import Response
from mailbox_core.net.jwt import Claims, KeySet, TokenRejected, TokenVerifier

AUDIENCE = "https://odoo.example.com/mailbox/push"
SIGNER = "push@project.iam.example.com"
NOW = 1_800_000_000.0
KEYS = {kid: rsa.generate_private_key(65537, 2048) for kid in ("one", "two", "three")}
GOOD = {
    "iss": "https://accounts.google.com",
    "aud": AUDIENCE,
    "email": SIGNER,
    "email_verified": True,
    "sub": "1123",
    "iat": int(NOW) - 10,
    "exp": int(NOW) + 3590,
}


def public(*kids):
    keys = [
        json.loads(RSAAlgorithm.to_jwk(KEYS[kid].public_key()))
        | {"kid": kid, "alg": "RS256", "use": "sig"}
        for kid in kids
    ]
    return {"keys": keys}


class Endpoint:
    """The key endpoint: counts, and answers what it holds."""

    def __init__(self, *kids, control="public, max-age=3600, must-revalidate"):
        self.calls = 0
        self.body = json.dumps(public(*kids)).encode()
        self.control = control
        self.now = 0.0

    def __call__(self):
        self.calls += 1
        return Response(200, {"cache-control": self.control}, self.body)

    def clock(self):
        return self.now


@pytest.fixture
def endpoint():
    return Endpoint("one", "two")


@pytest.fixture
def verifier(endpoint):
    keys = KeySet(endpoint, endpoint.clock)
    return TokenVerifier(keys, AUDIENCE, frozenset({SIGNER}), leeway=30, now=lambda: NOW)


def token(key="one", kid="one", algorithm="RS256", headers=None, **claims):
    merged = {name: value for name, value in (GOOD | claims).items() if value is not ...}
    # Not jwt.encode: it refuses to make some of the nonsense that must be refused here.
    payload = json.dumps(merged).encode()
    return jwt.api_jws.encode(payload, KEYS[key], algorithm, {"kid": kid} | (headers or {}))


def reason(verifier, value):
    with pytest.raises(TokenRejected) as raised:
        verifier.verify(value)
    return raised.value.reason


def encoded(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def test_a_good_token(verifier):
    wanted = Claims(SIGNER, "1123", GOOD["iat"], GOOD["exp"])
    assert verifier.verify(f"Bearer {token()}") == wanted
    assert verifier.verify(f"bearer  {token(iss='accounts.google.com')} ") == wanted
    assert verifier.verify(f"Bearer {token(key='two', kid='two')}") == wanted


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"aud": "https://other.example.com/"}, "audience"),
        ({"aud": AUDIENCE + "/"}, "audience"),
        ({"aud": [AUDIENCE]}, "audience"),
        ({"aud": ...}, "audience"),
        ({"iss": "https://accounts.google.com.evil.example"}, "issuer"),
        ({"iss": ["accounts.google.com"]}, "issuer"),
        ({"iss": ...}, "issuer"),
        ({"email": "other@project.iam.example.com"}, "signer"),
        ({"email": [SIGNER]}, "signer"),
        ({"email": ...}, "signer"),
        ({"email_verified": False}, "signer"),
        ({"email_verified": "true"}, "signer"),
        ({"email_verified": ...}, "signer"),
        ({"exp": int(NOW) - 31}, "expired"),
        ({"iat": int(NOW) + 31}, "expired"),
        ({"exp": ...}, "malformed"),
        ({"iat": ...}, "malformed"),
        ({"exp": True}, "malformed"),
        ({"exp": "9999999999"}, "malformed"),
    ],
)
def test_claims_that_do_not_fit(verifier, change, why):
    assert reason(verifier, f"Bearer {token(**change)}") == why


@pytest.mark.parametrize("change", [{"exp": int(NOW) - 30}, {"iat": int(NOW) + 30}])
def test_clocks_may_differ_a_little(verifier, change):
    assert verifier.verify(f"Bearer {token(**change)}").email == SIGNER


@pytest.mark.parametrize("value", [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwdw==", token()])
def test_no_token(verifier, value, endpoint):
    assert reason(verifier, value) == "missing"
    assert endpoint.calls == 0


def test_forgeries(verifier):
    good = token()
    head, body, signature = good.split(".")
    none = encoded({"alg": "none", "kid": "one", "typ": "JWT"})
    # The classic confusion: an HMAC made with the public key as its secret.
    hmac = jwt.encode(GOOD, "x" * 32, "HS256", {"kid": "one"})
    forged = {
        f"{none}.{body}.": "signature",
        f"{none}.{body}.{signature}": "signature",
        hmac: "signature",
        token(key="three"): "signature",
        token(key="two"): "signature",
        f"{head}.{encoded(GOOD | {'email': SIGNER, 'sub': '9'})}.{signature}": "signature",
        f"{head}.{body}.{signature[:-8]}AAAAAAAA": "signature",
        f"{head}.{body}.": "signature",
        token(algorithm="RS512"): "signature",
        token(algorithm="PS256"): "signature",
        token(kid="unknown"): "signature",
        token(headers={"crit": ["exp"]}): "malformed",
        f"{head}.{body}": "malformed",
        "not-a-token": "malformed",
        "a.b.c": "malformed",
        good + "x" * 9000: "malformed",
        f"{encoded(['RS256'])}.{body}.{signature}": "malformed",
        "é.é.é": "malformed",
    }
    for value, why in forged.items():
        assert reason(verifier, f"Bearer {value}") == why, value


def test_a_payload_that_is_no_object(verifier):
    value = jwt.api_jws.encode(b"[1]", KEYS["one"], "RS256", {"kid": "one"})
    assert reason(verifier, f"Bearer {value}") == "malformed"


def test_keys_are_kept_as_long_as_allowed(verifier, endpoint):
    for _ in range(5):
        verifier.verify(f"Bearer {token()}")
    endpoint.now = 3599
    verifier.verify(f"Bearer {token()}")
    assert endpoint.calls == 1
    endpoint.now = 3600
    verifier.verify(f"Bearer {token()}")
    assert endpoint.calls == 2


@pytest.mark.parametrize(
    ("control", "lifetime"),
    [("", 3600), ("no-store", 3600), ("max-age=0", 60), ("s-maxage=9, MAX-AGE=120", 120),
     ("max-age=999999999", 86400)],
)  # fmt: skip
def test_lifetimes_of_keys(endpoint, control, lifetime):
    endpoint.control = control
    keys = KeySet(endpoint, endpoint.clock)
    keys.key("one")
    endpoint.now = lifetime - 1
    keys.key("one")
    assert endpoint.calls == 1
    endpoint.now = lifetime
    keys.key("one")
    assert endpoint.calls == 2


def test_rotated_keys_are_found(verifier, endpoint):
    verifier.verify(f"Bearer {token()}")
    endpoint.body = json.dumps(public("two", "three")).encode()
    endpoint.now = 61
    assert verifier.verify(f"Bearer {token(key='three', kid='three')}").email == SIGNER
    assert endpoint.calls == 2
    assert reason(verifier, f"Bearer {token()}") == "signature"


def test_made_up_key_ids_do_not_knock_at_the_provider(verifier, endpoint):
    verifier.verify(f"Bearer {token()}")
    for second in range(120):
        endpoint.now = float(second)
        assert reason(verifier, f"Bearer {token(kid=f'made-up-{second}')}") == "signature"
    assert endpoint.calls == 2


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"{}", b'{"keys": []}', b'{"keys": 7}', b'{"keys": [{"kty": "x"}]}',
             b"null", b'{"keys": ["x"]}'],
)  # fmt: skip
def test_unreadable_keys_are_trouble_of_the_provider(verifier, endpoint, body):
    endpoint.body = body
    with pytest.raises(Unavailable):
        verifier.verify(f"Bearer {token()}")


def test_many_threads_fetch_once(endpoint):
    keys, found = KeySet(endpoint, endpoint.clock), []
    threads = [threading.Thread(target=lambda: found.append(keys.key("one"))) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(found) == 8
    assert None not in found
    assert endpoint.calls == 1


def test_a_signature_is_checked_once_and_everything_else_each_time(endpoint, monkeypatch):
    moment = [NOW]
    keys = KeySet(endpoint, endpoint.clock)
    verifier = TokenVerifier(keys, AUDIENCE, frozenset({SIGNER}), now=lambda: moment[0])
    checked = []
    usual = jwt.decode
    monkeypatch.setattr(jwt, "decode", lambda *args, **kw: checked.append(1) or usual(*args, **kw))
    good = token()
    for _ in range(3):
        verifier.verify(f"Bearer {good}")
    assert len(checked) == 1
    other = TokenVerifier(keys, AUDIENCE, frozenset({"other@example.com"}), now=lambda: NOW)
    with pytest.raises(TokenRejected, match="signer"):
        other.verify(f"Bearer {good}")
    moment[0] += 4000
    with pytest.raises(TokenRejected, match="expired"):
        verifier.verify(f"Bearer {good}")


def test_a_remembered_signature_ends_with_its_key(endpoint, verifier):
    good = token()
    verifier.verify(f"Bearer {good}")
    endpoint.body = json.dumps(public("two")).encode()
    endpoint.now += 3700
    with pytest.raises(TokenRejected, match="unknown key"):
        verifier.verify(f"Bearer {good}")


def test_a_bad_signature_is_never_remembered(verifier):
    good = token()
    verifier.verify(f"Bearer {good}")
    head, body, _signature = good.split(".")
    forged = f"{head}.{body}.{token(key='two').split('.')[2]}"
    for _ in range(2):
        with pytest.raises(TokenRejected, match="signature"):
            verifier.verify(f"Bearer {forged}")
