from dataclasses import replace

from odoo.tests.common import tagged

from mailbox_core.errors import AuthorizationLost, Throttled

from ..store.raw import RawStore
from .common import MailboxCase


@tagged("post_install", "-at_install")
class TestParity(MailboxCase):
    def connected(self, count=40):
        mailbox, world = self.make_mailbox()
        for number in range(count):
            world.deliver(f"Subject {number}", flags=("seen",) if number % 2 else ())
        self.start(mailbox)
        return mailbox, world

    def verify(self, mailbox, full=False):
        line = self.env["mailbox.parity"]._begin(mailbox, full)
        self.run_jobs(horizon=3600)
        return line

    def test_an_untouched_mailbox_has_nothing_unexplained(self):
        mailbox, _world = self.connected()
        line = self.verify(mailbox)
        self.assertEqual(line.state, "done")
        self.assertEqual((line.provider_messages, line.stored), (40, 40))
        found = (
            line.unexplained,
            line.healed,
            line.flag_diff,
            line.label_diff,
            line.hash_diff,
            line.duplicates,
        )
        self.assertEqual(found, (0, 0, 0, 0, 0, 0))
        self.assertEqual(line.hash_checked, 20)
        self.env.cr.execute("SELECT count(*) FROM mailbox_parity_key")
        self.assertEqual(self.env.cr.fetchone()[0], 0, "no ids are left behind")

    def test_planted_differences_are_found_healed_and_listed(self):
        mailbox, world = self.connected()
        rows = self.rows(mailbox)
        keys = sorted(rows)
        # What a provider that loses deltas leaves behind.
        lost, flagged, moved, deleted, believed = keys[0], keys[1], keys[2], keys[3], keys[4]
        self.env.cr.execute("DELETE FROM mailbox_message WHERE id = %s", [rows[lost].id])
        held = world.messages
        held[flagged] = replace(held[flagged], flags=held[flagged].flags | {"flagged"})
        held[moved] = replace(held[moved], folders=frozenset({"work"}))
        del held[deleted]
        rows[believed].placement_ids.unlink()
        rows[believed].write({"disposition": "gone"})
        line = self.verify(mailbox)
        kinds = {(kind, key) for kind, key, _what in line.detail["differences"]}
        wanted = {
            ("missing", lost),
            ("flag", flagged),
            ("label", moved),
            ("extra", deleted),
            ("missing", believed),
        }
        self.assertEqual(kinds, wanted)
        self.assertEqual((line.unexplained, line.healed), (0, 5))
        self.assert_same(mailbox, world)
        self.assertEqual(self.verify(mailbox).healed, 0)

    def test_a_damaged_source_is_found_and_fetched_again(self):
        mailbox, world = self.connected(10)
        row = next(iter(self.rows(mailbox).values()))
        (self.raw_root / row.raw_store).write_bytes(b"rot")
        line = self.verify(mailbox, full=True)
        self.assertEqual((line.hash_checked, line.hash_diff, line.unexplained), (10, 1, 0))
        self.assertEqual(
            RawStore(self.raw_root).get(row.raw_store), world.messages[row.remote_id].raw
        )
        self.assert_same(mailbox, world)

    def test_what_waits_or_was_left_out_is_explained(self):
        mailbox, world = self.connected(5)
        world.deliver("Junk", folders=("junk",))
        bad = world.deliver("Bad")
        world.poison.add(bad)
        self.look(mailbox)
        line = self.verify(mailbox)
        self.assertEqual(
            (
                line.provider_messages,
                line.stored,
                line.filtered_out,
                line.quarantined,
                line.unexplained,
            ),
            (7, 5, 1, 1, 0),
        )

    def test_drifted_counters_are_set_right(self):
        mailbox, world = self.connected(5)
        mailbox.message_count = 77
        mailbox.folder_ids[:1].stored_count = 3
        self.verify(mailbox)
        self.assert_same(mailbox, world)

    def test_throttling_pauses_the_verification(self):
        mailbox, world = self.connected(5)
        world.fail("enumerate", Throttled("slow", retry_after=30), times=2)
        line = self.env["mailbox.parity"]._begin(mailbox)
        self.run_jobs()
        self.assertEqual(line.state, "running")
        self.run_jobs(horizon=600)
        self.assertEqual(line.state, "done")

    def test_a_lost_grant_ends_it_and_says_so(self):
        mailbox, world = self.connected(5)
        world.fail("enumerate", AuthorizationLost("invalid_grant", "sign in"))
        line = self.verify(mailbox)
        self.assertEqual(line.state, "failed")
        self.assertIn("sign in", line.summary)

    def test_one_verification_at_a_time(self):
        mailbox, _world = self.connected(5)
        first = self.env["mailbox.parity"]._begin(mailbox)
        self.assertEqual(self.env["mailbox.parity"]._begin(mailbox), first)

    def test_the_nightly_run_takes_live_mailboxes(self):
        mailbox, _world = self.connected(5)
        asleep, _ = self.make_mailbox("asleep@example.org")
        asleep._sync_start()
        asleep._sync_pause()
        self.env["mailbox.parity"]._cron_verify()
        lines = self.env["mailbox.parity"].search([("mailbox_id", "in", (mailbox | asleep).ids)])
        self.assertEqual(lines.mailbox_id, mailbox)
