"""Alerts: raised once, told by the chosen channels, acknowledged, cleared with a word."""

from datetime import timedelta
from unittest.mock import patch

import psycopg2
from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form
from odoo.tests.common import new_test_user, tagged
from odoo.tools import mute_logger

from .common import MailboxCase


class AlertCase(MailboxCase):
    def setUp(self):
        super().setUp()
        self.manager = new_test_user(
            self.env, "boss@example.org", "base.group_user,mailbox_sync.group_manager"
        )
        self.mailbox, self.world = self.make_mailbox()
        self.start(self.mailbox)
        self.stream = self.mailbox.stream_ids

    def alerts(self, kind=None):
        self.env.invalidate_all()
        found = self.env["mailbox.alert"].search([("mailbox_id", "=", self.mailbox.id)])
        return found.filtered(lambda alert: not kind or alert.kind == kind)

    def told(self, person):
        """Subjects of the messages that a person was notified of."""
        mine = self.env["mail.message"].search(
            [("notified_partner_ids", "in", person.partner_id.ids), ("model", "=", "mailbox")]
        )
        return [message.subject for message in reversed(mine)]

    def set_option(self, name, value):
        self.env["ir.config_parameter"].set_param(f"mailbox_sync.{name}", value)


@tagged("post_install", "-at_install")
class TestAlert(AlertCase):
    def test_raised_once_and_cleared_once(self):
        for _ in range(3):
            self.mailbox._raise_alert("silent", why="quiet")
        [alert] = self.alerts()
        self.assertEqual(alert.state, "open")
        self.assertEqual(self.mailbox.with_user(self.owner).alert_count, 1)
        self.assertIn("notification", alert.cause)
        self.assertTrue(alert.step)
        self.assertIn(self.mailbox.address, alert.display_name)
        self.run_jobs()
        self.assertEqual(len(self.told(self.manager)), 1)
        self.assertTrue(self.mailbox._clear_alerts("silent"))
        self.assertFalse(self.mailbox._clear_alerts("silent"))
        self.run_jobs()
        self.assertEqual(len(self.told(self.manager)), 2)
        self.assertIn("Over", self.told(self.manager)[1])
        self.mailbox._raise_alert("silent", why="missed")
        self.assertEqual(self.alerts().mapped("state"), ["open", "cleared"])
        kinds = self.env["mailbox.event"].search([("kind", "like", "alert.%")]).mapped("kind")
        self.assertEqual(kinds, ["alert.raised", "alert.cleared", "alert.raised"])

    def test_the_database_itself_allows_one(self):
        self.mailbox._raise_alert("lag", hop="run")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.env["mailbox.alert"].create({"mailbox_id": self.mailbox.id, "kind": "lag"})
        self.mailbox._raise_alert("silent", why="quiet")
        self.assertEqual(len(self.alerts()), 2)

    def test_the_owner_gets_an_activity_until_it_is_over(self):
        self.mailbox._raise_alert("silent", why="quiet")
        self.run_jobs()
        activity = self.alerts().activity_id
        self.assertEqual(activity.user_id, self.owner)
        self.assertIn("silent", activity.summary)
        self.mailbox._clear_alerts("silent")
        self.run_jobs()
        self.assertFalse(activity.exists().active)

    def test_acknowledging_ends_the_reminder_and_names_who(self):
        self.mailbox._raise_alert("silent", why="quiet")
        self.run_jobs()
        alert = self.alerts()
        activity = alert.activity_id
        with self.assertRaises(AccessError):
            alert.with_user(self.colleague).action_acknowledge()
        alert.with_user(self.owner).action_acknowledge()
        self.assertEqual((alert.state, alert.acknowledged_by_id), ("acknowledged", self.owner))
        self.assertTrue(alert.acknowledged_at)
        self.assertFalse(activity.exists().active)
        self.assertFalse(self.mailbox._raise_alert("silent", why="quiet"), "no repeat")
        alert.with_user(self.manager).action_reopen()
        self.assertEqual((alert.state, alert.acknowledged_by_id.id), ("open", False))
        self.mailbox._clear_alerts("silent")
        self.env.invalidate_all()
        with self.assertRaises(UserError):
            alert.with_user(self.owner).action_reopen()

    def test_over_before_it_was_told(self):
        self.mailbox._raise_alert("silent", why="quiet")
        self.mailbox._clear_alerts("silent")
        self.assertIn("over already", self.run_jobs())
        self.assertFalse([one for one in self.told(self.manager) if "Over" not in one])

    def test_a_channel_of_discuss(self):
        channel = self.env["discuss.channel"].create({"name": "ops"})
        self.set_option("alert_managers", "channel")
        self.set_option("alert_channel", str(channel.id))
        self.mailbox._raise_alert("silent", why="quiet")
        self.run_jobs()
        self.assertIn("Push is silent", channel.message_ids[:1].body)
        self.assertFalse(self.told(self.manager))

    def test_nobody_wants_to_know(self):
        self.set_option("alert_managers", "nobody")
        self.set_option("alert_owner", "nobody")
        self.mailbox._raise_alert("silent", why="quiet")
        self.run_jobs()
        self.assertFalse(self.told(self.manager))
        self.assertFalse(self.alerts().activity_id)
        self.assertEqual(len(self.alerts()), 1)

    def test_managers_of_other_companies_hear_nothing(self):
        other = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env,
            "stranger@example.org",
            "mailbox_sync.group_manager",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        self.mailbox._raise_alert("silent", why="quiet")
        self.run_jobs()
        self.assertFalse(self.told(stranger))

    def test_a_copy_tells_nobody(self):
        self.set_option("alert_lag_seconds", "60")
        self.env["ir.config_parameter"].set_param("database.is_neutralized", "True")
        self.mailbox._raise_alert("silent", why="quiet")
        self.run_jobs()
        self.assertFalse(self.told(self.manager))

    def test_old_alerts_are_forgotten(self):
        self.mailbox._raise_alert("lag", hop="run")
        self.mailbox._clear_alerts("lag")
        self.env.cr.execute("UPDATE mailbox_alert SET cleared_at = now() - interval '400 days'")
        self.env["mailbox.alert"]._gc_alerts()
        self.assertFalse(self.alerts())

    def test_settings_are_kept_zero_too(self):
        settings = Form(self.env["res.config.settings"].with_user(self.env.ref("base.user_admin")))
        self.assertEqual(settings.mailbox_alert_lag_seconds, 120)
        self.assertEqual(settings.mailbox_alert_managers, "notify")
        settings.mailbox_alert_lag_seconds = 0
        settings.mailbox_alert_owner = "nobody"
        settings.save().execute()
        values = self.env["res.config.settings"].get_values()
        self.assertEqual(values["mailbox_alert_lag_seconds"], 0)
        self.assertEqual(self.env["mailbox.alert"]._lags(), {})
        with self.assertRaises(ValidationError):
            self.env["res.config.settings"].create({"mailbox_trace_days": -1})


