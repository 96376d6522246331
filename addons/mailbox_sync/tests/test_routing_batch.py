"""Many mails in one job: one after the other where it matters, apart where it must be."""

from datetime import timedelta
from unittest.mock import patch

from odoo.tests.common import tagged
from odoo.tools import mute_logger

from ..models import mailbox_routing
from ..routing import known, work
from .routing_common import RoutingCase


@tagged("post_install", "-at_install")
class TestBatch(RoutingCase):
    def arrive(self, *mails):
        """Several mails arrive before anybody looks; their rows, in order."""
        at = self.now() + timedelta(seconds=1)
        keys = [
            self.world.deliver(raw=raw, received_at=at + timedelta(milliseconds=number))
            for number, raw in enumerate(mails)
        ]
        self.mailbox._sync_now()
        while (job := self.next_job()) and job.method_name != "_job_route":
            self.perform(job)
        self.trap.enqueued_jobs[:] = [
            job for job in self.trap.enqueued_jobs if job.method_name == "_job_route"
        ]
        rows = self.rows(self.mailbox)
        return self.env["mailbox.message"].concat(*(rows[key] for key in keys))

    def outcomes(self, rows):
        return [row.decision_ids.outcome for row in rows]

    def test_a_page_is_one_job(self):
        rows = self.arrive(*(self.mail(f"Offer {number}") for number in range(8)))
        self.assertEqual([job.recordset for job in self.trap.enqueued_jobs], [rows])
        self.assertEqual(self.run_jobs(), ["8 stored"])

    def arrive_in_pages(self, *pages):
        """Pages of mails that wait in the queue, the first just begun; their rows and jobs."""
        rows = [self.arrive(*page) for page in pages]
        found = [
            next(job for job in self.trap.enqueued_jobs if job.recordset == one) for one in rows
        ]
        found[0].set_started()
        for job in found:
            type(job).store(job)  # the trap keeps jobs out of the table
        return rows, found

    def test_pages_that_wait_are_routed_together(self):
        self.rule()
        rows, queue = self.arrive_in_pages(
            [self.mail("One", message_id="<one@shop.test>"), self.mail("Two", "Al <al@shop.test>")],
            [self.mail("Re: One", in_reply_to="<one@shop.test>")],
            [self.mail("Three", sender="c@shop.test")],
            [self.mail("Four", sender="d@shop.test")],
            [self.mail("Five", sender="e@shop.test")],
        )
        queue[2].identity_key = f"route:{self.mailbox.id}0:1"
        type(queue[2]).store(queue[2])
        with patch.object(mailbox_routing, "_BATCH", 4):
            self.assertEqual(self.perform(queue[0]), "3 created, 1 joined")
        self.assertEqual(self.outcomes(rows[1] | rows[3]), ["joined", "created"])
        self.assertFalse(rows[2].decision_ids, "of another mailbox")
        self.assertFalse(rows[4].decision_ids, "no room")
        self.assertEqual(self.perform(queue[1]), "nothing to decide")

    def test_a_mail_that_failed_in_company_is_tried_alone(self):
        self.rule()
        self.break_subject("Broken")
        mails = [
            [self.mail("Broken", sender="b@shop.test")],
            [self.mail("One", sender="a@shop.test")],
        ]
        rows, queue = self.arrive_in_pages(*mails)
        with mute_logger("odoo.sql_db", "odoo.addons.mailbox_sync.routing.work"):
            self.assertEqual(self.perform(queue[0]), "1 created")
            again = self.next_job()
            self.assertEqual(again.recordset, rows[0])
            later = self.arrive_in_pages([self.mail("Two", sender="c@shop.test")])[0][0]
            self.assertEqual(self.perform(again), "1 triage")
        self.assertFalse(later.decision_ids)

    def test_mail_that_nobody_asks_for_costs_no_statement_of_its_own(self):
        self.rule(line_ids=[(0, 0, {"field": "subject", "op": "contains", "value": "order"})])
        counted = []
        for count in (4, 4, 24):  # the first fills caches of the registry
            rows = self.arrive(*(self.mail("News") for _ in range(count)))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            rows._job_route()
            counted.append(self.env.cr.sql_log_count - before)
            self.assertEqual(set(self.outcomes(rows)), {"stored"})
            self.trap.enqueued_jobs.clear()
        self.assertEqual(counted[1], counted[2])

    def test_an_answer_finds_the_record_of_the_mail_before_it(self):
        self.rule()
        first = self.mail(message_id="<first@shop.test>")
        answer = self.mail("Re: Question", in_reply_to="<first@shop.test>")
        again = self.mail("Re: Question", references="<first@shop.test>")
        rows = self.arrive(first, answer, again)
        self.assertEqual(self.run_jobs(), ["1 created, 2 joined"])
        self.assertEqual(len(set(rows.link_ids.mapped("res_id"))), 1)
        partner = self.env["res.partner"].browse(rows.link_ids.mapped("res_id")[0])
        self.assertEqual(len(self.lines(partner)), 3)
        self.assertEqual(rows.link_ids.filtered("is_primary").message_id, rows)

    def break_subject(self, subject):
        """Records cannot be opened for mails with this subject."""
        partners = type(self.env["res.partner"])
        original = partners.message_new

        def message_new(model, values, custom_values=None):
            if values["subject"] == subject:
                model.env.cr.execute("SELECT 1 / 0")
            return original(model, values, custom_values)

        self.patch(partners, "message_new", message_new)

    def test_a_broken_mail_undoes_nothing_but_itself(self):
        self.rule()
        self.break_subject("Broken")
        mails = [
            self.mail("One", sender="a@shop.test"),
            self.mail("Broken", sender="b@shop.test", message_id="<broken@shop.test>"),
            self.mail("Re: Broken", sender="b@shop.test", in_reply_to="<broken@shop.test>"),
            self.mail("Two", sender="c@shop.test"),
        ]
        rows = self.arrive(*mails)
        with mute_logger("odoo.sql_db", "odoo.addons.mailbox_sync.routing.work"):
            results = self.run_jobs()
        self.assertEqual(results, ["2 created", "1 triage", "1 created"])
        self.assertEqual(self.outcomes(rows), ["created", "triage", "created", "created"])
        failed = rows[1].decision_ids
        self.assertEqual(failed.reason, "failed")
        self.assertIn("division by zero", failed.why_html)
        self.assertFalse(self.env["res.partner"].search([("email", "=", "Broken")]))

    def test_what_time_is_too_short_for_goes_on_before_later_mail(self):
        self.rule()
        rows = self.arrive(*(self.mail(sender=f"{name}@shop.test") for name in "abc"))
        with patch.object(work, "_SECONDS", -1.0):
            self.assertEqual(self.perform(self.next_job()), "")
        rest = self.next_job()
        self.assertEqual(rest.recordset, rows)
        later = rows[0].with_user(self.env.uid)
        later._enqueue_route()
        self.assertEqual(self.next_job(), rest)
        self.run_jobs()
        self.assertEqual(self.outcomes(rows), ["created"] * 3)

    def test_whether_odoobot_is_there_is_asked_once(self):
        env = self.env(context={known.KNOWN: known.Known({})})
        bot, root = env.ref("base.partner_root"), env.ref("base.user_root")
        before = env.cr.sql_log_count
        self.assertEqual(env.ref("base.partner_root"), bot)
        self.assertEqual(env.ref("base.user_root"), root)
        self.assertEqual(env.cr.sql_log_count, before)
        partner = env["res.partner"].create({"name": "Ada"})
        self.assertTrue(partner.exists())
        partner.unlink()
        self.assertFalse(partner.exists())

    def test_who_writes_does_receive_mail(self):
        self.rule()
        partner = self.env["res.partner"].create({"name": "Bob", "email": "bob@shop.test"})
        partner.message_bounce = 3
        self.deliver()
        self.assertEqual(partner.message_bounce, 0)

    def test_two_jobs_do_not_route_one_mailbox(self):
        rows = self.arrive(self.mail())
        with patch.object(type(self.mailbox), "_take_routing", lambda mailbox: False):
            self.assertEqual(rows._job_route(), "another job routes this mailbox")
        self.assertFalse(rows.decision_ids)
        self.run_jobs()
        self.assertEqual(self.outcomes(rows), ["stored"])

    def test_a_source_that_cannot_be_had_waits(self):
        rows = self.arrive(self.mail(), self.mail())
        rows[0].raw_store = "00/nothing"
        gone = self.world.messages.pop(rows[0].remote_id)
        self.assertTrue(gone)
        self.assertEqual(self.run_jobs()[0], "1 stored, 1 triage")
        self.assertEqual(rows[0].decision_ids.reason, "source")
