"""What rules ask beyond the mail itself: the contact, the conversation, language, urgency."""

from datetime import timedelta

from odoo.exceptions import ValidationError
from odoo.tests.common import tagged

from mailbox_core.rules import language

from ..routing import facts
from .routing_common import RoutingCase


@tagged("post_install", "-at_install")
class TestRuleConditions(RoutingCase):
    def outcome(self, field, op, value, **mail):
        """What becomes of a mail under a rule with one condition."""
        rule = self.rule(
            action="triage",
            target_model=False,
            line_ids=[(0, 0, {"field": field, "op": op, "value": value})],
        )
        decision = self.deliver(**mail)
        rule.active = False
        return decision

    def test_partner_fields(self):
        tag = self.env["res.partner.category"].create({"name": "Reseller"})
        company = self.env["res.partner"].create(
            {
                "name": "Shop Ltd",
                "is_company": True,
                "country_id": self.env.ref("base.de").id,
                "category_id": [(4, tag.id)],
                "user_id": self.owner.id,
                "mailbox_vip": True,
            }
        )
        self.env["res.partner"].create(
            {"name": "Bob", "email": "bob@shop.test", "parent_id": company.id}
        )
        for field, op, value in (
            ("partner_tag", "is", "reseller"),
            ("salesperson", "is", self.owner.name),
            ("salesperson", "is", self.owner.login),
            ("country", "is", "DE"),
            ("country", "is", "germany"),
            ("company", "contains", "shop"),
            ("partner", "is", "vip"),
        ):
            with self.subTest(field=field):
                decision = self.outcome(field, op, value)
                self.assertEqual(decision.outcome, "triage")
                other = self.outcome(field, op, value, sender="eve@other.test")
                self.assertEqual(other.outcome, "stored")

    def test_names_of_tags_count_in_every_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        tag = self.env["res.partner.category"].create({"name": "Reseller"})
        tag.with_context(lang="fr_FR").name = "Revendeur"
        self.env["res.partner"].create(
            {"name": "Bob", "email": "bob@shop.test", "category_id": [(4, tag.id)]}
        )
        self.assertEqual(self.outcome("partner_tag", "is", "revendeur").outcome, "triage")

    def test_place_in_the_conversation(self):
        first = self.deliver("Order", message_id="<a@shop.test>").message_id
        self.assertEqual(
            facts.mail_of(first).facts.conversation, frozenset({"first", "unanswered"})
        )
        self.deliver(
            "Re: Order",
            sender=self.mailbox.address,
            to="bob@shop.test",
            in_reply_to="<a@shop.test>",
            message_id="<b@example.org>",
            folders=("sent",),
        )
        reply = self.deliver("Re: Order", in_reply_to="<b@example.org>").message_id
        self.assertEqual(reply.conversation_id, first.conversation_id)
        self.assertEqual(facts.mail_of(reply).facts.conversation, frozenset({"later", "answered"}))
        self.assertEqual(
            facts.mail_of(first).facts.conversation,
            frozenset({"first", "unanswered"}),
            "later mail does not change what a back-test asks",
        )

    def test_language_and_urgency_with_their_reasons(self):
        german = "Guten Tag, wir warten dringend auf die Lieferung der Stühle.\n"
        decision = self.outcome("language", "is", "de", body=german)
        self.assertEqual(decision.outcome, "triage")
        self.assertIn("language of the text is “de”", decision.why_html)
        decision = self.outcome("urgency", "is", "high", body=german)
        self.assertEqual(decision.outcome, "triage")
        self.assertIn("text: dringend", str(decision.why_html))
        self.assertEqual(self.outcome("language", "is", "fr", body=german).outcome, "stored")

    def test_a_rule_about_language_is_refused_where_nobody_can_tell_it(self):
        self.patch(language, "_detect", None)
        with self.assertRaisesRegex(ValidationError, r"mailbox-core\[language\]"):
            self.rule(line_ids=[(0, 0, {"field": "language", "op": "is", "value": "de"})])

    def test_files_by_type_and_size(self):
        files = {"plan.bin": b"x" * 3000, "small.bin": b"x"}
        self.assertEqual(
            self.outcome("attachment_size", "at_least", "3000", files=files).outcome, "triage"
        )
        self.assertEqual(
            self.outcome("attachment_size", "at_least", "3001", files=files).outcome, "stored"
        )
        wanted = ("attachment_type", "is", "application/octet-stream")
        self.assertEqual(self.outcome(*wanted, files=files).outcome, "triage")
        self.assertEqual(self.outcome(*wanted).outcome, "stored")

    def test_times_are_those_of_the_owner_of_the_mailbox(self):
        hour = (self.now() + timedelta(hours=9)).hour
        span = f"{(hour - 1) % 24:02d}:00-{(hour + 2) % 24:02d}:00"
        self.assertEqual(self.outcome("time", "between", span).outcome, "stored")
        self.owner.tz = "Asia/Tokyo"
        self.assertEqual(self.outcome("time", "between", span).outcome, "triage")

    def test_what_to_write_is_said_beside_the_value(self):
        line = self.env["mailbox.route.line"]
        self.assertEqual(line.new({"field": "urgency", "op": "is"}).hint, "high, normal, low")
        self.assertIn("DE", line.new({"field": "country", "op": "is"}).hint)
        self.assertFalse(line.new({"field": "country", "op": "exists"}).hint)
