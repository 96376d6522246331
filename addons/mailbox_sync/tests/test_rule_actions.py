"""What rules do beside opening a record: each once for every mail, and nothing in a back-test."""

from datetime import timedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests.common import tagged
from odoo.tools import mute_logger

from ..routing import facts
from ..routing.actions import KINDS
from .routing_common import FORGED, RoutingCase

#: A complete line for each kind, where nothing of the test is needed.
PLAIN = {
    "tag": {"value": "Reseller"},
    "priority": {"level": "high"},
    "forward": {"address": "accounting@else.test"},
}


@tagged("post_install", "-at_install")
class TestRuleActions(RoutingCase):
    def then(self, kind, route=None, **values):
        """A rule with one further action; the action."""
        route = route or self.rule()
        return self.env["mailbox.route.action"].create(
            {"route_id": route.id, "kind": kind, **PLAIN.get(kind, {}), **values}
        )

    def partner_of(self, decision):
        return self.env["res.partner"].browse(decision.link_ids.res_id)

    def again(self, decision):
        """Route the mail of a decision once more."""
        row = decision.message_id
        decision.unlink()
        row._job_route()
        return row

    def test_tags_are_put_on_once_and_made_when_missing(self):
        known = self.env["res.partner.category"].create({"name": "Shop"})
        self.then("tag", value="shop, Reseller 100%")
        decision = self.deliver()
        partner = self.partner_of(decision)
        self.assertEqual(partner.category_id.mapped("name"), ["Reseller 100%", "Shop"])
        self.assertIn(known, partner.category_id)
        execution = decision.execution_ids
        self.assertEqual(
            (execution.kind, execution.state, execution.res_id), ("tag", "done", partner.id)
        )
        partner.category_id = False
        row = self.again(decision)
        self.assertFalse(partner.category_id, "somebody took it away: it stays away")
        self.assertEqual(len(row.execution_ids), 1)

    def test_people_get_records_in_turn(self):
        self.then("assign", user_ids=[(6, 0, (self.owner | self.colleague).ids)])
        seen = [
            self.partner_of(self.deliver(sender=f"a{number}@shop.test")).user_id
            for number in range(4)
        ]
        first, second = (self.owner | self.colleague).sorted("id")
        self.assertEqual(seen, [first, second, first, second])

    def test_an_activity_is_scheduled_once_for_the_person_named(self):
        self.then("activity", value="Call back", days=2, user_ids=[(4, self.colleague.id)])
        decision = self.deliver()
        activity = self.partner_of(decision).activity_ids
        self.assertEqual((activity.summary, activity.user_id), ("Call back", self.colleague))
        self.assertEqual(activity.date_deadline, self.now().date() + timedelta(days=2))
        self.again(decision)
        self.assertEqual(len(activity.search([("summary", "=", "Call back")])), 1)

    def test_people_are_told_sender_and_subject_once(self):
        route = self.rule(action="act", target_model=False)
        self.then("notify", route, user_ids=[(4, self.colleague.id)])
        decision = self.deliver("Fire", body="Secret details\n")
        self.assertEqual((decision.outcome, decision.route_id), ("acted", route))
        told = self.env["mail.message"].search(
            [("partner_ids", "in", self.colleague.partner_id.ids), ("subject", "like", "Fire")]
        )
        self.assertEqual(len(told), 1)
        self.assertIn("Bob Buyer", told.body)
        self.assertNotIn("Secret", told.body)
        self.again(decision)
        self.assertEqual(told.search_count([("subject", "=", told.subject)]), 1)

    def test_a_notification_that_comes_home_makes_no_other(self):
        route = self.rule(action="act", target_model=False)
        self.then("notify", route, user_ids=[(4, self.owner.id)])
        told = self.env["mail.thread"].message_notify(
            partner_ids=self.owner.partner_id.ids, body="Hello", subject="From Odoo"
        )
        decision = self.deliver("From Odoo", message_id=told.message_id)
        self.assertFalse(decision.execution_ids)

    def test_a_channel_gets_the_mail_with_its_files(self):
        channel = self.env["discuss.channel"].create({"name": "Orders"})
        self.then("channel", channel_id=channel.id)
        decision = self.deliver("Order 7", files={"plan.bin": b"\0\1"})
        post = channel.message_ids.filtered(lambda one: one.subject == "Order 7")
        self.assertEqual(len(post), 1)
        self.assertIn("Hello", post.body)
        self.assertEqual(post.attachment_ids.raw, b"\0\1")
        self.assertEqual(post.author_id, self.partner_of(decision))
        self.again(decision)
        self.assertEqual(len(channel.message_ids.filtered("subject")), 1)

    def test_a_channel_must_be_open_to_the_author(self):
        channel = self.env["discuss.channel"].create({"name": "Board", "channel_type": "group"})
        route = self.rule(action="skip", target_model=False, mailbox_id=self.mailbox.id)
        with self.assertRaises(AccessError):
            self.env["mailbox.route.action"].with_user(self.owner).create(
                {"route_id": route.id, "kind": "channel", "channel_id": channel.id}
            )

    def test_a_mail_is_forwarded_once_with_marks_against_loops(self):
        self.then("forward", self.rule(action="act", target_model=False))
        decision = self.deliver("Invoice 5", files={"i.pdf": b"%PDF"}, cc="c@shop.test")
        mail = self.env["mail.mail"].search([("subject", "=", "Fwd: Invoice 5")])
        self.assertEqual(len(mail), 1)
        self.assertEqual((mail.state, mail.email_to), ("outgoing", "accounting@else.test"))
        self.assertIn("bob@shop.test", mail.reply_to)
        self.assertIn("Hello", mail.body_html)
        self.assertIn("c@shop.test", mail.body_html)
        self.assertEqual(mail.attachment_ids.raw, b"%PDF")
        self.assertIn(f"'X-Loop': '{self.mailbox.address}'", mail.headers)
        self.assertIn("'Auto-Submitted': 'auto-generated'", mail.headers)
        self.again(decision)
        self.assertEqual(mail.search_count([("subject", "=", "Fwd: Invoice 5")]), 1)

    def test_a_forwarded_mail_is_not_forwarded_again_or_back(self):
        route = self.rule(action="act", target_model=False, machine=True)
        action = self.then("forward", route)
        decision = self.deliver("Hop", x_loop="grace@example.org")
        self.assertEqual(decision.execution_ids.state, "refused")
        action.address = "bob@shop.test"
        self.assertEqual(self.deliver("Back").execution_ids.state, "refused")
        self.assertFalse(self.env["mail.mail"].search([("subject", "like", "Fwd:")]))

    def test_the_same_mail_in_two_mailboxes_is_acted_on_once(self):
        self.then("forward", self.rule(action="act", target_model=False))
        other, world = self.make_mailbox(
            "grace@example.org", owner=self.colleague, routing="company"
        )
        self.start(other)
        self.deliver("Both", message_id="<same@shop.test>")
        self.deliver("Both", message_id="<same@shop.test>", world=world)
        self.assertEqual(self.env["mail.mail"].search_count([("subject", "=", "Fwd: Both")]), 1)

    def test_nothing_is_done_for_the_forged(self):
        self.vouch()
        self.then("forward", self.rule(action="act", target_model=False))
        decision = self.deliver("Pay", sender="boss@example.com", verdict=FORGED)
        self.assertEqual((decision.outcome, decision.reason), ("triage", "forged"))
        self.assertFalse(decision.execution_ids)

    def test_replies_only_where_the_rule_wants_them(self):
        rule = self.rule()
        self.then("tag", rule)
        partner = self.partner_of(self.deliver())
        partner.category_id = False
        self.deliver("Re: Question", in_reply_to="<1.out@shop.test>")
        self.assertFalse(partner.category_id)
        rule.on_reply = True
        reply = self.deliver("Re: Question", in_reply_to="<1.out@shop.test>")
        self.assertEqual(reply.outcome, "joined")
        self.assertEqual(partner.category_id.name, "Reseller")

    def test_what_is_held_is_acted_on_when_it_is_approved(self):
        self.then("tag", self.rule(approval=True))
        decision = self.deliver()
        self.assertFalse(decision.execution_ids)
        decision.action_approve()
        self.assertEqual(self.partner_of(decision).category_id.name, "Reseller")

    def test_an_action_that_fails_says_so_and_stops_nothing(self):
        rule = self.rule()
        action = self.then("tag", rule)
        self.then("forward", rule, sequence=20)

        def fail(*_args):
            raise UserError(self.env._("No tags today."))

        self.patch(KINDS["tag"], "run", fail)
        with mute_logger("odoo.addons.mailbox_sync.routing.actions.desk"):
            decision = self.deliver()
        self.assertEqual(decision.outcome, "created")
        failed = decision.execution_ids.filtered(lambda one: one.action_id == action)
        self.assertEqual((failed.state, failed.detail), ("failed", "No tags today."))
        self.assertEqual((decision.execution_ids - failed).state, "done")

    def test_what_makes_no_sense_is_refused_when_it_is_written(self):
        for kind, values, said in (
            ("tag", {"value": " , "}, "tags"),
            ("priority", {}, "no priority"),
            ("assign", {}, "choose who gets it"),
            ("notify", {}, "whom to notify"),
            ("channel", {}, "choose the channel"),
            ("forward", {"address": "nobody"}, "addresses"),
            ("webhook", {}, "address to call"),
        ):
            with self.subTest(kind=kind), self.assertRaisesRegex(ValidationError, said):
                self.then(kind, **values)
        with self.assertRaisesRegex(ValidationError, "forward to itself"):
            self.then(
                "forward",
                self.rule(mailbox_id=self.mailbox.id),
                address=self.mailbox.address,
            )
        with self.assertRaisesRegex(ValidationError, "no record for it"):
            self.then("tag", self.rule(action="skip", target_model=False))

    def test_a_backtest_tells_what_would_be_done_and_does_nothing(self):
        self.deliver("Past", age=timedelta(days=2))
        route = self.rule(action="act", target_model=False)
        channel = self.env["discuss.channel"].create({"name": "Orders"})
        for kind, values in (
            ("forward", {}),
            ("channel", {"channel_id": channel.id}),
            ("notify", {"user_ids": [(4, self.colleague.id)]}),
        ):
            self.then(kind, route, **values)
        route = route.with_user(self.owner)
        test = self.env["mailbox.backtest"].with_user(self.owner).create({"route_id": route.id})
        before = self.env["mail.mail"].search_count([])
        test.action_run()
        line = test.line_ids
        self.assertEqual(line.effect, "act")
        for said in ("forward to: accounting@else.test", "post to: Orders", "notify: Grace"):
            self.assertIn(said, line.would)
        self.assertEqual(self.env["mail.mail"].search_count([]), before)
        self.assertFalse(self.env["mailbox.route.execution"].search([]))
        self.assertFalse(channel.message_ids.filtered(lambda one: one.subject == "Past"))

    def test_every_kind_says_what_it_would_do(self):
        route = self.rule()
        for kind, module in KINDS.items():
            action = self.env["mailbox.route.action"].new({"route_id": route.id, "kind": kind})
            self.assertTrue(module.say(action), kind)
            self.assertTrue(module.label(self.env))

    def test_the_rule_tells_everything_it_does(self):
        rule = self.rule()
        self.then("tag", rule)
        self.assertEqual(rule.action_words, "Open: Contact · tag: Reseller")
        rule.write({"action": "act", "on_reply": True})
        self.assertEqual(rule.action_words, "tag: Reseller")

    def test_why_here_shows_what_was_done(self):
        self.then("tag")
        decision = self.deliver()
        seen = decision.with_user(self.owner)
        self.assertEqual(seen.execution_ids.mapped("detail"), ["Reseller"])
        self.assertEqual(facts.mail_of(decision.message_id).key, decision.execution_ids.rfc_id)
        with self.assertRaises(AccessError):
            decision.execution_ids.with_user(self.colleague).read(["detail"])
