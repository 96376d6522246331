from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests.common import tagged
from odoo.tools import mute_logger

from mailbox_core.errors import Unavailable

from ..engine import rounds
from ..engine.quota import PostgresBudget
from ..models import mailbox_round
from .common import MailboxCase


@tagged("post_install", "-at_install")
class TestRounds(MailboxCase):
    def resting(self, count=3):
        """Mailboxes that are imported, idle and due."""
        made = []
        for number in range(count):
            mailbox, world = self.make_mailbox(f"idle{number}@example.org")
            self.fill(world, 2)
            self.start(mailbox)
            made.append((mailbox, world))
        self.rest(*(mailbox for mailbox, _world in made))
        self.trap.enqueued_jobs.clear()
        return made

    def rest(self, *mailboxes):
        """Let the interval of their streams be over."""
        for mailbox in mailboxes:
            self.assertEqual(mailbox.stream_ids.phase, "live")
            mailbox.stream_ids.due_at = fields.Datetime.now() - timedelta(seconds=5)

    def poll(self):
        """One run of the poll and the round that it wakes."""
        self.env["mailbox.stream"]._cron_poll()
        jobs = [job for job in self.trap.enqueued_jobs if job.method_name == "_job_round"]
        self.assertEqual(len(jobs), 1)
        return self.perform(jobs[0])

    def woken(self):
        """Streams whose own job waits."""
        jobs = [job for job in self.trap.enqueued_jobs if job.method_name == "_job_sync"]
        return self.env["mailbox.stream"].union(*(job.recordset for job in jobs))

    def test_a_server_that_starts_looks_at_once_at_what_is_due(self):
        made = self.resting(2)
        self.env["mailbox.stream"]._register_hook()
        [job] = self.trap.enqueued_jobs
        self.assertEqual(job.method_name, "_job_round")
        self.assertFalse(job.eta)
        self.assertEqual(self.perform(job), "2 without news, 0 to be looked at alone")
        self.env["mailbox.stream"]._register_hook()
        self.assertFalse(self.trap.enqueued_jobs, "nothing is due any more")
        self.assert_same(*made[0])

    def test_a_server_starts_on_tables_of_an_older_version(self):
        self.resting(1)
        self.env.cr.execute("ALTER TABLE mailbox_stream RENAME COLUMN draining TO drained")
        with mute_logger("odoo.sql_db"):
            self.env["mailbox.stream"]._register_hook()
        self.assertFalse(self.trap.enqueued_jobs)

    def test_one_job_looks_at_all_idle_mailboxes(self):
        made = self.resting()
        before = [mailbox.stream_ids.version for mailbox, _world in made]
        self.assertEqual(self.poll(), "3 without news, 0 to be looked at alone")
        self.assertFalse(self.woken())
        for (mailbox, world), version in zip(made, before, strict=True):
            stream = mailbox.stream_ids
            self.assertEqual(stream.version, version + 1)
            self.assertEqual(stream.hints, stream.answered)
            self.assertGreater(stream.due_at, fields.Datetime.now())
            self.assertTrue(stream.last_success_at)
            self.assert_same(mailbox, world)
        self.trap.enqueued_jobs.clear()
        self.env["mailbox.stream"]._cron_poll()
        self.assertFalse(self.trap.enqueued_jobs, "nothing is due any more")

    def test_a_round_costs_the_same_statements_for_many_as_for_few(self):
        self.resting(2)
        self.poll()
        self.assertEqual(self.statements(12), self.statements(3))

    def statements(self, count):
        """How many statements the round over so many mailboxes takes."""
        made = []
        for number in range(count):
            mailbox, _world = self.make_mailbox(f"many{count}.{number}@example.org")
            self.start(mailbox)
            made.append(mailbox)
        self.rest(*made)
        self.env["mailbox.stream"]._cron_poll()
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.env["mailbox.stream"]._job_round()
        return self.env.cr.sql_log_count - before

    def test_news_goes_to_the_streams_own_job(self):
        made = self.resting()
        mailbox, world = made[1]
        fresh = world.deliver("News")
        self.assertEqual(self.poll(), "2 without news, 1 to be looked at alone")
        self.assertEqual(self.woken(), mailbox.stream_ids)
        self.run_jobs()
        self.assertEqual(self.rows(mailbox)[fresh].disposition, "stored")
        self.assert_same(mailbox, world)

    def test_a_broken_mailbox_stops_no_other_and_meets_the_breaker(self):
        made = self.resting()
        mailbox, world = made[0]
        world.fail("changes", Unavailable("down"), times=99)
        self.assertEqual(self.poll(), "2 without news, 1 to be looked at alone")
        self.run_jobs()
        self.assertEqual((mailbox.state, mailbox.failures), ("waiting", 1))
        self.assertEqual([box.failures for box, _world in made[1:]], [0, 0])
        self.rest(mailbox)
        self.assertNotIn(mailbox.stream_ids, self.env["mailbox.stream"]._idle_due())

    def test_a_surprise_in_one_mailbox_is_left_to_its_own_job(self):
        made = self.resting()
        mailbox = made[2][0]
        usual = type(mailbox)._provider

        def broken(self, *args, **kwargs):
            if self == mailbox:
                raise ValueError("surprise")
            return usual(self, *args, **kwargs)

        with patch.object(type(mailbox), "_provider", broken):
            self.assertEqual(self.poll(), "2 without news, 1 to be looked at alone")
        self.assertEqual(self.woken(), mailbox.stream_ids)

    def test_a_slow_provider_is_not_waited_for(self):
        made = self.resting()
        with (
            patch.object(rounds, "_SECONDS", 0.0),
            patch.object(rounds.Future, "done", lambda call: False),
        ):
            self.assertEqual(self.poll(), "0 without news, 3 to be looked at alone")
        self.assertEqual(len(self.woken()), len(made))

    def test_a_stream_that_moved_on_meanwhile_is_left_alone(self):
        made = self.resting()
        mailbox, world = made[0]
        usual = rounds.ask

        def ask(looks, now):
            usual(looks, now)
            fresh.append(world.deliver("Faster"))
            mailbox.stream_ids._job_sync()
            self.env.flush_all()

        fresh = []
        self.env["mailbox.stream"]._cron_poll()
        with patch.object(rounds, "ask", ask):
            result = self.env["mailbox.stream"]._job_round()
        self.assertEqual(result, "2 without news, 0 to be looked at alone")
        self.env.invalidate_all()
        self.assertEqual(self.rows(mailbox)[fresh[0]].disposition, "stored")
        self.assert_same(mailbox, world)

    def test_hints_trouble_and_wishes_are_no_matter_for_a_round(self):
        stream = self.resting(1)[0][0].stream_ids
        idle = self.env["mailbox.stream"]._idle_due
        self.assertEqual(idle(), stream)
        for change, back in (
            (lambda: stream._hint("push", "hint"), lambda: stream._hints().unlink()),
            (lambda: stream.write({"echoes": 2, "look_at": stream.due_at}), None),
            (lambda: stream.mailbox_id.write({"crash": "ValueError"}), None),
            (stream.mailbox_id._sync_pause, None),
        ):
            change()
            self.assertFalse(idle())
            if back:
                back()
            else:
                stream.write({"echoes": 0, "look_at": False})
                stream.mailbox_id.crash = False
            if stream.gate == "open":
                self.assertEqual(idle(), stream)

    def test_without_quota_the_stream_stays_due(self):
        mailbox, world = self.resting(1)[0]
        calls = world.calls["changes"]
        with patch.object(PostgresBudget, "take_each", classmethod(lambda *_args: [])):
            self.assertEqual(self.poll(), "0 without news, 0 to be looked at alone")
        self.assertEqual(world.calls["changes"], calls)
        self.assertEqual(self.env["mailbox.stream"]._idle_due(), mailbox.stream_ids)

    def test_more_than_a_round_takes_is_left_to_the_next(self):
        self.resting(5)
        with patch.object(mailbox_round, "_STREAMS", 2):
            self.assertEqual(self.poll(), "2 without news, 0 to be looked at alone")
            results = self.run_jobs()
        self.assertEqual(results[0], "2 without news, 0 to be looked at alone")
        self.assertFalse(self.env["mailbox.stream"]._idle_due())

    def test_looks_of_one_mailbox_are_one_run(self):
        mailbox, _world = self.resting(1)[0]
        runs = self.env["mailbox.run"]
        mine = [("mailbox_id", "=", mailbox.id), ("trigger", "=", "poll")]
        before = runs.search_count(mine)
        self.poll()
        self.rest(mailbox)
        self.poll()
        found = runs.search(mine)
        self.assertLessEqual(len(found), before + 1)
        self.assertEqual(found[0].outcome, "ok")
        self.assertGreaterEqual(found[0].pages, 2)
