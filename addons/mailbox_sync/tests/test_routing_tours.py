"""What people do with rules and with mail that waits, in a real browser."""

from odoo.tests.common import HttpCase, tagged

from .routing_common import RoutingCase


@tagged("post_install", "-at_install", "mailbox_tour")
class TestRoutingTours(RoutingCase, HttpCase):
    def setUp(self):
        super().setUp()
        for group in ("base.group_partner_manager", "mailbox_sync.group_manager"):
            self.owner.group_ids += self.env.ref(group)
        self.owner.password = self.owner.login
        self.deliver("Offer for doors", sender="Ada <ada@doors.test>")
        self.deliver("Lunch?", sender="Eve <eve@friends.test>")
        self.deliver("Weekly offer", list_id="News <news.shop.test>")

    def tour(self, path, name):
        self.start_tour(path, name, login=self.owner.login)

    def test_a_rule_is_written_and_the_preview_follows(self):
        self.deliver("Question")
        self.tour("/odoo/action-mailbox_sync.mailbox_route_action", "mailbox_rule_editor")
        rule = self.env["mailbox.route"].search([("name", "=", "Offers")])
        self.assertEqual(
            [(line.field, line.op, line.value) for line in rule.line_ids],
            [("subject", "contains", "offer"), ("automatic", "is", "list")],
        )

    def test_a_rule_is_tried_on_past_mail(self):
        self.deliver("Question")
        line = {"field": "subject", "op": "contains", "value": "offer"}
        self.rule(name="Offers", line_ids=[(0, 0, line)])
        partners = self.env["res.partner"].search_count([])
        self.tour("/odoo/action-mailbox_sync.mailbox_route_action", "mailbox_backtest")
        self.assertEqual(self.env["res.partner"].search_count([]), partners, "nothing is opened")

    def held(self):
        for number, (name, word) in enumerate((("Offers", "offer"), ("Orders", "order"))):
            line = {"field": "subject", "op": "words", "value": word}
            self.rule(name=name, sequence=number, approval=True, line_ids=[(0, 0, line)])
        self.rule(name="Everything", sequence=9)
        return self.deliver("Order of chairs", sender="Hugo <hugo@hotel.test>")

    def test_a_held_mail_is_approved_and_becomes_a_rule(self):
        decision = self.held()
        self.tour("/odoo/action-mailbox_sync.mailbox_decision_action_waiting", "mailbox_waiting")
        self.assertEqual((decision.outcome, decision.decided_by), ("created", self.owner))
        partner = self.env["res.partner"].browse(decision.link_ids.res_id)
        self.assertEqual(partner.name, "Chairs for the hotel")
        taught = self.env["mailbox.route"].search([("name", "=", "Mail of hotel.test")])
        self.assertEqual((taught.target_model, taught.mailbox_id), ("res.partner", self.mailbox))

    def test_a_message_says_why_it_is_here(self):
        self.held()
        self.tour("/odoo/mailbox-messages", "mailbox_why_here")

    def test_further_actions_are_added_and_conditions_joined(self):
        lines = [
            (0, 0, {"sequence": place, "field": "subject", "op": "contains", "value": word})
            for place, word in enumerate(("offer", "quote"))
        ]
        rule = self.rule(name="Offers", line_ids=lines)
        self.tour("/odoo/action-mailbox_sync.mailbox_route_action", "mailbox_rule_actions")
        self.assertEqual(
            [(one.kind, one.value, one.days) for one in rule.action_ids],
            [("tag", "Shop, Reseller", 0), ("activity", "Call back", 2)],
        )
        self.assertEqual(rule.line_ids.mapped("joined"), [False, True])
        decision = self.deliver("Your quote", sender="Kim <kim@kiosk.test>")
        partner = self.env["res.partner"].browse(decision.link_ids.res_id)
        self.assertEqual(partner.category_id.mapped("name"), ["Reseller", "Shop"])
        self.assertEqual(partner.activity_ids.summary, "Call back")

    def test_rules_are_dragged_into_another_order(self):
        first, second = (self.rule(name=name) for name in ("First", "Second"))
        third = self.rule(name="Third", mailbox_id=self.mailbox.id)
        self.tour("/odoo/action-mailbox_sync.mailbox_route_action", "mailbox_rule_order")
        self.env.invalidate_all()
        order = (first | second | third).sorted(lambda one: (one.sequence, one.id))
        self.assertEqual(order.mapped("name"), ["Third", "First", "Second"])
        self.assertEqual(self.deliver("Offer").route_id, third)

    def test_values_of_the_new_record_are_chosen(self):
        fair = self.env["res.partner.category"].create({"name": "Fair"})
        line = {"field": "subject", "op": "contains", "value": "offer"}
        rule = self.rule(name="Offers", line_ids=[(0, 0, line)])
        self.tour("/odoo/action-mailbox_sync.mailbox_route_action", "mailbox_rule_values")
        belgium = self.env.ref("base.be")
        self.assertEqual(
            {line.field: line.value for line in rule.value_ids},
            {
                "function": "Asks: {subject}",
                "country_id": str(belgium.id),
                "category_id": str(fair.id),
            },
        )

    def test_what_was_logged_is_explained_and_withdrawn(self):
        self.mailbox.log_policy = "known"
        bob = self.env["res.partner"].create({"name": "Bob", "email": "bob@shop.test"})
        row = self.deliver("Secret plans").message_id
        self.assertEqual(len(self.lines(bob)), 1)
        self.tour(f"/odoo/action-base.action_partner_form/{bob.id}", "mailbox_withdrawal")
        self.assertFalse(self.lines(bob))
        row.with_user(self.owner).action_log_again()
        self.assertEqual(len(self.lines(bob)), 1)
