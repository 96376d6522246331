"""The OAuth client against the sandbox's Google: the whole way, and the ways it ends."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from mailbox_core.contract import AuthorizerConfig
from mailbox_core.errors import AuthorizationLost, Unavailable
from mailbox_core.net.endpoints import Endpoints
from mailbox_core.net.http import Http
from mailbox_core.net.jwt import KeySet
from mailbox_core.net.oauth import OAuthClient, google, new_state, new_verifier, oauth_http
from mailbox_core.net.quota import Unmetered

ANN, BOB = "ann@example.com", "bob@example.com"
MODIFY = "https://www.googleapis.com/auth/gmail.modify"
REDIRECT = "https://odoo.example.com/mail/oauth2callback"


class Desk:
    """A registered client, a browser of sorts, and the world behind."""

    def __init__(self, sandbox, browser, http):
        self.world, self.faults = sandbox.world, sandbox.faults
        self.clock, self.browser = sandbox.clock, browser
        for address in (ANN, BOB):
            self.world.add_account(address)
        self.world.add_client("shop", "GOCSPX-shop", [REDIRECT])
        self.endpoints = Endpoints.google_at(sandbox.url)
        self.config = AuthorizerConfig(
            "shop", "GOCSPX-shop", REDIRECT, frozenset({"openid", "email", MODIFY}), new_verifier()
        )
        self.http = http

    def client(self, **changes):
        return OAuthClient(replace(self.config, **changes), google(self.endpoints), self.http)

    def consent(self, ticked="all", account=ANN, client=None):
        """The code that comes back after a person agreed."""
        state = new_state()
        url = (client or self.client()).authorization_url(state, account)
        answer = self.browser.request(
            "GET", url + "&sandbox_decision=allow", params={"sandbox_scopes": ticked}
        )
        assert answer.status == 302, answer.body
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert query["state"] == [state]
        return query["code"][0]


@pytest.fixture
def desk(sandbox):
    browser = Http(budget=Unmetered(), lane="interactive", classify=lambda answer: None)
    http = oauth_http(Endpoints())
    yield Desk(sandbox, browser, http)
    browser.close()
    http.close()


def lost(call, *args):
    with pytest.raises(AuthorizationLost) as raised:
        call(*args)
    return raised.value.reason


def test_sign_in_refresh_and_end(desk):
    client = desk.client()
    grant = client.exchange(desk.consent())
    assert grant.identity == ANN
    assert MODIFY in grant.scopes
    assert grant.refresh_token
    assert grant.refresh_expires_at is None
    fresh = client.refresh(grant)
    assert fresh.access_token != grant.access_token
    assert fresh.refresh_token == grant.refresh_token
    assert fresh.identity == ANN
    client.revoke(fresh)
    assert lost(client.refresh, fresh) == "invalid_grant"
    client.revoke(fresh)


def test_a_code_works_once_and_only_with_its_verifier(desk):
    code = desk.consent()
    assert lost(desk.client(code_verifier=new_verifier()).exchange, code) == "invalid_grant"
    desk.client().exchange(code)
    assert lost(desk.client().exchange, code) == "invalid_grant"


def test_an_unticked_box(desk):
    with pytest.raises(AuthorizationLost) as raised:
        desk.client().exchange(desk.consent(ticked="openid email"))
    assert raised.value.reason == "scope_missing"
    assert raised.value.missing == {MODIFY}


def test_another_account_is_seen_in_the_identity(desk):
    desk.faults.add(face="oauth", call="authorize", fault="wrong_account", email=BOB)
    assert desk.client().exchange(desk.consent()).identity == BOB


def test_without_openid_userinfo_tells(desk):
    scopes = frozenset({"email", MODIFY})
    client = desk.client(scopes=scopes)
    assert client.exchange(desk.consent(client=client)).identity == ANN


def test_the_seven_days_of_testing(desk):
    desk.world.add_client("shop", "GOCSPX-shop", [REDIRECT], publishing="testing")
    client = desk.client()
    grant = client.exchange(desk.consent())
    assert grant.refresh_expires_at is not None
    desk.clock.advance(7 * 86400 + 1)
    assert lost(client.refresh, grant) == "invalid_grant"


def test_wrong_secret_and_deleted_client(desk):
    grant = desk.client().exchange(desk.consent())
    assert lost(desk.client(client_secret="GOCSPX-other").refresh, grant) == "client"
    desk.world.identity.client("shop").deleted = True
    assert lost(desk.client().refresh, grant) == "client"


def test_a_deleted_account(desk):
    grant = desk.client().exchange(desk.consent())
    desk.world.remove_account(ANN)
    assert lost(desk.client().refresh, grant) in {"mailbox_missing", "invalid_grant"}


@pytest.mark.parametrize(
    "fault", ["error_500", "502_html", "503", "refused", "half_json", "half_gzip", "lose_reply"]
)
def test_trouble_at_the_token_endpoint_is_no_reason_to_sign_in(desk, fault):
    client = desk.client()
    grant = client.exchange(desk.consent())
    desk.faults.add(face="oauth", call="token", fault=fault)
    with pytest.raises(Unavailable):
        client.refresh(grant)
    assert client.refresh(grant).access_token


def test_the_signing_keys_fit_the_identity(desk):
    url = desk.endpoints.google_certs
    keys = KeySet(lambda: desk.browser.request("GET", url))
    answer = desk.browser.request(
        "POST",
        desk.endpoints.google_token,
        body=(
            f"grant_type=authorization_code&code={desk.consent()}&client_id=shop"
            f"&client_secret=GOCSPX-shop&redirect_uri={REDIRECT}"
            f"&code_verifier={desk.config.code_verifier}"
        ).encode(),
        content_type="application/x-www-form-urlencoded",
    ).json()
    kid = jwt.get_unverified_header(answer["id_token"])["kid"]
    claims = jwt.decode(answer["id_token"], keys.key(kid), ["RS256"], audience="shop")
    assert claims["email"] == ANN
