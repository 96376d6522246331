"""Routing by From is never authentication (S11): who may add to a record by mail, and who may
not."""

from odoo.exceptions import AccessError
from odoo.tests.common import tagged

from .routing_common import FORGED, VOUCHED, RoutingCase


@tagged("post_install", "-at_install")
class TestForged(RoutingCase):
    def setUp(self):
        super().setUp()
        self.vouch()
        self.record = self.env["res.partner"].create({"name": "Shop", "email": "bob@shop.test"})
        self.sent = self.record.message_post(body="Secret offer", message_type="comment")

    def assert_waits(self, decision, reason):
        self.assertEqual((decision.outcome, decision.reason), ("triage", reason))
        self.assertEqual(decision.record_ref, self.record)
        self.assertFalse(decision.link_ids)
        self.assertFalse(self.lines(self.record), "nothing may be posted")

    def test_a_stranger_with_copied_references_is_not_let_in(self):
        decision = self.deliver(
            sender="eve@evil.test", in_reply_to=self.sent.message_id, verdict=VOUCHED
        )
        self.assert_waits(decision, "stranger")
        self.assertIn("does not belong to that record", decision.why_html)

    def test_a_forged_customer_is_not_let_in(self):
        self.assert_waits(self.deliver(in_reply_to=self.sent.message_id, verdict=FORGED), "forged")

    def test_a_verdict_somebody_else_wrote_counts_for_nothing(self):
        verdict = VOUCHED.replace("mx.memory.test", "mx.evil.test")
        self.record.email = self.owner.email
        decision = self.deliver(
            sender=self.owner.email, in_reply_to=self.sent.message_id, verdict=verdict
        )
        self.assert_waits(decision, "unvouched")

    def test_a_colleague_needs_to_be_vouched_for(self):
        self.record.message_subscribe(partner_ids=self.colleague.partner_id.ids)
        mail = {"sender": self.colleague.email, "in_reply_to": self.sent.message_id}
        self.assert_waits(self.deliver(**mail), "unvouched")
        decision = self.deliver(**mail, verdict=VOUCHED)
        self.assertEqual(decision.outcome, "joined")
        self.assertEqual(self.lines(self.record).author_id, self.colleague.partner_id)

    def test_our_own_address_in_from_is_not_us(self):
        self.record.message_subscribe(partner_ids=self.owner.partner_id.ids)
        decision = self.deliver(
            sender=self.mailbox.address, in_reply_to=self.sent.message_id, verdict=FORGED
        )
        self.assert_waits(decision, "forged")

    def test_the_customer_is_let_in(self):
        for verdict in ("", VOUCHED):
            decision = self.deliver(in_reply_to=self.sent.message_id, verdict=verdict)
            self.assertEqual(decision.outcome, "joined")
        self.assertEqual(len(self.lines(self.record)), 2)

    def test_a_waiting_mail_opens_no_door(self):
        """The mail of a stranger stands in the conversation; later ones profit nothing."""
        mail = {"sender": "eve@evil.test", "in_reply_to": self.sent.message_id, "verdict": VOUCHED}
        first = self.deliver(**mail)
        self.assert_waits(first, "stranger")
        second = self.deliver(
            sender="eve@evil.test", in_reply_to="<1.out@shop.test>", verdict=VOUCHED
        )
        self.assertFalse(second.link_ids)
        self.assertFalse(self.lines(self.record))

    def test_a_forged_sender_opens_nothing_without_a_person(self):
        self.rule(name="All")
        decision = self.deliver(sender="new@shop.test", verdict=FORGED)
        self.assertEqual((decision.outcome, decision.reason), ("held", "forged"))
        self.assertFalse(self.env["res.partner"].search([("email", "=", "new@shop.test")]))

    def test_a_copied_message_id_swallows_or_posts_nothing_on_the_record(self):
        decision = self.deliver(sender="eve@evil.test", message_id=self.sent.message_id)
        self.assertFalse(self.lines(self.record))
        self.assertNotEqual(decision.outcome, "created")
        self.assertNotIn("Hello", self.sent.body)

    def test_a_rule_needs_the_rights_of_its_author(self):
        self.mailbox.routing = "own"
        values = {
            "name": "Mine",
            "mailbox_id": self.mailbox.id,
            "action": "create",
            "target_model": "res.partner",
        }
        rules = self.env["mailbox.route"]
        with self.assertRaises(AccessError):
            rules.with_user(self.owner).create(values)
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        rules.with_user(self.owner).create(values)

    def test_a_manager_makes_no_rule_for_the_mail_of_others(self):
        manager = self._new_user("manager")
        manager.group_ids += self.env.ref("mailbox_sync.group_manager")
        manager.group_ids += self.env.ref("base.group_partner_manager")
        rules = self.env["mailbox.route"].with_user(manager)
        values = {"name": "Spy", "target_model": "res.partner"}
        with self.assertRaises(AccessError):
            rules.create({**values, "mailbox_id": self.mailbox.id})
        rule = rules.create(values)
        self.mailbox.routing = "own"
        self.assertEqual(self.deliver(sender="new@shop.test").outcome, "stored")
        self.assertFalse(rule.link_ids)
