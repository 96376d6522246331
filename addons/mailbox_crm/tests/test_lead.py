from odoo.addons.mailbox_sync.tests.routing_common import RoutingCase
from odoo.tests.common import TransactionCase, tagged

from ..contact import phone

SIGNED = """Dear sales,
please send us an offer for 20 doors.

Best regards
Bob Buyer
Head of Purchasing, Doors & More Ltd
Phone: +44 (0)20 7946 0958
www.doors.test

> On Monday you wrote: call +49 30 901820
"""


@tagged("post_install", "-at_install")
class TestLead(RoutingCase):
    def setUp(self):
        super().setUp()
        self.team = self.env["crm.team"].create({"name": "Doors"})
        self.lead_rule = self.rule(
            name="Leads",
            target_model="crm.lead",
            crm_team_id=self.team.id,
            crm_type="lead",
            line_ids=[(0, 0, {"field": "to", "op": "is", "value": self.mailbox.address})],
        )

    def lead(self, decision):
        self.assertEqual(decision.outcome, "created")
        return self.env["crm.lead"].browse(decision.link_ids.res_id)

    def test_a_mail_becomes_a_lead_with_what_it_tells(self):
        company = self.env["res.partner"].create(
            {"name": "Doors & More Ltd", "is_company": True, "email": "info@doors.test"}
        )
        lead = self.lead(self.deliver("20 doors", sender="Bob Buyer <bob@doors.test>", body=SIGNED))
        self.assertEqual(lead.name, "20 doors")
        self.assertEqual((lead.team_id, lead.type), (self.team, "lead"))
        self.assertEqual(lead.contact_name, "Bob Buyer")
        self.assertEqual(lead.email_normalized, "bob@doors.test")
        self.assertEqual(lead.partner_name, company.name)
        self.assertIn("7946", lead.phone)
        self.assertEqual(lead.function, "Head of Purchasing")
        self.assertIn("www.doors.test", lead.website)
        self.assertIn("20 doors", lead.description)
        self.assertFalse(lead.user_id)
        self.assertFalse(lead.partner_id, "no contact is made unless the owner wants it")
        self.assertEqual(self.lines(lead).message_id, "<1.out@shop.test>")

    def test_a_known_contact_is_recognised_also_with_a_suffix(self):
        partner = self.env["res.partner"].create({"name": "Bob", "email": "Bob@shop.test"})
        lead = self.lead(self.deliver())
        self.assertEqual((lead.partner_id, self.lines(lead).author_id), (partner, partner))
        tagged_lead = self.lead(self.deliver(sender="Bob <bob+doors@shop.test>"))
        self.assertEqual(tagged_lead.contact_name, "Bob")

    def test_urgent_mail_and_mail_of_a_vip_is_more_important(self):
        plain = self.lead(self.deliver("Doors", body="We would like to order some doors.\n"))
        self.assertEqual(plain.priority, "0")
        decision = self.deliver("Dringend: Türen", sender="eve@else.test")
        urgent = self.lead(decision)
        self.assertEqual(urgent.priority, "2")
        self.assertEqual(decision.execution_ids.kind, "priority")
        self.assertIn("dringend", decision.execution_ids.detail)
        company = self.env["res.partner"].create(
            {"name": "Doors", "is_company": True, "mailbox_vip": True}
        )
        self.env["res.partner"].create(
            {"name": "Vic", "email": "vic@doors.test", "parent_id": company.id}
        )
        decision = self.deliver("More doors", sender="vic@doors.test")
        self.assertEqual(self.lead(decision).priority, "2")
        self.assertIn("VIP", decision.execution_ids.detail)
        both = self.lead(self.deliver("Urgent", sender="vic@doors.test"))
        self.assertEqual(both.priority, "3")
        self.lead_rule.raise_priority = False
        self.assertEqual(self.lead(self.deliver("Urgent", sender="x@y.test")).priority, "0")

    def test_the_rules_of_the_sales_team_choose_who_gets_a_lead(self):
        members = self.env["crm.team.member"].create(
            [
                {"crm_team_id": self.team.id, "user_id": user.id, "assignment_max": 60}
                for user in (self.owner, self.colleague)
            ]
        )
        self.lead_rule.action_ids = [(0, 0, {"kind": "assign", "by_team": True})]
        got = [
            self.lead(self.deliver(sender=f"a{number}@shop.test")).user_id for number in range(2)
        ]
        self.assertEqual(set(got), {self.owner, self.colleague}, "in turn")
        members[0].assignment_optout = True
        lead = self.lead(self.deliver(sender="b@shop.test"))
        self.assertEqual(lead.user_id, self.colleague, "the other one is on leave")
        members[1].assignment_domain = "[('name', 'ilike', 'window')]"
        decision = self.deliver("Doors", sender="c@shop.test")
        self.assertFalse(self.lead(decision).user_id, "nobody is there for doors")
        self.assertEqual(decision.execution_ids.state, "failed")
        self.assertIn("name nobody", decision.execution_ids.detail)

    def test_tags_of_leads(self):
        self.lead_rule.action_ids = [(0, 0, {"kind": "tag", "value": "Doors, Mail"})]
        lead = self.lead(self.deliver())
        self.assertEqual(set(lead.tag_ids.mapped("name")), {"Doors", "Mail"})

    def test_a_fixed_priority(self):
        self.lead_rule.action_ids = [(0, 0, {"kind": "priority", "level": "highest"})]
        self.assertEqual(self.lead(self.deliver()).priority, "3")

    def test_the_policy_says_when_a_contact_is_made(self):
        self.mailbox.partner_policy = "always"
        lead = self.lead(self.deliver())
        self.assertEqual(lead.partner_id.email_normalized, "bob@shop.test")
        machine = self.lead(self.deliver(sender="no-reply@shop.test"))
        self.assertFalse(machine.partner_id)

    def test_an_answer_makes_the_contact_and_names_it_on_the_lead(self):
        self.mailbox.partner_policy = "replied"
        lead = self.lead(self.deliver())
        self.deliver(
            "Re: Question",
            sender=self.mailbox.address,
            to="Bob Buyer <bob@shop.test>",
            in_reply_to="<1.out@shop.test>",
            folders=("sent",),
        )
        self.assertEqual(lead.partner_id.email_normalized, "bob@shop.test")
        self.assertEqual(len(self.lines(lead)), 2)

    def test_a_conversation_is_one_lead(self):
        lead = self.lead(self.deliver())
        for number in (1, 2, 3):
            reply = self.deliver("Re: Question", in_reply_to=f"<{number}.out@shop.test>")
            self.assertEqual((reply.outcome, reply.link_ids.res_id), ("joined", lead.id))
        self.assertEqual(len(self.lines(lead)), 4)
        self.assertEqual(self.env["crm.lead"].search_count([("team_id", "=", self.team.id)]), 1)

    def test_a_stranger_does_not_get_into_a_lead(self):
        lead = self.lead(self.deliver())
        decision = self.deliver(sender="eve@evil.test", in_reply_to="<1.out@shop.test>")
        self.assertEqual((decision.outcome, decision.reason), ("triage", "stranger"))
        self.assertEqual(len(self.lines(lead)), 1)

    def test_odoos_gateway_knows_mail_that_came_this_way(self):
        lead = self.lead(self.deliver())
        before = self.env["crm.lead"].search_count([])
        gateway = self.env["mail.thread"]
        again = self.mail(message_id="<1.out@shop.test>")
        self.assertFalse(gateway.message_process("crm.lead", again))
        reply = self.mail("Re: Question", in_reply_to="<1.out@shop.test>")
        self.assertEqual(gateway.message_process(False, reply), lead.id)
        self.assertEqual(self.env["crm.lead"].search_count([]), before)


@tagged("post_install", "-at_install")
class TestContact(TransactionCase):
    def test_phone(self):
        self.assertEqual(phone(SIGNED, "GB"), "+44 20 7946 0958")
        self.assertEqual(phone("Hi\n\nTel. 030 901820\n", "DE"), "+49 30 901820")
        self.assertEqual(phone("Order 12345678, thanks\n", "GB"), "")
        self.assertEqual(phone("", ""), "")
