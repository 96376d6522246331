import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from odoo import fields, sql_db
from odoo.exceptions import AccessError
from odoo.tests.common import TransactionCase, tagged

from mailbox_core.net.quota import QuotaProfile
from mailbox_core.sync.stream import Gate, StreamState

from .. import jobs, mapping
from ..engine.quota import PostgresBudget
from ..store.raw import RawMissing, RawStore
from ..values import clean
from .common import MailboxCase


@tagged("post_install", "-at_install")
class TestBudget(TransactionCase):
    """On connections of its own, as in production: the rows outlive the test, hence the
    clean-up."""

    def setUp(self):
        super().setUp()
        self.key = f"test:{self.id()}:{time.monotonic_ns()}"
        self.addCleanup(self.forget)

    def forget(self):
        with sql_db.db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("DELETE FROM mailbox_bucket WHERE key LIKE %s", [f"{self.key}%"])

    def budget(self, mailbox="a", minute=600, project=None, day=None, burst=10.0):
        profile = QuotaProfile(minute, project, day, burst_seconds=burst)
        return PostgresBudget(
            self.env.cr.dbname, f"{self.key}:{mailbox}", f"{self.key}:project", profile
        )

    def test_many_workers_together_never_exceed_one_mailbox(self):
        """Ten units a second, a bucket of ten: whatever four workers try, time decides."""
        granted, lock = [0], threading.Lock()
        started = time.monotonic()

        def work(_number):
            budget = self.budget(burst=1.0)
            while time.monotonic() - started < 2.0:
                if budget.take("new", 1) == 0.0:
                    with lock:
                        granted[0] += 1

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
        possible = 10 + 10 * (time.monotonic() - started)
        self.assertLessEqual(granted[0], possible)
        self.assertGreaterEqual(granted[0], 15)

    def test_history_leaves_a_reserve_for_new_mail(self):
        budget = self.budget()
        while budget.take("history", 5) == 0.0:
            pass
        self.assertEqual(budget.take("new", 5), 0.0)
        self.assertEqual(budget.take("interactive", 5), 0.0)

    def test_mailboxes_of_a_project_share_its_limit(self):
        one, two = self.budget("a", 600, 300), self.budget("b", 600, 300)
        self.assertEqual(one.take("interactive", 50), 0.0)
        self.assertGreater(two.take("interactive", 50), 1.0)

    def test_the_day_of_a_project_ends_grants_until_the_next(self):
        budget = self.budget(day=60)
        self.assertEqual(budget.take("interactive", 50), 0.0)
        self.assertGreater(budget.take("interactive", 20), 1.0)

    def test_silence_holds_for_the_mailbox_or_for_the_project(self):
        one, two = self.budget("a"), self.budget("b")
        one.penalize(30)
        self.assertGreater(one.take("interactive", 1), 25)
        self.assertEqual(two.take("interactive", 1), 0.0)
        one.penalize_project(60)
        self.assertGreater(two.take("interactive", 1), 55)

    def test_spent_units_are_told(self):
        budget = self.budget()
        budget.take("new", 7)
        budget.take("new", 3)
        self.assertEqual(budget.spent, 10)


@tagged("post_install", "-at_install")
class TestRawStore(MailboxCase):
    def test_bytes_come_back_exactly_and_are_kept_once(self):
        store = RawStore(self.raw_root)
        raws = [b"", b"\0\xff" * 1000, b"text" * 100_000, b"\0\xff" * 1000]
        places = store.put_all(raws)
        self.assertEqual([store.get(key) for _, key in places], raws)
        self.assertEqual(len({key for _, key in places}), 3)

    def test_a_file_that_lies_is_no_source(self):
        store = RawStore(self.raw_root)
        _, key = store.put(b"original")
        _, other = store.put(b"something else")
        (self.raw_root / key).write_bytes((self.raw_root / other).read_bytes())
        with self.assertRaises(RawMissing):
            store.get(key)
        store.remove(key)

    def test_a_failed_write_leaves_no_file_under_the_name(self):
        store = RawStore(self.raw_root)
        with patch("os.fsync", side_effect=OSError(28, "full")), self.assertRaises(OSError):
            store.put(b"never seen before")
        self.assertFalse([path for path in self.raw_root.rglob("part-*")])


@tagged("post_install", "-at_install")
class TestMapping(TransactionCase):
    def test_the_state_of_the_machine_survives_the_store(self):
        now = datetime(2026, 3, 1, 12, 30, tzinfo=timezone.utc)
        for state in (
            StreamState(),
            StreamState(
                phase="live",
                gate=Gate("waiting", now, "throttled"),
                cursor="c",
                resume="r",
                generation=3,
                version=9,
                attempts=2,
                hints=5,
                answered=4,
                draining=True,
                echoes=1,
                look_at=now,
                looks=2,
            ),
        ):
            mailbox = self.env["mailbox"].create(
                {"name": "x", "provider": "memory", "address": f"{state.version}@x.org"}
            )
            stream = self.env["mailbox.stream"].create({"mailbox_id": mailbox.id})
            stream.write(mapping.stream_values(state))
            stream.invalidate_recordset()
            self.assertEqual(stream._state(), state)

    def test_text_that_the_database_refuses_is_repaired(self):
        self.assertEqual(clean("a\0b"), "ab")
        self.assertEqual(clean("x\ud800y"), "x?y")
        self.assertEqual(clean("abc", 2), "ab")
        self.assertIsNone(clean(None))


