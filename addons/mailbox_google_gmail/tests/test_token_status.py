"""The token status of Odoo's own Gmail servers, with the sandbox's token endpoint behind it."""

import time
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import requests
from lxml import etree
from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, new_test_user, tagged

from mailbox_sandbox.sandbox import Sandbox

ADDRESS = "shop@example.com"
SCOPE = "https://mail.google.com/"
VALID = "Gmail token is valid - a fresh access token was issued."
POST = "odoo.addons.google_gmail.models.google_gmail_mixin.requests.post"


@tagged("-at_install", "post_install")
class TestTokenStatus(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = Sandbox.start()
        cls.addClassCleanup(cls.sandbox.stop)
        cls.sandbox.world.add_client("cid", "GOCSPX-secret", [])
        cls.sandbox.world.add_account(ADDRESS)
        parameters = cls.env["ir.config_parameter"]
        parameters.set_param("google_gmail_client_id", "cid")
        parameters.set_param("google_gmail_client_secret", "GOCSPX-secret")
        cls.incoming = cls.env["fetchmail.server"].create(
            {"name": "In", "server_type": "gmail", "is_ssl": True, "user": ADDRESS}
        )
        cls.outgoing = cls.env["ir.mail_server"].create(
            {
                "name": "Out",
                "smtp_host": "smtp.gmail.com",
                "smtp_authentication": "gmail",
                "smtp_encryption": "starttls",
                "smtp_user": ADDRESS,
                "from_filter": ADDRESS,
            }
        )

    def setUp(self):
        super().setUp()
        self.sandbox.faults.clear()
        real = requests.post

        def post(url, **given):
            parts = urlsplit(url)
            self.assertEqual((parts.scheme, parts.netloc), ("https", "oauth2.googleapis.com"))
            return real(self.sandbox.url + parts.path, **given)

        self.post = self.startPatcher(patch(POST, side_effect=post))

    def servers(self):
        """Both kinds, each with a fresh grant."""
        for server in (self.incoming, self.outgoing):
            tokens = self.sandbox.grant(ADDRESS, "cid", [SCOPE])
            server.google_gmail_refresh_token = tokens["refresh_token"]
            with self.subTest(model=server._name):
                yield server

    def verified(self, server):
        answer = server.action_gmail_verify_token()
        self.assertEqual(answer["tag"], "display_notification")
        return answer["params"]["type"], answer["params"]["message"]

    # -- Verify token now ------------------------------------------------------------------------

    def test_a_token_that_works(self):
        for server in self.servers():
            self.assertEqual(self.verified(server), ("success", VALID))
            token = server.google_gmail_access_token
            self.assertTrue(self.sandbox.world.identity.live_access(token))
            self.assertGreater(server.google_gmail_access_token_expiration, time.time() + 3000)

    def test_no_token_is_stored(self):
        for server in self.servers():
            server.google_gmail_refresh_token = False
            kind, words = self.verified(server)
            self.assertEqual(kind, "warning")
            self.assertIn("Connect the mailbox", words)
        self.post.assert_not_called()

    def test_a_token_that_was_withdrawn(self):
        for server in self.servers():
            self.sandbox.world.identity.revoke_grant(ADDRESS, "demo-project")
            kind, words = self.verified(server)
            self.assertEqual(kind, "warning")
            self.assertIn("a reconnect is required", words)
            self.assertFalse(server.google_gmail_access_token)

    def test_an_answer_without_a_token(self):
        answers = ({"token_type": "Bearer", "expires_in": 1}, {"access_token": "", "expires_in": 1})
        for server in self.servers():
            for body in answers:
                answer = requests.Response()
                answer.status_code, answer._content = 200, str(body).replace("'", '"').encode()
                with patch(POST, return_value=answer):
                    kind, words = self.verified(server)
                self.assertEqual(kind, "warning")
                self.assertIn("a reconnect is required", words)
            answer._content = b"<html>"
            with patch(POST, return_value=answer):
                self.assertEqual(self.verified(server)[0], "warning")

    def test_google_out_of_reach_is_no_verdict(self):
        for server in self.servers():
            for error in (requests.ConnectionError("no route"), requests.Timeout()):
                with patch(POST, side_effect=error):
                    kind, words = self.verified(server)
                self.assertEqual(kind, "warning")
                self.assertIn("could not be reached", words)
                self.assertNotIn("reconnect", words.lower())

    # -- Reconnect Gmail -------------------------------------------------------------------------

    def test_reconnect_goes_to_google(self):
        for server in self.servers():
            action = server.action_gmail_reconnect()
            self.assertEqual(action["type"], "ir.actions.act_url")
            query = parse_qs(urlsplit(action["url"]).query)
            self.assertEqual(query["client_id"], ["cid"])
            self.assertNotIn("GOCSPX", action["url"])

    def test_reconnect_names_exactly_what_is_missing(self):
        parameters = self.env["ir.config_parameter"]
        names = {
            "google_gmail_client_id": "Gmail Client Id (system parameter google_gmail_client_id)",
            "google_gmail_client_secret": "Gmail Client Secret (system parameter "
            "google_gmail_client_secret)",
        }
        for server in self.servers():
            for gone in ({*names}, {"google_gmail_client_id"}, {"google_gmail_client_secret"}):
                for name in names:
                    parameters.set_param(name, False if name in gone else "x")
                with self.assertRaises(UserError) as raised:
                    server.action_gmail_reconnect()
                for name, words in names.items():
                    self.assertEqual(words in str(raised.exception), name in gone, name)
                self.assertIn("system parameter", self.verified(server)[1])
        self.post.assert_not_called()

    def test_managers_only(self):
        person = new_test_user(self.env, "person", "base.group_user")
        for server in self.servers():
            for name in ("action_gmail_verify_token", "action_gmail_reconnect"):
                with self.assertRaises(AccessError):
                    getattr(server.with_user(person), name)()

    # -- the forms -------------------------------------------------------------------------------

    def test_the_forms_promise_nothing(self):
        for server in self.servers():
            tree = etree.fromstring(server.get_view(view_type="form")["arch"])
            text = " ".join(tree.itertext())
            self.assertIn("Token stored", text)
            self.assertNotIn("Gmail Token Valid", text)
            self.assertIn("Connect your Gmail account", text)
            names = [
                button.get("string") or "connect"
                for button in tree.iter("button")
                if (button.get("name") or "").startswith(("action_gmail", "open_google_gmail"))
            ]
            self.assertEqual(names, ["connect", "Verify token now", "Reconnect Gmail"])
            self.assertFalse(tree.xpath("//button[@name='open_google_gmail_uri']"))
