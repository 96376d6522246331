"""Programs sign in with a key and pull what a policy lets them, as Google's own library does it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
import requests
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from mailbox_sandbox import Sandbox

SCOPE = "https://www.googleapis.com/auth/pubsub"
NAME = "projects/demo-project/subscriptions/mail"
TOPIC = "projects/demo-project/topics/mail"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE = "https://oauth2.googleapis.com/token"


@pytest.fixture
def key(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.add_pull()


def access(sandbox: Sandbox, key: dict[str, Any], *scopes: str) -> str:
    """What google-auth makes of the key file."""
    info = key | {"token_uri": f"{sandbox.url}/token"}
    found = service_account.Credentials.from_service_account_info(info, scopes=scopes or (SCOPE,))
    found.refresh(Request())
    return str(found.token)


def call(sandbox: Sandbox, token: str, action: str, name: str = NAME, **body: Any) -> Any:
    reply = requests.post(
        f"{sandbox.url}/v1/{name}:{action}",
        json=body,
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    return reply.json() if reply.status_code == 200 else (reply.status_code, reply.json()["error"])


def test_googles_own_library_signs_in_and_pulls(sandbox: Sandbox, key: dict[str, Any]) -> None:
    token = access(sandbox, key)
    sandbox.world.broker.publish(TOPIC, b"hello")
    found = call(sandbox, token, "pull", maxMessages=5)["receivedMessages"]
    assert [line["message"]["data"] for line in found] == ["aGVsbG8="]
    assert call(sandbox, token, "acknowledge", ackIds=[found[0]["ackId"]]) == {}
    assert call(sandbox, token, "pull", maxMessages=5, returnImmediately=True) == {}


def test_scope_and_policy_bound_what_it_may_do(sandbox: Sandbox, key: dict[str, Any]) -> None:
    token = access(sandbox, key)
    asked = {"permissions": ["pubsub.subscriptions.consume", "pubsub.subscriptions.delete"]}
    held = call(sandbox, token, "testIamPermissions", **asked)
    assert held == {"permissions": ["pubsub.subscriptions.consume"]}
    assert call(sandbox, token, "publish", TOPIC, messages=[{"data": "aGVsbG8="}])[0] == 403
    status, error = call(sandbox, token, "modifyPushConfig", pushConfig={})
    assert (status, error["message"]) == (403, "User not authorized to perform this action.")
    assert call(sandbox, token, "pull", NAME + "-gone", maxMessages=1)[0] == 404
    mail = access(sandbox, key, "https://www.googleapis.com/auth/gmail.readonly")
    for action in ("pull", "acknowledge", "modifyAckDeadline"):
        assert call(sandbox, mail, action)[0] == 403

    sandbox.world.broker.subscription(NAME).policy.clear()
    assert call(sandbox, token, "pull", maxMessages=1)[0] == 403
    assert call(sandbox, token, "testIamPermissions", **asked) == {}


def test_a_key_of_nobody_and_an_account_switched_off(sandbox: Sandbox, key: dict[str, Any]) -> None:
    other = sandbox.add_pull("somebody-else")
    mixed = key | {"private_key": other["private_key"]}
    with pytest.raises(RefreshError, match="Invalid JWT Signature"):
        access(sandbox, mixed)
    with pytest.raises(RefreshError, match="account not found"):
        access(sandbox, key | {"client_email": "nobody@demo-project.iam.gserviceaccount.com"})
    sandbox.world.service_accounts.get(key["client_email"]).disabled = True
    with pytest.raises(RefreshError, match="disabled"):
        access(sandbox, key)


Claim = Callable[[int], dict[str, Any]]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda now: {"aud": "https://elsewhere.example.com/token"}, "invalid_grant"),
        (lambda now: {"aud": None}, "invalid_grant"),
        (lambda now: {"iat": now - 4000, "exp": now - 400}, "invalid_grant"),
        (lambda now: {"iat": now, "exp": now + 3601}, "invalid_grant"),
        (lambda now: {"iat": now + 900, "exp": now + 1000}, "invalid_grant"),
        (lambda now: {"exp": None}, "invalid_grant"),
        (lambda now: {"scope": ""}, "invalid_scope"),
        (lambda now: {"scope": "mail"}, "invalid_scope"),
        (lambda now: {"sub": "ada@example.com"}, "unauthorized_client"),
    ],
)
def test_every_claim_counts(
    sandbox: Sandbox, key: dict[str, Any], change: Claim, error: str
) -> None:
    now = int(time.time())
    good = {"iss": key["client_email"], "scope": SCOPE, "aud": AUDIENCE}
    claims = good | {"iat": now, "exp": now + 3600}
    assert _token(sandbox, key, claims)["token_type"] == "Bearer"
    changed = {name: value for name, value in (claims | change(now)).items() if value is not None}
    assert _token(sandbox, key, changed)["error"] == error


def test_no_other_way_to_sign(sandbox: Sandbox, key: dict[str, Any]) -> None:
    now = int(time.time())
    claims = {"iss": key["client_email"], "scope": SCOPE, "aud": AUDIENCE}
    claims |= {"iat": now, "exp": now + 60}
    for assertion in (jwt.encode(claims, "", algorithm="none"), "rubbish", ""):
        answer = _post(sandbox, assertion)
        assert answer["error"] in ("invalid_grant", "invalid_request")


def _token(sandbox: Sandbox, key: dict[str, Any], claims: dict[str, Any]) -> Any:
    headers = {"kid": key["private_key_id"]}
    return _post(sandbox, jwt.encode(claims, key["private_key"], "RS256", headers))


def _post(sandbox: Sandbox, assertion: str) -> Any:
    form = {"grant_type": GRANT, "assertion": assertion}
    return requests.post(f"{sandbox.url}/token", data=form, timeout=30).json()