@tagged("post_install", "-at_install")
class TestCare(MailboxCase):
    def test_audit_facts_are_never_edited(self):
        mailbox, _world = self.make_mailbox()
        mailbox._audit("test.fact", words="x")
        fact = self.env["mailbox.event"].search([("kind", "=", "test.fact")], limit=1)
        with self.assertRaises(AccessError):
            fact.sudo().write({"kind": "other"})
        with self.assertRaises(AccessError):
            fact.sudo().unlink()
        self.env.cr.execute(
            "UPDATE mailbox_event SET at = now() - interval '800 days' WHERE id = %s", [fact.id]
        )
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("mailbox_sync.event_days", "0")
        self.env["mailbox.event"]._gc_events()
        self.assertTrue(fact.exists(), "0: for ever")
        parameters.set_param("mailbox_sync.event_days", "a year")
        self.env["mailbox.event"]._gc_events()
        self.assertFalse(fact.exists(), "what is no number means the default")

    def test_steps_of_a_kind_make_one_run(self):
        mailbox, world = self.make_mailbox()
        for number in range(120):
            world.deliver(f"Subject {number}")
        self.start(mailbox)
        self.look(mailbox)
        self.look(mailbox)
        runs = self.env["mailbox.run"].search([("mailbox_id", "=", mailbox.id)], order="id")
        self.assertEqual(runs.mapped("trigger")[0], "import")
        self.assertEqual(sum(runs.mapped("created")), 120)
        self.assertEqual(runs.filtered(lambda run: run.trigger == "manual").pages, 2)
        self.env.cr.execute("UPDATE mailbox_run SET started_at = now() - interval '90 days'")
        self.env["mailbox.run"]._gc_runs()
        self.assertFalse(runs.exists())

    def test_a_rest_is_short_when_mail_comes_and_long_when_not(self):
        mailbox, world = self.make_mailbox()
        self.start(mailbox)
        self.assertEqual(mailbox.stream_ids.poll_seconds, 120, "nobody pushes: the longest rest")
        world.deliver("Now", received_at=self.now())
        self.look(mailbox)
        self.assertEqual(mailbox.stream_ids.poll_seconds, 10)
        self.assertTrue(
            self.next_job(horizon=60), "the cron is too slow for that: a job of its own"
        )

    def test_a_fixed_interval_and_quiet_hours_are_kept(self):
        mailbox, _world = self.make_mailbox(poll_minutes=7)
        noon = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
        self.assertEqual(mailbox._poll_seconds(noon), 420)
        mailbox.write({"quiet_from": 11.5, "quiet_to": 13.0})
        self.assertGreater(mailbox._poll_seconds(noon), 1000)
        mailbox.write({"quiet_from": 22.0, "quiet_to": 11.0})
        self.assertEqual(mailbox._poll_seconds(noon), 420)

    def test_the_poll_wakes_what_is_due_and_nothing_else(self):
        due, due_world = self.make_mailbox()
        later, _ = self.make_mailbox("later@example.org")
        self.start(due)
        self.start(later)
        due.stream_ids.due_at = fields.Datetime.now() - timedelta(seconds=5)
        fresh = due_world.deliver("Polled")
        self.trap.enqueued_jobs.clear()
        untouched = later.stream_ids.version
        self.env["mailbox.stream"]._cron_poll()
        self.assertEqual([job.method_name for job in self.trap.enqueued_jobs], ["_job_round"])
        self.run_jobs()
        self.assertEqual(self.rows(due)[fresh].disposition, "stored")
        self.assertEqual(later.stream_ids.version, untouched)

    def test_hints_are_merged_and_cost_no_work_under_way(self):
        mailbox, world = self.make_mailbox()
        self.start(mailbox)
        fresh = world.deliver("Pushed")
        calls = world.calls["changes"]
        for _ in range(10):
            mailbox.stream_ids._hint("push", "hint")
        self.assertEqual(len([job for job in self.trap.enqueued_jobs if job.eta is None]), 1)
        self.run_jobs()
        self.assertEqual(world.calls["changes"], calls + 1)
        self.assertEqual(self.rows(mailbox)[fresh].disposition, "stored")
        self.assertFalse(self.env["mailbox.hint"].search([]))

    def test_a_push_that_runs_ahead_of_the_history_is_looked_after_again(self):
        mailbox, world = self.make_mailbox()
        self.start(mailbox)
        world.lag = 1
        fresh = world.deliver("Not yet visible")
        mailbox.stream_ids._hint("push", "hint")
        self.run_jobs()
        self.assertNotIn(fresh, self.rows(mailbox))
        world.lag = 0
        stream = mailbox.stream_ids
        self.assertTrue(stream.look_at)
        stream.look_at = fields.Datetime.now() - timedelta(seconds=1)
        self.run_jobs(horizon=10)
        self.assertEqual(self.rows(mailbox)[fresh].disposition, "stored")

    def test_a_hundred_wishes_during_a_pause_leave_one_job_for_its_end(self):
        mailbox, _world = self.make_mailbox()
        self.start(mailbox)
        stream = mailbox.stream_ids
        self.trap.enqueued_jobs.clear()
        until = time.time() + 1_000
        for passed in range(0, 900, 9):
            with patch.object(jobs.time, "time", lambda now=until - 1_000 + passed: now):
                jobs.wake(stream, "new", 1_000 - passed)
        self.assertEqual(len(self.trap.enqueued_jobs), 1)

    def test_pause_and_resume_lose_nothing(self):
        mailbox, world = self.make_mailbox()
        self.start(mailbox)
        mailbox._sync_pause()
        self.assertEqual(mailbox.state, "paused")
        world.deliver("Meanwhile")
        calls = sum(world.calls.values())
        self.env["mailbox.stream"]._cron_poll()
        self.run_jobs(horizon=9999)
        self.assertEqual(sum(world.calls.values()), calls)
        mailbox._sync_resume()
        mailbox._sync_now()
        self.run_jobs()
        self.assert_same(mailbox, world)
