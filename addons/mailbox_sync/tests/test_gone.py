"""Mail deleted at the provider: kept by default; emptied after a while when the owner wants it."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import Form
from odoo.tests.common import tagged

from .common import MailboxCase
from .test_content import newsletter


@tagged("post_install", "-at_install")
class TestGone(MailboxCase):
    def setUp(self):
        super().setUp()
        self.mailbox, self.world = self.make_mailbox()
        self.kept = self.world.deliver("Stays")
        self.deleted = self.world.deliver(raw=newsletter())
        self.start(self.mailbox)
        self.row = self.rows(self.mailbox)[self.deleted]
        self.row.with_user(self.owner).get_body()
        part = self.row.attachment_ids.filtered(lambda line: not line.inline)
        self.file = part.with_user(self.owner)._materialise().sudo()
        self.restored = self.world.messages[self.deleted]
        self.world.delete(self.deleted)
        self.look(self.mailbox)

    def pass_days(self, days):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mailbox_message SET write_date = %s WHERE disposition = 'gone'",
            [fields.Datetime.now() - timedelta(days=days)],
        )
        self.env.invalidate_all()

    def night(self):
        self.env["mailbox"]._cron_gone()
        results = self.run_jobs()
        self.env.invalidate_all()
        return results

    def test_kept_by_default(self):
        self.pass_days(900)
        self.assertEqual(self.night(), [])
        self.assertEqual((self.row.disposition, self.row.subject), ("gone", "Offer"))
        self.assertIn("1 messages, all kept", self.mailbox.gone_text)

    def test_emptied_after_its_days_and_the_ledger_adds_up(self):
        self.mailbox.with_user(self.owner).write({"gone_policy": "purge", "gone_days": 10})
        self.pass_days(9)
        self.assertIn("0 of 1", self.mailbox.gone_text)
        self.assertEqual(self.night(), ["done"])
        self.pass_days(11)
        self.assertIn("1 of 1", self.mailbox.gone_text)
        self.assertEqual(self.night(), ["1 emptied"])
        row = self.row
        self.assertEqual((row.disposition, row.disposition_reason), ("gone", "emptied"))
        self.assertFalse(row.subject or row.snippet or row.from_email or row.raw_store)
        self.assertFalse(row.is_held or row.attachment_ids or self.file.exists())
        self.assertFalse(self.env["mailbox.body"].search([("message_id", "=", row.id)]))
        self.env.cr.execute("SELECT search_vector FROM mailbox_message WHERE id = %s", [row.id])
        self.assertIsNone(self.env.cr.fetchone()[0])
        self.assertTrue(row.remote_id and row.message_id and row.date)
        self.assertEqual(self.rows(self.mailbox)[self.kept].subject, "Stays")
        self.assert_counted(self.mailbox)
        [event] = self.env["mailbox.event"].search([("kind", "=", "mail.emptied")])
        self.assertEqual(event.payload, {"count": 1, "days": 10})
        self.assertEqual(self.night(), ["done"], "once only")
        proof = self.env["mailbox.parity"]._begin(self.mailbox)
        self.run_jobs(horizon=3600)
        self.assertEqual((proof.state, proof.unexplained), ("done", 0))

    def test_what_comes_back_is_fetched_again(self):
        self.mailbox.gone_policy = "purge"
        self.pass_days(31)
        self.night()
        self.world.messages[self.deleted] = self.restored
        self.mailbox.stream_ids._rescan()
        self.run_jobs(horizon=3600)
        row = self.rows(self.mailbox)[self.deleted]
        self.assertEqual((row.disposition, row.subject), ("stored", "Offer"))
        self.assertTrue(row.attachment_ids and row.is_held)
        self.assert_same(self.mailbox, self.world)

    def test_mail_of_a_record_is_its_business(self):
        self.mailbox.gone_policy = "purge"
        self.env["mailbox.link"].create(
            {
                "message_id": self.row.id,
                "rfc_id": "<n@x>",
                "model": "res.partner",
                "res_id": self.owner.partner_id.id,
                "origin": "person",
            }
        )
        self.pass_days(31)
        self.assertEqual(self.night(), ["done"])
        self.assertEqual(self.row.subject, "Offer")

    def test_mail_that_is_logged_on_a_contact_is_its_business_until_it_is_withdrawn(self):
        self.mailbox.gone_policy = "purge"
        line = self.owner.partner_id.message_post(body="Offer")
        self.env["mailbox.log"].create(
            {
                "message_id": self.row.id,
                "mailbox_id": self.mailbox.id,
                "rfc_id": "<n@x>",
                "model": "res.partner",
                "res_id": line.res_id,
                "mail_message_id": line.id,
            }
        )
        self.pass_days(31)
        self.assertEqual(self.night(), ["done"])
        self.row.with_user(self.owner).action_withdraw()
        self.pass_days(31)
        self.assertEqual(self.night(), ["1 emptied"])
        self.assertFalse(self.row.subject)

    def test_the_preview_is_there_before_it_is_saved(self):
        self.pass_days(31)
        form = Form(self.mailbox.with_user(self.owner), "mailbox_sync.mailbox_view_form")
        self.assertIn("kept", form.gone_text)
        form.gone_policy = "purge"
        self.assertIn("1 of 1", form.gone_text)
        form.gone_days = 60
        self.assertIn("0 of 1", form.gone_text)

    def test_never_at_once(self):
        with self.assertRaises(ValidationError):
            self.mailbox.gone_days = 0
