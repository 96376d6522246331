import logging
from unittest.mock import patch

import psycopg2

from mailbox_core.errors import AuthorizationLost, Refused, Throttled, Unavailable

from odoo import fields
from odoo.sql_db import Cursor
from odoo.tests.common import tagged
from odoo.tools import mute_logger

from ..engine import guard, step
from ..models import mailbox_stream
from ..store.raw import RawMissing, RawStore
from ..store.writer import Writer
from .common import MailboxCase


class Crash(BaseException):
    """The worker dies here: nothing may catch it."""


@tagged("post_install", "-at_install")
class TestFaults(MailboxCase):
    def fill(self, world, count=60):
        for number in range(count):
            world.deliver(f"Subject {number}", flags=("seen",) if number % 3 else ())

    # -- the provider fails --------------------------------------------------------------------

    def test_every_call_may_fail_once_and_the_import_still_completes(self):
        """The sweep "fail the N-th call for every N" over one whole import and one live cycle."""
        for nth in range(1, 200):
            address = f"n{nth}@example.org"
            mailbox, world = self.make_mailbox(address)
            self.fill(world, 12)
            world.fail("*", Unavailable("down"), nth=nth)
            self.start(mailbox)
            world.deliver("Later")
            self.let_time_pass(mailbox)
            self.look(mailbox)
            self.let_time_pass(mailbox)
            with self.subTest(nth=nth):
                self.assert_same(mailbox, world)
            if not world._faults:
                continue
            return
        self.fail("the sweep never got past the last call")

    def let_time_pass(self, mailbox):
        """Waiting gates open, later jobs run."""
        for _ in range(10):
            if "waiting" not in mailbox.stream_ids.mapped("gate"):
                return
            mailbox.stream_ids.write({"gate_until": fields.Datetime.subtract(fields.Datetime.now(), seconds=1)})
            self.run_jobs(horizon=900)

    def test_throttling_waits_as_long_as_the_provider_says_and_shows_it(self):
        mailbox, world = self.make_mailbox()
        self.fill(world)
        self.start(mailbox)
        world.fail("changes", Throttled("slow down", retry_after=120))
        world.deliver("Meanwhile")
        self.look(mailbox)
        self.assertEqual(mailbox.state, "waiting")
        wait = (mailbox.breaker_until - fields.Datetime.now()).total_seconds()
        self.assertGreater(wait, 115)
        self.assertEqual(mailbox.breaker_reason, "throttled")
        calls = world.calls["changes"]
        self.look(mailbox)
        self.assertEqual(world.calls["changes"], calls, "no call before the time")
        self.let_time_pass(mailbox)
        self.assertEqual(mailbox.state, "live")
        self.assertFalse(mailbox.breaker_until)
        self.assert_same(mailbox, world)

    def test_after_trouble_one_call_probes_before_a_full_page(self):
        mailbox, world = self.make_mailbox()
        self.fill(world)
        world.fail("fetch", Unavailable("down"), nth=1)
        mailbox._sync_start()
        self.perform(self.next_job())
        mailbox.stream_ids.gate_until = fields.Datetime.subtract(fields.Datetime.now(), seconds=1)
        before = world.calls["fetch"]
        self.perform(self.next_job(horizon=900))
        self.assertEqual(world.calls["fetch"] - before, 1)

    def test_a_lost_grant_blocks_and_tells_the_owner_once(self):
        mailbox, world = self.make_mailbox()
        self.fill(world)
        self.start(mailbox)
        world.fail("changes", AuthorizationLost("invalid_grant", "sign in again"), times=99)
        self.look(mailbox)
        self.assertEqual(mailbox.state, "reconnect")
        self.assertEqual(mailbox.stream_ids.gate_reason, "invalid_grant")
        calls = sum(world.calls.values())
        self.look(mailbox)
        self.env["mailbox.stream"]._cron_poll()
        self.run_jobs()
        self.assertEqual(sum(world.calls.values()), calls, "no call until somebody signs in")
        activities = self.env["mail.activity"].search([("res_model", "=", "mailbox"), ("res_id", "=", mailbox.id)])
        self.assertEqual(len(activities), 1)
        self.assertEqual(activities.user_id, self.owner)
        events = self.env["mailbox.event"].search([("mailbox_id", "=", mailbox.id), ("kind", "=like", "%.%")])
        self.assertEqual(len(events.filtered(lambda event: event.kind in ("sync.blocked", "credential.lost"))), 1)

    def test_signing_in_again_goes_on_from_the_cursor(self):
        mailbox, world = self.make_mailbox()
        self.fill(world)
        self.start(mailbox)
        world.fail("changes", AuthorizationLost("invalid_grant"))
        self.look(mailbox)
        world.deliver("Meanwhile")
        generation = mailbox.stream_ids.generation
        self.start(mailbox)
        self.assertEqual(mailbox.state, "live")
        self.assertEqual(mailbox.stream_ids.generation, generation)
        self.assert_same(mailbox, world)

    def test_a_message_deleted_between_listing_and_fetch_is_gone_not_an_error(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 120)
        mailbox._sync_start()
        self.perform(self.next_job())
        victim = next(key for key, row in self.rows(mailbox).items() if row.disposition == "listed")
        del world.messages[victim]
        self.run_jobs()
        self.assertEqual(self.rows(mailbox)[victim].disposition, "gone")
        self.assert_same(mailbox, world)

    # -- poison --------------------------------------------------------------------------------

    def test_a_message_the_provider_cannot_give_is_quarantined_and_delays_nobody(self):
        mailbox, world = self.make_mailbox()
        self.fill(world)
        bad = sorted(world.messages)[30]
        world.poison.add(bad)
        self.start(mailbox)
        row = self.rows(mailbox)[bad]
        self.assertEqual(row.disposition, "quarantined")
        self.assertTrue(row.disposition_reason)
        self.assertTrue(row.retry_at)
        self.assertEqual(len(self.rows(mailbox, "stored")), 59)
        world.heal()
        row.action_retry()
        self.run_jobs()
        self.assert_same(mailbox, world)

    def test_quarantine_is_retried_later_and_ever_more_rarely(self):
        mailbox, world = self.make_mailbox()
        bad = world.deliver("Bad")
        world.poison.add(bad)
        self.start(mailbox)
        waits = []
        for _ in range(10):
            row = self.rows(mailbox)[bad]
            if not row.retry_at:
                break
            waits.append((row.retry_at - fields.Datetime.now()).total_seconds())
            row.retry_at = fields.Datetime.subtract(fields.Datetime.now(), seconds=1)
            self.env["mailbox.message"]._cron_retry()
            self.run_jobs()
        self.assertEqual(waits, sorted(waits))
        self.assertEqual(self.rows(mailbox)[bad].attempts, step.RETRIES)
        self.assertFalse(self.rows(mailbox)[bad].retry_at, "given up, and still listed for a person")
        self.assert_counted(mailbox)

    @mute_logger("odoo.addons.mailbox_sync.engine.step")
    def test_a_message_that_cannot_be_read_keeps_its_source(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 10)
        bad = world.deliver("Kaboom")
        parse = step.parse

        def poisoned(raw):
            if b"Kaboom" in raw:
                raise ValueError("a mistake of ours")
            return parse(raw)

        with patch.object(step, "parse", poisoned):
            self.start(mailbox)
        row = self.rows(mailbox)[bad]
        self.assertEqual((row.disposition, row.disposition_reason), ("quarantined", "unreadable"))
        self.assertEqual(row._source(), world.messages[bad].raw)
        self.assertEqual(len(self.rows(mailbox, "stored")), 10)
        row.action_retry()
        self.run_jobs()
        self.assert_same(mailbox, world)

    @mute_logger("odoo.addons.mailbox_sync.engine.step", "odoo.sql_db")
    def test_a_message_that_cannot_be_stored_does_not_take_its_page_along(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 10)
        bad = world.deliver("Unstorable")
        stored = step.mapping.stored

        def oversized(content, email, digest, key):
            made = stored(content, email, digest, key)
            if content.ref.remote_id == bad:
                made.columns["size"] = 2**40
            return made

        with patch.object(step.mapping, "stored", oversized):
            self.start(mailbox)
        row = self.rows(mailbox)[bad]
        self.assertEqual(row.disposition, "quarantined")
        self.assertIn("not storable", row.disposition_reason)
        self.assertEqual(len(self.rows(mailbox, "stored")), 10)
        self.assert_counted(mailbox)

    # -- the database fails --------------------------------------------------------------------

    def test_a_crash_at_any_statement_leaves_cursor_and_rows_together(self):
        """Die at the N-th statement of the writing half of a step, for every N; then go on as if restarted."""
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
        """Perform ``job``, dying at the N-th statement after the network phase; whether it came to its end."""
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
            with patch.object(Cursor, "execute", counting), patch.object(step.Step, "commit", arm):
                with self.env.cr.savepoint():
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
        with patch.object(Writer, "write", side_effect=error), self.assertRaises(psycopg2.OperationalError):
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
                self.env.cr.execute("UPDATE mailbox_stream SET version = 100 WHERE id = %s", [stream.id])
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
        mailbox.stream_ids._sync_failed(exc_info="", exc_name="ValueError", exc_message="secret words of a mail")
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
        with patch.object(RawStore, "put", side_effect=OSError(28, "No space left")), self.assertRaises(OSError):
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
        # While five others have history too, the huge one gets at most every sixth turn and one to begin with.
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

    def test_refused_calls_end_in_a_question_to_a_person(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 3)
        self.start(mailbox)
        world.fail("changes", Refused("never"), times=9)
        with self.assertLogs(level=logging.INFO):
            self.look(mailbox)
            self.let_time_pass(mailbox)
        self.assertEqual(mailbox.stream_ids.gate, "blocked")
