"""The address that providers call: every refusal, durability, silence about what exists."""

import base64
import json
import logging
from datetime import datetime, timedelta, timezone
from unittest.mock import patch
from urllib.parse import quote

import psycopg2
from odoo.tests import HttpCase, tagged

from mailbox_core.errors import Unavailable
from mailbox_core.net.jwt import KeySet
from mailbox_sandbox.push_token import FORGERIES

from .. import conf, push_desk
from ..engine import notice
from .push_common import ADDRESS, SIGNER, PushMixin

PATH = "/mailbox/push/gmail"
MAIL = b"From: a@example.net\r\nSubject: late\r\nMessage-ID: <late@example.net>\r\n\r\nhello\r\n"


@tagged("-at_install", "post_install")
class TestPushWebhook(PushMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up_push()
        cls.stream = cls.live_stream(cls.mailbox)
        cls.mailbox._subscription()._watch()
        cls.subscription = cls.mailbox.subscription_ids
        cls.env.flush_all()

    def setUp(self):
        super().setUp()
        self.waiting_jobs(self.stream).unlink()
        self.env["mailbox.hint"].sudo().search([]).unlink()
        self.env.flush_all()
        push_desk.key_set.cache_clear()

    def body(self, address=ADDRESS, history=7, wrapped=True, **message):
        data = {"emailAddress": address, "historyId": history}
        if not wrapped:
            return json.dumps(data)
        packed = base64.b64encode(json.dumps(data).encode()).decode()
        message = {
            "data": packed,
            "messageId": "1",
            "publishTime": "2026-11-21T20:00:00.5Z",
        } | message
        return json.dumps({"message": message, "subscription": "projects/p/subscriptions/s"})

    def push(self, body=None, headers=None, path=PATH, method="POST"):
        headers = {"Content-Type": "application/json"} | (
            self.token() if headers is None else headers
        )
        return self.url_open(
            path, data=self.body() if body is None else body, headers=headers, method=method
        )

    def hints(self):
        self.env.invalidate_all()
        return self.env["mailbox.hint"].sudo().search([("stream_id", "=", self.stream.id)])

    def assert_nothing_noted(self):
        self.assertFalse(self.hints())
        self.assertFalse(self.waiting_jobs(self.stream))

    # -- what is accepted ------------------------------------------------------------------------

    def test_a_valid_notification_is_durable_before_202(self):
        answer = self.push()
        self.assertEqual((answer.status_code, answer.text), (202, "accepted\n"))
        self.assertNotIn("Set-Cookie", answer.headers)
        hint = self.hints()
        self.assertEqual((hint.source, hint.trigger, len(hint)), ("push", "hint", 1))
        self.assertEqual(hint.published_at, datetime(2026, 11, 21, 20, 0, 0, 500_000))
        self.assertEqual(len(self.waiting_jobs(self.stream)), 1)
        self.assertTrue(self.subscription.last_hint_at)

    def test_unwrapped_and_the_second_address(self):
        self.assertEqual(self.push(self.body(wrapped=False)).status_code, 202)
        self.assertEqual(self.push(path="/maildesk/push/gmail").status_code, 202)
        self.assertEqual(len(self.hints()), 2)

    def test_f33_f34_replayed_and_reordered_are_harmless(self):
        for history in (9, 3, 3, 3, 2**63):
            self.assertEqual(self.push(self.body(history=history)).status_code, 202)
        self.assertEqual(len(self.waiting_jobs(self.stream)), 1)
        cursor = self.stream.cursor
        self.stream._job_sync()
        self.assertEqual(self.stream.cursor, cursor)
        self.assertFalse(self.hints())

    def test_an_empty_look_is_repeated(self):
        """Gmail's history may come after its notification (F16)."""
        self.push()
        self.stream._job_sync()
        self.assertTrue(self.stream.look_at)
        self.assertTrue(self.stream.echoes)

    def test_f35_a_notification_of_half_an_hour_ago_does_no_harm(self):
        self.account.deliver(MAIL, ["INBOX", "UNREAD"])
        self.stream._hint("poll", "poll")
        self.stream._job_sync()
        mails = self.env["mailbox.message"].search_count([("mailbox_id", "=", self.mailbox.id)])
        self.waiting_jobs(self.stream).unlink()
        late = datetime.now(timezone.utc) - timedelta(minutes=30)
        self.assertEqual(self.push(self.body(publishTime=late.isoformat())).status_code, 202)
        hint = self.hints()
        self.assertLess(abs(hint.published_at - late.replace(tzinfo=None)), timedelta(seconds=1))
        self.stream._job_sync()
        self.assertFalse(self.hints())
        found = self.env["mailbox.message"].search_count([("mailbox_id", "=", self.mailbox.id)])
        self.assertEqual(found, mails)

    def test_f39_nothing_of_a_hostile_handshake_is_echoed(self):
        """Pub/Sub has no handshake; whoever tries another provider's gets none of it back."""
        hostile = "<script>alert('planted')</script>" * 40
        for method in ("GET", "POST"):
            for name in ("validationToken", "hub.challenge", "challenge"):
                answer = self.url_open(
                    f"{PATH}?{name}={quote(hostile)}",
                    data=json.dumps({name: hostile}),
                    headers={"Content-Type": "application/json"},
                    method=method,
                )
                self.assertEqual(answer.status_code, 405 if method == "GET" else 401)
                self.assertNotIn("planted", answer.text + str(answer.headers))
        answer = self.push(path=f"{PATH}?validationToken={quote(hostile)}")
        self.assertEqual((answer.status_code, answer.text), (202, "accepted\n"))
        self.assertTrue(answer.headers["Content-Type"].startswith("text/plain"))

    def test_f36_a_burst_leaves_one_waiting_job(self):
        hint = self.spec_hint()
        for _ in range(100):
            notice.note(self.env.registry, "gmail", hint)
        self.assertEqual(len(self.waiting_jobs(self.stream)), 1)
        self.stream._job_sync()
        self.assertFalse(self.hints())

    def test_a_step_at_work_is_not_given_another_beside_it(self):
        """It would find the stream busy; the step looks for hints of meanwhile when it ends."""
        self.push()
        self.assertEqual(len(self.waiting_jobs(self.stream)), 1)
        self.env.cr.execute("UPDATE queue_job SET state = 'started'")
        self.push()
        self.assertEqual(len(self.hints()), 2)
        self.assertFalse(self.waiting_jobs(self.stream))
        notice.wake_leftovers(self.env.registry, self.stream.id)
        self.assertEqual(len(self.waiting_jobs(self.stream)), 1)
        self.waiting_jobs(self.stream).unlink()
        self.stream._job_sync()
        self.waiting_jobs(self.stream).unlink()  # the look that repeats an empty one
        notice.wake_leftovers(self.env.registry, self.stream.id)
        self.assertFalse(self.waiting_jobs(self.stream), "nothing is left to look for")

    def spec_hint(self):
        spec = self.mailbox._spec()
        return spec.push.decode(self.body().encode(), self.env.cr.now())

    def test_keys_rotate(self):
        self.assertEqual(self.push().status_code, 202)
        self.sandbox.app.keys.rotate()
        self.assertEqual(self.push().status_code, 403)
        endpoints = conf.endpoints()
        keys = push_desk.key_set(self.mailbox._spec().push.keys_url(endpoints), endpoints)
        keys._fetched -= 61
        self.assertEqual(self.push().status_code, 202)

    def test_silence_ends_with_a_notification(self):
        self.subscription.write({"state": "silent", "silence": "quiet"})
        self.env.flush_all()
        self.push()
        self.env.invalidate_all()
        self.assertEqual((self.subscription.state, self.subscription.silence), ("active", False))

    def test_a_closed_gate_takes_no_hint_but_is_heard(self):
        self.stream.write({"gate": "paused"})
        self.env.flush_all()
        before = self.subscription.hint_count
        self.assertEqual(self.push().status_code, 202)
        self.assert_nothing_noted()
        self.assertEqual(self.subscription.hint_count, before + 1)

    # -- what is refused -------------------------------------------------------------------------

    def test_get_is_405(self):
        for method in ("GET", "PUT", "DELETE"):
            self.assertEqual(self.url_open(PATH, method=method).status_code, 405, method)

    def test_unknown_provider_is_404(self):
        self.assertEqual(self.push(path="/mailbox/push/memory").status_code, 404)
        self.assertEqual(self.push(path="/mailbox/push/nobody").status_code, 404)

    def test_s22_large_bodies_are_413_unread(self):
        for headers in (None, {}):
            answer = self.push(b"x" * (64 * 1024 + 1), headers)
            self.assertEqual(answer.status_code, 413)
        form = {"Content-Type": "multipart/form-data; boundary=b", **self.token()}
        huge = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 200_000
        self.assertEqual(self.push(huge, form).status_code, 413)
        self.assertEqual(self.push(b" " * (64 * 1024)).status_code, 202)
        self.assert_nothing_noted()

    def test_s22_a_body_without_a_length_is_not_read(self):
        self.assertEqual(self.push(iter([self.body().encode()])).status_code, 411)
        self.assert_nothing_noted()

    def test_f37_forged_tokens(self):
        expected = {"no_token": 401}
        for kind in FORGERIES:
            answer = self.push(headers=self.token(kind))
            self.assertEqual(answer.status_code, expected.get(kind, 403), kind)
            self.assertIn(answer.text, ("unauthorized\n", "refused\n"))
        for header in ("", "Bearer", "Basic abc", "Bearer x", "Bearer " + "a." * 9000):
            answer = self.push(headers={"Authorization": header})
            self.assertIn(answer.status_code, (401, 403), header[:20])
        self.assert_nothing_noted()

    def refusal(self):
        self.env.invalidate_all()
        return self.config.refused_reason, self.config.refused_count

    def test_refusals_are_counted_where_push_is_set_up(self):
        self.assertEqual(self.push().status_code, 202)
        self.assertEqual(self.refusal(), (False, 0))
        reasons = {
            "no_token": "missing",
            "wrong_audience": "audience",
            "wrong_issuer": "issuer",
            "other_email": "signer",
            "unverified": "signer",
            "expired": "expired",
        }
        for number, kind in enumerate(FORGERIES, 1):
            push_desk.note_pace.forget()
            self.push(headers=self.token(kind))
            self.assertEqual(self.refusal(), (reasons.get(kind, "signature"), number))
        self.assertTrue(self.config.refused_at)
        self.assertTrue(self.config.refused_text)
        self.config.audience = False
        self.env.flush_all()
        self.assertEqual(self.push().status_code, 503)
        self.assertEqual(self.refusal()[0], "unconfigured")

    def test_a_flood_of_refusals_is_counted_in_few_writes(self):
        push_desk.note_pace.forget()
        # However slow the machine is: all of them come within the pace.
        self.startPatcher(patch.object(push_desk.note_pace, "_seconds", 3600.0))
        for _ in range(20):
            self.push(headers=self.token("wrong_audience"))
        self.assertEqual(self.refusal()[1], 1)
        push_desk.note_pace._last.clear()
        self.push(headers=self.token("wrong_audience"))
        self.assertEqual(self.refusal()[1], 21)

    def test_a_refusal_that_cannot_be_counted_is_answered_all_the_same(self):
        push_desk.note_pace.forget()
        down = psycopg2.OperationalError("the database is going down")
        with patch.object(notice, "cursor", side_effect=down):
            self.assertEqual(self.push(headers={}).status_code, 401)

    def test_without_audience_or_signer_503(self):
        for values in ({"audience": False}, {"audience": "x", "signers": False}):
            self.config.write({"audience": self.endpoint, "signers": SIGNER, **values})
            self.env.flush_all()
            self.assertEqual(self.push().status_code, 503)
        self.assert_nothing_noted()

    def test_keys_out_of_reach_503(self):
        with patch.object(KeySet, "key", side_effect=Unavailable("no route")):
            self.assertEqual(self.push().status_code, 503)
        self.assert_nothing_noted()

    def test_f40_database_trouble_is_5xx_and_nothing_is_promised(self):
        down = psycopg2.OperationalError("the database is going down")
        with (
            patch.object(notice, "_targets", side_effect=down),
            self.assertLogs(level=logging.ERROR),
        ):
            answer = self.push()
        self.assertGreaterEqual(answer.status_code, 500)
        self.assert_nothing_noted()

    def test_no_oracle_for_mailboxes(self):
        known, unknown = self.push(), self.push(self.body("nobody@example.org"))
        illegible = self.push("{}")
        for answer in (known, unknown, illegible):
            self.assertEqual((answer.status_code, answer.text), (202, "accepted\n"))
        self.assertEqual(set(known.headers), set(unknown.headers))
        self.assertEqual(len(self.hints()), 1)

    def test_push_that_is_off_is_like_unknown(self):
        self.subscription._switch_off()
        self.env.flush_all()
        self.assertEqual(self.push().status_code, 202)
        self.assert_nothing_noted()

    def test_another_company_does_not_reach_it(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.config.company_id = other
        self.env.flush_all()
        self.assertEqual(self.push().status_code, 202)
        self.assert_nothing_noted()

    def test_s27_neither_token_nor_body_in_any_log(self):
        planted = self.token()["Authorization"]
        packed = json.loads(self.body())["message"]["data"]
        root = logging.getLogger()
        level = root.level
        with self.assertLogs(level=logging.DEBUG) as logs:
            root.setLevel(logging.DEBUG)
            self.push()
            for kind in FORGERIES:
                push_desk.log_pace.forget()
                self.push(headers=self.token(kind))
            self.push(f'{{"message": {{"data": "{packed}", "planted": 1}}')
        root.setLevel(level)
        # Whoever lets PostgreSQL's statements be logged sees the values in them; nobody else does.
        text = "\n".join(line for line in logs.output if "odoo.sql_db" not in line)
        for secret in (planted[7:], planted.split(".")[1], packed, ADDRESS):
            self.assertFalse(secret in text, "a secret was logged")
        self.assertIn("Refused a notification with 403: audience", text)
