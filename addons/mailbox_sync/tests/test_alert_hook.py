"""Other systems are told of alerts: signed, tried again, never at private addresses."""

import json
import os
from unittest.mock import patch

from odoo.exceptions import UserError, ValidationError
from odoo.tests.common import tagged

from mailbox_core.net.webhook import signature

from ..models.mailbox_alert_hook import _WAITS
from .receiver_common import SECRET, ReceiverMixin
from .test_alert import AlertCase


@tagged("post_install", "-at_install")
class TestAlertHook(ReceiverMixin, AlertCase):
    def hook(self, **values):
        return self.env["mailbox.alert.hook"].create(
            {"url": self.url, "new_secret": SECRET, **values}
        )

    def test_alert_and_all_clear_are_signed_and_tell_no_mail(self):
        hook = self.hook()
        self.world.deliver("Top secret subject")
        self.look(self.mailbox)
        self.mailbox._raise_alert("lag", hop="queue_ms", count=3, middle_ms=130_000)
        self.run_jobs()
        self.mailbox._clear_alerts("lag")
        self.run_jobs()
        (headers, body), (_headers, over) = self.server.calls
        moment = int(headers["webhook-timestamp"])
        self.assertEqual(
            headers["webhook-signature"], signature(SECRET, headers["webhook-id"], moment, body)
        )
        told = json.loads(body)
        self.assertEqual((told["type"], told["data"]["kind"]), ("mailbox.alert.raised", "lag"))
        self.assertIn("waiting for a worker", told["data"]["cause"])
        self.assertNotIn(b"secret subject", body)
        self.assertEqual(json.loads(over)["type"], "mailbox.alert.cleared")
        self.assertEqual(hook.last_result, "Answered 200")

    def test_a_receiver_that_is_down_is_tried_again_with_the_same_call(self):
        self.hook()
        self.server.answers += [503, 200]
        self.mailbox._raise_alert("silent", why="quiet")
        self.run_jobs()
        self.assertEqual(len(self.server.calls), 1)
        self.run_jobs(horizon=_WAITS[0] + 5)
        (first, body), (second, again) = self.server.calls
        self.assertEqual(first["webhook-id"], second["webhook-id"])
        self.assertEqual(body, again)
        self.run_jobs(horizon=86_400)
        self.assertEqual(len(self.server.calls), 2, "taken once")

    def test_it_is_given_up_in_the_end_and_said(self):
        self.hook()
        self.server.answers += [503] * 20
        self.mailbox._raise_alert("silent", why="quiet")
        for _ in range(len(_WAITS) + 1):
            self.run_jobs(horizon=86_400)
        self.assertEqual(len(self.server.calls), len(_WAITS) + 1)
        event = self.env["mailbox.event"].search([("kind", "=", "alert.untold")])
        self.assertEqual(len(event), 1)

    def test_a_refusal_is_final(self):
        hook = self.hook()
        self.server.answers += [400]
        self.mailbox._raise_alert("silent", why="quiet")
        self.run_jobs(horizon=86_400)
        self.assertEqual(len(self.server.calls), 1)
        self.assertTrue(hook.last_result)

    def test_private_addresses_and_weak_secrets_are_refused(self):
        with patch.dict(os.environ, {"MAILBOX_WEBHOOK_NETWORKS": ""}):
            for url in (self.url, "http://169.254.169.254/", "https://[::1]/", "ftp://x.example"):
                with self.assertRaises(ValidationError, msg=url), self.cr.savepoint():
                    self.hook(url=url)
        for secret in (False, "short"):
            with self.assertRaises(UserError), self.cr.savepoint():
                self.hook(new_secret=secret)

    def test_an_address_that_became_private_is_not_called(self):
        hook = self.hook()
        with patch.dict(os.environ, {"MAILBOX_WEBHOOK_NETWORKS": ""}):
            answer = hook.with_user(self.manager).action_test()
        self.assertEqual(answer["params"]["type"], "danger")
        self.assertIn("public internet", answer["params"]["message"])
        self.assertFalse(self.server.calls)

    def test_the_button_calls_at_once(self):
        answer = self.hook().with_user(self.manager).action_test()
        self.assertEqual(answer["params"]["type"], "success")
        self.assertEqual(json.loads(self.server.calls[0][1])["type"], "mailbox.alert.test")

    def test_each_company_its_own(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.hook(company_id=other.id)
        self.mailbox._raise_alert("silent", why="quiet")
        self.run_jobs()
        self.assertFalse(self.server.calls)

    def test_secrets_follow_a_new_key(self):
        hook = self.hook()
        before = hook.sudo().secret
        ring = "odoo.addons.mailbox_sync.crypto.Keyring.is_current"
        with patch(ring, lambda _ring, _text: False):
            self.assertEqual(self.env["mailbox.alert.hook"]._rotate_keys(), 1)
        self.assertNotEqual(hook.sudo().secret, before)
        self.assertEqual(hook._open_secret(), SECRET)
        self.assertTrue(self.env["mailbox.alert.hook"]._key_ids())
