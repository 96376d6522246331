"""Values that a rule sets on new records: chosen from a list, checked when it is saved, never in
the way of the mail."""

from odoo.exceptions import AccessError, ValidationError
from odoo.tests.common import tagged

from .routing_common import RoutingCase


@tagged("post_install", "-at_install")
class TestRuleValues(RoutingCase):
    def values(self, **values):
        return [(0, 0, {"field": name, "value": value}) for name, value in values.items()]

    def opened(self, decision):
        return self.env[decision.link_ids.model].browse(decision.link_ids.res_id)

    def test_every_kind_of_value_arrives_at_the_record(self):
        tags = self.env["res.partner.category"].create([{"name": "Shop"}, {"name": "Fair"}])
        country = self.env.ref("base.be")
        rule = self.rule(
            value_ids=self.values(
                function="Asks: {subject}",
                comment="{sender_name} wrote\n{first_lines}",
                color="7",
                partner_latitude="50.5",
                employee="1",
                type="invoice",
                country_id=str(country.id),
                category_id=f"{tags[0].id},{tags[1].id}",
            )
        )
        body = "We need <b>chairs</b>.\n\nTwelve.\n\n> what you wrote\n"
        partner = self.opened(self.deliver("Chairs?", body=body))
        self.assertEqual(partner.function, "Asks: Chairs?")
        self.assertIn("Bob Buyer wrote", partner.comment)
        self.assertIn("&lt;b&gt;chairs&lt;/b&gt;", partner.comment, "text stays text")
        self.assertNotIn("what you wrote", partner.comment)
        self.assertEqual((partner.color, partner.partner_latitude), (7, 50.5))
        self.assertEqual((partner.employee, partner.type), (True, "invoice"))
        self.assertEqual((partner.country_id, partner.category_id), (country, tags))
        self.assertIn("Country: Belgium", rule.action_words)
        self.assertIn("Asks: ‹subject›", rule.action_words)

    def test_people_of_the_mail_are_set_where_there_are_such(self):
        firm = self.env["res.partner"].create(
            {"name": "Shop", "is_company": True, "email": "info@shop.test"}
        )
        self.env["res.partner"].create(
            {"name": "Eve", "email": "eve@else.test", "parent_id": firm.id}
        )
        rule = self.rule(value_ids=self.values(parent_id="{sender_company}"))
        self.assertIn("‹the sender's company›", rule.action_words)
        self.assertEqual(self.opened(self.deliver()).parent_id, firm)
        stranger = self.opened(self.deliver(sender="x@nowhere.test"))
        self.assertFalse(stranger.parent_id, "nothing to set is no trouble")

    def test_bad_values_are_refused_with_the_field_and_the_reason(self):
        for name, value, said in (
            ("color", "much", "Color Index.*no whole number"),
            ("color", "99999999999", "too large"),
            ("partner_latitude", "nan", "no number"),
            ("type", "planet", "none of its choices"),
            ("country_id", "Belgium", "choose from the list"),
            ("country_id", "999999999", "does not exist"),
            ("function", "{colour}", r"the mail has no \{colour\}; it has \{subject\}"),
            ("employee", "maybe", "neither yes nor no"),
            ("nonsense", "x", "no field that rules set"),
            ("email", "x@y.test", "no field that rules set"),
            ("create_uid", "1", "no field that rules set"),
            ("message_bounce", "1", "no field that rules set"),
            ("user_id", "1", "set above"),
        ):
            trouble = self.assertRaisesRegex(ValidationError, said)
            with self.subTest(name=name, value=value), trouble, self.env.cr.savepoint():
                self.rule(value_ids=self.values(**{name: value}))

    def test_a_value_whose_record_is_gone_is_left_out_and_said(self):
        title = self.env["res.partner.industry"].create({"name": "Doors"})
        rule = self.rule(value_ids=self.values(industry_id=str(title.id), function="Buyer"))
        title.unlink()
        decision = self.deliver()
        self.assertEqual((decision.outcome, self.opened(decision).function), ("created", "Buyer"))
        self.assertIn("Could every value of the rule be set?", decision.why_html)
        self.assertIn("Industry: what was chosen does not exist any more", decision.why_html)
        rule.active = False
        self.rule(name="Held", approval=True, value_ids=self.values(function="Boss"))
        held = self.deliver(sender="ann@ann.test")
        self.assertEqual(held.ruled_text, "Job Position: Boss")
        held.action_approve()
        self.assertEqual(self.opened(held).function, "Boss", "as the rule proposed")

    def test_an_author_sets_nothing_he_could_not_set_himself(self):
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        mine = self.rule(mailbox_id=self.mailbox.id).with_user(self.owner)
        mine.value_ids = self.values(function="Buyer")
        other = self.env["res.company"].create({"name": "Other"})
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            mine.write({"value_ids": self.values(company_id=str(other.id))})
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            mine.env["mailbox.route.value"].create(
                {"route_id": mine.id, "field": "company_id", "value": str(other.id)}
            )
        offered = {one["name"] for one in mine.value_fields["fields"]}
        self.assertIn("function", offered)
        self.assertFalse({"email", "user_id", "message_ids", "active", "id"} & offered)

    def test_the_trial_and_the_preview_show_the_record(self):
        self.deliver("Offer")
        rule = self.rule(active=False, value_ids=self.values(function="Asks: {subject}", color="3"))
        self.assertEqual(rule.preview_record, "Job Position: Asks: Offer · Color Index: 3")
        trial = self.env["mailbox.backtest"].with_user(self.owner).create({"route_id": rule.id})
        trial.action_run()
        self.assertEqual(trial.line_ids.filled, "Job Position: Asks: Offer · Color Index: 3")
        self.assertTrue(trial.fills)

    def test_another_kind_of_record_drops_values_it_has_no_field_for(self):
        rule = self.rule(value_ids=self.values(function="Buyer"))
        draft = rule.new(origin=rule)
        draft.target_model = False
        draft._onchange_target_values()
        self.assertFalse(draft.value_ids)
        self.assertEqual(rule.copy().value_ids.mapped("words"), ["Job Position: Buyer"])
