"""What we send by ourselves, and that it ends (S15)."""

from ast import literal_eval
from datetime import timedelta

from odoo import fields
from odoo.tests.common import tagged

from .routing_common import RoutingCase


@tagged("post_install", "-at_install")
class TestAcknowledge(RoutingCase):
    def setUp(self):
        super().setUp()
        template = self.env["mail.template"].create(
            {
                "name": "Thanks",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "subject": "We have it",
                "body_html": "<p>Thank you</p>",
            }
        )
        self.rule(acknowledge_id=template.id)

    def sent(self):
        """The acknowledgements that went out."""
        return self.env["mail.mail"].search([("subject", "=", "We have it")])

    def fresh(self, *args, **kw):
        """A mail that opens a record of its own."""
        self.env["res.partner"].search([("email", "=", "bob@shop.test")]).email = False
        return self.deliver(*args, **kw)

    def test_a_new_record_is_acknowledged_once_with_all_the_marks(self):
        self.fresh()
        mail = self.sent()
        self.assertEqual((len(mail), mail.email_to), (1, "bob@shop.test"))
        headers = literal_eval(mail.headers)
        self.assertEqual(headers["Auto-Submitted"], "auto-replied")
        self.assertEqual(headers["X-Loop"], self.mailbox.address)
        self.assertEqual(headers["In-Reply-To"], "<1.out@shop.test>")
        self.deliver("Re: Question", in_reply_to="<1.out@shop.test>")
        self.assertEqual(len(self.sent()), 1)

    def test_a_correspondent_gets_two_an_hour(self):
        for number in range(5):
            self.assertEqual(self.fresh(f"Offer {number}").outcome, "created")
        self.assertEqual(len(self.sent()), 2)
        line = self.env["mailbox.automatic"].search([])
        line.older_at = fields.Datetime.now() - timedelta(minutes=61)
        self.fresh("Later")
        self.fresh("Later still")
        self.assertEqual(len(self.sent()), 3)

    def test_a_suffix_is_the_same_correspondent(self):
        allowed = [
            self.env["mailbox.automatic"]._take(f"bob+{number}@shop.test") for number in range(3)
        ]
        self.assertEqual(allowed, [True, True, False])
        self.assertFalse(self.env["mailbox.automatic"]._take("BOB@shop.test"))
        self.assertTrue(self.env["mailbox.automatic"]._take("eve@shop.test"))

    def test_machines_and_ourselves_are_not_answered(self):
        self.env["mailbox.route"].search([]).machine = True
        other, _world = self.make_mailbox("grace@example.org", owner=self.colleague)
        silent = (
            {"list_id": "<x.shop.test>"},
            {"precedence": "bulk"},
            {"auto_submitted": "auto-generated"},
            {"return_path": "<>"},
            {"x_auto_response_suppress": "DR, AutoReply"},
            {"sender": "no-reply@shop.test"},
            {"sender": "MAILER-DAEMON@shop.test"},
            {"sender": other.address},
        )
        for mail in silent:
            self.fresh(**mail)
            self.assertFalse(self.sent(), mail)

    def test_two_mailboxes_that_acknowledge_each_other_stop(self):
        """The worst case: the other side is ours as well, and strips every mark."""
        other, world = self.make_mailbox("grace@example.org", owner=self.colleague)
        other.routing = "company"
        self.start(other)
        for _ in range(4):
            self.fresh(sender=other.address)
            self.deliver(sender=self.mailbox.address, to=other.address, world=world)
        self.assertLessEqual(len(self.sent()), 2)
