"""The editor of rules: joined conditions, copies, and what a trial on past mail tells."""

import json

from odoo.exceptions import AccessError, ValidationError
from odoo.tests.common import tagged

from .routing_common import RoutingCase

#: Long enough for a call.
SECRET = "a secret that nobody guesses"


@tagged("post_install", "-at_install")
class TestRuleEditor(RoutingCase):
    def lines_of(self, *conditions):
        return [
            (0, 0, {"sequence": place, "field": "subject", "op": "contains", **one})
            for place, one in enumerate(conditions)
        ]

    def test_conditions_are_joined_with_the_line_above(self):
        rule = self.rule(
            line_ids=self.lines_of(
                {"value": "offer"},
                {"value": "quote", "joined": True},
                {"value": "spam", "negate": True},
            )
        )
        offer, quote, spam = (
            {"field": "subject", "op": "contains", "value": word}
            for word in ("offer", "quote", "spam")
        )
        self.assertEqual(
            json.loads(rule.condition), {"all": [{"any": [offer, quote]}, {"not": spam}]}
        )
        self.assertIn(
            "(subject contains “offer” or subject contains “quote”) and not", rule.condition_words
        )
        for subject, outcome in (
            ("Your quote", "created"),
            ("Offer", "created"),
            ("Quote, no spam", "stored"),
            ("Lunch", "stored"),
        ):
            sender = f"{subject[:2]}@{len(subject)}.test"
            self.assertEqual(self.deliver(subject, sender=sender).outcome, outcome, subject)
        rule.match = "any"
        self.assertEqual(
            json.loads(rule.condition), {"any": [{"all": [offer, quote]}, {"not": spam}]}
        )

    def test_the_first_line_is_joined_with_nothing(self):
        rule = self.rule(line_ids=self.lines_of({"value": "offer", "joined": True}))
        self.assertEqual(
            json.loads(rule.condition),
            {"all": [{"field": "subject", "op": "contains", "value": "offer"}]},
        )

    def test_a_condition_that_makes_no_sense_is_refused_however_it_is_written(self):
        rule = self.rule(line_ids=self.lines_of({"value": "offer"}))
        for write in (
            lambda: rule.line_ids.write({"field": "size"}),
            lambda: rule.write({"line_ids": [(1, rule.line_ids.id, {"field": "size"})]}),
            lambda: rule.write({"line_ids": self.lines_of({"field": "size", "value": "big"})}),
        ):
            with self.assertRaisesRegex(ValidationError, "Contacts"), self.env.cr.savepoint():
                write()
                self.env.flush_all()

    def test_a_copy_is_off_and_complete(self):
        rule = self.rule(line_ids=self.lines_of({"value": "offer"}))
        self.env["mailbox.route.action"].create(
            [
                {"route_id": rule.id, "kind": "tag", "value": "Shop"},
                {
                    "route_id": rule.id,
                    "kind": "webhook",
                    "url": "https://8.8.8.8/hook",
                    "new_secret": SECRET,
                },
            ]
        )
        copied = rule.copy()
        self.assertEqual((copied.name, copied.active), ("Contacts (copy)", False))
        self.assertEqual(copied.condition, rule.condition)
        self.assertEqual(copied.action_ids.mapped("kind"), ["tag", "webhook"])
        self.assertEqual(copied.action_ids[1]._open_secret(), SECRET)
        self.assertNotIn(SECRET, str(rule.action_ids.copy_data()))

    def test_a_rule_that_asks_the_same_is_named(self):
        first = self.rule(line_ids=self.lines_of({"value": "offer"}))
        second = self.rule(line_ids=self.lines_of({"value": "offer"}))
        self.assertEqual(second.same_id, first)
        second.line_ids.value = "quote"
        self.assertFalse(second.same_id)
        self.assertFalse(self.rule(mailbox_id=self.mailbox.id, match="any").same_id)

    def test_a_salesperson_makes_rules_for_the_own_mailbox(self):
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        routes = self.env["mailbox.route"].with_user(self.owner)
        values = {"name": "Mine", "target_model": "res.partner"}
        rule = routes.create(values)
        self.assertEqual(rule.mailbox_id, self.mailbox)
        self.assertFalse(self.env["mailbox.route"].create(values).mailbox_id)
        with self.assertRaisesRegex(AccessError, "Choose one of your mailboxes"):
            routes.create({**values, "mailbox_id": False})
        with self.assertRaisesRegex(AccessError, "Choose one of your mailboxes"):
            rule.mailbox_id = False
        with self.assertRaisesRegex(AccessError, "Choose one of your mailboxes"):
            routes.with_user(self.colleague).create(values)

    def test_a_rule_is_taught_from_a_message_and_from_a_label(self):
        row = self.deliver("Offer", sender="eve@shop.test").message_id.with_user(self.owner)
        taught = row.action_teach()["context"]
        self.assertEqual(taught["default_line_ids"][0][2]["value"], "shop.test")
        self.assertEqual(taught["default_action"], "skip", "nothing was opened")
        row.sudo().decision_ids.unlink()
        self.owner.mailbox_default_model = "res.partner"
        taught = row.action_teach()["context"]
        self.assertEqual(taught["default_target_model"], "res.partner")
        inbox = self.mailbox.folder_ids.filtered(lambda one: one.role == "inbox")
        taught = inbox.with_user(self.owner).action_teach()["context"]
        rule = self.rule(
            name=taught["default_name"],
            line_ids=taught["default_line_ids"],
            mailbox_id=taught["default_mailbox_id"],
        )
        self.assertEqual(self.deliver("Any").route_id, rule)
        for record in (row, inbox):
            with self.assertRaises(AccessError):
                record.with_user(self.colleague).action_teach()

    def test_why_here_says_a_denial_as_one(self):
        self.rule(
            line_ids=self.lines_of({"value": "offer"}, {"value": "spam", "negate": True}),
        )
        why = str(self.deliver("Offer").why_html)
        self.assertIn("yes, not (subject contains “spam”): Offer", why)
        self.assertNotIn("no: ", why)
        refused = str(self.deliver("Offer of spam", sender="x@y.test").why_html)
        self.assertIn("no: not (subject contains “spam”), but found “Offer of spam”", refused)


