"""Leads that a waiting mail may be added to, the best first and with the reason."""

from odoo.addons.mailbox_sync.tests.routing_common import RoutingCase
from odoo.exceptions import AccessError
from odoo.tests.common import tagged


@tagged("post_install", "-at_install")
class TestLeadSuggestions(RoutingCase):
    def setUp(self):
        super().setUp()
        self.owner.group_ids += self.env.ref("sales_team.group_sale_salesman")
        self.rule(name="Held", target_model="crm.lead", approval=True)
        self.firm = self.env["res.partner"].create(
            {"name": "Shop Ltd", "is_company": True, "email": "info@shop.test"}
        )

    def lead(self, name, **values):
        return self.env["crm.lead"].create({"name": name, "user_id": self.owner.id, **values})

    def suggested(self, decision):
        decision = decision.with_user(self.owner)
        decision.invalidate_recordset()
        return [(one["name"], one["why"]) for one in decision.suggestions or []]

    def test_open_leads_of_the_sender_and_the_company_with_the_reason(self):
        bob = self.env["res.partner"].create(
            {"name": "Bob", "email": "bob@shop.test", "parent_id": self.firm.id}
        )
        self.lead("Of the firm", partner_id=self.firm.id)
        self.lead("Of Bob", partner_id=bob.id)
        self.lead("By address", email_from="Eve <eve@shop.test>")
        self.lead("Elsewhere", email_from="x@elsewhere.test")
        won = self.lead("Won", partner_id=bob.id)
        won.action_set_won()
        self.lead("Lost", partner_id=bob.id).action_set_lost()
        found = self.suggested(self.deliver("More doors"))
        self.assertEqual(
            found[:2],
            [
                ("Of Bob", ["of the same sender"]),
                (bob.display_name, ["the sender's contact"]),
            ],
        )
        self.assertEqual(
            {name for name, _why in found[2:]}, {"Of the firm", "By address"}, "open ones only"
        )

    def test_the_subject_and_the_conversation_come_first(self):
        number = self.lead("SO0042")
        held = self.deliver("Offer", sender="ann@ann.test").with_user(self.owner)
        target = self.lead("Doors of Ann")
        held.action_merge_into("crm.lead", target.id)
        self.assertEqual((held.outcome, held.link_ids.res_id), ("joined", target.id))
        self.assertEqual(len(self.lines(target)), 1)
        later = self.deliver("Another thing [SO0042]", sender="ann@ann.test")
        self.assertEqual(
            self.suggested(later),
            [
                ("SO0042", ["the subject names it: SO0042"]),
                ("Doors of Ann", ["earlier mail of the sender stands there"]),
            ],
        )
        self.assertTrue(number.exists())

    def test_nobody_is_shown_what_he_may_not_change(self):
        self.lead("Of a colleague", email_from="bob@shop.test", user_id=self.colleague.id)
        secret = self.env["crm.lead"].search([("name", "=", "Of a colleague")])
        decision = self.deliver("Doors")
        self.assertEqual(self.suggested(decision), [])
        with self.assertRaises(AccessError):
            decision.with_user(self.owner).action_merge_into("crm.lead", secret.id)
        with self.assertRaises(AccessError):
            decision.with_user(self.colleague).action_merge_into("crm.lead", secret.id)

    def test_what_was_decided_is_not_asked_again(self):
        self.lead("Of Bob", email_from="bob@shop.test")
        decision = self.deliver("Doors").with_user(self.owner)
        self.assertEqual(len(decision.suggestions), 1)
        decision.action_reject()
        self.assertFalse(decision.suggestions)
