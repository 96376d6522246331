"""People say where mail belongs; later mail obeys; undoing puts back what stood before."""

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged

from .routing_common import RoutingCase


@tagged("post_install", "-at_install")
class TestBelonging(RoutingCase):
    def setUp(self):
        super().setUp()
        self.rule()
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        self.first = self.deliver("Doors", files={"plan.bin": b"\0\1"}).message_id
        self.second = self.reply("Re: Doors")
        self.old = self.record_of(self.first)
        self.env["mailbox.route"].search([]).active = False
        self.new = self.env["res.partner"].create({"name": "Another order"})

    def reply(self, subject="Re: Doors", to="<1.out@shop.test>", **kw):
        return self.deliver(subject, in_reply_to=to, **kw).message_id

    def record_of(self, row):
        link = row.link_ids.filtered("is_primary")
        return self.env["res.partner"].browse(link.res_id)

    def say(self, row, scope, record=None, **values):
        """As a person does: the button, the form, its button."""
        way = "record" if record else "none"
        values = {"record_ref": f"{record._name},{record.id}" if record else False, **values}
        button = {"all": "action_belongs", "later": "action_split", "one": "action_belongs"}[scope]
        asked = getattr(row.with_user(self.owner), button)()
        form = self.env["mailbox.move"].with_user(self.owner).with_context(**asked["context"])
        form.create({"way": way, "scope": scope, **values}).action_move()
        return self.env["mailbox.belonging"].with_user(self.owner).search([], limit=1)

    def texts(self, record):
        return self.lines(record).mapped("message_id")

    def state(self):
        """Everything that a move changes."""
        rows = self.first | self.second
        links = rows.link_ids.sorted(lambda one: (one.message_id.id, one.res_id))
        files = self.lines(self.old).attachment_ids
        return (
            [(one.message_id.id, one.res_id, one.mail_message_id.id, one.route_id.id, one.opened,
              one.is_primary, one.origin) for one in links],
            self.texts(self.old),
            self.texts(self.new),
            self.lines(self.old).mapped("parent_id.id"),
            [(one.res_model, one.res_id) for one in files],
            [(one.outcome, one.reason, one.decided_by.id) for one in rows.decision_ids],
        )  # fmt: skip

    def test_a_conversation_moves_with_its_files_and_answers_follow(self):
        self.assertEqual(self.texts(self.old), ["<1.out@shop.test>", "<2.out@shop.test>"])
        word = self.say(self.first, "all", self.new)
        self.assertEqual((word.count, word.record_name), (2, "Another order"))
        self.assertFalse(self.lines(self.old))
        self.assertEqual(self.texts(self.new), ["<1.out@shop.test>", "<2.out@shop.test>"])
        files = self.lines(self.new).attachment_ids
        self.assertEqual((files.name, files.res_id), ("plan.bin", self.new.id))
        self.assertEqual(self.record_of(self.reply()), self.new)
        event = self.env["mailbox.event"].search([("kind", "=", "route.moved")])
        self.assertEqual(event.payload["mails"], 2)

    def test_undo_restores_all_of_it(self):
        for scope, record in (("all", self.new), ("later", self.new), ("one", None), ("all", None)):
            before = self.state()
            word = self.say(self.second, scope, record)
            self.assertNotEqual(self.state(), before)
            word.action_undo()
            self.assertEqual(self.state(), before, scope)
            with self.assertRaises(UserError):
                word.action_undo()
        self.assertTrue(self.env["mailbox.event"].search([("kind", "=", "route.undone")]))
        self.assertEqual(self.record_of(self.reply()), self.old)

    def test_a_split_leaves_what_came_before(self):
        self.say(self.second, "later", self.new)
        self.assertEqual(self.texts(self.old), ["<1.out@shop.test>"])
        self.assertEqual(self.texts(self.new), ["<2.out@shop.test>"])
        self.assertEqual(self.record_of(self.reply(to="<2.out@shop.test>")), self.new)
        later = self.deliver("Re: Doors", references="<1.out@shop.test>").message_id
        self.assertEqual(self.record_of(later), self.new, "later mail obeys")
        direct = self.reply(to="<1.out@shop.test>")
        self.assertEqual(self.record_of(direct), self.old, "it answers a mail that stayed")

    def test_what_was_taken_out_stays_out(self):
        self.say(self.first, "all")
        self.assertFalse(self.lines(self.old))
        decision = self.reply().decision_ids
        self.assertEqual((decision.outcome, bool(decision.link_ids)), ("stored", False))

    def test_merging_takes_the_record_of_the_other_conversation(self):
        self.env["mailbox.route"].with_context(active_test=False).search([]).active = True
        other = self.deliver("Windows", sender="carl@two.test").message_id
        record = self.record_of(other)
        asked = self.first.with_user(self.owner).action_merge_with()
        form = self.env["mailbox.move"].with_user(self.owner).with_context(**asked["context"])
        form.create({"other_id": other.conversation_id.id}).action_move()
        self.assertEqual(self.record_of(self.second), record)
        self.assertEqual(len(self.lines(record)), 3)
        self.assertEqual(self.record_of(self.reply()), record)

    def test_a_conversation_without_record_says_what_to_do(self):
        other = self.deliver("Windows", sender="carl@two.test").message_id
        form = (
            self.env["mailbox.move"]
            .with_user(self.owner)
            .create(
                {
                    "message_id": self.first.id,
                    "scope": "later",
                    "way": "conversation",
                    "other_id": other.conversation_id.id,
                }
            )
        )
        with self.assertRaisesRegex(UserError, "no record yet"):
            form.action_move()

    def test_only_editors_and_only_with_rights_on_both_records(self):
        reader = self._new_user("reader")
        self.env["mailbox.member"].create(
            {"mailbox_id": self.mailbox.id, "user_id": reader.id, "role": "reader"}
        )
        for user in (reader, self.colleague):
            with self.assertRaises(AccessError):
                self.first.with_user(user).action_belongs()
        self.assertFalse(self.first.with_user(reader).may_decide)
        word = self.say(self.first, "all", self.new)
        with self.assertRaises(AccessError):
            word.with_user(reader).action_undo()
        self.owner.group_ids -= self.env.ref("base.group_partner_manager")
        with self.assertRaises(AccessError):
            word.action_undo()
        with self.assertRaises(AccessError):
            self.say(self.first, "all", self.old)
        with self.assertRaises(AccessError):
            word.create({"message_id": self.first.id, "scope": "one"})
        self.assertFalse(word.undone_at)

    def test_a_word_survives_the_merge_of_two_conversations(self):
        self.say(self.first, "all", self.new)
        strange = self.deliver("Other", message_id="<other@shop.test>").message_id
        self.assertNotEqual(strange.conversation_id, self.first.conversation_id)
        bridge = self.deliver(
            "Re: Doors", references="<1.out@shop.test> <other@shop.test>"
        ).message_id
        self.assertEqual(bridge.conversation_id, (self.first | strange).conversation_id)
        word = self.env["mailbox.belonging"].search([])
        self.assertEqual(word.conversation_id, bridge.conversation_id)
        self.assertEqual(self.record_of(bridge), self.new)
