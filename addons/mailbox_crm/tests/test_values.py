"""Values that a rule sets on leads, and who may set them."""

from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

from odoo.addons.mailbox_sync.tests.routing_common import RoutingCase
from odoo.exceptions import AccessError, ValidationError
from odoo.tests.common import tagged


@tagged("post_install", "-at_install")
class TestLeadValues(RoutingCase):
    def values(self, **values):
        return [(0, 0, {"field": name, "value": value}) for name, value in values.items()]

    def leads(self, **values):
        return self.rule(name="Leads", target_model="crm.lead", **values)

    def test_days_count_where_the_owner_of_the_mailbox_is(self):
        self.owner.tz = "Pacific/Auckland"
        medium = self.env["utm.medium"].create({"name": "Mailbox"})
        rule = self.leads(
            value_ids=self.values(
                date_deadline="3",
                medium_id=str(medium.id),
                priority="2",
                name="Mail of {sender_name}",
                description="{text}",
            )
        )
        decision = self.deliver(body="Twelve doors\n\nOn Monday you wrote:\n> call me\n")
        lead = self.env["crm.lead"].browse(decision.link_ids.res_id)
        arrived = decision.message_id.date.replace(tzinfo=timezone.utc)
        there = arrived.astimezone(ZoneInfo("Pacific/Auckland")).date()
        self.assertEqual(lead.date_deadline, there + timedelta(days=3))
        self.assertEqual((lead.medium_id, lead.priority), (medium, "2"))
        self.assertEqual(lead.name, "Mail of Bob Buyer")
        self.assertIn("Twelve doors", lead.description)
        self.assertNotIn("call me", lead.description)
        self.assertIn("Expected Closing: 3 days after arrival", rule.action_words)
        with self.assertRaisesRegex(ValidationError, "set above"):
            self.leads(value_ids=self.values(team_id="1"))

    def test_a_salesperson_does_not_give_leads_to_others_by_a_rule(self):
        self.owner.group_ids += self.env.ref("sales_team.group_sale_salesman")
        rules = self.env["mailbox.route"].with_user(self.owner)
        mine = {"name": "Mine", "target_model": "crm.lead", "mailbox_id": self.mailbox.id}
        rule = rules.create({**mine, "user_id": self.owner.id})
        rule.value_ids = self.values(priority="1")
        with self.assertRaisesRegex(AccessError, "could not create such a record yourself"):
            rules.create({**mine, "user_id": self.colleague.id})
        self.owner.group_ids += self.env.ref("sales_team.group_sale_salesman_all_leads")
        self.assertTrue(rules.create({**mine, "user_id": self.colleague.id}))

    def test_records_of_another_company_are_refused(self):
        other = self.env["res.company"].create({"name": "Other"})
        stranger = self.env["res.partner"].create({"name": "Ann", "company_id": other.id})
        with self.assertRaisesRegex(ValidationError, "belongs to the company Other"):
            self.leads(value_ids=self.values(partner_id=str(stranger.id)))

    def test_who_may_not_see_leads_reads_the_rule_all_the_same(self):
        rule = self.leads(value_ids=self.values(priority="2")).with_user(self.colleague)
        self.assertEqual(rule.value_fields["fields"], [])
        self.assertIn("Priority: High", rule.action_words)
