import logging
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import requests
from odoo import fields
from odoo.addons.mailbox_sync import log_guard
from odoo.tests import HttpCase, tagged

from mailbox_core.errors import AuthorizationLost, Throttled, Unavailable
from mailbox_core.types import Profile

from .signin_common import (
    ADDRESS,
    CODE,
    MODIFY,
    READ,
    REFRESH,
    Desk,
    connect,
    new_mailbox,
    use_fake_provider,
)

CALLBACK = "/mail/oauth2callback"
PASSWORD = "ada-has-a-password"


@tagged("-at_install", "post_install")
class TestSignIn(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk = Desk()
        use_fake_provider(cls.startClassPatcher, cls.desk)
        cls.env["ir.config_parameter"].set_param("web.base.url", cls.base_url())
        users = cls.env["res.users"].with_context(no_reset_password=True, tracking_disable=True)
        values = {"password": PASSWORD, "group_ids": [(6, 0, [cls.env.ref("base.group_user").id])]}
        cls.owner = users.create({"name": "Ada", "login": "ada", "email": ADDRESS, **values})
        cls.other = users.create(
            {"name": "Bob", "login": "bob", "email": "bob@example.org", **values}
        )
        cls.mailbox = new_mailbox(cls.env, cls.owner)
        cls.credential = cls.env["mailbox.credential"]._ensure(cls.mailbox)
        cls.env.flush_all()

    def setUp(self):
        super().setUp()
        self.desk.__init__()
        self.authenticate("ada", PASSWORD)

    def begin(self, profile="read", mailbox=None):
        """Press Continue; returns the state that travels to the provider."""
        mailbox = mailbox or self.mailbox
        page = self.url_open(f"/mailbox/oauth/start/{mailbox.id}")
        self.assertEqual(page.status_code, 200)
        token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        answer = self.url_open(
            f"/mailbox/oauth/start/{mailbox.id}",
            data={"csrf_token": token, "scope_profile": profile},
            allow_redirects=False,
        )
        self.assertEqual(answer.status_code, 303, answer.text[:500])
        there = urlsplit(answer.headers["Location"])
        self.assertEqual(there.netloc, "desk.test")
        return parse_qs(there.query)["state"][0]

    def come_back(self, **query):
        """The provider sends the browser back; returns the redirect and the page after it."""
        answer = self.opener.get(
            self.base_url() + CALLBACK, params=query, allow_redirects=False, timeout=30
        )
        self.env.invalidate_all()
        return answer

    def shown(self, answer):
        """The page a redirect of the callback leads to."""
        self.assertEqual(answer.status_code, 303)
        self.assertEqual(urlsplit(answer.headers["Location"]).path, "/mailbox/oauth/result")
        return self.url_open("/mailbox/oauth/result").text

    def code_of(self, answer):
        return self.shown(answer).partition('o_mailbox_signin_code">')[2].partition("<")[0]

    def assertNotConnected(self):
        self.assertFalse(self.credential.secret)
        self.assertEqual(self.credential.token_state, "none")

    def test_connects(self):
        state = self.begin()
        verifier, scopes = self.desk.named("authorize")[0][1:]
        self.assertGreaterEqual(len(verifier), 43)
        self.assertEqual(scopes, tuple(sorted({READ, "openid"})))
        answer = self.come_back(state=state, code=CODE, scope="x", authuser="0")
        self.assertEqual(
            urlsplit(answer.headers["Location"]).path, f"/odoo/m-mailbox/{self.mailbox.id}"
        )
        self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.assertEqual(self.desk.named("exchange"), [("exchange", CODE, verifier)])
        self.assertEqual(self.credential.token_state, "verified")
        self.assertEqual(self.credential.identity, ADDRESS)
        self.assertEqual(self.credential._open("use").refresh_token, REFRESH)
        self.assertFalse(self.env["mailbox.signin"].search([]))

    def test_the_page_before_says_what_each_permission_buys(self):
        text = self.url_open(f"/mailbox/oauth/start/{self.mailbox.id}").text
        for words in (
            ADDRESS,
            "Fake Mail",
            "Read only",
            "Two-way",
            "Send only",
            "Archive",
            "Live changes",
        ):
            self.assertIn(words, text)

    def test_profile_is_taken_over_with_the_grant_only(self):
        self.begin("two_way")
        self.env.invalidate_all()
        self.assertEqual(self.mailbox.scope_profile, "read")
        self.desk.answers = [self.desk.grant(1, scopes=frozenset({READ, MODIFY, "openid"}))]
        self.come_back(state=self.begin("two_way"), code=CODE)
        self.assertEqual(self.mailbox.scope_profile, "two_way")

    def test_nothing_secret_stays_in_addresses(self):
        for query in (
            {"code": CODE},
            {"error": "access_denied"},
            {"code": CODE, "iss": "https://evil.test"},
        ):
            state = self.begin()
            answer = self.come_back(state=state, **query)
            self.assertEqual(answer.status_code, 303)
            for secret in (state, CODE, "PLANTED"):
                self.assertNotIn(secret, answer.headers["Location"])
                self.assertNotIn(secret, answer.text)

    def test_state_works_once(self):
        state = self.begin()
        self.come_back(state=state, code=CODE)
        self.credential._wipe()
        self.assertEqual(self.code_of(self.come_back(state=state, code=CODE)), "state_invalid")
        self.assertEqual(len(self.desk.named("exchange")), 1)
        self.assertNotConnected()

    def test_state_is_used_up_by_a_failure_too(self):
        state = self.begin()
        self.desk.answers = [Unavailable("down")]
        self.come_back(state=state, code=CODE)
        self.assertEqual(self.code_of(self.come_back(state=state, code=CODE)), "state_invalid")
        self.assertNotConnected()

    def test_forged_missing_and_old_state(self):
        self.begin()
        for query in (
            {"state": "guess", "code": CODE},
            {"code": CODE},
            {"state": "", "code": CODE},
        ):
            self.assertEqual(self.code_of(self.come_back(**query)), "state_invalid")
        state = self.begin()
        self.env["mailbox.signin"].search([]).expires_at = fields.Datetime.now() - timedelta(
            seconds=1
        )
        self.env.flush_all()
        self.assertEqual(self.code_of(self.come_back(state=state, code=CODE)), "state_invalid")
        self.assertFalse(self.desk.named("exchange"))
        self.assertNotConnected()

    def test_state_of_another_session(self):
        # Login CSRF: an attacker's link must not work in the victim's browser, same person or not.
        state = self.begin()
        self.authenticate("ada", PASSWORD)
        self.assertEqual(self.code_of(self.come_back(state=state, code=CODE)), "state_invalid")
        self.assertFalse(self.desk.named("exchange"))

    def test_session_ended(self):
        state = self.begin()
        self.authenticate(None, None)
        self.assertEqual(self.code_of(self.come_back(state=state, code=CODE)), "session_ended")
        self.assertNotConnected()

    def test_wrong_account(self):
        # F46: by identity, and by the mailbox that really opens.
        self.desk.answers = [self.desk.grant(1, identity="eve@example.org")]
        text = self.shown(self.come_back(state=self.begin(), code=CODE))
        self.assertIn("eve@example.org", text)
        self.assertIn(ADDRESS, text)
        self.desk.profile = Profile("eve@example.org")
        self.assertEqual(
            self.code_of(self.come_back(state=self.begin(), code=CODE)), "wrong_account"
        )
        self.assertNotConnected()

    def test_unknown_identity_is_refused(self):
        self.desk.answers = [self.desk.grant(1, identity=None)]
        self.assertEqual(
            self.code_of(self.come_back(state=self.begin("send"), code=CODE)), "wrong_account"
        )
        self.assertNotConnected()

    def test_address_is_compared_without_case(self):
        self.desk.answers = [self.desk.grant(1, identity="Ada@Example.org")]
        self.desk.profile = Profile("ADA@example.org")
        self.come_back(state=self.begin(), code=CODE)
        self.assertEqual(self.credential.token_state, "verified")

    def test_unticked_box_names_the_features(self):
        lost = AuthorizationLost("scope_missing", "Not granted", frozenset({MODIFY}))
        self.desk.answers = [lost]
        text = self.shown(self.come_back(state=self.begin("two_way"), code=CODE))
        self.assertIn("<li>Archive</li>", text)
        self.assertNotIn("<li>Import</li>", text)
        self.assertNotConnected()

    def test_answer_of_another_provider(self):
        answer = self.come_back(state=self.begin(), code=CODE, iss="https://evil.test")
        self.assertEqual(self.code_of(answer), "issuer_mismatch")
        self.assertFalse(self.desk.named("exchange"))
        self.come_back(state=self.begin(), code=CODE, iss="https://desk.test")
        self.assertEqual(self.credential.token_state, "verified")

    def test_every_refusal_has_a_page(self):
        expected = {
            "access_denied": "Access was not given",
            "admin_policy_enforced": "Your organisation does not allow this app",
            "org_internal": "Your organisation does not allow this app",
            "invalid_client": "registration is not right",
            "deleted_client": "registration is not right",
            "redirect_uri_mismatch": "registration is not right",
            "disallowed_useragent": "registration is not right",
            "rate_limit_exceeded": "Too many sign-ins",
            "temporarily_unavailable": "cannot be reached",
            "server_error": "cannot be reached",
            "invalid_scope": "refused the sign-in",
            "brand_new_error": "refused the sign-in",
        }
        for error, words in expected.items():
            text = self.shown(self.come_back(state=self.begin(), error=error))
            self.assertIn(words, text, error)
            self.assertIn("What to do", text, error)
            self.assertIn(f">{error}<", text)
        self.assertNotConnected()

    def test_hostile_error_is_not_shown(self):
        text = self.shown(self.come_back(state=self.begin(), error="<script>alert(1)</script>"))
        self.assertNotIn("<script>alert", text)

    def test_failed_exchanges_have_pages(self):
        cases = [
            (
                AuthorizationLost("invalid_grant", "Malformed auth code."),
                "did not accept the answer",
            ),
            (
                AuthorizationLost("client", "The client id or secret is wrong"),
                "registration is not right",
            ),
            (Throttled("slow"), "Too many sign-ins"),
            (Unavailable("503"), "cannot be reached"),
        ]
        for error, words in cases:
            self.desk.answers = [error]
            self.assertIn(words, self.shown(self.come_back(state=self.begin(), code=CODE)))
        self.assertNotConnected()

    def test_switched_off_api_keeps_the_grant(self):
        self.desk.failing["profile"] = AuthorizationLost(
            "api_disabled", "Gmail API has not been used"
        )
        text = self.shown(self.come_back(state=self.begin(), code=CODE))
        self.assertIn("the API is switched off", text)
        self.assertEqual(self.credential.token_state, "stored")

    def test_account_without_mailbox(self):
        self.desk.failing["profile"] = AuthorizationLost(
            "mailbox_missing", "Mail service not enabled"
        )
        self.assertEqual(
            self.code_of(self.come_back(state=self.begin(), code=CODE)), "mailbox_missing"
        )
        self.assertNotConnected()

    def test_reconnect_keeps_the_refresh_token_when_none_comes(self):
        connect(self.mailbox, self.desk)
        self.desk.answers = [self.desk.grant(2, refresh_token=None)]
        self.come_back(state=self.begin(), code=CODE)
        self.assertEqual(self.credential._open("use").refresh_token, REFRESH)

    def test_only_owner_and_manager_may_begin(self):
        self.authenticate("bob", PASSWORD)
        path = f"/mailbox/oauth/start/{self.mailbox.id}"
        self.assertEqual(self.url_open(path).status_code, 404)
        with self.assertLogs("odoo.http", "WARNING"):
            self.assertEqual(self.url_open(path, data={"csrf_token": "x"}).status_code, 400)
        self.assertEqual(self.url_open("/mailbox/oauth/start/999999").status_code, 404)
        self.env["mailbox.member"].create(
            {"mailbox_id": self.mailbox.id, "user_id": self.other.id, "role": "editor"}
        )
        self.env.flush_all()
        self.assertEqual(self.url_open(path).status_code, 404)
        self.other.group_ids = [(4, self.env.ref("mailbox_sync.group_manager").id)]
        self.env.flush_all()
        self.assertEqual(self.url_open(path).status_code, 200)

    def test_post_needs_the_csrf_token(self):
        path = f"/mailbox/oauth/start/{self.mailbox.id}"
        with self.assertLogs("odoo.http", "WARNING"):
            self.assertEqual(self.url_open(path, data={"scope_profile": "read"}).status_code, 400)
        self.assertFalse(self.env["mailbox.signin"].search([]))

    def test_missing_registration_is_named(self):
        self.env["mailbox.client"].search([]).unlink()
        self.env.flush_all()
        page = self.url_open(f"/mailbox/oauth/start/{self.mailbox.id}")
        token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        page = self.url_open(f"/mailbox/oauth/start/{self.mailbox.id}", data={"csrf_token": token})
        self.assertIn("client ID and client secret missing", page.text)

    def test_landing_and_preflight(self):
        self.assertIn("There is nothing to do here", self.url_open(CALLBACK).text)
        with patch.object(requests, "get", self.opener.get):
            findings = self.env["mailbox.preflight"]._findings(self.base_url() + "/")
        self.assertEqual([finding.level for finding in findings], ["good", "hint", "good"])
        self.env["ir.config_parameter"].set_param("web.base.url", "http://odoo.internal")
        levels = [
            finding.level
            for finding in self.env["mailbox.preflight"]._address_findings(self.base_url())
        ]
        self.assertEqual(levels, ["bad", "bad"])
        self.env["ir.config_parameter"].set_param("web.base.url", "https://10.0.0.7")
        titles = [finding.title for finding in self.env["mailbox.preflight"]._address_findings()]
        self.assertIn("no public host name", titles[1])

    def test_another_address_of_odoo_is_pointed_out(self):
        self.env["ir.config_parameter"].set_param("web.base.url", "https://odoo.example.org")
        self.env.flush_all()
        self.assertIn(
            "sends you back to https://odoo.example.org",
            self.url_open(f"/mailbox/oauth/start/{self.mailbox.id}").text,
        )

    def test_access_log_holds_no_code(self):
        state = self.begin()
        with self.assertLogs(level="DEBUG") as logs:
            self.come_back(state=state, code=CODE)
        # The browser of this test logs too; its lines are not the server's.
        lines = [line.getMessage() for line in logs.records if not line.name.startswith("urllib3")]
        text = "\n".join(lines)
        self.assertIn("/mail/oauth2callback?…", text)
        for secret in (state, CODE, "PLANTED"):
            self.assertNotIn(secret, text)
        record = logging.LogRecord(
            "werkzeug", 20, "x", 1, '"%s" %s', (f"GET {CALLBACK}?code=a&b HTTP/1.1", 303), None
        )
        log_guard.CallbackFilter().filter(record)
        self.assertEqual(record.getMessage(), f'"GET {CALLBACK}?… HTTP/1.1" 303')

    def test_chatter_and_events_hold_no_secret(self):
        self.come_back(state=self.begin(), code=CODE)
        texts = [str(self.mailbox.message_ids.mapped("body"))]
        texts += [str(event.payload) for event in self.env["mailbox.event"].search([])]
        self.assertNotIn("PLANTED", "".join(texts))
        self.assertIn(ADDRESS, "".join(texts))

    def test_own_mailbox_without_rights(self):
        wizard = (
            self.env["mailbox.new"]
            .with_user(self.other)
            .create({"provider": "fake", "address": "Bob@Example.org"})
        )
        action = wizard.action_connect()
        mailbox = self.env["mailbox"].search([("address", "=", "bob@example.org")])
        self.assertEqual(mailbox.owner_id, self.other)
        self.assertEqual(action["url"], f"/mailbox/oauth/start/{mailbox.id}")
        self.env.flush_all()
        self.authenticate("bob", PASSWORD)
        self.desk.answers = [replace(self.desk.grant(), identity="bob@example.org")]
        self.desk.profile = Profile("bob@example.org")
        self.come_back(state=self.begin(mailbox=mailbox), code=CODE)
        self.assertEqual(mailbox.token_state, "verified")
        self.assertEqual(
            self.other.with_user(self.other).read(["mailbox_ids"])[0]["mailbox_ids"], mailbox.ids
        )
