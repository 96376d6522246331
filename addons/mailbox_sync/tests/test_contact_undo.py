"""A contact that was made from a mail is taken back: the contact, the fields that named it, the
mail logged on it; not when it is used since."""

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import tagged

from .routing_common import RoutingCase


@tagged("post_install", "-at_install")
class TestContactUndo(RoutingCase):
    def setUp(self):
        super().setUp()
        self.mailbox.partner_policy = "ask"
        self.owner.group_ids += self.env.ref("base.group_partner_manager")

    def made(self, **mail):
        """A contact made of the sender of a mail; the decision and the contact."""
        decision = self.deliver(**mail).with_user(self.owner)
        decision.action_make_partner()
        self.assertEqual(decision.made_text, "Bob Buyer was made a contact.")
        return decision, decision.made_partner_id

    def test_a_contact_nobody_used_is_removed_with_the_mail_logged_on_it(self):
        decision, partner = self.made()
        self.mailbox.log_policy = "known"
        other = self.deliver("More plans")
        self.assertEqual(self.lines(partner).mapped("subject"), ["More plans"])
        told = decision.action_undo_contact()
        self.assertIn("no contact any more", told["params"]["message"])
        self.assertFalse(partner.exists())
        self.assertFalse(self.env["mailbox.log"].search([("message_id", "=", other.message_id.id)]))
        self.assertEqual(decision.partner_suggestion, '"Bob Buyer" <bob@shop.test>')
        with self.assertRaisesRegex(UserError, "nothing to undo"):
            decision.action_undo_contact()
        self.assertEqual(self.deliver("Later").outcome, "stored")

    def test_a_contact_that_is_used_stays_and_it_is_said_where(self):
        decision, partner = self.made()
        child = self.env["res.partner"].create({"name": "Assistant", "parent_id": partner.id})
        partner.message_post(body="Called", message_type="comment")
        with self.assertRaises(UserError) as refused, self.env.cr.savepoint():
            decision.action_undo_contact()
        self.assertIn("Bob Buyer is used since", str(refused.exception))
        self.assertIn("Contact (", str(refused.exception))
        self.assertIn("Message (1)", str(refused.exception))
        self.assertTrue(partner.exists().active)
        self.assertEqual(decision.made_partner_id, partner)
        self.assertTrue(child.exists())

    def test_a_contact_that_somebody_changed_is_archived(self):
        decision, partner = self.made()
        partner.sudo().phone = "030 901820"
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET write_date = write_date + interval '1 minute' WHERE id = %s",
            [partner.id],
        )
        partner.invalidate_recordset()
        told = decision.action_undo_contact()
        self.assertIn("archived", told["params"]["message"])
        self.assertFalse(partner.active)

    def test_an_approved_contact_goes_and_its_mail_waits_again(self):
        self.rule(approval=True)
        decision = self.deliver().with_user(self.owner)
        decision.action_approve()
        partner = decision.made_partner_id
        self.assertEqual((decision.outcome, len(self.lines(partner))), ("created", 1))
        decision.action_undo_contact()
        self.assertFalse(partner.exists())
        self.assertEqual((decision.outcome, decision.reason), ("held", "approval"))
        self.assertFalse(decision.decided_by or decision.link_ids)
        decision.action_approve()
        self.assertEqual(decision.outcome, "created")

    def test_a_noted_address_is_taken_off_again(self):
        known = self.env["res.partner"].create({"name": "Bob Buyer", "email": "bob@old.test"})
        decision = self.deliver().with_user(self.owner)
        decision.action_same_person()
        self.assertIn("was noted on the contact Bob Buyer", decision.made_text)
        decision.action_undo_contact()
        self.assertFalse(known.mailbox_address_ids)
        self.assertTrue(known.active)

    def test_only_editors_who_may_remove_contacts_take_back(self):
        decision, partner = self.made()
        with self.assertRaises(AccessError):
            decision.with_user(self.colleague).action_undo_contact()
        self.owner.group_ids -= self.env.ref("base.group_partner_manager")
        with self.assertRaises(AccessError):
            decision.action_undo_contact()
        self.assertTrue(partner.exists())


@tagged("post_install", "-at_install")
class TestSignatureUndo(RoutingCase):
    def test_what_was_taken_from_a_signature_is_put_back_where_nobody_changed_it(self):
        bob = self.env["res.partner"].create(
            {"name": "Bob Buyer", "email": "bob@doors.test", "function": "Buyer"}
        )
        self.rule()
        body = "Hello\n\nBest regards\nBob Buyer\nHead of Purchasing\nTel. +49 30 901820\n"
        self.deliver("Doors", sender="Bob Buyer <bob@doors.test>", body=body)
        self.assertFalse(bob.mailbox_signature_taken)
        bob.action_mailbox_signature_apply()
        self.assertEqual(bob.function, "Head of Purchasing")
        self.assertIn("Head of Purchasing", bob.mailbox_signature_taken)
        bob.phone = "1"
        bob.action_mailbox_signature_undo()
        self.assertEqual((bob.function, bob.phone), ("Buyer", "1"))
        self.assertFalse(bob.mailbox_signature_taken)
        self.assertIn("Head of Purchasing", bob.mailbox_signature_html, "offered again")