@tagged("post_install", "-at_install")
class TestConditions(AlertCase):
    def way(self, total=1000, notice=100, found_by="push", ago=1):
        """A message that took so many milliseconds, mostly waiting for a worker."""
        now = fields.Datetime.now() - timedelta(minutes=ago)
        key = self.world.deliver("Late")
        self.look(self.mailbox)
        message = self.rows(self.mailbox)[key]
        at = now - timedelta(milliseconds=total)
        heard = at + timedelta(milliseconds=notice) if found_by == "push" else None
        self.env.cr.execute(
            """INSERT INTO mailbox_trace (mailbox_id, message_id, provider_at, hint_at, verified_at,
                   sync_at, stored_at) VALUES (%s, %s, %s, %s, %s, %s, %s)""",
            [self.mailbox.id, message.id, at, heard, heard, now, now],
        )

    def watch(self):
        self.env["mailbox.alert"]._cron_watch()
        return self.alerts().filtered(lambda alert: alert.state != "cleared")

    def test_late_mail_names_the_slow_hop(self):
        self.stream.poll_seconds = 600
        self.way(total=1000)
        self.assertFalse(self.watch())
        for _ in range(3):
            self.way(total=150_000)
        [alert] = self.watch()
        self.assertEqual((alert.kind, alert.facts["hop"]), ("lag", "queue_ms"))
        self.assertIn("waiting for a worker", alert.cause)
        self.assertIn("root.mailbox", alert.step)
        self.watch()
        self.assertEqual(len(self.alerts()), 1)
        self.env.cr.execute("UPDATE mailbox_trace SET stored_at = stored_at - interval '1 hour'")
        self.assertFalse(self.watch())
        self.assertEqual(self.alerts().state, "cleared")

    def test_polling_may_take_its_interval(self):
        for _ in range(3):
            self.way(total=600_000, found_by="poll")
        self.stream.poll_seconds = 900
        self.assertFalse(self.watch())
        self.stream.poll_seconds = 60
        [alert] = self.watch()
        self.assertEqual(alert.facts["hop"], "poll_ms")

    def test_one_slow_message_is_no_alarm(self):
        self.way(total=900_000)
        self.assertFalse(self.watch())

    def test_a_look_that_is_never_made(self):
        self.stream.due_at = fields.Datetime.now() - timedelta(minutes=9)
        self.assertFalse(self.watch())
        self.stream.due_at = fields.Datetime.now() - timedelta(minutes=11)
        [alert] = self.watch()
        self.assertIn("runner", alert.step)
        self.stream.due_at = fields.Datetime.now()
        self.assertFalse(self.watch())
        self.mailbox.paused = True
        self.stream.due_at = fields.Datetime.now() - timedelta(minutes=11)
        self.assertFalse(self.watch(), "nobody waits for a paused one")

    def test_silence_that_lasts(self):
        line = self.env["mailbox.subscription"].create(
            {
                "mailbox_id": self.mailbox.id,
                "state": "silent",
                "silence": "missed",
                "silent_since": fields.Datetime.now() - timedelta(minutes=14),
            }
        )
        self.assertFalse(self.watch())
        line.silent_since -= timedelta(minutes=2)
        [alert] = self.watch()
        self.assertEqual(alert.kind, "silent")
        line._switch_off()
        self.assertEqual(self.alerts().state, "cleared")

    def test_a_crash_of_one_channel_leaves_the_others(self):
        model = type(self.env["mailbox.alert"])
        self.mailbox._raise_alert("silent", why="quiet")
        jobs = [job for job in self.trap.enqueued_jobs if job.method_name == "_job_announce"]
        self.assertEqual(
            {job.args for job in jobs},
            {("raised", "owner"), ("raised", "managers"), ("raised", "webhook")},
        )
        with patch.object(model, "_tell_managers", side_effect=ValueError):
            owner = next(job for job in jobs if job.args[1] == "owner")
            self.assertEqual(self.perform(owner), "activity made")
