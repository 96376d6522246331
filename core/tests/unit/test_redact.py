"""No secret, in no position, gets through; ordinary words do."""

from __future__ import annotations

import io
import logging
import time

import pytest

from mailbox_core.net.wire import new_session
from mailbox_core.redact import RedactingFilter, redact, redact_lines, scrub

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEsecretsecret\nabc+/=\n-----END RSA PRIVATE KEY-----"
SECRETS = {
    "google access": ("ya29.a0AfH6SecretSecret_x-Y", "Secret"),
    "google refresh": ("1//0gSecretSecret-_xyz", "Secret"),
    "google refresh, encoded": ("1%2F%2F0gSecretSecret", "Secret"),
    "google code": ("4/0AX4SecretSecret-x", "Secret"),
    "google client secret": ("GOCSPX-SecretSecret", "Secret"),
    "jwt": ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxU2VjcmV0.c2lnU2VjcmV0", "U2VjcmV0"),
    "microsoft code": ("M.C507_BL2.2.U.SecretSecret!x*", "Secret"),
    "pem": (PEM, "secret"),
    "half a pem": (PEM[:60], "secret"),
    "header": ("Authorization: Bearer Secret.opaque-token", "Secret"),
    "basic": ("authorization: Basic U2VjcmV0OnNlY3JldA==", "U2Vj"),
    "bearer": ("Bearer Secret.opaque-token", "Secret"),
    "form": ("refresh_token=Secret%2Bx&grant_type=refresh_token", "Secret"),
    "form code": ("code=SecretSecret&scope=x", "Secret"),
    "client_secret": ("client_secret=Secret", "Secret"),
    "code_verifier": ("code_verifier=Secret~x", "Secret"),
    "json": ('{"client_secret": "a\\"b Hidden", "a": 1}', "Hidden"),
    "json in json": ('"{\\"access_token\\": \\"Secret\\"}"', "Secret"),
    "repr": ("{'refresh_token': 'Secret', 'password': 'Secret word'}", "Secret"),
    "password": ("password: Secret", "Secret"),
    "url": ("https://ann:Secret@mail.example.com/", "Secret"),
    "state": ("https://x.example.com/cb?code=Secret&state=Secret", "Secret"),
    "cookie": ("Set-Cookie: session=Secret", "Secret"),
}
AROUND = ["{}", "before {} after", "x={}&y=1", "({})", '"{}"', "'{}'", "a\n{}\r\nb", "[{},{}]",
          "<{}>", "{};{}", "http://h/p?q={}"]  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("around", AROUND)
def test_secrets_go(name, around):
    secret, part = SECRETS[name]
    for clean in (redact(around.replace("{}", secret)), redact_lines(around.replace("{}", secret))):
        assert part not in clean
        assert "***" in clean


@pytest.mark.parametrize(
    "text",
    [
        "The provider answered 503.",
        'error {"code": 403, "message": "Rate Limit Exceeded", "status": "PERMISSION_DENIED"}',
        "exit code=1, code: 404",
        "state=live phase=snapshot page 4/20",
        "token bucket of 6000 units",
        "GET /gmail/v1/users/me/messages/19a2f?format=raw",
        "cursor 1234567 -> 1234999 (basic authentication is off)",
        "über den Wolken 日本語 😀",
    ],
)
def test_ordinary_words_stay(text):
    assert redact(text) == text


def test_one_line_without_tricks():
    text = "ok\r\n2026-11-21 ERROR forged\x1b[31m\x00\x85\u2028\u202egpj.exe\ud800\ufeff end"
    clean = redact(text)
    assert clean == "ok 2026-11-21 ERROR forged [31m gpj.exe  end"
    clean.encode()


def test_lines_cannot_pass_for_log_lines():
    assert redact_lines("a\r\n2026 ERROR x\x00") == "  a \n  2026 ERROR x "


def test_length():
    assert redact("x" * 5000) == "x" * 1999 + "…"
    assert redact("abc", limit=2) == "a…"


def test_addresses_go_when_asked():
    text = "From: Ann <ann.lee+x@mail.example.com>, b@example.org"
    assert redact(text) == text
    assert redact(text, addresses=True) == "From: Ann <a…@mail.example.com>, b…@example.org"


@pytest.mark.parametrize(
    "text",
    ["eyJ" * 40_000, "a" * 100_000, "token " * 20_000, '"\\' * 40_000, "://" * 40_000,
     "-----BEGIN PRIVATE KEY-----" * 4000, "authorization:" * 8000, "a.b" * 40_000 + "@",
     "token=" + " " * 100_000, "password='" + "\\" * 99_999],
)  # fmt: skip
def test_hostile_text_takes_no_time(text):
    began = time.process_time()
    redact(text, addresses=True)
    assert time.process_time() - began < 0.5


def test_payloads():
    payload = {
        "refresh_token": "opaque", "Client-Secret": ["opaque"], "code": 404, "n": 1.5, "none": None,
        "note": "Bearer opaque-token-x\n", "who": "ann@example.com", "bytes": b"opaque",
        "list": [{"password": "opaque"}, ("a", "ya29.opaque")], "object": object(),
        "deep": [[[[[[["opaque"]]]]]]],
    }  # fmt: skip
    clean = scrub(payload, addresses=True)
    assert "opaque" not in str(clean)
    assert clean["code"] == 404
    assert clean["n"] == 1.5
    assert clean["none"] is None
    assert clean["who"] == "a…@example.com"
    assert clean["object"] == "<object>"
    assert len(scrub(list(range(1000)))) == 100


@pytest.fixture
def log():
    logger, stream = logging.getLogger("test.redact"), io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter())
    logger.addHandler(handler)
    logger.propagate = False
    yield logger, stream
    logger.removeHandler(handler)


def test_the_filter_cleans_arguments_and_tracebacks(log):
    logger, stream = log
    try:
        raise ValueError("token=opaque\n2026 ERROR forged")
    except ValueError:
        logger.exception("failed for %s: %s", "x\ny", {"access_token": "opaque"})
    logger.warning("broken %s %s", "one")  # noqa: PLE1206
    text = stream.getvalue()
    assert "opaque" not in text
    assert "failed for x y" in text
    assert "\n2026" not in text
    assert "Traceback" in text
    assert "broken %s %s" in text


def test_the_http_libraries_are_guarded(caplog):
    new_session().close()
    new_session().close()
    library = logging.getLogger("urllib3.connectionpool")
    assert len(library.filters) == 1
    with caplog.at_level(logging.DEBUG, "urllib3.connectionpool"):
        library.debug('%s "%s %s"', "https://x.example.com", "GET", "/messages?q=from%3Aboss")
    assert "boss" not in caplog.text
    assert "/messages?…" in caplog.text
