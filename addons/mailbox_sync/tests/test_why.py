"""Why here, asked in the chatter of a record and on the board of waiting mail."""

from odoo.exceptions import AccessError
from odoo.tests.common import tagged

from .routing_common import RoutingCase


@tagged("post_install", "-at_install")
class TestWhyInChatter(RoutingCase):
    def line(self, decision):
        return decision.link_ids.mail_message_id

    def why(self, line, user):
        return line.with_user(user).mailbox_why()

    def test_readers_of_the_mailbox_get_the_whole_argument(self):
        self.rule(name="Offers")
        self.rule(name="Later", sequence=99)
        decision = self.deliver("Offer")
        why = self.why(self.line(decision), self.owner)
        self.assertEqual(why["message"], decision.message_id.id)
        self.assertIn("Rule “Offers”", why["html"])
        self.assertIn("Otherwise the rule “Later” would have acted.", why["html"])

    def test_others_get_what_concerns_this_record(self):
        line = {"field": "header", "header": "X-Secret", "op": "is", "value": "planted"}
        other = self.rule(name="Hidden", mailbox_id=self.mailbox.id, line_ids=[(0, 0, line)])
        subject = {"field": "subject", "op": "contains", "value": "offer"}
        self.rule(name="Offers", line_ids=[(0, 0, subject)])
        decision = self.deliver("Offer", x_secret="nothing")
        why = self.why(self.line(decision), self.colleague)
        self.assertIs(why["message"], False)
        self.assertIn("The rule “Offers” asks for such mail: subject contains", why["html"])
        self.assertIn(self.owner.name, why["html"])
        for word in ("Hidden", "X-Secret", "planted", "nothing"):
            self.assertNotIn(word, why["html"])
        reply = self.deliver("Re: Offer", in_reply_to="<1.out@shop.test>")
        why = self.why(self.line(reply), self.colleague)
        self.assertIn("it answers a message there", why["html"])
        other.line_ids.write({"field": "subject", "header": False, "value": "again"})
        again = self.deliver("Again", sender="eve@else.test")
        told = self.why(self.line(again), self.colleague)["html"]
        self.assertIn("A rule of that mailbox asks for such mail.", told)
        self.assertNotIn("Hidden", told)

    def test_it_is_told_only_to_those_who_read_the_record(self):
        self.rule(name="Offers")
        line = self.line(self.deliver("Offer"))
        portal = self.colleague.copy({"login": "portal"})
        portal.group_ids = self.env.ref("base.group_portal")
        with self.assertRaises(AccessError):
            self.why(line, portal)
        private = self.env["res.partner"].browse(line.res_id)
        private.company_id = self.env["res.company"].create({"name": "Elsewhere"})
        with self.assertRaises(AccessError):
            self.why(line, self.colleague)

    def test_mail_that_came_another_way_says_so(self):
        contact = self.env["res.partner"].create({"name": "Carl"})
        line = contact.message_post(body="Hello", message_type="email")
        self.assertIn("not through a connected mailbox", self.why(line, self.colleague)["html"])

    def test_logged_mail_names_the_policy(self):
        self.mailbox.log_policy = "known"
        bob = self.env["res.partner"].create({"name": "Bob", "email": "bob@shop.test"})
        self.deliver("Offer")
        told = self.why(self.lines(bob), self.colleague)["html"]
        self.assertIn("It was logged here", told)


@tagged("post_install", "-at_install")
class TestWaitingBoard(RoutingCase):
    def test_a_card_says_how_urgent_and_who(self):
        company = self.env["res.partner"].create({"name": "Shop", "mailbox_vip": True})
        company.create({"name": "Bob", "email": "bob@shop.test", "parent_id": company.id})
        self.rule(approval=True)
        decision = self.deliver("Dringend: Angebot", body="Bitte sofort antworten.\n")
        self.assertEqual((decision.urgency, decision.is_vip), ("high", True))
        self.assertEqual(decision.urgency_text, "subject: “dringend”, text: “sofort”")
        self.assertFalse(self.deliver("Lunch", sender="eve@else.test").is_vip)
        # A contact of another company is a stranger here.
        (company | company.child_ids).company_id = self.env["res.company"].create({"name": "Other"})
        decision.invalidate_recordset()
        self.assertFalse(decision.is_vip)

    def test_waiting_is_measured_in_hours(self):
        self.rule(approval=True)
        decision = self.deliver("Offer")
        self.assertFalse(decision.hours)
        self.env.cr.execute(
            "UPDATE mailbox_decision SET create_date = create_date - interval '3 hours'"
        )
        decision.invalidate_recordset()
        decision.with_user(self.owner).action_reject()
        self.assertAlmostEqual(decision.hours, 3.0, places=1)

    def test_the_record_to_add_to_is_named_for_those_who_may_change_it(self):
        self.rule()
        first = self.deliver("Offer")
        stranger = self.deliver("Re: Offer", sender="max@odd.test", in_reply_to="<1.out@shop.test>")
        self.assertEqual(stranger.outcome, "triage")
        seen = stranger.with_user(self.owner)
        self.assertFalse(seen.record_name, "no right to change contacts")
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        seen.invalidate_recordset()
        contact = self.env["res.partner"].browse(first.link_ids.res_id)
        self.assertEqual(seen.record_name, contact.display_name)
        seen.action_merge()
        self.assertEqual(stranger.outcome, "joined")
