from odoo.tests import TransactionCase, tagged

from mailbox_core.errors import Unavailable

from .access_common import MAIL, AccessCase
from .signin_common import connect


@tagged("-at_install", "post_install")
class TestDisconnect(AccessCase, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plant()

    def setUp(self):
        super().setUp()
        self.registry_enter_test_mode()
        self.desk.__init__()

    def disconnect(self, **values):
        values = {"mailbox_id": self.mailbox.id, **values}
        wizard = self.env["mailbox.disconnect"].with_user(self.owner).create(values)
        action = wizard.action_confirm()
        self.env.flush_all()
        self.env.invalidate_all()
        return action

    def left(self):
        """How many rows of each model of mail the mailbox still has."""
        models = (*MAIL, "mailbox.stream", "mailbox.run", "mailbox.parity")
        domain = [("mailbox_id", "=", self.mailbox.id)]
        counts = {name: self.env[name].search_count(domain) for name in models}
        return {name: count for name, count in counts.items() if count}

    def test_keep(self):
        before = self.left()
        cursor = "opaque"
        self.mailbox.stream_ids.cursor = cursor
        action = self.disconnect()
        self.assertEqual(action["params"]["type"], "success")
        self.assertEqual(self.left(), before)
        self.assertEqual(self.mailbox.state, "draft")
        self.assertEqual(self.mailbox.token_state, "none")
        self.assertEqual(len(self.desk.named("revoke")), 1)
        # Coming back goes on where it stopped.
        self.mailbox._finish_signin(self.desk.grant(), "read", True)
        self.assertEqual(self.mailbox.stream_ids.cursor, cursor)
        self.assertEqual(self.mailbox.stream_ids.gate, "open")

    def test_purge(self):
        document = self.rows["ir.attachment"]
        self.disconnect(mail="purge")
        jobs = self.env["queue.job"].search([("method_name", "=", "_job_purge")])
        self.assertEqual(len(jobs), 1)
        results = []
        while not results or results[-1] != "done":
            results.append(self.mailbox._job_purge())
            self.env.flush_all()
            self.env.invalidate_all()
        self.assertEqual(results, ["1 messages", "done"])
        self.assertEqual(self.left(), {})
        self.assertFalse(document.exists())
        self.assertTrue(self.mailbox.exists())
        kinds = (
            self.env["mailbox.event"].search([("mailbox_id", "=", self.mailbox.id)]).mapped("kind")
        )
        self.assertIn("mailbox.purged", kinds, "the audit stays")

    def test_purge_spares_a_connection_that_began_anew(self):
        self.disconnect(mail="purge")
        connect(self.mailbox, self.desk)
        self.mailbox._sync_start()
        fresh = self.env["mailbox.message"].create(
            {
                "mailbox_id": self.mailbox.id,
                "stream_id": self.mailbox.stream_ids.id,
                "remote_id": "fresh",
            }
        )
        self.env.flush_all()
        while self.mailbox._job_purge() != "done":
            self.env.invalidate_all()
        self.assertTrue(fresh.exists())
        self.assertTrue(self.mailbox.stream_ids)

    def test_provider_out_of_reach(self):
        def revoke(_self, _credentials):
            raise Unavailable("no route")

        authorizer = type(self.mailbox._authorizer())
        self.patch(authorizer, "revoke", revoke)
        action = self.disconnect()
        self.assertEqual(action["params"]["type"], "warning")
        self.assertIn("no route", action["params"]["message"])
        self.assertEqual(self.mailbox.token_state, "none", "forgotten all the same")

    def test_pause_and_resume(self):
        mailbox = self.mailbox.with_user(self.owner)
        mailbox.action_pause()
        self.assertEqual(mailbox.state, "paused")
        mailbox.action_resume()
        self.assertNotEqual(mailbox.state, "paused")
        kinds = self.env["mailbox.event"].search([("user_id", "=", self.owner.id)]).mapped("kind")
        self.assertEqual({"mailbox.paused", "mailbox.resumed"} - set(kinds), set())
