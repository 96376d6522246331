"""People split and merge conversations: lists of mail follow, later mail obeys, undo restores."""

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged

from mailbox_core.testing.world import capabilities

from .routing_common import RoutingCase


class TalkCase(RoutingCase):
    #: Whether the provider names conversations (Gmail) or only headers tell (IMAP).
    keys = True

    def setUp(self):
        super().setUp()
        able = capabilities(conversations=self.keys)
        self.mailbox, self.world = self.make_mailbox(
            "sales@example.org", world={"capabilities": able}, routing="company"
        )
        self.start(self.mailbox)
        self.number = 0
        self.first, self.second, self.third = (
            self.come("Doors"),
            self.come("Re: Doors", 1),
            self.come("Re: Doors", 2),
        )
        self.talk = self.first.conversation_id

    def come(self, subject="Re: Doors", *answers, **kw):
        """A mail that answers those of these numbers."""
        names = [f"<{number}.out@shop.test>" for number in answers]
        if names:
            kw = {"in_reply_to": names[-1], "references": " ".join(names), **kw}
        return self.deliver(subject, **kw).message_id

    def talks(self):
        """The mails of each conversation, by their numbers."""
        self.assert_counted(self.mailbox)
        found = self.env["mailbox.conversation"].search([("mailbox_id", "=", self.mailbox.id)])
        return sorted(
            sorted(int(one.message_id.strip("<").partition(".")[0]) for one in talk.message_ids)
            for talk in found
            if talk.message_ids
        )

    def form(self, asked, user=None, **values):
        env = self.env["mailbox.move"].with_user(user or self.owner)
        return env.with_context(**asked["context"]).create(values)

    def split(self, row, **values):
        form = self.form(row.with_user(self.owner).action_split(), **values)
        form.action_move()
        return row.conversation_id

    def merge(self, talk, other):
        asked = talk.with_user(self.owner).action_merge_with()
        self.form(asked, other_id=other.id).action_move()

    def undo(self, talk):
        talk.with_user(self.owner).action_undo()


