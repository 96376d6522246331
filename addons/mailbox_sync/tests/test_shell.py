from unittest.mock import patch

import psycopg2
from odoo.sql_db import Cursor
from odoo.tests.common import tagged

from ..engine import guard, step
from ..models import mailbox_stream
from ..store.raw import RawMissing, RawStore
from ..store.writer import Writer
from .common import MailboxCase


class Crash(BaseException):
    """The worker dies here: nothing may catch it."""


@tagged("post_install", "-at_install")
class TestShell(MailboxCase):
    """What the engine stands on: database, files, server, other jobs."""

    # -- the database fails --------------------------------------------------------------------

    def test_a_crash_at_any_statement_leaves_cursor_and_rows_together(self):
        """Die at the N-th statement of the writing half of a step, for every N; then go on as if
        restarted."""
        for nth in range(1, 400):
            mailbox, world = self.make_mailbox(f"c{nth}@example.org")
            self.fill(world, 8)
            self.start(mailbox)
            world.deliver("Later", attachments={"a.bin": b"x"})
            world.flag(sorted(world.messages)[0], {"flagged"})
            before = mailbox.stream_ids.cursor
            mailbox._sync_now()
            job = self.next_job()
            done = self.dies_at(nth, job)
            self.env.invalidate_all()
            with self.subTest(nth=nth):
                if not done:
                    self.assertEqual(mailbox.stream_ids.cursor, before)
                    self.assertEqual(len(self.rows(mailbox)), 8)
                    self.assert_counted(mailbox)
                self.look(mailbox)
                self.assert_same(mailbox, world)
            if done:
                return
        self.fail("the sweep never got past the last statement")

    def dies_at(self, nth, job):
        """Perform ``job``, dying at the N-th statement after the network phase; whether it came to
        its end."""
        counter = {"left": nth, "armed": False}
        execute = Cursor.execute
        commit = step.Step.commit

        def counting(cursor, *args, **kwargs):
            if counter["armed"]:
                counter["left"] -= 1
                if not counter["left"]:
                    counter["armed"] = False
                    raise Crash
            return execute(cursor, *args, **kwargs)

        def arm(made, *args):
            counter["armed"] = True
            return commit(made, *args)

        self.trap.enqueued_jobs.remove(job)
        waiting = list(self.trap.enqueued_jobs)
        try:
            with (
                patch.object(Cursor, "execute", counting),
                patch.object(step.Step, "commit", arm),
                self.env.cr.savepoint(),
            ):
                job.perform()
                self.env.flush_all()
                counter["armed"] = False
        except Crash:
            # What the dead worker enqueued was rolled back with it.
            self.trap.enqueued_jobs[:] = waiting
            return False
        return True

    def test_a_serialization_failure_is_left_to_the_job_queue(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 5)
        mailbox._sync_start()
        job = self.next_job()
        error = psycopg2.errors.SerializationFailure("could not serialize access")
        with (
            patch.object(Writer, "apply", side_effect=error),
            self.assertRaises(psycopg2.OperationalError),
        ):
            self.perform(job)
        self.assertFalse(self.rows(mailbox), "no message is blamed")

    def test_an_answer_to_an_older_state_is_dropped(self):
        mailbox, world = self.make_mailbox()
        self.fill(world)
        self.start(mailbox)
        fresh = world.deliver("Later")
        changes = type(mailbox._provider()).changes
        stream = mailbox.stream_ids

        def race(provider, ref, position, limit):
            page = changes(provider, ref, position, limit)
            if stream.version < 100:
                # Somebody else commits a step while our answer is on its way.
                self.env.cr.execute(
                    "UPDATE mailbox_stream SET version = 100 WHERE id = %s", [stream.id]
                )
            return page

        self.patch(type(mailbox._provider()), "changes", race)
        mailbox._sync_now()
        self.perform(self.next_job())
        self.assertNotIn(fresh, self.rows(mailbox))
        self.run_jobs()
        self.assert_same(mailbox, world)

    def test_a_surprise_shows_as_error_and_the_poll_tries_again(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 3)
        self.start(mailbox)
        mailbox.stream_ids._sync_failed(
            exc_info="", exc_name="ValueError", exc_message="secret words of a mail"
        )
        self.assertEqual(mailbox.state, "error")
        self.assertNotIn("secret", mailbox.health_text)
        self.look(mailbox)
        self.assertEqual(mailbox.state, "live")

    # -- the raw store -------------------------------------------------------------------------

    def test_a_file_without_row_is_removed_and_one_with_a_row_is_not(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 3)
        self.start(mailbox)
        store = RawStore(self.raw_root)
        _, orphan = store.put(b"left by a transaction that was rolled back")
        self.env["mailbox.message"]._gc_orphans(shard=orphan[:2], seconds=3600)
        self.assertTrue(store.get(orphan), "too young: its row may be about to be committed")
        for shard in {path.name for path in self.raw_root.iterdir()}:
            self.env["mailbox.message"]._gc_orphans(shard=shard, seconds=-1)
        with self.assertRaises(RawMissing):
            store.get(orphan)
        self.assert_same(mailbox, world)

    def test_a_full_disk_acknowledges_nothing(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 3)
        self.start(mailbox)
        world.deliver("No room")
        cursor = mailbox.stream_ids.cursor
        mailbox._sync_now()
        job = self.next_job()
        with (
            patch.object(RawStore, "put", side_effect=OSError(28, "No space left")),
            self.assertRaises(OSError),
        ):
            self.perform(job)
        self.env.invalidate_all()
        self.assertEqual(mailbox.stream_ids.cursor, cursor)
        self.look(mailbox)
        self.assert_same(mailbox, world)

    def test_an_evicted_source_is_fetched_again_when_needed(self):
        mailbox, world = self.make_mailbox(raw_retention_days=1)
        key = world.deliver("Old")
        self.start(mailbox)
        self.env["mailbox.message"]._gc_sources()
        row = self.rows(mailbox)[key]
        self.assertFalse(row.raw_store)
        self.assertEqual(row._source(), world.messages[key].raw)
        self.assertTrue(row.raw_store)

    # -- the server is short of something, or a copy -------------------------------------------

    def test_a_shortage_holds_back_history_but_not_new_mail(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 200)
        mailbox._sync_start()
        self.perform(self.next_job())
        with patch.object(guard, "shortage", lambda env: "memory"):
            self.run_jobs()
            self.assertEqual(len(self.rows(mailbox, "stored")), 50)
            self.assertEqual(mailbox.breaker_reason, "memory")
            fresh = world.deliver("New")
            mailbox._sync_now()
            self.run_jobs()
            self.assertEqual(self.rows(mailbox)[fresh].disposition, "stored")
        self.run_jobs(horizon=120)
        self.assert_same(mailbox, world)

    def test_limits_are_compared_with_what_is_in_use(self):
        self.assertEqual(guard.assess(guard.Readings(0.5, 0.5, 1.0), guard.LIMITS), "")
        self.assertEqual(guard.assess(guard.Readings(0.9, 0.5, 1.0), guard.LIMITS), "connections")
        self.assertEqual(guard.assess(guard.Readings(0.5, 0.95, 1.0), guard.LIMITS), "memory")
        self.assertEqual(guard.assess(guard.Readings(0.5, None, 9.0), guard.LIMITS), "load")
        self.assertEqual(guard.assess(guard.Readings(0.5, 0.95, 9.0), {"memory": 0}), "")
        readings = guard.read(self.env.cr)
        self.assertTrue(0 < readings.connections < 1)

    def test_a_neutralised_copy_does_no_work(self):
        mailbox, world = self.make_mailbox()
        self.fill(world)
        self.start(mailbox)
        self.env["ir.config_parameter"].set_param("database.is_neutralized", "true")
        world.deliver("Later")
        calls = sum(world.calls.values())
        row = next(iter(self.rows(mailbox).values()))
        row._set_flags({"seen": not row.is_seen})
        mailbox._sync_now()
        self.env["mailbox.stream"]._cron_poll()
        self.env["mailbox.parity"]._begin(mailbox)
        self.run_jobs(horizon=9999)
        self.assertEqual(sum(world.calls.values()), calls)

    # -- fairness ------------------------------------------------------------------------------

    def test_a_huge_mailbox_does_not_starve_small_ones(self):
        huge, huge_world = self.make_mailbox("huge@example.org")
        self.fill(huge_world, 2000)
        huge._sync_start()
        for _ in range(5):
            self.perform(self.next_job())
        small = []
        for number in range(5):
            mailbox, world = self.make_mailbox(f"small{number}@example.org")
            self.fill(world, 120)
            mailbox._sync_start()
            small.append((mailbox, world))
        order = []
        while any(not mailbox.import_ended_at for mailbox, _ in small):
            job = self.next_job()
            if job.channel == "root.mailbox.backfill":
                order.append(job.recordset.mailbox_id.id)
            self.perform(job)
        self.assertEqual(huge.state, "importing")
        # While five others have history too, the huge one gets at most every sixth turn and one to
        # begin with.
        self.assertLessEqual(order.count(huge.id), len(order) // 6 + 1, order)
        for mailbox, world in small:
            self.assert_same(mailbox, world)

    def test_two_jobs_do_not_fetch_the_same_page(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 5)
        mailbox._sync_start()
        job = self.next_job()
        with patch.object(mailbox_stream.MailboxStream, "_take_turn", lambda stream: False):
            self.assertEqual(self.perform(job), "busy")
        self.assertFalse(world.calls)
        self.run_jobs(horizon=10)
        self.assert_same(mailbox, world)
