"""From a delivered mail to a record, with contacts as the target."""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form
from odoo.tests.common import tagged
from odoo.tools import mute_logger

from .routing_common import RoutingCase


@tagged("post_install", "-at_install")
class TestRouting(RoutingCase):
    def test_a_rule_opens_a_record_and_the_mail_is_its_first_line(self):
        rule = self.rule()
        decision = self.deliver("Offer?", cc="Carl <carl@shop.test>", files={"plan.bin": b"\0\1\2"})
        self.assertEqual((decision.outcome, decision.route_id), ("created", rule))
        link = decision.link_ids
        self.assertTrue(link.is_primary and link.opened)
        partner = self.env["res.partner"].browse(link.res_id)
        self.assertEqual((partner.name, partner.email), ("Bob Buyer", "bob@shop.test"))
        line = self.lines(partner)
        self.assertEqual(len(line), 1)
        self.assertEqual(link.mail_message_id, line)
        self.assertEqual(line.message_id, "<1.out@shop.test>")
        self.assertEqual(line.subject, "Offer?")
        self.assertIn("Hello", line.body)
        self.assertEqual(line.date, decision.date.replace(microsecond=0))
        self.assertIn("carl@shop.test", line.incoming_email_cc)
        self.assertEqual(line.attachment_ids.name, "plan.bin")
        self.assertEqual(line.attachment_ids.raw, b"\0\1\2")

    def test_without_a_rule_mail_stays_in_the_mailbox(self):
        decision = self.deliver()
        self.assertEqual((decision.outcome, decision.reason), ("stored", ""))
        self.assertFalse(decision.link_ids)

    def test_history_opens_nothing_unless_somebody_asks(self):
        self.rule()
        count = self.env["res.partner"].search_count([])
        self.assertFalse(self.deliver(age=timedelta(days=3)))
        self.assertEqual(self.env["res.partner"].search_count([]), count)
        row = self.rows(self.mailbox, "stored").popitem()[1]
        row.with_user(self.owner).action_route()
        self.run_jobs()
        self.assertEqual(row.decision_ids.outcome, "created")

    def test_drafts_junk_and_trash_are_no_business(self):
        self.rule()
        self.mailbox.folder_policy = "everything"
        self.run_jobs()
        for folder in ("drafts", "junk", "trash"):
            self.assertFalse(self.deliver(folders=(folder,)), folder)

    def test_doing_it_again_changes_nothing(self):
        self.rule()
        row = self.deliver().message_id
        links = self.env["mailbox.link"].search_count([])
        self.assertEqual(row._job_route(), "nothing to decide")
        row.decision_ids.unlink()
        self.assertEqual(row._job_route(), "1 joined")
        self.assertEqual(self.env["mailbox.link"].search_count([]), links)
        partner = self.env["res.partner"].browse(row.link_ids.res_id)
        self.assertEqual(len(self.lines(partner)), 1)

    def test_the_same_mail_in_two_mailboxes_is_one_record_and_one_line(self):
        self.rule()
        other, world = self.make_mailbox(
            "grace@example.org", owner=self.colleague, routing="company"
        )
        self.start(other)
        first = self.deliver(message_id="<same@shop.test>")
        second = self.deliver(message_id="<same@shop.test>", world=world)
        self.assertEqual(first.link_ids.res_id, second.link_ids.res_id)
        partner = self.env["res.partner"].browse(first.link_ids.res_id)
        self.assertEqual(len(self.lines(partner)), 1)

    def test_a_reply_joins_its_record(self):
        self.rule()
        first = self.deliver()
        self.env["mailbox.route"].search([]).active = False
        reply = self.deliver("Re: Question", in_reply_to="<1.out@shop.test>")
        self.assertEqual((reply.outcome, reply.score), ("joined", 95))
        self.assertEqual(reply.link_ids.res_id, first.link_ids.res_id)
        partner = self.env["res.partner"].browse(first.link_ids.res_id)
        self.assertEqual(
            self.lines(partner).mapped("message_id"), ["<1.out@shop.test>", "<2.out@shop.test>"]
        )
        self.assertEqual(self.lines(partner)[1].author_id, partner)

    def test_an_answer_to_odoos_own_mail_joins_its_record(self):
        partner = self.env["res.partner"].create({"name": "Bob", "email": "Bob@shop.test"})
        sent = partner.message_post(body="Your order", message_type="comment")
        reply = self.deliver("Re: your order", references=f"<x@y> {sent.message_id}")
        self.assertEqual((reply.outcome, reply.score), ("joined", 90))
        self.assertEqual(self.lines(partner).parent_id, sent)

    def test_many_references_are_all_looked_at(self):
        partner = self.env["res.partner"].create({"name": "Bob", "email": "bob@shop.test"})
        sent = partner.message_post(body="Your order", message_type="comment")
        chain = " ".join([sent.message_id, *(f"<{number}@else.test>" for number in range(60))])
        self.assertEqual(self.deliver("Re: old", references=chain).outcome, "joined")

    def test_rules_go_in_order_and_the_last_one_stops(self):
        first = self.rule(name="Skip", action="skip", sequence=1, target_model=False)
        second = self.rule(name="Contacts", sequence=2)
        decision = self.deliver()
        self.assertEqual((decision.outcome, decision.route_id), ("skipped", first))
        self.assertEqual([one["route"] for one in decision.otherwise], [second.id])
        self.assertIn("Contacts", decision.why_html)

    def test_a_condition_is_built_from_lines(self):
        rule = self.rule(
            match="all",
            line_ids=[
                (0, 0, {"field": "domain", "op": "under", "value": "shop.test"}),
                (0, 0, {"field": "subject", "op": "contains", "value": "spam", "negate": True}),
                (0, 0, {"field": "time", "op": "between", "value": "00:00-23:59", "days": "1-7"}),
            ],
        )
        self.assertIn("shop.test", rule.condition_words)
        self.assertEqual(self.deliver("Order").outcome, "created")
        self.assertEqual(self.deliver("SPAM order").outcome, "stored")
        self.assertEqual(self.deliver("Order", sender="x@other.test").outcome, "stored")

    def test_what_makes_no_sense_is_refused_with_the_place(self):
        with self.assertRaisesRegex(ValidationError, r"all\[0\]"):
            self.rule(line_ids=[(0, 0, {"field": "size", "op": "contains", "value": "x"})])
        with self.assertRaisesRegex(ValidationError, "JSON"):
            self.rule(match="advanced", condition="{")
        with self.assertRaisesRegex(ValidationError, "kind of record"):
            self.rule(target_model=False)

    def test_machine_mail_concerns_only_rules_that_ask_for_it(self):
        rule = self.rule()
        decision = self.deliver(list_id="News <news.shop.test>")
        self.assertEqual(decision.outcome, "stored")
        self.assertIn("not asked for such mail", decision.why_html)
        rule.machine = True
        self.assertEqual(self.deliver(list_id="News <news.shop.test>").outcome, "created")

    def test_an_automatic_answer_is_a_note_and_opens_nothing(self):
        self.rule()
        away = {"auto_submitted": "auto-replied"}
        self.assertEqual(self.deliver("Away", **away).outcome, "stored")
        first = self.deliver()
        note = self.deliver("Away", in_reply_to="<2.out@shop.test>", **away)
        self.assertEqual(note.outcome, "noted")
        partner = self.env["res.partner"].browse(first.link_ids.res_id)
        line = self.lines(partner)[-1]
        self.assertEqual(line.subtype_id, self.env.ref("mail.mt_note"))
        self.assertFalse(line.notification_ids)

    def test_a_bounce_marks_the_contact_and_is_a_note(self):
        partner = self.env["res.partner"].create({"name": "Bob", "email": "bob@shop.test"})
        sent = partner.message_post(body="Your order", message_type="comment")
        report = (
            f"Message-ID: <b@mta.test>\nFrom: MAILER-DAEMON@mta.test\nTo: {self.mailbox.address}\n"
            "Subject: Undelivered Mail\nAuto-Submitted: auto-replied\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
            "--b\nContent-Type: text/plain\n\nNobody there.\n"
            "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mta.test\n\n"
            "Final-Recipient: rfc822; bob@shop.test\nAction: failed\nStatus: 5.1.1\n\n"
            f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {sent.message_id}\n\n--b--\n"
        )
        key = self.world.deliver(raw=report.encode(), received_at=self.now() + timedelta(seconds=1))
        self.look(self.mailbox)
        decision = self.rows(self.mailbox)[key].decision_ids
        self.assertEqual((decision.outcome, decision.reason), ("noted", "bounce"))
        self.assertEqual(partner.message_bounce, 1)
        self.assertEqual(self.lines(partner).subtype_id, self.env.ref("mail.mt_note"))

    def test_our_own_answer_from_elsewhere_joins_silently_and_makes_the_contact(self):
        self.mailbox.partner_policy = "replied"
        self.rule()
        first = self.deliver()
        partner = self.env["res.partner"].browse(first.link_ids.res_id)
        answer = self.deliver(
            "Re: Question",
            sender=self.mailbox.address,
            to="Bob <bob@shop.test>, Eve <eve@shop.test>",
            in_reply_to="<1.out@shop.test>",
            folders=("sent",),
        )
        self.assertEqual((answer.outcome, answer.reason), ("noted", "own"))
        self.assertFalse(self.lines(partner)[-1].notification_ids, "the customer has it already")
        self.assertTrue(self.env["res.partner"].search([("email", "=", "eve@shop.test")]))

    def test_a_mark_of_ours_is_a_loop(self):
        self.rule()
        decision = self.deliver(x_loop=self.mailbox.address)
        self.assertEqual((decision.outcome, decision.reason), ("ignored", "loop"))

    def test_a_sender_without_end_is_a_loop(self):
        self.env["ir.config_parameter"].set_param("mail.gateway.loop.threshold", "2")
        self.rule(name="New ones", value_ids=[(0, 0, {"field": "comment", "value": "x"})])
        outcomes = []
        for number in range(4):
            self.env["res.partner"].search([("email", "=", "bob@shop.test")]).email = False
            outcomes.append(self.deliver(f"Offer {number}").outcome)
        self.assertEqual(outcomes, ["created", "created", "ignored", "ignored"])

    def test_a_target_that_refuses_a_mail_does_not_lose_it(self):
        self.rule()

        said = "The company is closed."

        def refuse(partners, values_list):
            raise UserError(said)

        partners = type(self.env["res.partner"])
        with (
            mute_logger("odoo.sql_db", "odoo.addons.mailbox_sync.routing.work"),
            patch.object(partners, "create", refuse),
        ):
            decision = self.deliver()
        self.assertEqual((decision.outcome, decision.reason), ("triage", "failed"))
        self.assertIn("company", decision.why_html)
        self.assertFalse(decision.link_ids)
        decision.record_ref = partner = self.env["res.partner"].create({"name": "Shop"})
        decision.action_merge()
        self.assertEqual((decision.outcome, decision.link_ids.res_id), ("joined", partner.id))

    def test_the_owner_decides_whether_mail_leaves_the_mailbox(self):
        manager = self._new_user("manager")
        manager.group_ids += self.env.ref("mailbox_sync.group_manager")
        self.rule()
        for routing, outcome in (("off", False), ("own", "stored"), ("company", "created")):
            with self.assertRaises(AccessError):
                self.mailbox.with_user(manager).routing = routing
            self.mailbox.with_user(self.owner).routing = routing
            self.assertEqual(self.deliver().outcome, outcome)