@tagged("post_install", "-at_install")
class TestRuleOrder(RoutingCase):
    def setUp(self):
        super().setUp()
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        self.first, self.second = (self.rule(name=name) for name in ("First", "Second"))
        self.mine, self.other = (
            self.rule(name=name, mailbox_id=self.mailbox.id) for name in ("Mine", "Other")
        )

    def drag(self, *rules):
        """What a list does when somebody drops a row; the names in their order then."""
        rules = self.env["mailbox.route"].concat(*rules).with_user(self.owner)
        rules.web_resequence({"sequence": {}}, offset=min(rules.mapped("sequence")))
        self.env.invalidate_all()
        every = self.first | self.second | self.mine | self.other
        return every.sorted(lambda one: (one.sequence, one.id)).mapped("name")

    def test_own_rules_are_dragged_between_those_of_the_company(self):
        self.assertEqual(
            self.drag(self.first, self.mine, self.second), ["First", "Mine", "Second", "Other"]
        )
        self.assertEqual(
            self.drag(self.other, self.first, self.mine), ["Other", "First", "Mine", "Second"]
        )
        self.assertEqual(self.deliver("Offer").route_id, self.other, "mail obeys the new order")

    def test_rules_of_the_company_stay_for_those_who_may_not_change_them(self):
        with self.assertRaisesRegex(AccessError, "not yours to change"):
            self.drag(self.second, self.first, self.mine)


@tagged("post_install", "-at_install")
class TestTrial(RoutingCase):
    def try_rule(self, rule):
        test = self.env["mailbox.backtest"].with_user(self.owner).create({"route_id": rule.id})
        test.action_run()
        return test

    def test_a_rule_that_takes_mail_from_another_says_so(self):
        self.rule(name="Everything", sequence=50)
        self.deliver("Offer")
        line = {"field": "subject", "op": "contains", "value": "offer"}
        early = self.rule(name="Early", sequence=1, active=False, line_ids=[(0, 0, line)])
        test = self.try_rule(early)
        self.assertEqual((test.match_count, test.conflict_count), (1, 1))
        self.assertEqual(test.line_ids.conflict, "takes it from “Everything”")
        early.sequence = 99
        self.assertEqual(self.try_rule(early).line_ids.conflict, "“Everything” comes first")

    def test_what_people_did_later_is_named(self):
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        held = self.rule(name="Held", approval=True)
        approved, rejected, merged = (
            self.deliver("Offer", sender=f"{name}@{name}.test") for name in ("ann", "bea", "cid")
        )
        approved.with_user(self.owner).action_approve()
        rejected.with_user(self.owner).action_reject()
        carl = self.env["res.partner"].create({"name": "Carl"})
        merged.with_user(self.owner).record_ref = carl
        merged.with_user(self.owner).action_merge()
        held.active = False
        test = self.try_rule(self.rule(name="At once", active=False))
        said = {line.from_email: line.correction for line in test.line_ids}
        self.assertEqual(
            said,
            {
                "ann@ann.test": "",
                "bea@bea.test": "left in the mailbox",
                "cid@cid.test": "added to Contact: Carl",
            },
        )
        self.assertEqual(test.disagree_count, 2)
        skips = self.rule(name="Skip", action="skip", target_model=False, active=False)
        said = {line.from_email: line.correction for line in self.try_rule(skips).line_ids}
        self.assertFalse(said["bea@bea.test"], "the person left it there as well")
        self.assertIn("opened by hand: Contact", said["ann@ann.test"])

    def test_a_record_that_somebody_deleted_speaks_against_the_rule(self):
        rule = self.rule()
        decision = self.deliver("Offer")
        self.env["res.partner"].browse(decision.link_ids.res_id).unlink()
        test = self.try_rule(rule)
        self.assertEqual(test.line_ids.correction, "its record was deleted")
