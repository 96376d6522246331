"""OAuth behaviours (b1 to b9, b14) over HTTP."""

from __future__ import annotations

import base64
import hashlib
import html.parser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from cryptography import x509

from mailbox_sandbox import Account, Sandbox

REDIRECT = "http://localhost:8069/mail/oauth2callback"
MODIFY = "https://www.googleapis.com/auth/gmail.modify"
LABELS = "https://www.googleapis.com/auth/gmail.labels"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
DAY = 86400


class OAuth:
    """A client application that walks the flow."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.url = sandbox.url

    def authorize(self, **more: str) -> requests.Response:
        params = {
            "client_id": "cid", "redirect_uri": REDIRECT, "response_type": "code",
            "scope": f"openid email {MODIFY}", "access_type": "offline", "state": "s t/1",
            "sandbox_account": "demo@example.com", **more,
        }  # fmt: skip
        params = {name: value for name, value in params.items() if value}
        return requests.get(self.url + "/o/oauth2/v2/auth", params=params, allow_redirects=False,
                            timeout=10)  # fmt: skip

    def code(self, **more: str) -> str:
        return back(self.authorize(**more))["code"]

    def token(self, **fields: str) -> requests.Response:
        data = {"client_id": "cid", "client_secret": "secret", **fields}
        return requests.post(self.url + "/token", data=data, timeout=10)

    def exchange(self, code: str, **more: str) -> requests.Response:
        return self.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT, **more)

    def connect(self, **more: str) -> dict[str, Any]:
        reply = self.exchange(self.code(**more))
        assert reply.status_code == 200, reply.text
        tokens: dict[str, Any] = reply.json()
        return tokens

    def refresh(self, token: str, **more: str) -> requests.Response:
        return self.token(grant_type="refresh_token", refresh_token=token, **more)


def back(reply: requests.Response) -> dict[str, str]:
    assert reply.status_code == 302, reply.text
    assert reply.headers["Location"].startswith(REDIRECT + "?")
    query = parse_qs(urlsplit(reply.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}


@pytest.fixture
def oauth(sandbox: Sandbox, account: Account) -> OAuth:
    return OAuth(sandbox)


def _error(reply: requests.Response) -> tuple[int, str]:
    data = reply.json()
    assert set(data) <= {"error", "error_description", "error_subtype"}
    return reply.status_code, data["error"]


def test_b1_refresh_token_only_at_first_consent_or_on_demand(oauth: OAuth) -> None:
    first = oauth.connect()
    assert first["refresh_token"].startswith("1//0")
    assert "refresh_token" not in oauth.connect()
    assert "refresh_token" in oauth.connect(prompt="consent")
    assert "refresh_token" not in oauth.connect(prompt="consent", access_type="online")


def test_b2_refresh_does_not_rotate(oauth: OAuth) -> None:
    first = oauth.connect()
    for _ in range(2):
        reply = oauth.refresh(first["refresh_token"]).json()
        assert "refresh_token" not in reply
        assert reply["access_token"] != first["access_token"]
        assert reply["expires_in"] == 3599 and reply["token_type"] == "Bearer"
    narrow = oauth.refresh(first["refresh_token"], scope="openid").json()
    assert narrow["scope"] == "openid"
    assert _error(oauth.refresh(first["refresh_token"], scope=LABELS)) == (400, "invalid_scope")


def test_b3_scopes_may_be_less_than_asked(oauth: OAuth) -> None:
    answer = back(oauth.authorize(sandbox_scopes="openid"))
    assert MODIFY not in answer["scope"].split()
    tokens = oauth.exchange(answer["code"]).json()
    assert set(tokens["scope"].split()) == {"openid", EMAIL}
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    profile = oauth.url + "/gmail/v1/users/me/profile"
    assert requests.get(profile, headers=header, timeout=10).status_code == 403


def test_b4_testing_mode_expires_after_seven_days(oauth: OAuth, sandbox: Sandbox) -> None:
    sandbox.world.identity.clients["cid"].publishing = "testing"
    tokens = oauth.connect()
    assert tokens["refresh_token_expires_in"] == 604_799
    plain = oauth.connect(scope="openid email", prompt="consent")
    assert "refresh_token_expires_in" not in plain
    sandbox.clock.advance(7 * DAY - 60)
    assert oauth.refresh(tokens["refresh_token"]).status_code == 200
    sandbox.clock.advance(61)
    assert _error(oauth.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert oauth.refresh(plain["refresh_token"]).status_code == 200


def test_b4_hundred_tokens_idle_password_and_deleted_account(
    oauth: OAuth, sandbox: Sandbox
) -> None:
    first = oauth.connect()["refresh_token"]
    later = [oauth.connect(prompt="consent")["refresh_token"] for _ in range(100)]
    assert _error(oauth.refresh(first)) == (400, "invalid_grant")
    assert oauth.refresh(later[0]).status_code == 200
    assert sandbox.world.identity.password_changed("demo@example.com") == 100
    assert _error(oauth.refresh(later[1])) == (400, "invalid_grant")
    idle = oauth.connect(prompt="consent")["refresh_token"]
    sandbox.clock.advance(200 * DAY)
    assert _error(oauth.refresh(idle)) == (400, "invalid_grant")
    last = oauth.connect(prompt="consent")["refresh_token"]
    sandbox.world.remove_account("demo@example.com")
    assert _error(oauth.refresh(last)) == (400, "invalid_grant")


def test_b4_and_f43_by_fault_with_subtype(oauth: OAuth, sandbox: Sandbox) -> None:
    token = oauth.connect()["refresh_token"]
    sandbox.faults.add(face="oauth", call="token", fault="invalid_grant", subtype="invalid_rapt")
    reply = oauth.refresh(token)
    assert reply.json()["error_subtype"] == "invalid_rapt"
    assert oauth.refresh(token).status_code == 200
    sandbox.faults.add(face="oauth", call="token", fault="lose_reply")
    with pytest.raises(requests.ConnectionError):
        oauth.refresh(token)
    sandbox.faults.add(face="oauth", call="token", fault="revoked")
    assert _error(oauth.refresh(token)) == (400, "invalid_grant")
    assert _error(oauth.refresh(token)) == (400, "invalid_grant")


def test_b5_revoke_kills_every_client_of_the_project(oauth: OAuth, sandbox: Sandbox) -> None:
    sandbox.world.add_client("second", "secret", [REDIRECT])
    sandbox.world.add_client("foreign", "secret", [REDIRECT], project="other-project")
    mine = oauth.connect()
    second = sandbox.grant("demo@example.com", "second", ["openid"])
    foreign = sandbox.grant("demo@example.com", "foreign", ["openid"])
    revoke = oauth.url + "/revoke"
    assert requests.post(revoke, data={"token": mine["access_token"]}, timeout=10).ok
    assert _error(oauth.refresh(mine["refresh_token"])) == (400, "invalid_grant")
    assert _error(oauth.refresh(second["refresh_token"], client_id="second"))[0] == 400
    assert oauth.refresh(foreign["refresh_token"], client_id="foreign").status_code == 200
    assert _error(requests.post(revoke, data={"token": "no"}, timeout=10)) == (400, "invalid_token")
    assert _error(requests.post(revoke, data={"x": "no"}, timeout=10))[0] == 400


@pytest.mark.parametrize(("fault", "status"), [("token_500", 500), ("token_html", 502)])
def test_b6_token_endpoint_in_trouble(
    fault: str, status: int, oauth: OAuth, sandbox: Sandbox
) -> None:
    token = oauth.connect()["refresh_token"]
    sandbox.faults.add(face="oauth", call="token", fault=fault, times=3)
    assert [oauth.refresh(token).status_code for _ in range(4)] == [status] * 3 + [200]


def test_b7_access_token_dies_early_or_on_time(gmail: Any, oauth: OAuth, sandbox: Sandbox) -> None:
    sandbox.faults.add(call="labels.list", fault="unauthorized_401")
    assert gmail.refused("GET", "labels") == (401, "authError")
    assert gmail.refused("GET", "labels") == (401, "authError")
    tokens = sandbox.grant("demo@example.com", "cid", [MODIFY])
    gmail.session.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    gmail.get("labels")
    sandbox.clock.advance(3600)
    assert gmail.refused("GET", "labels") == (401, "authError")
    fresh = oauth.refresh(tokens["refresh_token"]).json()
    gmail.session.headers["Authorization"] = f"Bearer {fresh['access_token']}"
    gmail.get("labels")


def test_b8_another_account_may_sign_in(oauth: OAuth, sandbox: Sandbox) -> None:
    sandbox.world.add_account("other@example.com")
    tokens = oauth.connect(login_hint="demo@example.com", sandbox_account="other@example.com")
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    profile = requests.get(oauth.url + "/gmail/v1/users/me/profile", headers=header, timeout=10)
    assert profile.json()["emailAddress"] == "other@example.com"
    sandbox.faults.add(face="oauth", call="authorize", fault="wrong_account")
    again = oauth.connect(login_hint="demo@example.com")
    header = {"Authorization": f"Bearer {again['access_token']}"}
    who = requests.get(oauth.url + "/v1/userinfo", headers=header, timeout=10).json()
    assert who["email"] == "other@example.com" and who["sub"].isdigit()


def test_b9_state_is_echoed_and_codes_are_single_use(oauth: OAuth, sandbox: Sandbox) -> None:
    answer = back(oauth.authorize())
    assert answer["state"] == "s t/1"
    assert oauth.exchange(answer["code"]).status_code == 200
    assert _error(oauth.exchange(answer["code"])) == (400, "invalid_grant")
    late = oauth.code()
    sandbox.clock.advance(601)
    assert _error(oauth.exchange(late)) == (400, "invalid_grant")
    assert _error(oauth.exchange("4/nonsense")) == (400, "invalid_grant")
    other = oauth.token(grant_type="authorization_code", code=oauth.code(),
                        redirect_uri=REDIRECT + "/")  # fmt: skip
    assert _error(other) == (400, "redirect_uri_mismatch")


def test_b9_pkce(oauth: OAuth) -> None:
    verifier = "v" * 43
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    ask = {"code_challenge": challenge, "code_challenge_method": "S256"}
    assert oauth.exchange(oauth.code(**ask), code_verifier=verifier).status_code == 200
    for wrong in ({}, {"code_verifier": "w" * 43}, {"code_verifier": "short"}):
        assert _error(oauth.exchange(oauth.code(**ask), **wrong)) == (400, "invalid_grant")
    plain = oauth.code(code_challenge=verifier)
    assert oauth.exchange(plain, code_verifier=verifier).status_code == 200
    bad = oauth.authorize(code_challenge=challenge, code_challenge_method="S512")
    assert bad.status_code == 400


def test_include_granted_scopes_adds_what_was_given_before(oauth: OAuth) -> None:
    oauth.connect()
    alone = oauth.connect(scope=LABELS)
    assert alone["scope"] == LABELS
    both = oauth.connect(scope=LABELS, include_granted_scopes="true")
    assert set(both["scope"].split()) >= {LABELS, MODIFY}


def test_prompt_none_and_going_straight_through(oauth: OAuth) -> None:
    silent = {"sandbox_account": "", "prompt": "none"}
    assert back(oauth.authorize(**silent))["error"] == "interaction_required"
    hinted = {**silent, "login_hint": "demo@example.com"}
    assert back(oauth.authorize(**hinted))["error"] == "consent_required"
    oauth.connect()
    assert "code" in back(oauth.authorize(**hinted))
    straight = oauth.authorize(sandbox_account="", login_hint="demo@example.com")
    assert "code" in back(straight)
    page = oauth.authorize(sandbox_account="", login_hint="demo@example.com", prompt="consent")
    assert page.status_code == 200


@pytest.mark.parametrize(
    ("params", "status", "name"),
    [
        ({"redirect_uri": REDIRECT + "/"}, 400, "redirect_uri_mismatch"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"response_type": "token"}, 400, "unsupported_response_type"),
        ({"scope": "https://evil.example/scope"}, 400, "invalid_scope"),
        ({"scope": ""}, 400, "invalid_request"),
        ({"prompt": "maybe"}, 400, "invalid_request"),
        ({"access_type": "weekly"}, 400, "invalid_request"),
        ({"colour": "blue"}, 400, "invalid_request"),
        ({"sandbox_account": "nobody@example.com"}, 400, "invalid_request"),
    ],
)
def test_refusals_that_never_redirect(
    params: dict[str, str], status: int, name: str, oauth: OAuth
) -> None:
    reply = oauth.authorize(**params)
    assert reply.status_code == status and "Location" not in reply.headers
    assert f"Error {status}: {name}" in reply.text


def test_denial_redirects(oauth: OAuth) -> None:
    answer = back(oauth.authorize(sandbox_decision="deny"))
    assert answer == {"error": "access_denied", "state": "s t/1"}


def test_token_endpoint_errors(oauth: OAuth, sandbox: Sandbox) -> None:
    token = oauth.connect()["refresh_token"]
    assert _error(oauth.refresh(token, client_secret="wrong")) == (401, "invalid_client")
    assert _error(oauth.refresh(token, client_id="nobody")) == (401, "invalid_client")
    assert _error(oauth.token(grant_type="password")) == (400, "unsupported_grant_type")
    assert _error(oauth.token()) == (400, "invalid_request")
    assert _error(oauth.refresh("no")) == (400, "invalid_grant")
    reply = requests.post(oauth.url + "/token", json={}, timeout=10)
    assert _error(reply) == (400, "invalid_request")
    assert requests.get(oauth.url + "/token", timeout=10).status_code == 405
    basic = {"grant_type": "refresh_token", "refresh_token": token}
    reply = requests.post(oauth.url + "/token", data=basic, auth=("cid", "secret"), timeout=10)
    assert reply.status_code == 200
    sandbox.world.identity.clients["cid"].deleted = True
    assert _error(oauth.refresh(token)) == (401, "deleted_client")


def test_id_token_is_signed_and_keys_rotate(oauth: OAuth, sandbox: Sandbox) -> None:
    tokens = oauth.connect(nonce="n1", scope="openid email profile")

    def read(token: str) -> dict[str, Any]:
        kid = jwt.get_unverified_header(token)["kid"]
        keys = requests.get(oauth.url + "/oauth2/v3/certs", timeout=10).json()["keys"]
        key = next(jwt.PyJWK(item).key for item in keys if item["kid"] == kid)
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=["RS256"], audience="cid", issuer="https://accounts.google.com"
        )
        pem = requests.get(oauth.url + "/oauth2/v1/certs", timeout=10).json()[kid]
        certificate = x509.load_pem_x509_certificate(pem.encode())
        assert jwt.decode(token, certificate.public_key(), algorithms=["RS256"], audience="cid")
        return claims

    claims = read(tokens["id_token"])
    assert claims["email"] == "demo@example.com" and claims["email_verified"] is True
    assert claims["nonce"] == "n1" and claims["name"] == "Demo Person"
    sandbox.app.keys.rotate()
    assert read(tokens["id_token"])["sub"] == claims["sub"]
    assert "id_token" not in oauth.connect(scope=MODIFY)
    known = requests.get(oauth.url + "/.well-known/openid-configuration", timeout=10).json()
    assert known["issuer"] == "https://accounts.google.com"


class _Form(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.inputs: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "input":
            self.inputs.append(dict(attrs))


def test_consent_page_is_walked_by_hand(oauth: OAuth) -> None:
    page = oauth.authorize(sandbox_account="", state='"><script>x')
    assert page.status_code == 200 and "<script>x" not in page.text
    form = _Form()
    form.feed(page.text)
    boxes = [item for item in form.inputs if item.get("name") == "granted"]
    assert [item["value"] for item in boxes] == [MODIFY]
    assert not any("checked" in item for item in boxes)
    fields = {i["name"]: i["value"] for i in form.inputs if i.get("type") == "hidden"}
    fields |= {"account": "demo@example.com", "decision": "allow", "granted": MODIFY}
    reply = requests.post(oauth.url + "/o/oauth2/v2/auth", data=fields, allow_redirects=False,
                          timeout=10)  # fmt: skip
    answer = back(reply)
    assert answer["state"] == '"><script>x' and MODIFY in answer["scope"]
    assert "refresh_token" in oauth.exchange(answer["code"]).json()
    fields["decision"] = "deny"
    reply = requests.post(oauth.url + "/o/oauth2/v2/auth", data=fields, allow_redirects=False,
                          timeout=10)  # fmt: skip
    assert back(reply)["error"] == "access_denied"


def test_b14_two_databases_share_one_mailbox_and_client(
    oauth: OAuth, sandbox: Sandbox, account: Account, mail: Any
) -> None:
    """A cloned database keeps working with the same token: nothing on this side stops it."""
    token = oauth.connect()["refresh_token"]
    both = [oauth.refresh(token).json()["access_token"] for _ in range(2)]
    message = account.deliver(mail())
    for access in both:
        reply = requests.get(f"{oauth.url}/gmail/v1/users/me/messages/{message.id}", timeout=10,
                             headers={"Authorization": f"Bearer {access}"})  # fmt: skip
        assert reply.status_code == 200
    assert sandbox.quota.usage(user=account.email)["by_method"]["messages.get"]["calls"] == 2