@tagged("post_install", "-at_install")
class TestWaiting(RoutingCase):
    def test_a_held_mail_is_approved_as_it_was_changed(self):
        self.rule(approval=True)
        decision = self.deliver()
        self.assertEqual((decision.outcome, decision.target_model), ("held", "res.partner"))
        self.assertFalse(decision.link_ids)
        decision = decision.with_user(self.owner)
        decision.title = "Bob of the shop"
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        decision.action_approve()
        self.assertEqual((decision.outcome, decision.decided_by), ("created", self.owner))
        partner = self.env["res.partner"].browse(decision.link_ids.res_id)
        self.assertEqual(partner.name, "Bob of the shop")
        with self.assertRaises(UserError):
            decision.action_approve()

    def test_a_held_mail_is_merged_or_rejected(self):
        self.rule(approval=True)
        partner = self.env["res.partner"].create({"name": "Shop"})
        first, second = self.deliver(), self.deliver()
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        first = first.with_user(self.owner)
        first.record_ref = partner
        first.action_merge()
        self.assertEqual((first.outcome, first.link_ids.res_id), ("joined", partner.id))
        self.assertEqual(len(self.lines(partner)), 1)
        second.with_user(self.owner).action_reject()
        self.assertEqual((second.outcome, bool(second.link_ids)), ("rejected", False))

    def test_mail_that_waits_says_how_urgent_it_is(self):
        self.rule(approval=True)
        self.assertEqual(self.deliver("URGENT: system down").urgency, "high")
        self.assertEqual(self.deliver("Lunch").urgency, "normal")
        self.env["mailbox.route"].search([]).approval = False
        self.assertFalse(self.deliver("URGENT: again", sender="x@y.test").urgency)

    def test_two_held_mails_of_a_conversation_become_one_record(self):
        self.rule(approval=True)
        first = self.deliver()
        second = self.deliver("Re: Question", in_reply_to="<1.out@shop.test>")
        self.assertEqual((first.outcome, second.outcome), ("held", "held"))
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        first.with_user(self.owner).action_approve()
        second.with_user(self.owner).action_approve()
        self.assertEqual((first.outcome, second.outcome), ("created", "joined"))
        self.assertEqual(first.link_ids.res_id, second.link_ids.res_id)
        partner = self.env["res.partner"].browse(first.link_ids.res_id)
        self.assertEqual(len(self.lines(partner)), 2)

    def test_later_replies_follow_a_merge(self):
        self.mailbox.triage_unmatched = True
        partner = self.env["res.partner"].create({"name": "Shop", "email": "bob@shop.test"})
        waiting = self.deliver()
        self.assertEqual((waiting.outcome, waiting.reason), ("triage", "unmatched"))
        waiting.record_ref = partner
        waiting.with_user(self.env.ref("base.user_admin")).sudo().action_merge()
        reply = self.deliver("Re: Question", in_reply_to="<1.out@shop.test>")
        self.assertEqual((reply.outcome, reply.link_ids.res_id), ("joined", partner.id))

    def test_only_editors_decide_and_only_with_their_own_rights(self):
        self.rule(approval=True)
        decision = self.deliver()
        reader = self._new_user("reader")
        self.env["mailbox.member"].create(
            {"mailbox_id": self.mailbox.id, "user_id": reader.id, "role": "reader"}
        )
        with self.assertRaises(AccessError):
            decision.with_user(reader).action_approve()
        with self.assertRaises(AccessError):
            decision.with_user(self.colleague).action_reject()
        with self.assertRaises(AccessError):
            decision.with_user(self.owner).action_approve()  # who may not create contacts
        with self.assertRaises(AccessError):
            decision.with_user(self.owner).outcome = "created"
        self.assertEqual(decision.outcome, "held")

    def test_a_contact_is_made_when_somebody_agrees(self):
        self.mailbox.partner_policy = "ask"
        decision = self.deliver()
        self.assertEqual(decision.partner_suggestion, '"Bob Buyer" <bob@shop.test>')
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        decision.with_user(self.owner).action_make_partner()
        self.assertTrue(self.env["res.partner"].search([("email", "=", "bob@shop.test")]))
        self.assertFalse(self.deliver(sender="no-reply@shop.test").partner_suggestion)


