"""Routing by From is never authentication (S11): who may add to a record by mail, and who may
not."""

from markupsafe import Markup
from odoo.exceptions import AccessError
from odoo.tests.common import tagged
from odoo.tools import mute_logger

from mailbox_core.rules import clues

from ..routing.clues import answer_key
from ..routing.gateway import POSTED
from ..routing.known import KNOWN
from ..routing.process import HANDED
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

    def test_what_a_client_puts_into_its_context_is_not_believed(self):
        forged = {
            KNOWN: {"clean": ["<script>alert(1)</script>"]},
            HANDED: {"values": {"subject": "Forged"}, "routes": []},
            POSTED: "nothing",
        }
        record = self.record.with_context(**forged)
        line = record.message_post(body=Markup("<p>Hi<script>alert(1)</script></p>"))
        self.assertNotIn("script", line.body)
        before = self.env["res.partner"].search_count([])
        mail = "From: eve@x.test\r\nTo: nobody@x.test\r\nMessage-ID: <a@x.test>\r\n\r\nhi\r\n"
        with mute_logger("odoo.addons.mail.models.mail_thread"), self.assertRaises(ValueError):
            record.env["mail.thread"].message_process(False, mail)
        self.assertEqual(self.env["res.partner"].search_count([]), before)


@tagged("post_install", "-at_install")
class TestPrivateRecord(RoutingCase):
    """A record of another company, which the owner of the mailbox may not see: no mail gets in by a
    forgery, and the argument says nothing of it."""

    def setUp(self):
        super().setUp()
        self.vouch()
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.record = self.env["res.partner"].create(
            {"name": "Secret merger", "email": "bob@shop.test", "company_id": company.id}
        )
        self.sent = self.record.message_post(body="Secret offer", message_type="comment")
        self.env["ir.rule"].create(
            {
                "name": "Other companies",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": "['|', ('company_id', '=', False),"
                " ('company_id', 'in', company_ids)]",
            }
        )
        self.assertFalse(self.record.with_user(self.owner).has_access("read"))

    def token(self, genuine):
        key = answer_key(self.mailbox.sudo()) if genuine else b"guessed" * 5
        return clues.sign_address(self.mailbox.address, self.sent.id, key)

    def forgeries(self):
        ids = self.sent.message_id
        yield "From", {"in_reply_to": ids, "verdict": FORGED}
        yield "In-Reply-To", {"in_reply_to": ids, "sender": "eve@evil.test", "verdict": VOUCHED}
        yield "References", {"references": f"<a@b.c> {ids}", "sender": "eve@evil.test"}
        yield "a name in From", {"sender": '"bob@shop.test" <eve@evil.test>', "in_reply_to": ids}
        yield "Reply-To", {"sender": "eve@evil.test", "reply_to": "bob@shop.test",
                           "in_reply_to": ids}  # fmt: skip
        yield "token", {"to": self.token(genuine=False)}
        yield "a stolen token", {"to": self.token(genuine=True), "sender": "eve@evil.test"}
        yield "own id", {"x_mailbox_message_id": ids, "sender": "eve@evil.test"}
        yield "Message-ID", {"message_id": ids, "sender": "eve@evil.test"}
        yield "subject", {"subject": "[SECRET42]", "sender": "eve@evil.test"}
        yield "a colleague", {"sender": self.colleague.email, "in_reply_to": ids}
        yield "ourselves", {"sender": self.mailbox.address, "in_reply_to": ids}

    def shown(self, decision):
        """All that the owner of the mailbox gets of a decision and its message."""
        mine = decision.with_user(self.owner)
        told = mine.web_read(
            {
                "why_html": {},
                "reason_text": {},
                "record_ref": {"fields": {"display_name": {}}},
                "steps": {},
                "otherwise": {},
                "link_ids": {"fields": {"record_name": {}}},
                "execution_ids": {"fields": {"detail": {}}},
            }
        )
        message = mine.message_id.web_read({"decision_why": {}, "decision_reason": {}})
        return f"{told}{message}"

    def test_no_forgery_posts_there_or_tells_of_it(self):
        self.rule(line_ids=[(0, 0, {"field": "subject", "op": "is", "value": "never"})])
        for name, mail in self.forgeries():
            before = self.record.message_ids
            decision = self.deliver(**mail)
            self.assertEqual(self.record.message_ids, before, name)
            if name != "Message-ID":  # a copy of what is there already is noted as that, no more
                self.assertFalse(decision.link_ids, name)
                self.assertIn(decision.outcome, ("triage", "stored", "ignored"), name)
            shown = self.shown(decision)
            for secret in ("Secret merger", "Secret offer", "Elsewhere"):
                self.assertNotIn(secret, shown, name)

    def test_the_forged_approve_nothing_by_hand_either(self):
        """Whoever cannot see the record cannot let the mail in, and learns no name by trying."""
        decision = self.deliver(in_reply_to=self.sent.message_id, verdict=FORGED)
        self.assertEqual(decision.record_ref, self.record)
        with self.assertRaises(AccessError):
            decision.with_user(self.owner).action_merge()
        self.assertEqual(self.record.message_ids, self.sent)

    def test_nobody_else_reads_the_argument(self):
        decision = self.deliver(in_reply_to=self.sent.message_id, verdict=FORGED)
        row = decision.message_id
        stranger, portal = self.colleague, self._new_user("portal")
        portal.group_ids = self.env.ref("base.group_portal")
        for user in (stranger, portal, self.env.ref("base.public_user")):
            self.assertFalse(self.found(decision, user))
            for field in ("why_html", "steps", "otherwise", "record_ref", "subject"):
                with self.assertRaises(AccessError):
                    decision.with_user(user).read([field])
            with self.assertRaises(AccessError):
                row.with_user(user).action_why_here()
            with self.assertRaises(AccessError):
                row.with_user(user).read(["decision_why"])
            with self.assertRaises(AccessError):
                decision.with_user(user).write({"title": "mine"})
        with self.assertRaises(AccessError):
            decision.with_user(self.owner).write({"outcome": "created"})

    def found(self, decision, user):
        try:
            return decision.with_user(user).search([("id", "=", decision.id)])
        except AccessError:
            return False
