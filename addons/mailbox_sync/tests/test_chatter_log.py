"""Mail on contacts: what is logged, what never is, and how it is taken back."""

from odoo.exceptions import AccessError
from odoo.tests.common import tagged

from .routing_common import FORGED, RoutingCase


@tagged("post_install", "-at_install")
class TestChatterLog(RoutingCase):
    def setUp(self):
        super().setUp()
        self.mailbox.log_policy = "known"
        self.bob = self.env["res.partner"].create({"name": "Bob", "email": "bob@shop.test"})

    def test_mail_of_a_known_contact_is_logged_whole_and_quietly(self):
        mails = self.env["mail.mail"].search_count([])
        decision = self.deliver("Offer?", cc="Carl <carl@shop.test>", files={"plan.bin": b"\0\1"})
        self.assertEqual(decision.outcome, "stored")
        line = self.lines(self.bob)
        self.assertEqual((line.author_id, line.subject), (self.bob, "Offer?"))
        self.assertEqual(line.message_id, "<1.out@shop.test>")
        self.assertEqual(line.date, decision.date.replace(microsecond=0))
        self.assertEqual(line.message_type, "email")
        self.assertIn("Hello", line.body)
        self.assertIn("carl@shop.test", line.incoming_email_cc)
        self.assertEqual(line.attachment_ids.raw, b"\0\1")
        self.assertFalse(line.notification_ids)
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)
        row = decision.message_id
        decision.unlink()
        row._job_route()
        self.assertEqual(len(self.lines(self.bob)), 1)

    def test_what_is_never_logged(self):
        self.vouch()
        self.env["res.partner"].create({"name": "Shop robot", "email": "no-reply@shop.test"})
        for reason, mail in (
            ("unknown", {"sender": "eve@else.test"}),
            ("machine", {"list_id": "News <news.shop.test>"}),
            ("colleague", {"sender": "grace@example.org"}),
            ("nobody", {"sender": "no-reply@shop.test"}),
            ("forged", {"verdict": FORGED}),
            ("private", {"sensitivity": "Personal"}),
            ("private", {"sensitivity": "private"}),
        ):
            with self.subTest(reason=reason, **mail):
                self.assertFalse(self.deliver(**mail).message_id.log_ids)
        self.mailbox.log_policy = "never"
        self.assertFalse(self.deliver().message_id.log_ids)
        self.assertFalse(self.lines(self.bob))

    def test_everything_also_means_lists(self):
        self.mailbox.log_policy = "all"
        self.deliver(list_id="News <news.shop.test>")
        self.assertEqual(len(self.lines(self.bob)), 1)

    def test_a_private_folder_and_a_private_conversation_stay_private(self):
        folder = self.mailbox.folder_ids.filtered(lambda one: one.role == "inbox")
        with self.assertRaises(AccessError):
            folder.with_user(self.colleague).action_toggle_private()
        folder.with_user(self.owner).action_toggle_private()
        self.deliver()
        self.assertFalse(self.lines(self.bob))
        folder.with_user(self.owner).action_toggle_private()
        first = self.deliver("Family", message_id="<f@shop.test>").message_id
        self.assertEqual(len(self.lines(self.bob)), 1)
        first.with_user(self.owner).action_withdraw()
        reply = self.deliver("Re: Family", in_reply_to="<f@shop.test>").message_id
        self.assertEqual(reply.conversation_id, first.conversation_id)
        self.assertFalse(self.lines(self.bob), "later mail of the conversation stays out too")
        first.with_user(self.owner).action_log_again()
        self.deliver("Re: Family", in_reply_to="<f@shop.test>")
        self.assertEqual(len(self.lines(self.bob)), 2)

    def test_mail_written_elsewhere_is_logged_as_outgoing_on_contact_and_record(self):
        mails = self.env["mail.mail"].search_count([])
        written = {"sender": self.mailbox.address, "folders": ("sent",)}
        self.deliver("Hello", to="bob@shop.test, eve@else.test", **written)
        line = self.lines(self.bob)
        self.assertEqual(
            (line.message_type, line.author_id), ("email_outgoing", self.owner.partner_id)
        )
        record = self.env["res.partner"].create({"name": "Project", "email": "p@shop.test"})
        sent = record.message_post(body="Plan", message_type="comment")
        decision = self.deliver(
            "Re: Plan", to="bob@shop.test", in_reply_to=sent.message_id, **written
        )
        self.assertEqual(decision.outcome, "noted")
        noted = self.lines(record)
        self.assertEqual(noted.message_type, "email_outgoing")
        self.assertFalse(noted.notification_ids)
        self.assertEqual(len(self.lines(self.bob)), 2)
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)

    def test_replies_join_the_record_and_not_the_contact_it_is_logged_on(self):
        target = self.env["res.partner"].create({"name": "Case 7"})
        rule = self.rule(action="record", target_model=False, record_ref=f"res.partner,{target.id}")
        self.deliver("Case", message_id="<c@shop.test>")
        self.assertEqual((len(self.lines(self.bob)), len(self.lines(target))), (1, 1))
        rule.active = False
        reply = self.deliver("Re: Case", in_reply_to="<c@shop.test>")
        self.assertEqual((reply.outcome, reply.link_ids.res_id), ("joined", target.id))
        newest = self.env["mail.message"].search(
            [("message_id", "=", "<c@shop.test>")], order="id desc", limit=1
        )
        self.assertEqual(newest.res_id, target.id, "what Odoo's own gateway would choose")

    def test_a_mail_that_is_only_logged_draws_no_reply(self):
        self.deliver("Hi", message_id="<h@shop.test>")
        reply = self.deliver("Re: Hi", in_reply_to="<h@shop.test>")
        self.assertEqual(reply.outcome, "stored")
        self.assertFalse(reply.link_ids)

    def test_a_contact_that_is_the_record_gets_the_mail_once(self):
        self.rule()
        decision = self.deliver()
        self.assertEqual(decision.link_ids.res_id, self.bob.id)
        self.assertEqual(len(self.lines(self.bob)), 1)
        self.deliver("Re: Question", in_reply_to="<1.out@shop.test>")
        self.assertEqual(len(self.lines(self.bob)), 2)

    def test_a_rule_logs_where_the_owner_leaves_it_to_rules(self):
        self.mailbox.log_policy = "rule"
        rule = self.rule(
            action="act",
            target_model=False,
            line_ids=[(0, 0, {"field": "subject", "op": "contains", "value": "order"})],
            action_ids=[(0, 0, {"kind": "log"})],
        )
        self.deliver("Hello")
        self.assertFalse(self.lines(self.bob))
        decision = self.deliver("Order 9")
        self.assertEqual(self.lines(self.bob).subject, "Order 9")
        self.assertEqual(
            (decision.execution_ids.state, decision.execution_ids.detail), ("done", "Bob")
        )
        self.assertEqual(self.deliver("Order", sender="x@y.test").execution_ids.state, "refused")
        self.mailbox.log_policy = "never"
        refused = self.deliver("Order 10").execution_ids
        self.assertEqual(refused.state, "refused")
        self.assertIn("owner", refused.detail)
        self.assertTrue(rule.action_ids.words)

    def test_what_was_logged_can_be_withdrawn_and_put_back(self):
        target = self.env["res.partner"].create({"name": "Case 7"})
        self.rule(action="record", target_model=False, record_ref=f"res.partner,{target.id}")
        row = self.deliver("Secret", files={"plan.bin": b"\0\1"}).message_id
        files = (self.lines(self.bob) | self.lines(target)).attachment_ids
        self.assertEqual(len(files), 2)
        with self.assertRaises(AccessError):
            row.with_user(self.colleague).action_withdraw()
        mine = row.with_user(self.owner)
        self.assertTrue(mine.in_chatter and mine.may_decide)
        mine.action_withdraw()
        self.assertFalse(self.lines(self.bob) | self.lines(target))
        self.assertFalse(files.exists(), "the files went too")
        self.assertTrue(row.is_private)
        event = self.env["mailbox.event"].search([("kind", "=", "log.withdrawn")])
        self.assertEqual((event.user_id, event.mailbox_id), (self.owner, self.mailbox))
        mine.action_log_again()
        self.assertEqual((len(self.lines(self.bob)), len(self.lines(target))), (1, 1))
        self.assertEqual(self.lines(target).attachment_ids.raw, b"\0\1")
        self.assertTrue(self.env["mailbox.event"].search([("kind", "=", "log.restored")]))

    def colleagues_copy(self, **mail):
        """The same mail in two mailboxes that both log; both rows."""
        box, world = self.make_mailbox(
            "two@example.com", owner=self.colleague, routing="own", log_policy="known"
        )
        self.start(box)
        first = self.deliver("Offer", message_id="<two@shop.test>", **mail).message_id
        second = self.deliver("Offer", message_id="<two@shop.test>", world=world).message_id
        return first, second

    def test_a_mail_in_two_mailboxes_is_one_line_and_both_say_so(self):
        first, second = self.colleagues_copy(files={"plan.bin": b"\0\1"})
        line = self.lines(self.bob)
        self.assertEqual(len(line), 1)
        self.assertEqual(
            (first.log_ids.mail_message_id, second.log_ids.mail_message_id), (line,) * 2
        )
        self.assertTrue(second.with_user(self.colleague).in_chatter)
        first.with_user(self.owner).action_withdraw()
        self.assertFalse(self.lines(self.bob))
        self.assertTrue(second.log_ids.withdrawn, "the colleague sees what became of it")
        first.with_user(self.owner).action_log_again()
        self.assertEqual(second.log_ids.mail_message_id, self.lines(self.bob))

    def test_what_one_withdrew_a_colleagues_copy_does_not_log_again(self):
        first = self.deliver("Offer", message_id="<two@shop.test>").message_id
        first.with_user(self.owner).action_withdraw()
        _first, second = self.colleagues_copy()
        self.assertFalse(self.lines(self.bob))
        self.assertTrue(second.log_ids.withdrawn)

    def test_many_are_withdrawn_and_put_back_from_the_list(self):
        rows = self.env["mailbox.message"]
        for number in range(3):
            rows |= self.deliver(f"Mail {number}").message_id
        rows |= self.deliver(sender="eve@else.test").message_id
        action = self.env.ref("mailbox_sync.mailbox_message_action_withdraw")
        context = {"active_model": rows._name, "active_ids": rows.ids}
        with self.assertRaises(AccessError):
            action.with_user(self.colleague).with_context(**context).run()
        told = action.with_user(self.owner).with_context(**context).run()
        self.assertIn("withdrawn: 3", told["params"]["message"])
        self.assertFalse(self.lines(self.bob))
        again = self.env.ref("mailbox_sync.mailbox_message_action_log_again")
        again.with_user(self.owner).with_context(**context).run()
        self.assertEqual(len(self.lines(self.bob)), 3)
        self.assertFalse(rows[-1].is_private, "what stood nowhere was left alone")

    def purge(self, withdraw):
        self.mailbox._purge_mail(withdraw)
        while self.mailbox._job_purge(withdraw) != "done":
            self.env.flush_all()
            self.env.invalidate_all()

    def test_when_the_mailbox_is_emptied_the_line_stays_and_draws_no_replies(self):
        self.deliver("Hi", message_id="<h@shop.test>")
        self.purge(False)
        line = self.lines(self.bob)
        self.assertEqual(len(line), 1)
        log = self.env["mailbox.log"].search([("mail_message_id", "=", line.id)])
        self.assertEqual((len(log), len(log.message_id)), (1, 0))
        box, world = self.make_mailbox("two@example.com", routing="company")
        self.start(box)
        self.assertFalse(self.deliver("Re: Hi", in_reply_to="<h@shop.test>", world=world).link_ids)

    def test_when_the_mailbox_is_emptied_its_lines_may_go_but_not_those_of_colleagues(self):
        first, second = self.colleagues_copy()
        self.deliver("Only mine", files={"plan.bin": b"\0\1"})
        files = self.lines(self.bob).attachment_ids
        self.purge(True)
        self.assertFalse(first.exists() or files.exists())
        self.assertEqual(self.lines(self.bob), second.log_ids.mail_message_id)
        self.assertEqual(self.lines(self.bob).subject, "Offer")

    def test_only_the_owner_says_what_is_logged(self):
        manager = self._new_user("manager")
        manager.group_ids += self.env.ref("mailbox_sync.group_manager")
        with self.assertRaises(AccessError):
            self.mailbox.with_user(manager).log_policy = "all"
        self.mailbox.with_user(self.owner).log_policy = "all"
