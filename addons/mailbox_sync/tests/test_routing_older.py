"""Mail from before the mailbox was connected: harmless, looked at, routed, taken back."""

from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged

from mailbox_core.rules import stages

from ..routing import facts, older
from .routing_common import RoutingCase

OLD = timedelta(days=3)


@tagged("post_install", "-at_install")
class TestOlder(RoutingCase):
    def setUp(self):
        super().setUp()
        self.partners = self.env["res.partner"].search_count([])

    def made(self):
        return self.env["res.partner"].search_count([]) - self.partners

    def history(self):
        """Two conversations, one of them with an answer, and a newsletter; all old."""
        self.deliver("Doors", sender="Bob <bob@shop.test>", age=OLD)
        self.deliver(
            "Re: Doors", sender="Bob <bob@shop.test>", age=OLD, in_reply_to="<1.out@shop.test>"
        )
        self.deliver("Windows", sender="Eve <eve@glass.test>", age=OLD)
        self.deliver("News", list_id="News <news.shop.test>", age=OLD)

    def run_of(self, **values):
        action = self.mailbox.with_user(self.owner).action_older()
        run = self.env["mailbox.older"].browse(action["res_id"]).with_user(self.owner)
        if values:
            run.write(values)
        return run

    def look(self, *args):
        if args:
            return super().look(*args)
        run = self.run_of()
        run.action_look()
        self.run_jobs()
        return run

    def test_history_is_harmless_and_the_look_changes_nothing(self):
        rule = self.rule()
        self.history()
        links = self.env["mailbox.link"].search_count([])
        run = self.look()
        self.assertEqual((run.state, run.total, run.seen), ("ready", 4, 4))
        self.assertEqual((run.record_count, run.left_count), (2, 1))
        line = run.line_ids
        self.assertEqual((line.route_id, line.match_count, line.record_count), (rule, 3, 2))
        self.assertEqual(self.made(), 0)
        self.assertEqual(self.env["mailbox.link"].search_count([]), links)
        self.assertFalse(self.mailbox.sudo().env["mailbox.decision"].search([]))

    def test_what_was_announced_happens_and_nobody_is_told(self):
        template = self.env["mail.template"].create(
            {"name": "Ack", "model_id": self.env.ref("base.model_res_partner").id, "subject": "!"}
        )
        self.rule(acknowledge_id=template.id)
        self.history()
        sent = self.env["mail.mail"].search_count([("state", "=", "outgoing")])
        run = self.look()
        run.action_run()
        self.run_jobs()
        self.assertEqual((run.state, run.opened_count), ("done", run.record_count))
        self.assertEqual(self.made(), 2)
        self.assertEqual(self.env["mail.mail"].search_count([("state", "=", "outgoing")]), sent)
        self.assertFalse(self.env["mailbox.automatic"].search([]))
        bob = self.env["res.partner"].search([("email", "=", "bob@shop.test")])
        self.assertEqual(len(self.lines(bob)), 2, "the answer found the record of the first mail")

    def test_mail_that_others_write_meanwhile_does_not_go_out(self):
        mail = older.quiet(self.env["mail.mail"]).create({"email_to": "bob@shop.test"})
        self.assertEqual(mail.state, "cancel")
        self.assertEqual(self.env["mail.mail"].create({"email_to": "x@y.test"}).state, "outgoing")

    def test_answers_are_sent_if_somebody_wants_it(self):
        template = self.env["mail.template"].create(
            {"name": "Ack", "model_id": self.env.ref("base.model_res_partner").id, "subject": "!"}
        )
        self.rule(acknowledge_id=template.id)
        self.history()
        self.run_of(send=True)
        self.look().action_run()
        self.run_jobs()
        self.assertEqual(
            set(self.env["mailbox.automatic"].search([]).mapped("address")),
            {"bob@shop.test", "eve@glass.test"},
        )

    def test_it_is_taken_back_but_not_what_somebody_works_with(self):
        self.rule()
        self.history()
        run = self.look()
        run.action_run()
        self.run_jobs()
        bob = self.env["res.partner"].search([("email", "=", "bob@shop.test")])
        eve = self.env["res.partner"].search([("email", "=", "eve@glass.test")])
        eve.with_user(self.env.ref("base.user_admin")).comment = "A good customer"
        run.action_undo()
        self.run_jobs()
        self.assertEqual(run.state, "undone")
        self.assertFalse(bob.exists())
        self.assertTrue(eve.exists())
        self.assertEqual(run.kept_count, 1)
        self.assertEqual(run.undone_count, 3)
        self.assertEqual(self.made(), 1)
        again = self.look()
        self.assertEqual((again.total, again.record_count), (3, 1))

    def test_much_mail_of_one_sender_is_no_loop(self):
        self.history()
        row = self.rows(self.mailbox, "stored").popitem()[1]
        self.assertNotEqual(_history(row), stages.History(), "new mail has a limit")
        self.assertEqual(_history(older.quiet(row)), stages.History())

    def test_it_stops_and_goes_on(self):
        self.rule()
        self.history()
        run = self.look()
        run.action_run()
        run.action_stop()
        self.run_jobs()
        self.assertEqual((run.state, self.made()), ("stopped", 0))
        with self.assertRaises(UserError):
            run.sudo().write({"state": "running"})
            run.since = "2020-01-01"
        run.sudo().state = "stopped"
        run.action_run()
        self.run_jobs()
        self.assertEqual((run.state, self.made()), ("done", 2))

    def test_only_mail_of_the_chosen_time(self):
        self.rule()
        self.deliver("Very old", sender="Old <old@shop.test>", age=timedelta(days=30))
        self.history()
        run = self.run_of(since=self.now().date() - timedelta(days=5))
        run.action_look()
        self.run_jobs()
        self.assertEqual(run.total, 4)

    def test_only_editors_ask_and_only_if_mail_may_leave(self):
        with self.assertRaises(AccessError):
            self.mailbox.with_user(self.colleague).action_older()
        run = self.run_of()
        with self.assertRaises(AccessError):
            run.with_user(self.colleague).action_look()
        with self.assertRaises(AccessError):
            run.write({"state": "done"})
        self.mailbox.routing = "off"
        with self.assertRaisesRegex(UserError, "Nothing leaves"):
            self.mailbox.with_user(self.owner).action_older()


