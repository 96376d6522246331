"""The registration: may it be made, is it kept alive, is silence noticed, does polling follow."""

from datetime import datetime, timedelta, timezone
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from mailbox_core.providers.gmail.push import GmailPush

from ..engine import notice
from ..models import mailbox_engine, mailbox_subscription
from ..values import aware
from .push_common import ADDRESS, PROJECT, SIGNER, TOPIC, PushCase

DAY = 86400


@tagged("-at_install", "post_install")
class TestPushWatch(PushCase):
    def blockers(self, mailbox=None, user=None):
        mailbox = (mailbox or self.mailbox).with_user(user or self.manager)
        return [word for word, sentence in mailbox._push_blockers() if sentence]

    def enable(self):
        return self.mailbox.with_user(self.manager).action_push_enable()["params"]

    def heard(self):
        """A notification comes."""
        spec = self.mailbox._spec()
        body = {"emailAddress": ADDRESS, "historyId": 1}
        hint = spec.push.decode(body, self.env.cr.now())
        self.env.flush_all()
        notice.note(self.env.registry, "gmail", hint)
        self.env.invalidate_all()

    @property
    def line(self):
        return self.mailbox.subscription_ids

    def later(self, **span):
        """Let time pass here and at the provider, for one block."""
        moment = fields.Datetime.now() + timedelta(**span)
        return patch.object(fields.Datetime, "now", lambda *_args: moment)

    # -- readiness ---------------------------------------------------------------------------------

    def test_each_refusal_has_its_reason(self):
        self.assertEqual(self.blockers(), [])
        self.assertEqual(self.blockers(user=self.person), ["manager"])
        memory = self.env["mailbox"].create(
            {"name": "x", "provider": "memory", "address": "x@example.org"}
        )
        self.assertEqual(self.blockers(memory), ["provider"])
        self.config.signers = False
        self.assertEqual(self.blockers(), ["receiver"])
        self.env["ir.config_parameter"].set_param("web.base.url", "http://odoo.example.com")
        self.config.signers = SIGNER
        self.config.invalidate_recordset()
        self.assertEqual(self.blockers(), ["endpoint"])
        self.config.unlink()
        self.assertEqual(self.blockers(), ["config"])

    def test_reasons_of_the_grant(self):
        credential = self.env["mailbox.credential"]._of(self.mailbox)
        credential._write_row({"scopes": "https://www.googleapis.com/auth/gmail.send openid"})
        self.assertEqual(self.blockers(), ["scope"])
        credential._write_row({"token_state": "reconnect"})
        self.assertEqual(self.blockers(), ["lost"])
        credential._wipe()
        self.assertEqual(self.blockers(), ["grant"])

    def test_a_paused_mailbox_waits(self):
        self.mailbox._sync_pause()
        self.assertEqual(self.blockers(), ["asleep"])

    def test_the_button_says_all_reasons(self):
        self.config.signers = False
        credential = self.env["mailbox.credential"]._of(self.mailbox)
        credential._write_row({"scopes": "openid"})
        with self.assertRaisesRegex(UserError, "(?s)Reconnect.*signers"):
            self.enable()
        with self.assertRaises(AccessError):
            self.mailbox.with_user(self.person).action_push_enable()

    def test_settings_are_checked_by_form(self):
        for name, bad in (
            ("project_id", "My Project"),
            ("project_id", "123456"),
            ("topic_id", "googly"),
            ("topic_id", "projects/p/topics/t"),
            ("topic_id", "ab"),
            ("audience", "two words"),
            ("signers", "somebody"),
        ):
            with self.assertRaises(ValidationError, msg=bad), self.cr.savepoint():
                self.config[name] = bad
        self.config.signers = f"{SIGNER.upper()}, other@p.iam.gserviceaccount.com\n"
        self.assertEqual(len(self.config._signer_set()), 2)

    def test_settings_are_the_managers(self):
        with self.assertRaises(AccessError):
            self.config.with_user(self.person).read(["topic_id"])
        self.config.with_user(self.manager).topic_id = "another"
        self.assertEqual(self.config.topic, f"projects/{PROJECT}/topics/another")

    # -- the record --------------------------------------------------------------------------------

    def test_enabling_records_only_identifiers(self):
        self.assertEqual(self.enable()["type"], "success")
        [watch] = self.account.watches.values()
        self.assertEqual((watch.topic, watch.label_ids), (TOPIC, ("INBOX",)))
        line = self.line
        self.assertEqual((line.state, line.topic, line.remote_id), ("active", TOPIC, TOPIC))
        self.assertTrue(line.history_id and line.registered_at and line.last_renewed_at)
        self.assertAlmostEqual(
            (line.expires_at - fields.Datetime.now()).total_seconds(), 7 * DAY, delta=120
        )
        self.assertEqual((line.failure_count, line.last_error), (0, False))
        self.assertEqual(self.mailbox.push_state, "active")
        self.assertIn("Active", self.mailbox.push_text)

    def test_disabling_ends_it_at_the_provider(self):
        self.enable()
        self.mailbox.with_user(self.manager).action_push_disable()
        self.assertFalse(self.account.watches)
        self.assertEqual(self.line.state, "off")
        self.assertIn("polling", self.mailbox.push_text)

    def test_another_topic_takes_over(self):
        self.enable()
        self.sandbox.add_topic(TOPIC + "2")
        self.config.topic_id = "mailbox-gmail2"
        self.assertEqual(self.enable()["type"], "success")
        self.assertEqual(self.line.topic, TOPIC + "2")

    # -- renewal -----------------------------------------------------------------------------------

    def due(self, **span):
        with self.later(**span):
            before = self.env["queue.job"].search([])
            self.env["mailbox.subscription"]._renew_due()
            made = self.env["queue.job"].search([]) - before
            made.unlink()
            return len(made)

    def test_renewed_daily_and_always_before_the_last_day(self):
        self.enable()
        self.assertEqual(self.due(hours=23), 0)
        self.assertEqual(self.due(hours=25), 1)
        self.line.last_renewed_at = fields.Datetime.now() + timedelta(days=6)
        self.assertEqual(self.due(days=6, hours=-1), 0)
        self.assertEqual(self.due(days=6, hours=1), 1)

    def test_b52_renewal_extends(self):
        self.enable()
        before = self.line.expires_at
        self.sandbox.clock.advance(60)
        self.assertEqual(self.line._job_renew(), "renewed")
        self.assertGreater(self.line.expires_at, before)

    def test_f38_topic_gone_is_typed_counted_and_retried(self):
        self.enable()
        self.sandbox.world.broker.delete_topic(TOPIC)
        for count in (1, 2, 3):
            self.line._job_renew()
            self.assertEqual((self.line.error_reason, self.line.failure_count), ("topic", count))
        self.assertEqual(self.line.state, "failing")
        self.assertIn("topic", self.line.last_error)
        self.assertGreater(self.line.next_try_at, fields.Datetime.now() + timedelta(minutes=50))
        self.assertEqual(self.due(minutes=30), 0)
        self.assertEqual(self.due(minutes=61), 1)
        self.sandbox.add_topic(TOPIC)
        self.line._job_renew()
        self.assertEqual(
            (self.line.state, self.line.failure_count, self.line.last_error), ("active", 0, False)
        )

    def test_f38_publisher_grant_gone(self):
        self.enable()
        self.sandbox.world.broker.topics[TOPIC].policy.clear()
        self.line._job_renew()
        self.assertEqual(self.line.error_reason, "permission")

    def test_f44_token_gone(self):
        self.enable()
        self.sandbox.world.identity.revoke_grant(ADDRESS, PROJECT)
        self.line._job_renew()
        self.assertEqual((self.line.error_reason, self.line.state), ("token", "failing"))
        self.assertEqual(self.mailbox.token_state, "reconnect")

    def test_f45_scope_gone(self):
        self.enable()
        self.sandbox.world.identity.revoke_grant(ADDRESS, PROJECT)
        self.sign_in(self.mailbox, ["https://www.googleapis.com/auth/gmail.send"])
        self.line._job_renew()
        self.assertEqual(self.line.error_reason, "scope")

    def test_an_ended_watch_is_told_and_taken_up_again(self):
        self.enable()
        self.line.write({"expires_at": fields.Datetime.now() - timedelta(minutes=1)})
        self.assertEqual(self.due(), 1)
        self.assertEqual(self.line.state, "expired")
        self.line._job_renew()
        self.assertEqual(self.line.state, "active")

    def test_reconnecting_takes_the_registration_up(self):
        self.enable()
        self.line.write({"state": "failing", "failure_count": 3})
        self.mailbox._sync_start()
        key = f"renew:{self.line.id}"
        self.assertTrue(self.env["queue.job"].search([("identity_key", "=", key)]))

    def test_f59_a_copy_renews_nothing(self):
        self.enable()
        self.env["ir.config_parameter"].set_param("database.is_neutralized", "True")
        with patch.object(GmailPush, "renew", side_effect=AssertionError):
            self.assertEqual(self.line._job_renew(), "nothing to do")

    # -- silence -----------------------------------------------------------------------------------

    def silence(self, **span):
        with self.later(**span):
            self.env["mailbox.subscription"]._watch_silence()
        return self.line.state, self.line.silence

    def test_a_registration_must_be_echoed(self):
        self.enable()
        self.assertEqual(self.silence(minutes=1), ("active", False))
        self.assertEqual(self.silence(minutes=3), ("silent", "unheard"))
        self.heard()
        self.assertEqual((self.line.state, self.line.silence), ("active", False))

    def test_six_hours_are_the_ceiling(self):
        self.enable()
        self.heard()
        self.assertEqual(self.silence(hours=5), ("active", False))
        self.assertEqual(self.silence(hours=6, minutes=5), ("silent", "quiet"))

    def test_the_threshold_is_learned(self):
        self.enable()
        now = fields.Datetime.now()
        minute = timedelta(minutes=1)
        mails = [
            aware(now - timedelta(days=day) + 3 * minute * number)
            for day in range(1, 13)
            for number in range(20)
        ]
        model = mailbox_subscription.MailboxSubscription
        with patch.object(model, "_arrivals", lambda line: mails):
            self.heard()
            self.assertEqual(self.silence(minutes=9), ("active", False))
            self.assertEqual(self.line.quiet_seconds, 600)
            self.assertEqual(self.silence(minutes=12), ("silent", "quiet"))

    def test_silence_catches_up_and_registers_again(self):
        self.enable()
        self.heard()
        stream = self.live_stream(self.mailbox)
        self.waiting_jobs(stream).unlink()
        self.silence(hours=7)
        self.assertTrue(self.waiting_jobs(stream))
        key = f"renew:{self.line.id}"
        self.assertTrue(self.env["queue.job"].search([("identity_key", "=", key)]))
        [event] = self.env["mailbox.event"].search([("kind", "=", "push.silent")])
        self.assertEqual(event.payload["why"], "quiet")

    def test_f32_mail_that_nobody_announced(self):
        self.enable()
        self.heard()
        stream = self.live_stream(self.mailbox)
        self.sandbox.faults.add("pubsub", "notify", "dropped", times=None)
        self.account.deliver(b"From: a@b.example\r\nMessage-ID: <m1@b>\r\nSubject: x\r\n\r\nx\r\n")
        self.assertEqual(self.silence(minutes=5), ("active", False))
        stream._hint("poll", "poll")
        stream._job_sync()
        message = self.env["mailbox.message"].search([("mailbox_id", "=", self.mailbox.id)])
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mailbox_subscription SET last_hint_at = last_hint_at - interval '1 hour',"
            " last_renewed_at = last_renewed_at - interval '2 hours'"
        )
        self.env.cr.execute("UPDATE mailbox_placement SET date = date - interval '10 minutes'")
        self.env.invalidate_all()
        self.assertTrue(message)
        self.assertEqual(self.silence(), ("silent", "missed"))

    def test_polling_relaxes_while_push_is_heard(self):
        lively = 30
        with patch.object(mailbox_engine, "poll_interval", lambda *_args: lively):
            self.assertEqual(self.mailbox._poll_seconds(self.aware()), lively)
            self.enable()
            self.assertEqual(self.mailbox._poll_seconds(self.aware()), lively, "not heard yet")
            self.heard()
            for quiet, seconds in ((1200, 600), (6 * 3600, 900), (60, 60)):
                self.line.quiet_seconds = quiet
                self.assertEqual(self.mailbox._poll_seconds(self.aware()), seconds)
            self.line.state = "silent"
            self.assertEqual(self.mailbox._poll_seconds(self.aware()), lively)

    @staticmethod
    def aware():
        return datetime.now(timezone.utc)
