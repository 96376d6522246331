from datetime import timedelta

from odoo.tests.common import tagged

from .common import MailboxCase


@tagged("post_install", "-at_install")
class TestImport(MailboxCase):
    def test_everything_listed_is_stored_and_counted(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 230)
        world.deliver("With file", attachments={"note.bin": b"\0\1\2" * 100})
        self.start(mailbox)
        self.assert_same(mailbox, world)
        self.assertEqual(mailbox.state, "live")
        self.assertTrue(mailbox.import_ended_at)

    def test_the_newest_fifty_are_there_after_the_first_transaction(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 300)
        mailbox._sync_start()
        self.perform(self.next_job())
        stored = self.rows(mailbox, "stored")
        self.assertEqual(len(stored), 50)
        self.assertEqual(set(stored), set(sorted(world.messages)[-50:]))
        self.assertEqual(mailbox.state, "importing")

    def test_columns_hold_what_a_list_shows(self):
        mailbox, world = self.make_mailbox()
        first = world.deliver(
            "Käse & Brot", sender="Grace Hopper <grace@example.com>", body="Hello there\n"
        )
        self.start(mailbox)
        row = self.rows(mailbox)[first]
        self.assertEqual(row.subject, "Käse & Brot")
        self.assertEqual((row.from_name, row.from_email), ("Grace Hopper", "grace@example.com"))
        self.assertEqual(row.to_text, "ada@example.org")
        self.assertEqual(row.snippet, "Hello there")
        self.assertEqual(row.date, world.messages[first].received_at.replace(tzinfo=None))
        self.assertEqual(row.size, len(world.messages[first].raw))

    def test_full_text_search_finds_words_people_and_subjects(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 30)
        found = self.env["mailbox.message"].search([("search_text", "ilike", "word17")])
        self.assertFalse(found)
        self.start(mailbox)
        search = self.env["mailbox.message"].search
        self.assertEqual(search([("search_text", "ilike", "word17")]).subject, "Subject 17")
        self.assertEqual(len(search([("search_text", "ilike", "hopper example")])), 30)

    def test_live_changes_follow(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 60)
        self.start(mailbox)
        ids = sorted(world.messages)
        world.deliver("Later")
        world.flag(ids[3], {"seen"})
        world.flag(ids[4], {"flagged"})
        world.place(ids[5], {"archive"}, {"inbox"})
        world.place(ids[6], {"work"})
        world.delete(ids[7])
        self.look(mailbox)
        self.assert_same(mailbox, world)
        self.assertEqual(self.rows(mailbox)[ids[7]].disposition, "gone")

    def test_changes_during_the_import_are_not_lost(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 250)
        mailbox._sync_start()
        ids = sorted(world.messages)
        for step in range(4):
            self.perform(self.next_job())
            world.flag(ids[step], {"seen"})
            world.delete(ids[240 - step])
            world.deliver(f"New {step}")
            mailbox._sync_now()
        self.run_jobs()
        self.assert_same(mailbox, world)

    def test_new_mail_overtakes_history(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 400)
        mailbox._sync_start()
        self.perform(self.next_job())
        fresh = world.deliver("Just now")
        mailbox._sync_now()
        self.perform(self.next_job())
        self.assertEqual(self.rows(mailbox)[fresh].disposition, "stored")
        self.assertLess(len(self.rows(mailbox, "stored")), 60)

    def test_an_expired_cursor_enumerates_again_without_downloading_again(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 120)
        self.start(mailbox)
        ids = sorted(world.messages)
        world.delete(ids[0])
        world.flag(ids[1], {"seen"})
        fresh = world.deliver("While nobody watched")
        world.expire()
        before = self.env["mailbox.message"].search_count([])
        depths = []
        fetch = type(mailbox._provider()).fetch

        def spy(provider, refs, depth):
            depths.extend(depth for _ in refs)
            return fetch(provider, refs, depth)

        self.patch(type(mailbox._provider()), "fetch", spy)
        self.look(mailbox)
        self.assert_same(mailbox, world)
        self.assertEqual(self.env["mailbox.message"].search_count([]), before + 1)
        self.assertEqual(depths.count("raw"), 1, "only the new message is downloaded")
        self.assertEqual(self.rows(mailbox)[fresh].disposition, "stored")

    def test_conversations_gather_replies(self):
        mailbox, world = self.make_mailbox()
        first = world.deliver("Question", flags=("seen",))
        parent = world.messages[first].message_id
        second = world.deliver("Re: Question", in_reply_to=parent)
        self.start(mailbox)
        rows = self.rows(mailbox)
        self.assertEqual(rows[first].conversation_id, rows[second].conversation_id)
        conversation = rows[first].conversation_id
        self.assertEqual(conversation.subject, "Question")
        self.assertEqual((conversation.message_count, conversation.unread_count), (2, 1))
        self.assertEqual(conversation.last_date, rows[second].date)

    def test_the_same_mail_in_two_mailboxes_is_in_both(self):
        ada, ada_world = self.make_mailbox()
        bob, bob_world = self.make_mailbox("bob@example.org", owner=self.colleague)
        raw = b"Message-ID: <one@x>\nFrom: a@example.com\nSubject: Both\n\nText\n"
        one, two = ada_world.deliver(raw=raw), bob_world.deliver(raw=raw)
        self.start(ada)
        self.start(bob)
        self.assertFalse(self.rows(ada)[one].duplicate_of_id)
        self.assertFalse(self.rows(bob)[two].duplicate_of_id)
        self.assertEqual(self.rows(ada)[one].raw_store, self.rows(bob)[two].raw_store, "kept once")

    def test_copies_inside_a_mailbox_are_marked_and_kept(self):
        mailbox, world = self.make_mailbox()
        raw = b"Message-ID: <one@x>\nFrom: a@example.com\nSubject: Copy\n\n"
        one, two = world.deliver(raw=raw + b"Text\n"), world.deliver(raw=raw + b"Text\n")
        other = world.deliver(raw=raw + b"Something else entirely\n")
        self.start(mailbox)
        rows = self.rows(mailbox, "stored")
        self.assertEqual(set(rows), {one, two, other})
        self.assertEqual(len([row for row in rows.values() if row.duplicate_of_id]), 1)
        self.assertFalse(rows[other].duplicate_of_id, "a Message-ID used again for other content")

    def test_what_the_owner_leaves_out_is_accounted_for(self):
        mailbox, world = self.make_mailbox(max_message_mb=0.001)
        kept = world.deliver("Small")
        junk = world.deliver("Junk", folders=("junk",))
        large = world.deliver("Large", body="x" * 5000)
        self.start(mailbox)
        rows = self.rows(mailbox)
        self.assertEqual(rows[kept].disposition, "stored")
        self.assertEqual(
            (rows[junk].disposition, rows[junk].disposition_reason), ("filtered", "folder")
        )
        self.assertEqual(
            (rows[large].disposition, rows[large].disposition_reason), ("filtered", "size")
        )
        self.assertFalse(rows[large].raw_store, "filtered without being downloaded")
        self.assert_counted(mailbox)

    def test_widening_the_scope_brings_in_what_was_left_out(self):
        mailbox, world = self.make_mailbox()
        junk = world.deliver("Junk", folders=("junk",))
        self.start(mailbox)
        mailbox.folder_policy = "everything"
        self.run_jobs()
        self.assertEqual(self.rows(mailbox)[junk].disposition, "stored")
        self.assert_counted(mailbox)

    def test_only_chosen_folders_are_followed(self):
        mailbox, world = self.make_mailbox()
        work = world.deliver("Work", folders=("work",))
        other = world.deliver("Other", folders=("inbox",))
        self.start(mailbox)
        mailbox.folder_ids.filtered(lambda row: row.remote_id != "work").synced = False
        mailbox.folder_policy = "selected"
        self.run_jobs()
        self.assertEqual(set(self.rows(mailbox, "stored")), {work})
        mailbox.folder_ids.filtered(lambda row: row.remote_id == "inbox").synced = True
        self.run_jobs()
        self.assertEqual(set(self.rows(mailbox, "stored")), {work, other})
        self.assert_counted(mailbox)

    def test_progress_knows_the_total_from_the_first_page_on(self):
        mailbox, world = self.make_mailbox()
        self.fill(world, 230)
        mailbox._sync_start()
        self.perform(self.next_job())
        self.assertEqual((mailbox.import_done, mailbox.import_total), (50, 230))
        self.assertTrue(mailbox.import_eta)
        self.run_jobs()
        self.assertEqual((mailbox.import_done, mailbox.import_total), (230, 230))
        self.assertEqual(mailbox.import_progress, 100.0)
        self.assertFalse(mailbox.import_eta)

    def test_older_mail_stays_away(self):
        mailbox, world = self.make_mailbox()
        old = world.deliver("Old", received_at=self.now() - timedelta(days=400))
        new = world.deliver("New", received_at=self.now() - timedelta(days=2))
        mailbox.sync_since = (self.now() - timedelta(days=30)).date()
        self.start(mailbox)
        self.assertEqual(set(self.rows(mailbox, "stored")), {new})
        self.assertNotIn(old, self.rows(mailbox, "stored"))
