"""Figures of speed: percentiles, the sentence, what is left out, who may see them."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests.common import new_test_user, tagged

from .common import MailboxCase


@tagged("post_install", "-at_install")
class TestSpeed(MailboxCase):
    def setUp(self):
        super().setUp()
        self.manager = new_test_user(
            self.env, "boss@example.org", "base.group_user,mailbox_sync.group_manager"
        )
        self.mailbox, self.world = self.make_mailbox()
        self.fill(self.world, 30)
        self.start(self.mailbox)
        self.messages = self.env["mailbox.message"].search([("mailbox_id", "=", self.mailbox.id)])

    def ways(self, *waits, exempt=None, days=1, notice=100):
        """Messages that waited so many milliseconds for a worker, after a quick notification."""
        taken = self.env["mailbox.trace"].search([]).mapped("message_id")
        free = [id_ for id_ in self.messages.ids if id_ not in taken]
        start = fields.Datetime.now() - timedelta(days=days)
        for wait, message in zip(waits, free, strict=False):
            heard = start + timedelta(milliseconds=notice)
            began = heard + timedelta(milliseconds=wait)
            self.env.cr.execute(
                """INSERT INTO mailbox_trace (mailbox_id, message_id, provider_at, hint_at,
                       verified_at, sync_at, stored_at, exempt)
                   VALUES (%s, %s, %s, %s, %s, %s, %s, %s)""",
                [self.mailbox.id, message, start, heard, heard, began, began, exempt],
            )
        self.env.invalidate_all()

    def speed(self, user=None):
        return self.mailbox.with_user(user or self.owner).speed_data

    def test_nothing_measured_is_said(self):
        self.assertIn("nothing was measured", self.speed()["sentence"])
        self.assertFalse(self.mailbox.with_user(self.owner).speed_text)

    def test_the_sentence_is_the_measurement(self):
        self.ways(*[100 * number for number in range(1, 21)])
        data = self.speed()
        total = next(hop for hop in data["hops"] if hop["name"] == "total_ms")
        self.assertEqual(total["values"], ["1.1 s", "2.0 s", "2.1 s"])
        self.assertIn("within 1.1 s, 95 of 100 messages within 2.0 s", data["sentence"])
        self.assertIn("waiting for a worker", data["sentence"])
        [slowest] = [hop for hop in data["hops"] if hop["slowest"]]
        self.assertEqual(slowest["name"], "queue_ms")
        self.assertIn("root.mailbox", slowest["advice"])
        self.assertIn("20 messages; push told of 20", data["notes"][0])
        [point] = data["series"]
        self.assertEqual((point["count"], point["values"][0]), (20, 1.15))
        self.assertEqual(
            self.mailbox.with_user(self.owner).speed_text, "half within 1.1 s, 95% within 2.0 s"
        )

    def test_what_does_not_count_is_named(self):
        self.ways(500)
        self.ways(900_000, 900_000, exempt="clock")
        self.ways(900_000, exempt="late")
        self.ways(900_000, days=9)
        data = self.speed()
        self.assertIn("within 600 ms", data["sentence"])
        notes = " ".join(data["notes"])
        self.assertIn("2 messages are left out because the clocks", notes)
        self.assertIn("1 messages are left out because they were at the provider", notes)
        self.assertIn("too few", notes)

    def test_a_clock_that_is_behind_is_suspected(self):
        self.ways(*[50] * 20, notice=40_000)
        self.assertIn("clocks may differ", " ".join(self.speed()["notes"]))

    def test_figures_are_the_owners_and_managers(self):
        self.ways(500)
        self.env["mailbox.member"].create(
            {"mailbox_id": self.mailbox.id, "user_id": self.colleague.id, "role": "reader"}
        )
        self.assertTrue(self.speed(self.manager)["hops"])
        self.assertFalse(self.speed(self.colleague))
        self.assertFalse(self.mailbox.with_user(self.colleague).speed_text)
        way = self.env["mailbox.trace"].search([])
        message = self.messages.browse(way.message_id)
        self.assertTrue(message.with_user(self.owner).trace_data)
        self.assertFalse(message.with_user(self.colleague).trace_data)
        with self.assertRaises(AccessError):
            way.with_user(self.manager).action_open_message()
        self.assertEqual(way.with_user(self.owner).action_open_message()["res_id"], message.id)

    def test_the_way_of_one_message(self):
        self.ways(1500)
        lines = self.env["mailbox.trace"].search([]).stations["lines"]
        after = {line["name"]: line.get("after") for line in lines}
        self.assertEqual(after["hint_at"], "100 ms")
        self.assertEqual(after["sync_at"], "1.5 s")
        self.assertIsNone(after["body_at"])
        self.assertFalse(next(line for line in lines if line["name"] == "shown_at")["at"])

    def test_a_list_of_mailboxes_asks_no_more_than_one(self):
        self.ways(500)
        for number in range(3):
            self.make_mailbox(address=f"m{number}@example.org")

        def queries(mailboxes):
            mailboxes = mailboxes.with_user(self.manager)
            self.env.flush_all()
            self.env.invalidate_all()
            mailboxes.mapped("may_operate")
            before = self.env.cr.sql_log_count
            mailboxes.mapped("speed_text")
            return self.env.cr.sql_log_count - before

        queries(self.mailbox)
        one = queries(self.mailbox)
        self.assertEqual(queries(self.env["mailbox"].search([])), one)
