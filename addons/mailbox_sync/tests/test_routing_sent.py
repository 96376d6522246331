"""Whatever Odoo sends is found again although a relay gives it another Message-ID: from the button
to the wire, back through the Sent folder, to the answer."""

from email import message_from_string, policy

from odoo.addons.base.tests.common import MockSmtplibCase
from odoo.tests.common import tagged

from mailbox_core.rules.clues import OWN_ID_HEADER

from .routing_common import RoutingCase


@tagged("post_install", "-at_install")
class TestSent(MockSmtplibCase, RoutingCase):
    def setUp(self):
        super().setUp()
        self.env["ir.mail_server"].search([]).active = False
        self.env["ir.mail_server"].create(
            {"name": "Relay", "smtp_host": "smtp.relay.test", "smtp_encryption": "none"}
        )
        self.record = self.env["res.partner"].create({"name": "Shop", "email": "bob@shop.test"})
        self.record.message_subscribe(partner_ids=self.record.ids)

    def by_comment(self):
        return self.record.message_post(
            body="The price is 400", message_type="comment", subtype_xmlid="mail.mt_comment"
        )

    def by_template(self):
        template = self.env["mail.template"].create(
            {
                "name": "Offer",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "subject": "Offer",
                "body_html": "<p>An offer</p>",
                "email_to": "bob@shop.test",
                "auto_delete": False,  # Odoo forgets others with their line once they are sent
            }
        )
        return self.env["mail.mail"].browse(template.send_mail(self.record.id)).mail_message_id

    def by_composer(self):
        composer = self.env["mail.compose.message"].with_context(
            default_model="res.partner", default_res_ids=self.record.ids
        )
        composer.create(
            {
                "composition_mode": "comment",
                "subject": "Hello",
                "body": "<p>Hello</p>",
                "partner_ids": self.record.ids,
            }
        )._action_send_mail()
        return self.record.message_ids[:1]

    def on_the_wire(self, line):
        """What the server of the relay gets."""
        mails = self.env["mail.mail"].sudo().search([("mail_message_id", "=", line.id)])
        self.assertTrue(mails)
        with self.mock_smtplib_connection():
            mails.send()
        self.assertEqual(len(self.emails), 1)
        return message_from_string(self.emails[0]["message"], policy=policy.SMTP)

    def test_however_it_was_sent_the_answer_to_the_new_id_finds_the_record(self):
        for number, send in enumerate((self.by_comment, self.by_template, self.by_composer)):
            line = send()
            wire = self.on_the_wire(line)
            # Long headers are folded: what comes back begins with a space.
            self.assertEqual(wire[OWN_ID_HEADER].strip(), line.message_id, send.__name__)
            self.assertEqual(wire["Message-Id"].strip(), line.message_id, send.__name__)
            new_id = f"<CAF=relay{number}@mail.gmail.com>"
            wire.replace_header("Message-Id", new_id)
            at = self.now()
            key = self.world.deliver(raw=wire.as_bytes(), folders=("sent",), received_at=at)
            self.look(self.mailbox)
            row = self.rows(self.mailbox)[key]
            row.with_user(self.owner).action_route()
            self.run_jobs()
            self.assertEqual(row.link_ids.mail_message_id, line, send.__name__)
            reply = self.deliver("An answer without anything else", in_reply_to=new_id)
            self.assertEqual(reply.outcome, "joined", send.__name__)
            self.assertEqual(reply.link_ids.res_id, self.record.id)
