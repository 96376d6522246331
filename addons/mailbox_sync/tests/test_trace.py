"""The way of live mail: which stations are written down, what the hops are, what does not count."""

from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from odoo import fields
from odoo.tests.common import tagged

from mailbox_core.net.clock import ProviderClock

from ..engine import trace
from ..models import mailbox_trace, mailbox_warm
from .common import MailboxCase

SECOND = timedelta(seconds=1)


@tagged("post_install", "-at_install")
class TestTrace(MailboxCase):
    def setUp(self):
        super().setUp()
        self.mailbox, self.world = self.make_mailbox()
        self.fill(self.world, 5)
        self.start(self.mailbox)
        self.stream = self.mailbox.stream_ids
        self.mailbox.import_started_at = fields.Datetime.now() - timedelta(days=90)
        # On a slow machine a second passes by itself.
        self.startPatcher(patch.object(mailbox_warm, "_TOGETHER", 600.0))

    def ways(self):
        self.env.invalidate_all()
        return self.env["mailbox.trace"].search([("mailbox_id", "=", self.mailbox.id)])

    def arrive(self, ago=0.5, count=1, **values):
        """Mail comes in, so many seconds ago."""
        moment = self.now() - timedelta(seconds=ago)
        return [
            self.world.deliver(f"Live {number}", received_at=moment, **values)
            for number in range(count)
        ]

    def announce(self, ago=0.4, published=0.45):
        """A push notification is noted, as the webhook leaves it."""
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        self.env["mailbox.hint"].create(
            {
                "stream_id": self.stream.id,
                "source": "push",
                "trigger": "hint",
                "received_at": now - ago * SECOND,
                "at": now - ago * SECOND / 2,
                "published_at": now - published * SECOND,
            }
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mailbox_hint SET received_at = %s, at = %s, published_at = %s",
            [now - ago * SECOND, now - ago * SECOND / 2, now - published * SECOND],
        )
        self.env.invalidate_all()

    def run_sync(self):
        self.stream._job_sync()
        return self.run_jobs()

    def warm(self):
        """Let bodies be made, which wait for more mail."""
        return self.run_jobs(horizon=601.0)

    # -- stations ----------------------------------------------------------------------------------

    def test_history_has_no_way(self):
        self.assertEqual(self.mailbox.message_count, 5)
        self.assertFalse(self.ways())

    def test_mail_found_by_a_look(self):
        self.arrive(ago=30)
        self.look(self.mailbox)
        [way] = self.ways()
        self.assertEqual(way.message_id, max(self.env["mailbox.message"].search([]).ids))
        self.assertTrue(way.provider_at and way.sync_at and way.stored_at)
        self.assertFalse(way.hint_at or way.verified_at or way.notice_ms or way.queue_ms)
        self.assertEqual((way.way, way.exempt), ("poll", False))
        self.assertAlmostEqual(way.poll_ms, 30_000, delta=3_000)
        self.assertAlmostEqual(way.total_ms, way.poll_ms + way.fetch_ms, delta=3)

    def test_mail_that_push_told_of(self):
        self.arrive(ago=1)
        self.announce(ago=0.8, published=0.9)
        self.run_sync()
        [way] = self.ways()
        self.assertEqual(way.way, "push")
        self.assertAlmostEqual(way.notice_ms, 200, delta=150)
        self.assertAlmostEqual(way.verify_ms, 400, delta=3)
        self.assertFalse(way.poll_ms)
        parts = sum(way[name] for name in mailbox_trace.HOPS)
        self.assertAlmostEqual(way.total_ms, parts, delta=6)

    def test_a_notification_of_before_tells_of_something_else(self):
        self.announce(ago=20, published=20)
        self.arrive(ago=0.1)
        self.run_sync()
        self.assertFalse(self.ways().hint_at)

    def test_the_repeated_look_still_belongs_to_its_notification(self):
        self.announce(ago=1, published=1)
        self.run_sync()
        self.assertFalse(self.ways())
        self.arrive(ago=1.1)
        self.look(self.mailbox)
        self.assertTrue(self.ways().hint_at)

    def test_in_a_burst_the_one_of_the_next_is_not_its_own(self):
        self.arrive(ago=0.2)
        self.announce(ago=1, published=1.2)
        self.run_sync()
        [way] = self.ways()
        self.assertFalse(way.hint_at)
        self.assertAlmostEqual(way.total_ms, way.poll_ms + way.fetch_ms, delta=4)

    def test_times_keep_their_milliseconds(self):
        self.arrive(ago=1)
        self.announce()
        self.run_sync()
        self.env.cr.execute(
            "SELECT bool_or(extract(milliseconds FROM hint_at)::int %% 1000 <> 0)"
            " FROM mailbox_trace WHERE mailbox_id = %s",
            [self.mailbox.id],
        )
        self.assertTrue(self.env.cr.fetchone()[0])

    def test_a_page_costs_one_statement_however_long(self):
        def statements(count):
            self.arrive(count=count)
            before = []
            real = trace.record

            def counted(cr, run, lines):
                start = cr.sql_log_count
                result = real(cr, run, lines)
                before.append(cr.sql_log_count - start)
                return result

            with patch.object(trace, "record", counted):
                self.look(self.mailbox)
            return sum(before)

        self.assertEqual(statements(1), 1)
        self.assertEqual(statements(20), 1)
        self.assertEqual(len(self.ways()), 21)

    # -- after the commit --------------------------------------------------------------------------

    def test_screens_are_told_after_the_commit(self):
        self.arrive(ago=1)
        with patch.object(trace, "shown") as shown:
            self.look(self.mailbox)
            self.env.cr.postcommit.run()
        shown.assert_called_once()
        [(_registry, told)] = [call.args for call in shown.call_args_list]
        self.registry_enter_test_mode()
        trace.shown(self.env.registry, told)
        [way] = self.ways()
        self.assertGreaterEqual(way.shown_at, way.stored_at)
        self.assertAlmostEqual(way.total_ms, way.poll_ms + way.fetch_ms + way.show_ms, delta=4)

    def test_the_body_is_ready_before_somebody_opens_it(self):
        [key] = self.arrive(body="Warm words")
        self.assertNotIn("1 of 1", self.look(self.mailbox), "mail comes in bursts")
        self.assertIn("1 of 1", self.warm())
        [way] = self.ways()
        self.assertTrue(way.body_at)
        self.assertIsNotNone(way.body_ms)
        body = self.env["mailbox.body"].search([("message_id", "=", way.message_id)])
        self.assertIn("Warm words", body.text)
        message = self.rows(self.mailbox)[key]
        with patch.object(type(message), "_source", side_effect=AssertionError):
            self.assertIn("Warm words", message.with_user(self.owner).get_body()["text"])

    def test_a_body_that_cannot_be_made_stops_no_other(self):
        self.arrive(count=3)
        model = type(self.env["mailbox.message"])
        real = model._body

        def fragile(message):
            if message.subject == "Live 1":
                raise ValueError("poison")
            return real(message)

        logger = "odoo.addons.mailbox_sync.models.mailbox_warm"
        with patch.object(model, "_body", fragile), self.assertLogs(logger, "ERROR"):
            self.look(self.mailbox)
            self.warm()
        self.assertEqual(len(self.ways().filtered("body_at")), 2)

    def test_bodies_of_a_burst_are_made_by_one_job(self):
        for _ in range(3):
            self.arrive()
            self.look(self.mailbox)
        self.assertEqual([word for word in self.warm() if " of " in word], ["3 of 3"])

    def test_one_job_makes_the_bodies_of_many_mailboxes_but_not_of_a_paused_one(self):
        other, other_world = self.make_mailbox("bob@example.org")
        self.start(other)
        other.import_started_at = self.mailbox.import_started_at
        for world in (self.world, other_world):
            world.deliver("Live", received_at=self.now() - SECOND / 2)
        self.look(self.mailbox)
        self.look(other)
        other._sync_pause()
        self.assertEqual([word for word in self.warm() if " of " in word], ["1 of 2"])
        made = self.env["mailbox.trace"].search([("body_at", "!=", False)])
        self.assertEqual(made.mailbox_id, self.mailbox)

    def test_warming_is_bounded(self):
        self.arrive(count=7)
        with patch("odoo.addons.mailbox_sync.models.mailbox_warm._AT_ONCE", 3):
            results = self.look(self.mailbox) + self.warm()
        self.assertEqual([word for word in results if word.endswith(" of 3")], ["3 of 3"] * 2)
        self.assertEqual(len(self.ways().filtered("body_at")), 7)

    # -- two clocks --------------------------------------------------------------------------------

    def test_a_provider_whose_clock_is_ahead_gives_honest_hops(self):
        for ahead, word in ((30.0, "ahead"), (-30.0, "behind")):
            with self.subTest(word), patch.object(ProviderClock, "ahead", return_value=ahead):
                self.ways().unlink()
                self.arrive(ago=0.5 - ahead)
                self.announce(published=0.45 - ahead)
                self.run_sync()
                [way] = self.ways()
                self.assertFalse(way.exempt)
                self.assertTrue(way.hint_at, "the notification is known to tell of it")
                self.assertEqual(way.clock_ms, 1000 * ahead)
                self.assertTrue(0 <= way.notice_ms < 1500, way.notice_ms)
                self.assertTrue(0 < way.total_ms < 60_000, way.total_ms)
                self.assertIn(word, way.stations["lines"][0]["note"])

    def test_a_clock_that_is_hours_off_is_not_put_right(self):
        with patch.object(ProviderClock, "ahead", return_value=2 * 3600.0):
            self.arrive(ago=0.5 - 2 * 3600)
            self.look(self.mailbox)
        [way] = self.ways()
        self.assertEqual((way.exempt, way.clock_ms), ("clock", 0))

    # -- what does not count -----------------------------------------------------------------------

    def test_clocks_that_disagree_give_no_figure(self):
        self.arrive(ago=-3600)
        self.look(self.mailbox)
        [way] = self.ways()
        self.assertEqual(way.exempt, "clock")
        self.assertFalse(way.total_ms or way.poll_ms)

    def test_old_mail_that_moves_in_does_not_count(self):
        self.stream.last_success_at = fields.Datetime.now()
        self.arrive(ago=7200)
        self.look(self.mailbox)
        self.assertEqual(self.ways().exempt, "late")

    def test_mail_of_an_outage_does_count(self):
        self.stream.last_success_at = fields.Datetime.now() - timedelta(hours=5)
        self.arrive(ago=7200)
        self.look(self.mailbox)
        self.assertFalse(self.ways().exempt)
        self.assertAlmostEqual(self.ways().total_ms, 7_200_000, delta=5_000)

    def test_what_the_owner_sends_does_not_count(self):
        self.world.deliver("Mine", sender=self.mailbox.address, received_at=self.now())
        self.look(self.mailbox)
        self.assertEqual(self.ways().exempt, "own")

    def test_a_month_fits_the_column(self):
        self.stream.last_success_at = self.mailbox.import_started_at
        self.arrive(ago=60 * 86400)
        self.look(self.mailbox)
        self.assertEqual(self.ways().total_ms, 2**31 - 1)

    # -- keeping -----------------------------------------------------------------------------------

    def test_old_ways_are_forgotten(self):
        self.arrive(count=2)
        self.look(self.mailbox)
        old = self.ways()[:1]
        self.env.cr.execute(
            "UPDATE mailbox_trace SET sync_at = sync_at - interval '31 days' WHERE id = %s",
            [old.id],
        )
        self.env["mailbox.trace"]._gc_traces()
        self.assertEqual(len(self.ways()), 1)
        self.env["ir.config_parameter"].set_param("mailbox_sync.trace_days", "0")
        self.env.cr.execute("UPDATE mailbox_trace SET sync_at = sync_at - interval '9 years'")
        self.env["mailbox.trace"]._gc_traces()
        self.assertEqual(len(self.ways()), 1)

    def test_a_message_that_goes_takes_its_way_along(self):
        self.arrive()
        self.look(self.mailbox)
        self.env["mailbox.message"].browse(self.ways().message_id).sudo().unlink()
        self.assertFalse(self.ways())
