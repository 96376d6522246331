"""The realtime test: what the timeline says, wherever the message stands."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .. import push_timeline, push_words
from .push_common import ADDRESS, TOPIC
from .push_setup_common import SetupCase


@tagged("-at_install", "post_install")
class TestPushTimeline(SetupCase):
    """The realtime test, and what stands where it stops."""

    def setUp(self):
        super().setUp()
        self.stream = self.live_stream(self.mailbox)
        self.line = self.mailbox._subscription()
        self.line.write({"state": "active", "topic": TOPIC})
        self.since = fields.Datetime.now() - timedelta(seconds=1)

    def look(self, later=0):
        self.env.flush_all()
        now = fields.Datetime.now() + timedelta(seconds=later)
        return {one["key"]: one for one in push_timeline.checkpoints(self.mailbox, self.since, now)}

    def stall(self, key, later=0):
        """The line at which it stops; those before are observed, those after wait."""
        found = self.look(later)
        keys = list(found)
        place = keys.index(key)
        self.assertTrue(all(found[one]["state"] == "observed" for one in keys[:place]), found)
        self.assertTrue(all(found[one]["state"] == "waiting" for one in keys[place + 1 :]), found)
        return found[key]

    def heard(self):
        self.line.last_hint_at = fields.Datetime.now()

    def looked(self):
        now = fields.Datetime.now()
        self.env["mailbox.run"].create(
            {"mailbox_id": self.mailbox.id, "trigger": "hint", "started_at": now, "ended_at": now}
        )

    def arrived(self, **stations):
        """A message with these stations."""
        row = self.env["mailbox.message"].create(
            {"mailbox_id": self.mailbox.id, "remote_id": "t1", "disposition": "stored"}
        )
        now = fields.Datetime.now()
        times = dict.fromkeys(("hint_at", "verified_at", "sync_at", "stored_at"), now) | stations
        self.env["mailbox.trace"].create(
            {"mailbox_id": self.mailbox.id, "message_id": row.id, "provider_at": now, **times}
        )

    def refused(self, word):
        self.config.write({"refused_at": fields.Datetime.now(), "refused_reason": word})

    def test_before_anything_comes_it_waits_for_the_mail(self):
        line = self.stall("delivered")
        self.assertEqual((line["state"], line["fixes"]), ("waiting", []))
        self.assertIn(ADDRESS, line["detail"])

    def test_1_nothing_comes(self):
        line = self.stall("delivered", later=130)
        self.assertEqual((line["state"], line["fixes"][0]), ("missing", "preflight"))

    def test_1_push_is_off_or_in_trouble(self):
        self.line._switch_off()
        self.assertEqual(self.stall("delivered")["fixes"], ["register"])
        self.line.write({"state": "failing", "last_error": "The topic does not exist."})
        line = self.stall("delivered")
        self.assertEqual(line["fixes"], ["register", "verify_token"])
        self.assertIn("topic", line["advice"])

    def test_1_nobody_fetches(self):
        self.config.mode = "pull"
        line = self.stall("delivered")
        self.assertEqual((line["state"], line["fixes"]), ("missing", ["settings"]))
        self.assertEqual(line["detail"], self.config.listener_text)

    def test_1_the_mail_was_polled(self):
        self.arrived(hint_at=None, verified_at=None)
        found = self.look()
        self.assertEqual(found["delivered"]["state"], "missing")
        self.assertIn("polling", found["delivered"]["detail"])
        self.assertEqual(found["delivered"]["fixes"], ["preflight", "cloud"])
        self.assertEqual(found["stored"]["state"], "observed")

    def test_2_refused(self):
        align, script, check = ["validate", "cloud"], ["cloud"], ["preflight"]
        for word, fixes in (
            ("audience", align),
            ("signer", align),
            ("unconfigured", align),
            ("missing", script),
            ("signature", script),
            ("issuer", script),
            ("malformed", script),
            ("expired", check),
            ("keys", check),
        ):
            self.refused(word)
            line = self.stall("verified")
            self.assertEqual((line["state"], line["fixes"]), ("missing", fixes), word)
            self.assertEqual(line["detail"], push_words.refusal(self.env, word)[0])

    def test_2_a_refusal_before_the_test_or_before_a_good_one_does_not_count(self):
        self.refused("audience")
        self.since = fields.Datetime.now() + timedelta(seconds=1)
        self.assertEqual(self.stall("delivered")["state"], "waiting")
        self.since -= timedelta(seconds=2)
        self.line.last_hint_at = fields.Datetime.now() + timedelta(seconds=1)
        self.assertEqual(self.look()["verified"]["state"], "observed")

    def test_3_no_look_follows(self):
        self.heard()
        self.assertEqual(self.stall("synced")["state"], "waiting")
        line = self.stall("synced", later=30)
        self.assertEqual((line["state"], line["fixes"]), ("missing", ["preflight", "sync_now"]))

    def test_3_the_mailbox_sleeps(self):
        self.heard()
        self.mailbox._sync_pause()
        self.assertEqual(self.stall("synced")["fixes"], ["resume"])
        self.mailbox._sync_resume()
        self.stream.write({"gate": "blocked", "gate_reason": "refused"})
        self.assertEqual(self.stall("synced")["fixes"], ["verify_token", "reconnect"])
        credential = self.env["mailbox.credential"]._of(self.mailbox)
        credential._write_row({"token_state": "reconnect", "failure": "revoked"})
        self.env.invalidate_all()
        line = self.stall("synced")
        self.assertEqual(line["fixes"], ["verify_token", "reconnect"])
        self.assertIn("revoked", line["detail"])

    def test_4_the_look_finds_nothing(self):
        self.heard()
        self.looked()
        self.assertEqual(self.stall("stored")["state"], "waiting")
        line = self.stall("stored", later=40)
        self.assertEqual((line["state"], line["fixes"]), ("missing", ["sync_now", "restart"]))

    def test_5_the_body_is_not_made(self):
        self.arrived()
        self.assertEqual(self.stall("body")["state"], "waiting")
        line = self.stall("body", later=100)
        self.assertEqual((line["state"], line["fixes"]), ("missing", ["preflight"]))

    def test_6_the_screens_are_not_told(self):
        self.arrived(body_at=fields.Datetime.now())
        self.assertEqual(self.stall("shown")["state"], "waiting")
        line = self.stall("shown", later=20)
        self.assertEqual((line["state"], line["fixes"]), ("missing", ["reload"]))

    def test_all_the_way(self):
        now = fields.Datetime.now()
        self.arrived(body_at=now, shown_at=now)
        found = self.look()
        self.assertEqual({one["state"] for one in found.values()}, {"observed"})
        self.assertTrue(all(one["at"].endswith("Z") for one in found.values()))
        setup = self.opened()
        setup.test_since = self.since
        self.assertTrue(setup.is_through)

    def test_nothing_of_the_mail_is_shown_to_managers(self):
        self.arrived()
        self.env["mailbox.message"].search([("remote_id", "=", "t1")]).subject = "Planted"
        self.assertNotIn("Planted", str(self.look()))

    def test_speed_is_measured_or_an_honest_expectation(self):
        self.assertIn("3 to 8 seconds", self.mailbox.push_speed_text)
        rows = self.env["mailbox.message"].create(
            [
                {"mailbox_id": self.mailbox.id, "remote_id": f"s{n}", "disposition": "stored"}
                for n in range(20)
            ]
        )
        now = fields.Datetime.now()
        for number, row in enumerate(rows):
            self.env["mailbox.trace"].create(
                {
                    "mailbox_id": self.mailbox.id,
                    "message_id": row.id,
                    "provider_at": now - timedelta(seconds=10),
                    "hint_at": now - timedelta(seconds=9),
                    "sync_at": now - timedelta(seconds=9),
                    "stored_at": now - timedelta(seconds=8 if number < 18 else 4),
                }
            )
        self.env.flush_all()
        self.mailbox.invalidate_recordset()
        self.assertIn("within 2.0 seconds, 95 in 100 within 6.0", self.mailbox.push_speed_text)