@tagged("post_install", "-at_install")
class TestArchive(RoutingCase):
    """Old mail that comes after the mailbox was connected, and new mail that only looks old."""

    def setUp(self):
        super().setUp()
        template = self.env["mail.template"].create(
            {"name": "Ack", "model_id": self.env.ref("base.model_res_partner").id, "subject": "!"}
        )
        self.rule(acknowledge_id=template.id)
        self.partners = self.env["res.partner"].search_count([])

    def made(self):
        return self.env["res.partner"].search_count([]) - self.partners

    def sent(self):
        return self.env["mailbox.automatic"].search_count([("mailbox_id", "=", False)])

    def received(self, **ago):
        at = self.now() - timedelta(**ago)
        stamp = at.strftime("%a, %d %b %Y %H:%M:%S +0000")
        return f"from mx.shop.test by mx.memory.test with ESMTPS id 7; {stamp}"

    def arrive(self, subject="Doors", sender="bob@shop.test", **headers):
        raw = self.mail(subject, sender=sender, **headers)
        key = self.world.deliver(raw=raw, folders=("inbox",), received_at=self.now())
        self.look(self.mailbox)
        return self.rows(self.mailbox)[key]

    def test_an_archive_put_in_later_opens_and_answers_nothing(self):
        rows = [
            self.arrive(sender=f"{n}@shop.test", received=self.received(days=400)) for n in "ab"
        ]
        self.assertTrue(all(row.is_archive and not row.decision_ids for row in rows))
        self.assertEqual((self.made(), self.sent()), (0, 0))
        shown = rows[0].with_user(self.owner).action_why_here()
        self.assertIn("put here later", shown["params"]["message"])
        # It is part of what can be asked for, with the same preview and the same quiet.
        run = self.env["mailbox.older"].browse(
            self.mailbox.with_user(self.owner).action_older()["res_id"]
        )
        run.with_user(self.owner).action_look()
        self.run_jobs()
        self.assertEqual((run.total, run.record_count, self.made()), (2, 2, 0))
        run.with_user(self.owner).action_run()
        self.run_jobs()
        self.assertEqual((self.made(), self.sent()), (2, 0))

    def test_one_of_them_by_hand(self):
        row = self.arrive(received=self.received(days=400))
        row.with_user(self.owner).action_route()
        self.run_jobs()
        self.assertEqual((row.decision_ids.outcome, self.made()), ("created", 1))

    def test_new_mail_that_only_looks_old_is_new(self):
        looks = (
            {"date": "Thu, 01 Jan 2009 10:00:00 +0000"},
            {"date": "Thu, 01 Jan 2009 10:00:00 +0000", "received": self.received(seconds=5)},
            {"received": self.received(days=4)},
            {"received": "from nowhere by somewhere; yesterday or so"},
        )
        for number, look in enumerate(looks):
            row = self.arrive(sender=f"{number}@shop.test", **look)
            self.assertEqual(row.decision_ids.outcome, "created", look)
        self.assertEqual((self.made(), self.sent()), (4, 4))

    def test_mail_from_the_future_is_new_and_keeps_the_providers_time(self):
        row = self.arrive(date="Fri, 01 Jan 2100 10:00:00 +0000")
        self.assertEqual(row.decision_ids.outcome, "created")
        partner = self.env["res.partner"].browse(row.link_ids.res_id)
        self.assertEqual(self.lines(partner)[0].date, row.date.replace(microsecond=0))
        ahead = self.now() + timedelta(days=30)
        key = self.world.deliver(raw=self.mail(sender="x@y.test"), received_at=ahead)
        self.look(self.mailbox)
        self.assertEqual(self.rows(self.mailbox)[key].decision_ids.outcome, "created")

    def test_an_old_mail_appended_with_its_date_is_history(self):
        decision = self.deliver(age=timedelta(days=400))
        self.assertFalse(decision)
        self.assertEqual((self.made(), self.sent()), (0, 0))

    def test_a_mailbox_that_is_connected_anew_takes_what_it_finds_as_history(self):
        self.arrive("Before")
        made = self.made()
        self.mailbox._purge_mail()
        self.run_jobs()
        before = self.now() - timedelta(minutes=1)
        self.world.deliver(raw=self.mail("Meanwhile", sender="c@d.test"), received_at=before)
        self.start(self.mailbox)
        self.assertEqual(self.made(), made, "neither what was here nor what came meanwhile")
        again = self.arrive("After", sender="e@f.test")
        self.assertEqual(again.decision_ids.outcome, "created")

    def test_what_comes_days_late_is_routed_but_not_answered(self):
        """The mailbox was paused: these are real mails, but an answer by return is none."""
        self.mailbox.import_started_at -= timedelta(days=30)
        decision = self.deliver(age=timedelta(days=5))
        self.assertEqual((decision.outcome, self.sent()), ("created", 0))
        self.assertIn("days old", decision.execution_ids.detail)


def _history(row):
    mail = facts.mail_of(row)
    return mail.batch.history(mail)