@tagged("post_install", "-at_install")
class TestTalks(TalkCase):
    def test_a_split_shows_two_conversations_and_answers_find_theirs(self):
        self.assertEqual(self.talks(), [[1, 2, 3]])
        side = self.split(self.second)
        self.assertEqual(self.talks(), [[1], [2, 3]])
        self.assertEqual((side.split_of_id, side.message_count), (self.talk, 2))
        self.assertEqual(side.participants, self.talk.participants)
        self.assertEqual(self.come("Re: Doors", 3).conversation_id, side)
        self.assertEqual(self.come("Re: Doors", 1).conversation_id, self.talk, "it answers that")
        self.assertEqual(
            self.come("Re: Doors", references="<1.out@shop.test>").conversation_id,
            side,
            "nothing says to what it is an answer: what follows belongs to the new one",
        )
        self.assertEqual(
            self.come("Re: Doors", 1, 2, 3).conversation_id, side, "it names both and joins neither"
        )
        self.assertEqual(self.talks(), [[1, 5], [2, 3, 4, 6, 7]])

    def test_undo_puts_all_of_it_back_with_what_came_meanwhile(self):
        side = self.split(self.second)
        self.come("Re: Doors", 3)
        self.assertEqual(side.with_user(self.owner).undo_id.talk, "split")
        self.assertEqual(self.talk.with_user(self.owner).undo_id.talk, "split", "from either side")
        self.undo(self.talk)
        self.assertEqual(self.talks(), [[1, 2, 3, 4]])
        self.assertFalse(side.exists())
        self.assertFalse(self.talk.with_user(self.owner).undo_id)
        with self.assertRaises(UserError):
            self.undo(self.talk)

    def test_a_split_stands_when_the_mailbox_is_read_again(self):
        self.split(self.second)
        (self.first | self.second | self.third).write({"is_stale": True, "is_held": False})
        self.look(self.mailbox)
        self.assertEqual(self.talks(), [[1], [2, 3]])
        self.world.expire()
        self.look(self.mailbox)
        self.assertEqual(self.talks(), [[1], [2, 3]])

    def test_a_split_of_a_split(self):
        side = self.split(self.second)
        last = self.split(self.third)
        self.assertEqual(self.talks(), [[1], [2], [3]])
        self.assertEqual(last.split_of_id, self.talk)
        self.assertEqual(self.come("Re: Doors", 1, 2).conversation_id, side)
        self.assertEqual(self.come("Re: Doors", 2, 3).conversation_id, last)
        with self.assertRaisesRegex(UserError, "decided since"):
            self.env["mailbox.belonging"].with_user(self.owner).search([], order="id")[
                :1
            ].action_undo()
        self.undo(last)
        self.undo(side)
        self.assertEqual(self.talks(), [[1, 2, 3, 4, 5]])

    def test_a_merge_of_the_whole_into_what_was_split_from_it_and_back(self):
        side = self.split(self.second)
        last = self.split(self.third)
        since = side.split_since
        self.assertTrue(since)
        self.merge(self.talk, side)
        self.assertEqual(self.talks(), [[1, 2], [3]])
        self.assertEqual((side.split_of_id.ids, last.split_of_id), ([], side))
        self.undo(side)
        self.assertEqual(self.talks(), [[1], [2], [3]])
        root = self.first.conversation_id
        self.assertEqual((side.split_of_id, last.split_of_id), (root, root))
        self.assertEqual(side.split_since, since)

    def test_one_mail_alone_goes_and_takes_its_answers(self):
        asked = self.second.with_user(self.owner).action_move_one()
        self.form(asked, way="keep", apart=True).action_move()
        self.assertEqual(self.talks(), [[1, 3], [2]])
        self.assertEqual(self.come("Re: Doors", 2).conversation_id, self.second.conversation_id)
        self.assertEqual(self.come("Re: Doors", 3).conversation_id, self.talk)
        self.undo(self.second.conversation_id)
        self.assertEqual(self.talks(), [[1, 2, 3, 4, 5]])

    def test_the_whole_conversation_cannot_be_split_off(self):
        with self.assertRaisesRegex(UserError, "Nothing would stay"):
            self.split(self.first)

    def test_a_merge_makes_one_of_two_and_undo_parts_them(self):
        other = self.come("Windows", sender="carl@two.test")
        kept = other.conversation_id
        self.merge(self.talk, kept)
        self.assertEqual(self.talks(), [[1, 2, 3, 4]])
        self.assertFalse(self.talk.exists())
        self.assertEqual(self.come("Re: Doors", 3).conversation_id, kept)
        self.assertEqual(self.come("Re: Windows", 4, sender="carl@two.test").conversation_id, kept)
        self.undo(kept)
        self.assertEqual(self.talks(), [[1, 2, 3, 5], [4, 6]], "later answers go with theirs")
        self.assertEqual(self.come("Re: Doors", 5).conversation_id, self.first.conversation_id)

    def test_records_stay_unless_somebody_says_otherwise(self):
        self.rule()
        start = self.come("Tables", sender="tom@wood.test")
        answer = self.come("Re: Tables", 4, sender="tom@wood.test")
        record = start.link_ids.res_id
        self.env["mailbox.route"].search([]).active = False
        side = self.split(answer)
        self.assertEqual((side.link_ids.res_id, answer.link_ids.conversation_id), (record, side))
        follow = self.come("Re: Tables", 5, sender="tom@wood.test")
        self.assertEqual((follow.conversation_id, follow.link_ids.res_id), (side, record))
        self.undo(side)
        new = self.env["res.partner"].create({"name": "Another order"})
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        side = self.split(answer, way="record", record_ref=f"res.partner,{new.id}")
        self.assertEqual(answer.link_ids.res_id, new.id)
        self.assertEqual(start.link_ids.res_id, record)
        follow = self.come("Re: Tables", 5, sender="tom@wood.test")
        self.assertEqual((follow.conversation_id, follow.link_ids.res_id), (side, new.id))
        self.undo(side)
        self.assertEqual(answer.link_ids.res_id, record)
        self.assertEqual(answer.conversation_id, start.conversation_id)

    def test_a_merge_takes_the_record_of_the_other_along_and_back(self):
        self.rule()
        other = self.come("Windows", sender="carl@two.test")
        record = other.link_ids.res_id
        self.env["mailbox.route"].search([]).active = False
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        kept = other.conversation_id
        self.merge(self.talk, kept)
        self.assertEqual(set(kept.message_ids.link_ids.mapped("res_id")), {record})
        self.assertEqual(len(kept.message_ids.link_ids), 4)
        self.undo(kept)
        self.assertEqual(self.talks(), [[1, 2, 3], [4]])
        self.assertEqual(other.link_ids.res_id, record, "it was there before")
        self.assertFalse(self.first.link_ids)

    def test_several_mails_and_conversations_from_the_list(self):
        other = self.come("Windows", sender="carl@two.test")
        both = (self.first | other).with_user(self.owner)
        with self.assertRaises(UserError):
            both.action_split()
        with self.assertRaises(UserError):
            (self.first | self.second).with_user(self.owner).action_merge_with()
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        record = self.env["res.partner"].create({"name": "Order"})
        form = self.form(both.action_belongs(), record_ref=f"res.partner,{record.id}")
        self.assertEqual((form.is_several, form.count), (True, 2))
        form.action_move()
        self.assertEqual(set(both.link_ids.mapped("res_id")), {record.id})
        self.assertFalse(self.second.link_ids, "only those that were selected")
        form = self.form(both.action_merge_with())
        self.assertEqual((form.other_id, form.count), (self.talk, 1))
        form.action_move()
        self.assertEqual(self.talks(), [[1, 2, 3, 4]])

    def test_only_editors_and_only_inside_a_mailbox(self):
        reader = self._new_user("reader")
        self.env["mailbox.member"].create(
            {"mailbox_id": self.mailbox.id, "user_id": reader.id, "role": "reader"}
        )
        side = self.split(self.second)
        for user in (reader, self.colleague):
            for talk in (self.talk, side):
                with self.assertRaises(AccessError):
                    talk.with_user(user).action_merge_with()
                with self.assertRaises(UserError):
                    talk.with_user(user).action_undo()
            with self.assertRaises(AccessError):
                self.third.with_user(user).action_split()
        self.assertFalse(self.talk.with_user(reader).may_decide)
        with self.assertRaises(AccessError):
            self.env["mailbox.conversation"].with_user(self.owner).create({"key": "x"})
        strange, world = self.make_mailbox("grace@example.org", owner=self.colleague)
        strange.routing = "company"
        self.start(strange)
        other = self.deliver("Secret", to=strange.address, world=world).message_id
        asked = self.talk.with_user(self.owner).action_merge_with()
        with self.assertRaises(UserError):
            self.form(asked, other_id=other.conversation_id.id).action_move()
        with self.assertRaisesRegex(UserError, "one mailbox"):
            self.merge_as_root(other)
        self.assertEqual(self.talks(), [[1], [2, 3]])

    def merge_as_root(self, other):
        words = self.env["mailbox.belonging"].with_user(self.owner)
        first = self.first.with_user(self.owner)
        words._say(first, "all", None, keep=True, into=other.conversation_id)

    def test_the_form_says_what_will_happen(self):
        form = self.form(self.second.with_user(self.owner).action_split())
        self.assertEqual((form.way, form.scope, form.apart, form.count), ("keep", "later", True, 2))
        self.assertIn("2 mails", form.text)
        self.assertIn("own", form.text)
        form.apart = False
        with self.assertRaisesRegex(UserError, "Nothing would change"):
            form.action_move()


@tagged("post_install", "-at_install")
class TestTalksWithoutKeys(TestTalks):
    """The same where the provider names no conversations."""

    keys = False
