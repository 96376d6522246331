from odoo.tests.common import tagged

from mailbox_core.errors import AuthorizationLost, Throttled, Unavailable
from mailbox_core.testing.world import capabilities

from .common import MailboxCase


@tagged("post_install", "-at_install")
class TestSurvey(MailboxCase):
    """Fault F20: the cursor has expired while many messages are held."""

    def imported(self, count, address="ada@example.org", **world):
        mailbox, made = self.make_mailbox(address, world=world)
        self.fill(made, count)
        self.start(mailbox)
        self.assert_same(mailbox, made)
        made.calls.clear()
        return mailbox, made, sorted(made.messages)

    def expire(self, mailbox, world):
        world.expire()
        mailbox._sync_now()

    def job(self, name):
        """Perform what waits until the next job is this one, which is returned."""
        for _ in range(200):
            job = self.next_job()
            if job is None or job.method_name == name:
                return job
            self.perform(job)
        raise AssertionError(f"no {name}")

    def test_a_thousand_held_messages_need_no_fetch(self):
        mailbox, world, ids = self.imported(1000)
        for number, key in enumerate(ids[:300]):
            world.flag(key, *([{"flagged"}, {"seen"}] if number % 2 else [{"seen"}, ()]))
            world.place(key, {"work"}, {"inbox"} if number % 3 else ())
        self.expire(mailbox, world)
        self.run_jobs()
        self.assertEqual(world.calls["fetch"], 0)
        self.assertLess(world.calls["enumerate"], 40)
        self.assert_same(mailbox, world)
        self.assertFalse(self.env["mailbox.survey"].search([]))

    def test_scope_rules_hold_for_what_moved_meanwhile(self):
        mailbox, world, ids = self.imported(60)
        world.place(ids[0], {"junk"}, {"inbox"})
        self.expire(mailbox, world)
        self.run_jobs()
        row = self.rows(mailbox)[ids[0]]
        self.assertEqual((row.disposition, row.disposition_reason), ("filtered", "folder"))
        self.assert_counted(mailbox)

    def test_what_changes_while_it_runs_is_not_overwritten(self):
        mailbox, world, ids = self.imported(200)
        world.flag(ids[5], {"flagged"})
        self.expire(mailbox, world)
        survey = self.env["mailbox.survey"].search([])
        while not survey.work or survey.work["stages"]:
            self.perform(self.job("_job_survey"))
            survey = self.env["mailbox.survey"].search([])
        # Everything is listed, nothing written: now the provider goes on.
        world.flag(ids[5], (), {"flagged"})
        world.flag(ids[6], {"flagged"})
        world.place(ids[7], {"work"}, {"inbox"})
        world.delete(ids[8])
        fresh = world.deliver("Meanwhile")
        mailbox._sync_now()
        while (next_ := self.next_job()) and next_.method_name == "_job_sync":
            self.perform(next_)
        self.assertTrue(self.env["mailbox.survey"].search([]))
        self.run_jobs()
        self.assert_same(mailbox, world)
        rows = self.rows(mailbox)
        self.assertEqual(rows[ids[8]].disposition, "gone")
        self.assertEqual(rows[fresh].disposition, "stored")

    def test_it_marks_nothing_gone(self):
        mailbox, world, ids = self.imported(100)
        nowhere = world.place(ids[0], (), {"inbox"})
        self.expire(mailbox, world)
        self.run_jobs()
        self.assertEqual(self.rows(mailbox)[nowhere].disposition, "stored")
        self.assertEqual(world.calls["fetch"], 1, "what no listing named is asked for by name")
        self.assert_same(mailbox, world)

    def test_few_messages_are_checked_one_by_one(self):
        mailbox, world, ids = self.imported(10)
        world.flag(ids[0], {"flagged"})
        self.expire(mailbox, world)
        self.run_jobs()
        self.assertEqual((world.calls["enumerate"], world.calls["fetch"]), (0, 10))
        self.assert_same(mailbox, world)

    def test_without_listing_by_flag_they_are_too(self):
        able = capabilities(server_search=False)
        mailbox, world, ids = self.imported(60, capabilities=able)
        world.flag(ids[0], {"flagged"})
        self.expire(mailbox, world)
        self.run_jobs()
        self.assertEqual((world.calls["enumerate"], world.calls["fetch"]), (0, 60))
        self.assert_same(mailbox, world)

    def test_trouble_puts_it_off_and_a_lasting_one_ends_it(self):
        for error, times in ((Throttled("slow", retry_after=30), 3), (Unavailable("down"), 30)):
            with self.subTest(error=error):
                mailbox, world, ids = self.imported(60, f"a{times}@example.org")
                world.flag(ids[0], {"flagged"})
                world.fail("enumerate", error, times=times)
                self.expire(mailbox, world)
                self.run_jobs(horizon=86400)
                self.assert_same(mailbox, world)
                self.assertFalse(self.env["mailbox.survey"].search([]))

    def test_a_lost_grant_leaves_the_rest_to_the_stream(self):
        mailbox, world, ids = self.imported(60)
        world.flag(ids[0], {"flagged"})
        world.fail("enumerate", AuthorizationLost("invalid_grant", "sign in"), times=30)
        self.expire(mailbox, world)
        self.run_jobs(horizon=86400)
        self.assert_same(mailbox, world)

    def test_a_second_expiry_begins_it_again(self):
        mailbox, world, ids = self.imported(120)
        self.expire(mailbox, world)
        self.perform(self.job("_job_survey"))
        first = self.env["mailbox.survey"].search([])
        world.flag(ids[3], {"flagged"})
        self.expire(mailbox, world)
        self.run_jobs()
        self.assertFalse(first.exists())
        self.assertEqual(world.calls["fetch"], 0)
        self.assert_same(mailbox, world)

    def test_a_lost_survey_holds_nothing_back_for_ever(self):
        mailbox, world, ids = self.imported(60)
        world.flag(ids[0], {"flagged"})
        self.expire(mailbox, world)
        self.trap.enqueued_jobs.remove(self.job("_job_survey"))
        self.run_jobs()
        self.assertTrue(self.rows(mailbox)[ids[0]].is_stale)
        self.env["mailbox.survey"].search([]).until = "2020-01-01 00:00:00"
        self.look(mailbox)
        self.assert_same(mailbox, world)
