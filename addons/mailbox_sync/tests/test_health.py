"""What a waiting or blocked mailbox says of itself, and a clock that is set back."""

from datetime import timedelta

from odoo import fields
from odoo.tests.common import tagged

from mailbox_core.errors import AuthorizationLost, Throttled

from .common import MailboxCase


@tagged("post_install", "-at_install")
class TestHealth(MailboxCase):
    def setUp(self):
        super().setUp()
        self.mailbox, self.world = self.make_mailbox()
        self.start(self.mailbox)
        self.stream = self.mailbox.stream_ids

    def meet(self, error):
        """A look that ends in an error; what the screen says then."""
        self.world.fail("changes", error, times=1)
        self.look(self.mailbox)
        self.env.invalidate_all()
        return self.mailbox.state, self.mailbox.health_text

    def test_our_own_restraint_is_not_the_providers_refusal(self):
        state, words = self.meet(Throttled("The quota has no room", 30, ours=True))
        self.assertEqual((state, self.stream.gate_reason), ("waiting", "quota"))
        self.assertIn("stay within", words)
        self.assertNotIn("asked us", words)

    def test_the_provider_asks_for_a_break(self):
        state, words = self.meet(Throttled("Too many requests.", 30))
        self.assertEqual(state, "waiting")
        self.assertIn("asked us to wait", words)

    def test_a_lost_sign_in_says_what_to_do(self):
        state, words = self.meet(AuthorizationLost("invalid_grant"))
        self.assertEqual(state, "reconnect")
        self.assertIn("Reconnect", words)
        self.assertNotIn("invalid_grant", words)

    def test_f31_a_clock_set_back_holds_up_no_look(self):
        self.trap.enqueued_jobs.clear()
        self.stream.due_at = fields.Datetime.now() + timedelta(hours=2)
        self.world.deliver("During the jump")
        with self.assertLogs("odoo.addons.mailbox_sync.models.mailbox_stream", "WARNING"):
            self.env["mailbox.stream"]._cron_poll()
        self.run_jobs()
        self.assertEqual(self.mailbox.message_count, 1)
        self.assertLess(self.stream.due_at, fields.Datetime.now() + timedelta(minutes=30))

    def test_an_ordinary_rest_is_left_alone(self):
        due = fields.Datetime.now() + timedelta(seconds=self.stream.poll_seconds + 300)
        self.stream.due_at = due
        self.env["mailbox.stream"]._cron_poll()
        self.assertEqual(self.stream.due_at, due)
