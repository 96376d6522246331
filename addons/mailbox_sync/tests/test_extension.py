"""A small extension at every place where other addons may step in; and records made by hand."""

from dataclasses import replace

from odoo.exceptions import AccessError
from odoo.tests.common import tagged

from .routing_common import RoutingCase


@tagged("post_install", "-at_install")
class TestExtension(RoutingCase):
    def extend(self, name, change):
        """Override a hook, as an addon would: ``change`` gets the former one first."""
        model = type(self.env["mailbox.message"])
        former = getattr(model, name)
        self.patch(model, name, lambda row, *args: change(former, row, *args))

    def test_octets_and_what_was_read_can_be_changed_before_rules_see_them(self):
        self.rule(line_ids=[(0, 0, {"field": "header", "header": "X-Shop", "op": "exists"})])
        self.assertEqual(self.deliver("plain").outcome, "stored")
        self.extend(
            "_before_parse", lambda former, row, source: former(row, b"X-Shop: 7\r\n" + source)
        )
        self.extend(
            "_after_parse",
            lambda former, row, email: replace(former(row, email), subject=f"[7] {email.subject}"),
        )
        decision = self.deliver("Order")
        self.assertEqual(decision.outcome, "created")
        partner = self.env["res.partner"].browse(decision.link_ids.res_id)
        self.assertEqual(self.lines(partner).subject, "[7] Order")
        self.assertEqual(decision.message_id.subject, "Order", "what is stored stays")

    def test_rules_can_be_chosen_and_the_decision_is_told(self):
        first, second = self.rule(name="One"), self.rule(name="Two", sequence=20)
        told = []
        self.extend(
            "_before_route",
            lambda former, row, mail, routes: former(row, mail, routes) - first,
        )
        self.extend(
            "_after_route",
            lambda former, row, mail, plan, decided: (
                former(row, mail, plan, decided),
                told.append((row.subject, decided)),
            ),
        )
        self.assertEqual(self.deliver("Hi").route_id, second)
        self.assertEqual(told, [("Hi", "created")])

    def test_what_is_posted_can_be_changed_and_is_told(self):
        self.rule()
        posted = []
        self.extend(
            "_before_post",
            lambda former, row, mail, record, values: {
                **former(row, mail, record, values),
                "subject": f"{record._name}: {values['subject']}",
            },
        )
        self.extend(
            "_after_post",
            lambda former, row, mail, record, line: posted.append((record.id, line.subject)),
        )
        decision = self.deliver("Hi")
        self.deliver("Re: Hi", in_reply_to="<1.out@shop.test>")
        res_id = decision.link_ids.res_id
        self.assertEqual(posted, [(res_id, "res.partner: Hi"), (res_id, "res.partner: Re: Hi")])

    def test_an_extension_that_fails_stops_its_own_mail_only(self):
        def fail(former, row, mail, record, values):
            if "bad" in values["subject"]:
                raise ValueError("The extension is broken.")
            return former(row, mail, record, values)

        self.rule()
        self.extend("_before_post", fail)
        with self.assertLogs("odoo.addons.mailbox_sync.routing.work", "WARNING"):
            decision = self.deliver("bad")
        self.assertEqual((decision.outcome, decision.reason), ("triage", "failed"))
        self.assertIn("broken", str(decision.steps))
        self.assertEqual(self.deliver("good", sender="x@y.test").outcome, "created")


@tagged("post_install", "-at_install")
class TestNewRecord(RoutingCase):
    def test_a_record_of_the_persons_default_kind_in_one_step(self):
        row = self.deliver().message_id.with_user(self.owner)
        self.assertEqual(row.action_new_record()["res_model"], "mailbox.decision")
        self.assertEqual(row.decision_ids.outcome, "triage")
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        self.owner.with_user(self.owner).mailbox_default_model = "res.partner"
        row.decision_ids.sudo().target_model = False
        action = row.action_new_record()
        self.assertEqual(action["res_model"], "res.partner")
        self.assertEqual(self.env["res.partner"].browse(action["res_id"]).email, "bob@shop.test")
        self.assertEqual(
            (row.decision_ids.outcome, row.decision_ids.decided_by), ("created", self.owner)
        )

    def test_one_record_a_conversation(self):
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        self.owner.mailbox_default_model = "res.partner"
        first = self.deliver().message_id.with_user(self.owner)
        made = first.action_new_record()
        self.assertEqual(first.action_new_record(), made)
        reply = self.deliver("Re: Question", in_reply_to="<1.out@shop.test>").message_id
        self.assertEqual(reply.with_user(self.owner).action_new_record()["res_id"], made["res_id"])

    def test_rights_are_those_of_the_person(self):
        self.owner.mailbox_default_model = "res.partner"
        row = self.deliver().message_id
        with self.assertRaises(AccessError):
            row.with_user(self.colleague).action_new_record()
        with self.assertRaises(AccessError):
            row.with_user(self.owner).action_new_record()

    def test_old_mail_that_was_never_decided_about(self):
        self.mailbox.routing = "off"
        self.deliver("Old")
        row = self.rows(self.mailbox, "stored").popitem()[1].with_user(self.owner)
        self.assertFalse(row.decision_ids)
        row.action_new_record()
        self.assertEqual((row.decision_ids.outcome, row.decision_ids.reason), ("triage", "asked"))
