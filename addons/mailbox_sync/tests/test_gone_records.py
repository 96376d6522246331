"""What people press when something they see is gone, or when somebody else was quicker."""

from odoo.exceptions import UserError
from odoo.tests import Form
from odoo.tests.common import tagged
from odoo.tools import SQL

from .routing_common import RoutingCase


@tagged("post_install", "-at_install")
class TestGoneRecords(RoutingCase):
    def setUp(self):
        super().setUp()
        self.route = self.rule()
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        self.first = self.deliver("Doors").message_id
        self.old = self.env["res.partner"].browse(self.first.link_ids.res_id)
        self.new = self.env["res.partner"].create({"name": "Another order"})
        self.words = self.env["mailbox.belonging"].with_user(self.owner)

    def move(self, scope="all", record=None):
        row = self.first.with_user(self.owner)
        return self.words._say(row, scope, (record or self.new).with_user(self.owner))

    def test_undo_after_the_line_was_deleted(self):
        word = self.move()
        self.lines(self.new).unlink()
        word.action_undo()
        self.assertEqual(self.first.link_ids.res_id, self.old.id)
        self.assertFalse(self.first.link_ids.mail_message_id)

    def test_undo_after_the_records_were_deleted(self):
        word = self.move()
        self.old.unlink()
        self.new.unlink()
        word.action_undo()
        self.assertTrue(word.undone_at)
        with self.assertRaisesRegex(UserError, "undone already"):
            word.action_undo()

    def test_undo_after_the_rule_was_deleted(self):
        word = self.move()
        self.route.unlink()
        word.action_undo()
        self.assertEqual(self.first.link_ids.res_id, self.old.id)

    def test_undo_after_the_mail_was_linked_again(self):
        word = self.move()
        values = {"model": "res.partner", "res_id": self.old.id, "origin": "rule"}
        self.env["mailbox.link"].create({"message_id": self.first.id, "rfc_id": "x", **values})
        word.action_undo()
        self.assertEqual(self.first.link_ids.res_id, self.old.id)

    def test_undo_without_its_conversation(self):
        word = self.move()
        self.first.conversation_id.sudo().unlink()
        word.action_undo()
        self.assertEqual(self.first.link_ids.res_id, self.old.id)

    def test_a_gone_record_says_so(self):
        link = self.first.link_ids.with_user(self.owner)
        self.old.unlink()
        with self.assertRaisesRegex(UserError, "gone"):
            link.action_open()

    def test_a_record_again_in_place_of_one_that_was_deleted(self):
        self.old.unlink()
        row = self.first.with_user(self.owner)
        self.assertEqual(row.action_new_record()["res_model"], "mailbox.decision")
        decision = row.decision_ids
        self.assertEqual(decision.outcome, "triage")
        decision.target_model = "res.partner"
        decision.action_approve()
        self.assertEqual(decision.outcome, "created")
        self.assertTrue(row.link_ids.filtered(lambda link: link._record()))

    def test_a_proposed_record_that_was_deleted_is_not_offered(self):
        decision = self.held()
        decision.record_ref = self.new
        self.assertEqual(decision.record_name, "Another order")
        self.new.unlink()
        self.env.invalidate_all()
        self.assertFalse(decision.record_name)

    def test_a_record_of_an_app_that_is_gone_has_a_name(self):
        link = self.first.link_ids
        link.write({"model": "gone.model", "res_id": 3})
        self.assertEqual(link.record_name, "gone.model 3")
        with self.assertRaisesRegex(UserError, "gone.model 3 is gone"):
            link.action_open()

    def held(self):
        self.route.approval = True
        decision = self.deliver("Order", sender="ada@new.test")
        self.assertEqual(decision.outcome, "held")
        return decision.with_user(self.owner)

    def test_somebody_is_deciding(self):
        decision = self.held()
        self.patch(type(decision), "try_lock_for_update", lambda self, **_kw: self.browse())
        for button in ("action_approve", "action_reject"):
            with self.assertRaisesRegex(UserError, "at this moment"):
                getattr(decision, button)()

    def lose(self):
        """As after uninstalling the addon of a kind of record."""
        self.env.flush_all()
        for table in ("mailbox_route", "mailbox_decision"):
            lost = "UPDATE %s SET target_model = 'gone.model', record_ref = 'gone.model,3'"
            self.env.cr.execute(SQL(lost, SQL.identifier(table)))
        self.env.invalidate_all()

    def test_mail_that_waits_for_a_kind_of_record_that_is_gone(self):
        decision = self.held()
        self.lose()
        with Form(decision) as form:
            self.assertTrue(form.can_decide)
            self.assertFalse(form.record_ref)
        with self.assertRaisesRegex(UserError, "kind of record"):
            decision.action_approve()
        with self.assertRaisesRegex(UserError, "Choose the record"):
            decision.action_merge()
        taught = decision.action_teach()["context"]
        self.assertEqual(
            (taught["default_action"], taught["default_target_model"]), ("skip", False)
        )
        decision.action_reject()
        self.assertEqual(decision.outcome, "rejected")

    def test_a_rule_whose_target_is_gone_puts_mail_before_a_person(self):
        self.lose()
        decision = self.deliver("More", sender="carl@new.test")
        self.assertEqual((decision.outcome, decision.reason), ("triage", "lost"))
        self.assertIn("not here any more", decision.reason_text)
        self.assertFalse(decision.link_ids)
        self.assertIn("not installed", self.route.action_words)
        trial = self.env["mailbox.backtest"].create({"route_id": self.route.id, "days": 5})
        trial.action_run()
        self.assertEqual((trial.match_count, trial.record_count), (2, 0))
        self.assertEqual(set(trial.line_ids.mapped("effect")), {"hold"})
        manager = self._new_user("manager")
        manager.group_ids += self.env.ref("mailbox_sync.group_manager")
        self.route.with_user(manager).active = False

    def test_a_rule_whose_record_was_deleted_puts_mail_before_a_person(self):
        ref = f"res.partner,{self.new.id}"
        self.route.write({"action": "record", "record_ref": ref, "target_model": False})
        self.new.unlink()
        decision = self.deliver("More", sender="carl@new.test")
        self.assertEqual((decision.outcome, decision.reason), ("triage", "lost"))
        self.assertIn("gone", self.route.action_words)
