from odoo.addons.http_routing.tests.common import MockRequest
from odoo.exceptions import AccessError, UserError
from odoo.tests.common import new_test_user, tagged

from mailbox_core.errors import Refused, Unavailable

from .common import MailboxCase


@tagged("post_install", "-at_install")
class TestActions(MailboxCase):
    def connected(self, count=5, **values):
        mailbox, world = self.make_mailbox(scope_profile="two_way", **values)
        for number in range(count):
            world.deliver(f"Subject {number}")
        self.start(mailbox)
        return mailbox, world, self.rows(mailbox)

    def test_a_click_shows_at_once_and_reaches_the_provider_soon(self):
        mailbox, world, rows = self.connected()
        key, row = next(iter(rows.items()))
        row.with_user(self.owner).action_set_seen()
        self.assertTrue(row.is_seen)
        inbox = mailbox.folder_ids.filtered(lambda folder: folder.role == "inbox")
        self.assertEqual(inbox.unread_count, 4)
        self.assertEqual(row.conversation_id.unread_count, 0)
        self.assertNotIn("seen", world.messages[key].flags, "no provider call in the click itself")
        self.run_jobs()
        self.assertIn("seen", world.messages[key].flags)
        self.look(mailbox)
        self.assert_same(mailbox, world)

    def test_star_archive_trash_and_move_end_the_same_on_both_sides(self):
        mailbox, world, rows = self.connected()
        one, two, three, four, _ = rows.values()
        one.with_user(self.owner).action_set_flagged()
        two.with_user(self.owner).action_archive()
        three.with_user(self.owner).action_trash()
        work = mailbox.folder_ids.filtered(lambda folder: folder.remote_id == "work")
        four.with_user(self.owner).action_move(work.id)
        self.assert_counted(mailbox)
        self.run_jobs()
        self.assertEqual(world.messages[two.remote_id].folders, frozenset())
        self.assertEqual(world.messages[three.remote_id].folders, {"trash"})
        self.assertEqual(world.messages[four.remote_id].folders, {"inbox", "work"})
        self.look(mailbox)
        self.assert_same(mailbox, world)

    def test_commands_keep_their_order_and_wait_out_trouble(self):
        mailbox, world, rows = self.connected()
        key, row = next(iter(rows.items()))
        world.fail("apply", Unavailable("down"), times=2)
        row.action_set_seen(True)
        row.action_set_seen(False)
        row.action_set_seen(True)
        self.run_jobs(horizon=600)
        self.assertIn("seen", world.messages[key].flags)
        commands = self.env["mailbox.command"].search([("mailbox_id", "=", mailbox.id)])
        self.assertEqual(set(commands.mapped("state")), {"done"})

    def test_what_the_provider_refuses_is_undone_here(self):
        mailbox, world, rows = self.connected()
        row = next(iter(rows.values()))
        world.fail("apply", Refused("read only"))
        row.action_set_flagged(True)
        self.assertTrue(row.is_flagged)
        self.run_jobs()
        self.assertFalse(row.is_flagged)
        self.assertEqual(self.env["mailbox.command"].search([], limit=1).state, "failed")
        self.assert_same(mailbox, world)

    def test_readers_and_strangers_change_nothing(self):
        mailbox, _world, rows = self.connected()
        row = next(iter(rows.values()))
        self.env["mailbox.member"].create(
            {"mailbox_id": mailbox.id, "user_id": self.colleague.id, "role": "reader"}
        )
        self.assertTrue(row.with_user(self.colleague).subject)
        with self.assertRaises(AccessError):
            row.with_user(self.colleague).action_set_seen()
        stranger = new_test_user(
            self.env, "stranger@example.org", "base.group_user,mailbox_sync.group_manager"
        )
        with self.assertRaises(AccessError):
            row.with_user(stranger).action_archive()

    def test_a_mailbox_connected_for_reading_is_only_read(self):
        mailbox, _world, rows = self.connected()
        mailbox.scope_profile = "read"
        with self.assertRaises(UserError):
            next(iter(rows.values())).with_user(self.owner).action_trash()

    def test_new_mail_is_marked_read_after_sync_but_history_is_not(self):
        mailbox, world, _rows = self.connected(after_sync="read")
        self.assertFalse(any("seen" in held.flags for held in world.messages.values()))
        fresh = world.deliver("New")
        self.look(mailbox)
        self.assertIn("seen", world.messages[fresh].flags)
        self.assertEqual(sum("seen" in held.flags for held in world.messages.values()), 1)
        self.look(mailbox)
        self.assert_same(mailbox, world)

    def test_new_mail_is_archived_after_sync(self):
        mailbox, world, _rows = self.connected(after_sync="archive")
        fresh = world.deliver("New")
        self.look(mailbox)
        self.assertEqual(world.messages[fresh].folders, frozenset())

    def test_open_lists_hear_of_new_mail_with_its_rows(self):
        mailbox, world, _rows = self.connected()
        world.deliver("Breaking")
        sent = []
        self.patch(
            type(mailbox),
            "_bus_send",
            lambda record, kind, message, **_: sent.append((kind, message)),
        )
        self.look(mailbox)
        subjects = [
            row["subject"]
            for kind, page in sent
            if kind == "mailbox.page"
            for row in page["messages"]
        ]
        self.assertEqual(subjects, ["Breaking"])

    def test_only_readers_listen(self):
        mailbox, _world, _rows = self.connected()
        manager = new_test_user(
            self.env, "boss@example.org", "base.group_user,mailbox_sync.group_manager"
        )
        heard = self.heard_by(self.owner, [])
        self.assertIn(mailbox, heard)
        for person in (manager, self.colleague):
            self.assertNotIn(mailbox, self.heard_by(person, [f"mailbox_{mailbox.id}"]))

    def heard_by(self, user, channels):
        env = self.env(user=user)
        with MockRequest(env):
            heard = env["ir.websocket"]._build_bus_channel_list(channels)
        return [one for one in heard if isinstance(one, type(env["mailbox"]))]

    def test_the_report_counts_what_is_there(self):
        mailbox, world, _rows = self.connected()
        world.deliver("File", attachments={"a.bin": b"x"})
        self.look(mailbox)
        self.env["mailbox.parity"]._begin(mailbox)
        self.run_jobs(horizon=600)
        report = mailbox.mailbox_report()
        self.assertEqual(report["provider_messages"], 6)
        self.assertEqual(report["stored"], 6)
        self.assertEqual(
            (report["duplicates"], report["unexplained"], report["quarantined"]), (0, 0, 0)
        )
        self.assertEqual(report["attachments"], 1)
        self.assertEqual(report["folders"], 8)
