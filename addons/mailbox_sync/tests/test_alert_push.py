"""Alerts come from where conditions are met: sign-in, renewal, the first sound after silence."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..engine import notice
from .push_common import ADDRESS, PROJECT, TOPIC, PushCase


@tagged("-at_install", "post_install")
class TestAlertPush(PushCase):
    def setUp(self):
        super().setUp()
        self.mailbox.action_push_enable()
        self.line = self.mailbox.subscription_ids

    def open_kinds(self):
        self.env.invalidate_all()
        return sorted(
            self.mailbox.alert_ids.filtered(lambda alert: alert.state == "open").mapped("kind")
        )

    def test_a_renewal_that_fails_for_good(self):
        self.assertEqual(self.open_kinds(), [])
        self.sandbox.world.broker.delete_topic(TOPIC)
        for _ in range(3):
            self.line._job_renew()
            self.assertEqual(self.open_kinds(), ["renewal"])
        self.assertEqual(len(self.mailbox.alert_ids), 1)
        self.assertIn("topic", self.mailbox.alert_ids.cause)
        self.sandbox.add_topic(TOPIC)
        self.line._job_renew()
        self.assertEqual(self.open_kinds(), [])

    def test_trouble_that_passes_is_no_alert_until_it_stays(self):
        self.sandbox.faults.add(call="watch", fault="error_500", times=None)
        counts = []
        for _ in range(3):
            self.line._job_renew()
            counts.append((self.line.failure_count, self.open_kinds()))
        self.assertEqual(counts, [(1, []), (2, []), (3, ["renewal"])])

    def test_a_lost_sign_in_is_told_as_what_it_is(self):
        stream = self.live_stream(self.mailbox)
        self.sandbox.world.identity.revoke_grant(ADDRESS, PROJECT)
        self.line._job_renew()
        stream._hint("poll", "poll")
        stream._job_sync()
        self.assertEqual(self.open_kinds(), ["token"])
        self.sign_in(self.mailbox)
        self.assertEqual(self.open_kinds(), [])

    def test_one_notification_ends_silence(self):
        self.line.write(
            {
                "state": "silent",
                "silence": "quiet",
                "silent_since": fields.Datetime.now() - timedelta(hours=1),
            }
        )
        self.env["mailbox.alert"]._cron_watch()
        self.assertEqual(self.open_kinds(), ["silent"])
        hint = self.mailbox._spec().push.decode(
            {"emailAddress": ADDRESS, "historyId": 1}, self.env.cr.now()
        )
        self.env.flush_all()
        notice.note(self.env.registry, "gmail", hint)
        self.assertEqual(self.open_kinds(), [])
