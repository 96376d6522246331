from odoo.addons.mailbox_sync.tests.routing_common import RoutingCase
from odoo.tests.common import tagged


@tagged("post_install", "-at_install")
class TestTicket(RoutingCase):
    def setUp(self):
        super().setUp()
        self.team = self.env["helpdesk.ticket.team"].create({"name": "First line"})
        self.rule(
            name="Urgent",
            target_model="helpdesk.ticket",
            sequence=1,
            helpdesk_priority="3",
            helpdesk_team_id=self.team.id,
            line_ids=[(0, 0, {"field": "body", "op": "words", "value": "urgent, dringend"})],
        )
        self.rule(name="Tickets", target_model="helpdesk.ticket", helpdesk_team_id=self.team.id)

    def ticket(self, decision):
        self.assertEqual(decision.outcome, "created")
        return self.env["helpdesk.ticket"].browse(decision.link_ids.res_id)

    def test_a_mail_becomes_a_ticket(self):
        decision = self.deliver("Printer broken", body="It is on fire.\n", files={"a.bin": b"x"})
        ticket = self.ticket(decision)
        self.assertEqual((ticket.name, ticket.team_id), ("Printer broken", self.team))
        self.assertEqual(ticket.partner_name, "Bob Buyer")
        self.assertEqual(ticket.partner_email, "bob@shop.test")
        self.assertIn("on fire", ticket.description)
        self.assertEqual(ticket.channel_id.name, "Email")
        self.assertEqual(ticket.priority, "1")
        self.assertEqual(self.lines(ticket).attachment_ids.name, "a.bin")

    def test_urgent_words_give_priority_and_say_so(self):
        decision = self.deliver(body="Das ist DRINGEND!\n")
        self.assertEqual(self.ticket(decision).priority, "3")
        self.assertIn("urgent, dringend", decision.why_html)

    def test_the_member_with_the_fewest_open_tickets_gets_the_next(self):
        self.team.user_ids = self.owner | self.colleague
        rule = self.env["mailbox.route"].search([("name", "=", "Tickets")])
        rule.action_ids = [(0, 0, {"kind": "assign", "by_team": True})]
        self.env["helpdesk.ticket"].create(
            {"name": "Old", "description": "x", "team_id": self.team.id, "user_id": self.owner.id}
        )
        first = self.ticket(self.deliver(sender="a@shop.test"))
        self.assertEqual(first.user_id, self.colleague)
        second = self.ticket(self.deliver(sender="b@shop.test"))
        third = self.ticket(self.deliver(sender="c@shop.test"))
        self.assertEqual({second.user_id, third.user_id}, {self.owner, self.colleague})

    def test_replies_join_and_automatic_ones_reopen_nothing(self):
        ticket = self.ticket(self.deliver())
        reply = self.deliver("Re: Question", in_reply_to="<1.out@shop.test>")
        self.assertEqual((reply.outcome, reply.link_ids.res_id), ("joined", ticket.id))
        closed = self.env["helpdesk.ticket.stage"].search([("closed", "=", True)], limit=1)
        ticket.stage_id = closed
        away = self.deliver("Away", in_reply_to="<1.out@shop.test>", auto_submitted="auto-replied")
        self.assertEqual(away.outcome, "noted")
        self.assertEqual(ticket.stage_id, closed)
        self.assertEqual(len(self.lines(ticket)), 3)

    def test_a_stranger_does_not_get_into_a_ticket(self):
        ticket = self.ticket(self.deliver())
        decision = self.deliver(sender="eve@evil.test", in_reply_to="<1.out@shop.test>")
        self.assertEqual((decision.outcome, decision.reason), ("triage", "stranger"))
        self.assertEqual(len(self.lines(ticket)), 1)

    def test_tickets_of_a_batch_are_made_at_once_each_from_its_own_mail(self):
        self.team.user_ids = self.owner | self.colleague
        rule = self.env["mailbox.route"].search([("name", "=", "Tickets")])
        rule.action_ids = [(0, 0, {"kind": "assign", "by_team": True})]
        self.env["res.partner"].create({"name": "Ann", "email": "ann@shop.test"})
        subjects = ["Printer", "Screen", "Mouse", "Desk"]
        decisions = self.deliver_all(
            *(
                {"subject": one, "body": f"The {one} broke.\n", "cc": "ann@shop.test"}
                for one in subjects
            )
        )
        tickets = [self.ticket(one) for one in decisions]
        self.assertEqual([one.name for one in tickets], subjects)
        self.assertEqual(len({one.number for one in tickets}), 4)
        for number, ticket in enumerate(tickets):
            self.assertEqual(ticket.partner_email, f"bob@shop{number}.test")
            self.assertIn(f"The {ticket.name} broke.", ticket.description)
            self.assertEqual(self.lines(ticket).message_id, f"<{number + 1}.out@shop.test>")
            self.assertIn("ann@shop.test", ticket.message_partner_ids.mapped("email"))
        given = [one.user_id for one in tickets]
        self.assertEqual((given.count(self.owner), given.count(self.colleague)), (2, 2))
