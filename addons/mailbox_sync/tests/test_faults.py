from itertools import pairwise
from unittest.mock import patch

from odoo import fields
from odoo.tests.common import tagged
from odoo.tools import mute_logger

from mailbox_core.errors import AuthorizationLost, Refused, Throttled, Unavailable

from ..engine import notice, reader, step
from ..store.line import RETRIES
from .common import MailboxCase


@tagged("post_install", "-at_install")
class TestFaults(MailboxCase):
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
            past = fields.Datetime.subtract(fields.Datetime.now(), seconds=1)
            mailbox.stream_ids.write({"gate_until": past})
            self.perform(self.next_job(horizon=900))
            self.run_jobs()

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
        activities = self.env["mail.activity"].search(
            [("res_model", "=", "mailbox"), ("res_id", "=", mailbox.id)]
        )
        self.assertEqual(len(activities), 1)
        self.assertEqual(activities.user_id, self.owner)
        events = self.env["mailbox.event"].search(
            [("mailbox_id", "=", mailbox.id), ("kind", "=like", "%.%")]
        )
        self.assertEqual(
            len(events.filtered(lambda event: event.kind in ("sync.blocked", "credential.lost"))), 1
        )

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

    def test_a_surprise_while_writing_undoes_the_page_and_frees_its_locks(self):
        """queue_job tells of the failure in a second transaction while the first is still open: a
        lock that the first one kept would be waited for until the worker is killed."""
        mailbox, world = self.make_mailbox()
        self.fill(world, 5)
        mailbox._sync_start()
        stream = mailbox.stream_ids
        before = stream.version
        surprise = patch.object(type(mailbox), "_after_arrival", side_effect=ZeroDivisionError)
        with surprise, self.assertRaises(ZeroDivisionError):
            stream._job_sync()
        self.assertEqual(stream.version, before)
        self.assertFalse(mailbox.message_count)
        stream._sync_failed(exc_name="builtins.ZeroDivisionError")
        self.assertEqual(mailbox.crash, "builtins.ZeroDivisionError")
        self.start(mailbox)
        self.assertEqual(len(self.rows(mailbox)), 5)
        self.assertFalse(mailbox.crash)

    def test_a_busy_stream_is_not_asked_again_at_once(self):
        mailbox, _world = self.make_mailbox()
        self.start(mailbox)
        stream = mailbox.stream_ids
        self.trap.enqueued_jobs.clear()
        self.env["mailbox.hint"].create({"stream_id": stream.id, "source": "push"})
        with (
            patch.object(type(stream), "_take_turn", return_value=False),
            patch.object(notice, "wake_leftovers") as leftovers,
        ):
            self.assertEqual(stream._job_sync(), "busy")
            self.env.cr.postcommit.run()
        leftovers.assert_not_called()
        (job,) = self.trap.enqueued_jobs
        self.assertTrue(job.eta, "it waits before it looks again")

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
        # Times are whole seconds, and those that the test takes count.
        for earlier, later in pairwise(waits):
            self.assertGreater(later, earlier * 0.9)
        self.assertGreater(waits[-1], waits[0] * 4)
        self.assertEqual(self.rows(mailbox)[bad].attempts, RETRIES)
        self.assertFalse(
            self.rows(mailbox)[bad].retry_at, "given up, and still listed for a person"
        )
        self.assert_counted(mailbox)

    def test_a_quarantined_message_that_is_named_again_keeps_its_next_try(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 5)
        bad = world.deliver("Bad")
        world.poison.add(bad)
        self.start(mailbox)
        due = self.rows(mailbox)[bad].retry_at
        self.assertTrue(due)
        world.expire()
        self.look(mailbox)
        row = self.rows(mailbox)[bad]
        self.assertEqual(row.generation, mailbox.stream_ids.generation, "a survey named it")
        self.assertEqual((row.disposition, row.retry_at), ("quarantined", due))

    @mute_logger("odoo.addons.mailbox_sync.engine.reader")
    def test_a_message_that_cannot_be_read_keeps_its_source(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 10)
        bad = world.deliver("Kaboom")
        parse = reader.parse

        def poisoned(raw):
            if b"Kaboom" in raw:
                raise ValueError("a mistake of ours")
            return parse(raw)

        with patch.object(reader, "parse", poisoned):
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

    def test_refused_calls_end_in_a_question_to_a_person(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 3)
        self.start(mailbox)
        world.fail("changes", Refused("never"), times=9)
        self.look(mailbox)
        self.let_time_pass(mailbox)
        self.assertEqual(mailbox.stream_ids.gate, "blocked")