@tagged("post_install", "-at_install")
class TestBacktest(RoutingCase):
    def test_a_rule_is_tried_without_doing_anything(self):
        first = self.rule(
            name="Offers",
            sequence=1,
            active=False,
            line_ids=[(0, 0, {"field": "subject", "op": "contains", "value": "offer"})],
        )
        self.deliver("Offer")
        self.deliver("Re: Offer", in_reply_to="<1.out@shop.test>")
        self.deliver("Other")
        self.deliver("Offer of a list", list_id="<x.shop.test>")
        self.deliver("Offer", age=timedelta(days=400))
        links = self.env["mailbox.link"].search_count([])
        contacts = self.env["res.partner"].search_count([])
        action = first.with_user(self.owner).action_backtest()
        trial = self.env["mailbox.backtest"].browse(action["res_id"])
        self.assertEqual((trial.looked_at, trial.match_count), (4, 3))
        self.assertEqual(trial.record_count, 1, "a conversation is one record")
        self.assertEqual(trial.conflict_count, 0)
        self.assertEqual(self.env["mailbox.link"].search_count([]), links)
        self.assertEqual(self.env["res.partner"].search_count([]), contacts)
        self.rule(name="Everything", sequence=0)
        trial.with_user(self.owner).action_run()
        self.assertEqual((trial.record_count, trial.conflict_count), (0, 2))

    def test_people_see_only_the_mail_they_may_read(self):
        rule = self.rule()
        self.deliver("Offer")
        for person, count in ((self.owner, 1), (self.colleague, 0)):
            trial = rule.with_user(person).action_backtest()
            self.assertEqual(self.env["mailbox.backtest"].browse(trial["res_id"]).looked_at, count)
            mine = rule.with_user(person)
            mine.invalidate_recordset()
            self.assertEqual(len(mine.preview_ids), count)

    def test_the_preview_follows_the_condition_while_it_is_written(self):
        self.deliver("Offer")
        self.deliver("Other")
        with Form(self.env["mailbox.route"].with_user(self.owner)) as form:
            form.name = "Offers"
            form.mailbox_id = self.mailbox
            form.action = "skip"
            self.assertEqual(len(form.preview_ids), 2)
            with form.line_ids.new() as line:
                line.field = "subject"
                line.op = "is"
                line.value = "offer"
            self.assertEqual(form.preview_ids[:].mapped("subject"), ["Offer"])
        self.assertIn("“offer”", form.record.condition_words)
