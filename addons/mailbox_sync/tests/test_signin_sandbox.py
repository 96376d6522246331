"""The whole way with the real provider code: Odoo's pages, the sandbox's consent page, token
endpoint, API.

The sandbox is an independent reading of Google's pages (it never imports our core) on a loopback
port.
"""

import os
from html.parser import HTMLParser
from unittest.mock import patch
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from odoo.tests import HttpCase, tagged

from mailbox_sandbox.sandbox import Sandbox

ADDRESS, OTHER = "ada@example.org", "eve@example.org"
CLIENT_ID, CLIENT_SECRET = "sandbox-client", "sandbox-secret"
PASSWORD = "ada-has-a-password"
READONLY = "https://www.googleapis.com/auth/gmail.readonly"


class Form(HTMLParser):
    """The one form of a page: where it goes and what it sends when nobody changes it."""

    def __init__(self, text):
        super().__init__()
        self.action, self.fields, self.boxes, self.choices = None, [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.action = given.get("action", "")
        elif tag == "input" and given.get("name") == "granted":
            self.boxes.append(given["value"])
        elif tag == "input" and given.get("type") == "radio":
            self.choices.append((given["name"], given["value"]))
        elif tag == "input" and given.get("type") != "checkbox" and given.get("name"):
            self.fields.append((given["name"], given.get("value", "")))


@tagged("-at_install", "post_install")
class TestSandboxSignIn(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = Sandbox.start()
        cls.addClassCleanup(cls.sandbox.stop)
        world = cls.sandbox.world
        for address, name in ((ADDRESS, "Ada"), (OTHER, "Eve")):
            world.add_account(address, name)
        callback = cls.base_url() + "/mail/oauth2callback"
        world.add_client(CLIENT_ID, CLIENT_SECRET, [callback], "project-1")
        cls.startClassPatcher(patch.dict(os.environ, {"MAILBOX_GOOGLE_BASE_URL": cls.sandbox.url}))
        cls.env["ir.config_parameter"].set_param("web.base.url", cls.base_url())
        users = cls.env["res.users"].with_context(no_reset_password=True, tracking_disable=True)
        cls.owner = users.create(
            {
                "name": "Ada",
                "login": "ada",
                "password": PASSWORD,
                "group_ids": [(6, 0, [cls.env.ref("base.group_user").id])],
            }
        )
        cls.env["mailbox.client"].create(
            {"provider": "gmail", "client_id": CLIENT_ID, "new_secret": CLIENT_SECRET}
        )
        cls.mailbox = cls.env["mailbox"].create(
            {"name": "Ada", "provider": "gmail", "address": ADDRESS, "owner_id": cls.owner.id}
        )
        cls.env.flush_all()

    @classmethod
    def _request_handler(cls, session, request, /, **kwargs):
        # Odoo's guard compares the time-out with a number; the core gives (connect, read).
        if isinstance(kwargs.get("timeout"), tuple):
            kwargs["timeout"] = max(kwargs["timeout"])
        return super()._request_handler(session, request, **kwargs)

    def setUp(self):
        super().setUp()
        # A grant of one test must not answer for the next one.
        self.sandbox.world.identity.revoke_grant(ADDRESS, "project-1")
        self.authenticate("ada", PASSWORD)

    def consent_page(self, profile="read"):
        """Go from Odoo's page to the provider's; returns its address and form."""
        start = f"/mailbox/oauth/start/{self.mailbox.id}"
        mine = Form(self.url_open(start).text)
        self.assertIn(("scope_profile", profile), mine.choices)
        answer = self.url_open(
            mine.action, data=[*mine.fields, ("scope_profile", profile)], allow_redirects=False
        )
        there = answer.headers["Location"]
        self.assertTrue(there.startswith(self.sandbox.url))
        page = requests.get(there, timeout=10)
        self.assertEqual(page.status_code, 200, page.text[:300])
        return page.url, Form(page.text)

    def decide(self, there, form, account=ADDRESS, boxes=None, decision="allow"):
        """Answer the consent page and follow the browser home; returns Odoo's redirect."""
        ticked = form.boxes if boxes is None else boxes
        data = [*form.fields, ("account", account), ("decision", decision)]
        data += [("granted", box) for box in ticked]
        answer = requests.post(
            urljoin(there, form.action or there), data=data, allow_redirects=False, timeout=10
        )
        self.assertEqual(answer.status_code, 302, answer.text[:300])
        home = self.opener.get(answer.headers["Location"], allow_redirects=False, timeout=30)
        self.env.invalidate_all()
        return home

    def connect(self, profile="read"):
        home = self.decide(*self.consent_page(profile))
        path = urlsplit(home.headers["Location"]).path
        self.assertEqual(path, f"/odoo/m-mailbox/{self.mailbox.id}")

    def page_after(self, home):
        self.assertEqual(urlsplit(home.headers["Location"]).path, "/mailbox/oauth/result")
        return self.url_open("/mailbox/oauth/result").text

    def test_connect_verify_disconnect(self):
        self.connect()
        self.assertEqual(self.mailbox.token_state, "verified")
        self.assertEqual(self.mailbox.token_identity, ADDRESS)
        self.assertIn("Copy the mail that is there", self.mailbox.token_features)
        self.assertEqual(self.mailbox.action_verify_token()["params"]["type"], "success")
        report = self.mailbox.action_test_connection()
        lines = self.env["mailbox.test"].browse(report["res_id"]).line_ids
        self.assertEqual(lines.mapped("state"), ["good"] * 5, lines.mapped("detail"))
        # Disconnecting withdraws the grant at the provider.
        wizard = self.env["mailbox.disconnect"].create({"mailbox_id": self.mailbox.id})
        self.assertTrue(wizard.revoke)
        self.assertEqual(wizard.action_confirm()["params"]["type"], "success")
        self.assertEqual(self.mailbox.token_state, "none")
        self.assertEqual(self.mailbox.state, "draft")
        self.assertTrue(
            all(line.dead for line in self.sandbox.world.identity.refresh_tokens.values())
        )

    def test_s16_the_way_to_google_and_back_gives_nothing_away(self):
        """State, PKCE, exact redirect, replay, and no secret where others can read it."""
        there, form = self.consent_page()
        asked = parse_qs(urlsplit(there).query)
        self.assertEqual(asked["code_challenge_method"], ["S256"])
        self.assertEqual(asked["redirect_uri"], [self.base_url() + "/mail/oauth2callback"])
        self.assertGreaterEqual(len(asked["state"][0]), 43)
        self.assertNotIn(CLIENT_SECRET, there)
        home = self.decide(there, form)
        code = next(reversed(self.sandbox.world.identity.codes))
        grant = self.env["mailbox.credential"]._of(self.mailbox)._open("use")
        secrets = (code, grant.access_token, grant.refresh_token, CLIENT_SECRET)
        where = home.headers["Location"] + str(home.headers) + home.text
        pages = [self.url_open(path).text for path in ("/mailbox/oauth/result", "/odoo")]
        audit = self.env["mailbox.event"].search([("mailbox_id", "=", self.mailbox.id)])
        chatter = self.mailbox.message_ids.mapped("body")
        kept = f"{where} {pages} {audit.read()} {chatter} {self.mailbox.read()}"
        for secret in secrets:
            self.assertFalse(secret in kept, "a secret can be read")
        # The same way back a second time: neither accepted nor a reason to lose the grant.
        again = self.opener.get(
            self.base_url() + "/mail/oauth2callback",
            params={"state": asked["state"][0], "code": code},
            allow_redirects=False,
            timeout=30,
        )
        self.assertNotIn(f"/m-mailbox/{self.mailbox.id}", again.headers.get("Location", ""))
        self.env.invalidate_all()
        self.assertEqual(self.mailbox.token_state, "verified")

    def test_two_mailboxes_of_one_account_share_the_grant(self):
        # Provider contract 1.5: revocation ends every connection of the same person and project.
        self.connect()
        company = self.env["res.company"].create({"name": "B"})
        twin = self.mailbox.copy({"company_id": company.id})
        grant = self.env["mailbox.credential"]._of(self.mailbox)._open("use")
        self.env["mailbox.credential"]._ensure(twin)._store_grant(grant, True)
        wizard = self.env["mailbox.disconnect"].create({"mailbox_id": self.mailbox.id})
        self.assertFalse(wizard.revoke)
        wizard.revoke = True  # even when somebody insists
        wizard.action_confirm()
        self.assertEqual(twin.action_verify_token()["params"]["type"], "success")

    def test_wrong_account(self):
        home = self.decide(*self.consent_page(), account=OTHER)
        self.assertIn("eve@example.org", self.page_after(home))
        self.assertEqual(self.mailbox.token_state, "none")

    def test_unticked_box(self):
        there, form = self.consent_page("two_way")
        home = self.decide(there, form, boxes=[])
        text = self.page_after(home)
        self.assertIn("A permission is missing", text)
        self.assertIn("Label, move, archive", text)
        self.assertEqual(self.mailbox.token_state, "none")

    def test_cancel(self):
        home = self.decide(*self.consent_page(), decision="deny")
        self.assertIn("Access was not given", self.page_after(home))

    def test_profiles_ask_for_their_scopes_only(self):
        # S18: least scopes.
        self.assertEqual(self.consent_page("read")[1].boxes, [READONLY])
        self.assertEqual(
            self.consent_page("send")[1].boxes, ["https://www.googleapis.com/auth/gmail.send"]
        )

    def test_send_only(self):
        self.connect("send")
        self.assertEqual(self.mailbox.token_state, "stored", "nothing can be read to prove it")
        self.assertEqual(self.mailbox.scope_profile, "send")
        self.assertEqual(self.mailbox.token_features, "Send as this address")
        self.assertEqual(self.mailbox.action_verify_token()["params"]["type"], "success")
        report = self.env["mailbox.test"].browse(self.mailbox.action_test_connection()["res_id"])
        self.assertEqual(report.line_ids.mapped("name"), ["Sign-in"])
        report.action_send_to_self()
        self.assertEqual(
            report.line_ids.mapped("state"), ["good", "good"], report.line_ids[-1:].detail
        )

    def test_revoked_at_the_provider(self):
        self.connect()
        self.sandbox.world.identity.revoke_grant(ADDRESS, "project-1")
        action = self.mailbox.action_verify_token()
        self.assertEqual(action["params"]["type"], "danger")
        self.assertEqual(self.mailbox.token_state, "reconnect")
        self.assertEqual(len(self.mailbox.activity_ids), 1)
        self.connect()
        self.assertEqual(self.mailbox.token_state, "verified")
        self.assertFalse(self.mailbox.activity_ids)

    def test_testing_mode_is_shown(self):
        client = self.sandbox.world.identity.clients[CLIENT_ID]
        client.publishing = "testing"
        self.addCleanup(setattr, client, "publishing", "production")
        self.connect()
        self.assertTrue(self.mailbox.token_ends_at)
        self.sandbox.clock.advance(8 * 86400)
        self.assertEqual(self.mailbox.action_verify_token()["params"]["type"], "danger")

    def test_wrong_secret_of_ours(self):
        client = self.env["mailbox.client"].search([("provider", "=", "gmail")])
        client.new_secret = "mistyped"
        self.env.flush_all()
        home = self.decide(*self.consent_page())
        self.assertIn("registration is not right", self.page_after(home))
