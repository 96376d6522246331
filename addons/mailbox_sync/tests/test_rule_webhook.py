"""Calls of web addresses: signed, tried again, never to private networks, never twice at once."""

import json
import os
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests.common import tagged

from mailbox_core.net.webhook import signature

from ..models import mailbox_webhook_mixin
from ..models.mailbox_route_execution import _WAITS
from .receiver_common import SECRET, ReceiverMixin
from .routing_common import RoutingCase


@tagged("post_install", "-at_install")
class TestRuleWebhook(ReceiverMixin, RoutingCase):
    def hook(self, **values):
        route = values.pop("route", None) or self.rule()
        return self.env["mailbox.route.action"].create(
            {
                "route_id": route.id,
                "kind": "webhook",
                "url": self.url,
                "new_secret": SECRET,
                **values,
            }
        )

    def test_the_receiver_gets_signed_json_once(self):
        self.hook()
        decision = self.deliver("Order 8", files={"plan.bin": b"\0\1"})
        ((headers, body),) = self.server.calls
        moment = int(headers["webhook-timestamp"])
        self.assertAlmostEqual(moment, self.now().timestamp(), delta=60)
        self.assertEqual(
            headers["webhook-signature"], signature(SECRET, headers["webhook-id"], moment, body)
        )
        data = json.loads(body)["data"]
        self.assertEqual(data["mail"]["subject"], "Order 8")
        self.assertEqual(data["mail"]["from"]["address"], "bob@shop.test")
        self.assertEqual(data["mail"]["attachments"][0]["name"], "plan.bin")
        self.assertEqual(data["record"]["id"], decision.link_ids.res_id)
        execution = decision.execution_ids
        self.assertEqual(execution.state, "done")
        self.assertIn("200", execution.detail)
        row = decision.message_id
        decision.unlink()
        row._job_route()
        self.run_jobs()
        self.assertEqual(len(self.server.calls), 1)

    def test_calls_leave_through_the_proxy_that_everything_leaves_through(self):
        self.hook()
        proxy = "http://proxy.test:3128"
        told = {}
        with (
            patch.dict(os.environ, {"MAILBOX_PROXY": proxy}),
            patch.object(mailbox_webhook_mixin, "deliver", lambda *_args, **kw: told.update(kw)),
        ):
            execution = self.deliver().execution_ids
        self.assertEqual((told["proxy"], execution.state), (proxy, "done"))

    def test_a_call_is_tried_again_later_and_later_with_the_same_id(self):
        self.hook()
        self.server.answers = [500, 503, 200]
        execution = self.deliver().execution_ids
        self.assertEqual((execution.state, execution.attempts), ("waiting", 1))
        self.assertTrue(execution.next_try_at)
        self.run_jobs(horizon=_WAITS[0] + 5)
        self.assertEqual(
            (execution.state, execution.attempts, len(self.server.calls)), ("waiting", 2, 2)
        )
        self.run_jobs(horizon=_WAITS[1] + 5)
        self.assertEqual((execution.state, len(self.server.calls)), ("done", 3))
        self.assertEqual(len({headers["webhook-id"] for headers, _ in self.server.calls}), 1)
        self.assertEqual(len({body for _, body in self.server.calls}), 1)

    def test_it_gives_up_at_last_and_somebody_may_try_again(self):
        self.hook()
        self.server.answers = [500] * (len(_WAITS) + 1)
        execution = self.deliver().execution_ids
        self.run_jobs(horizon=10 * _WAITS[-1])
        self.assertEqual((execution.state, len(self.server.calls)), ("failed", len(_WAITS) + 1))
        event = self.env["mailbox.event"].search([("kind", "=", "route.action.failed")])
        self.assertEqual(event.mailbox_id, self.mailbox)
        with self.assertRaises(AccessError):
            execution.with_user(self.colleague).action_retry()
        execution.with_user(self.owner).action_retry()
        self.run_jobs()
        self.assertEqual(execution.state, "done")
        with self.assertRaisesRegex(UserError, "failed"):
            execution.with_user(self.owner).action_retry()

    def test_what_will_never_work_is_not_tried_again(self):
        self.hook()
        self.server.answers = [410]
        execution = self.deliver().execution_ids
        self.assertEqual((execution.state, len(self.server.calls)), ("failed", 1))

    def test_private_networks_are_refused_when_written_and_when_called(self):
        with patch.dict(os.environ, {"MAILBOX_WEBHOOK_NETWORKS": ""}):
            with self.assertRaisesRegex(ValidationError, "public internet"):
                self.hook()
            for url in ("http://169.254.169.254/latest", "https://localhost/", "ftp://a.test/"):
                with self.subTest(url=url), self.assertRaises(ValidationError):
                    self.hook(url=url)
        self.hook()
        with patch.dict(os.environ, {"MAILBOX_WEBHOOK_NETWORKS": ""}):
            execution = self.deliver().execution_ids
        self.assertEqual((execution.state, self.server.calls), ("failed", []))
        self.assertIn("public internet", execution.detail)

    def test_the_secret_is_needed_sealed_and_never_shown(self):
        with self.assertRaisesRegex(ValidationError, "secret"):
            self.hook(new_secret=False)
        with self.assertRaisesRegex(UserError, "16 characters"):
            self.hook(new_secret="short")
        action = self.hook(route=self.rule(mailbox_id=self.mailbox.id))
        self.assertNotIn(SECRET, action.sudo().secret)
        self.assertEqual(action._open_secret(), SECRET)
        action.invalidate_recordset()
        seen = action.with_user(self.owner)
        self.assertTrue(seen.has_secret)
        self.assertFalse(seen.new_secret)
        with self.assertRaises(AccessError):
            seen.read(["secret"])
        self.assertTrue(self.env["mailbox.route.action"]._key_ids())

    def test_a_rule_that_was_ended_calls_nobody(self):
        action = self.hook()
        self.server.answers = [500]
        execution = self.deliver().execution_ids
        action.route_id.active = False
        self.run_jobs(horizon=_WAITS[0] + 5)
        self.assertEqual((execution.state, len(self.server.calls)), ("failed", 1))
