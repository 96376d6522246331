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
class TestOverrides(RoutingCase):
    """Addons that override Odoo's gateway, and know nothing of mailboxes."""

    def override(self, name, change):
        """As an addon of somebody else does: ``change`` gets what it overrides first."""
        model = type(self.env["res.partner" if name != "message_process" else "mail.thread"])
        former = getattr(model, name)

        def changed(record, *args, **kw):
            return change(former, record, *args, **kw)

        self.patch(model, name, changed)

    def test_message_new_and_message_update_of_others_see_what_odoo_gives_them(self):
        seen = []

        def new(former, model, values, custom_values=None):
            seen.append(("new", values["message_id"], values["email_from"], custom_values))
            return former(model, values, {**(custom_values or {}), "ref": "by mail"})

        def update(former, record, values, update_vals=None):
            seen.append(("update", values["message_id"], values["author_id"], record.id))
            return former(record, values, {"comment": values["subject"]})

        self.override("message_new", new)
        self.override("message_update", update)
        self.rule(value_ids=[(0, 0, {"field": "function", "value": "Buyer"})])
        partner = self.env["res.partner"].browse(self.deliver().link_ids.res_id)
        self.assertEqual((partner.ref, partner.function), ("by mail", "Buyer"))
        self.deliver("Re: Question", in_reply_to="<1.out@shop.test>")
        self.assertIn("Re: Question", partner.comment)
        self.assertEqual([one[:2] for one in seen], [
            ("new", "<1.out@shop.test>"), ("update", "<2.out@shop.test>")
        ])  # fmt: skip
        self.assertIn("bob@shop.test", seen[0][2])
        self.assertEqual(seen[1][2:], (partner.id, partner.id))

    def wrap_process(self, refuse=""):
        """Count what goes through ``message_process``; refuse mails with a word in them."""
        seen = []

        def process(former, thread, model, message, *args, **kw):
            seen.append((model, message))
            if refuse and refuse.encode() in message:
                return False
            return former(thread, model, message, *args, **kw)

        self.override("message_process", process)
        return seen

    def test_message_process_of_others_is_called_with_the_source_of_the_mail(self):
        seen = self.wrap_process()
        self.rule(value_ids=[(0, 0, {"field": "function", "value": "Buyer"})])
        opened = self.deliver("Question", body="Here is a word\n")
        partner = self.env["res.partner"].browse(opened.link_ids.res_id)
        joined = self.deliver("Re: Question", in_reply_to="<1.out@shop.test>")
        self.assertEqual((opened.outcome, joined.outcome), ("created", "joined"))
        self.assertEqual((partner.function, len(self.lines(partner))), ("Buyer", 2))
        self.assertEqual([model for model, _source in seen], ["res.partner"] * 2)
        self.assertIn(b"Here is a word", seen[0][1])
        self.assertEqual(self.lines(partner).mapped("message_id"), [
            "<1.out@shop.test>", "<2.out@shop.test>"
        ])  # fmt: skip

    def test_what_message_process_of_others_refuses_waits(self):
        self.wrap_process(refuse="lottery")
        self.rule()
        with self.assertLogs("odoo.addons.mailbox_sync.routing.work", "WARNING"):
            decision = self.deliver(body="You won the lottery\n", sender="eve@evil.test")
        self.assertEqual((decision.outcome, decision.reason), ("triage", "failed"))
        self.assertIn("did not let this mail in", decision.why_html)
        self.assertFalse(self.env["res.partner"].search([("email", "=", "eve@evil.test")]))

    def test_a_mail_for_two_rules_reaches_both_records(self):
        seen = self.wrap_process()
        other = self.env["res.partner"].create({"name": "Archive"})
        self.rule(stop=False)
        self.rule(name="Keep", action="record", record_ref=f"res.partner,{other.id}", sequence=20)
        decision = self.deliver()
        self.assertEqual(len(decision.link_ids), 2)
        self.assertEqual(len(self.lines(other)), 1)
        self.assertEqual(len(seen), 1, "a mail is processed once, as with Odoo's own servers")

    def test_aliases_go_through_message_process_of_others_too(self):
        seen = self.wrap_process()
        domain = self.env["mail.alias.domain"].create({"name": "alias.test"})
        model = self.env["ir.model"]._get("res.partner")
        alias = self.env["mail.alias"].create(
            {"alias_name": "join", "alias_domain_id": domain.id, "alias_model_id": model.id}
        )
        decision = self.deliver("Hello", to=f"{self.mailbox.address}, join@alias.test")
        self.assertEqual((decision.outcome, decision.link_ids.alias_id), ("created", alias))
        self.assertEqual(len(seen), 1)

    def test_a_mail_that_an_addon_processes_meanwhile_is_its_own(self):
        inner = self.mail("Inner", message_id="<inner@shop.test>", to="nobody@nowhere.test")

        def new(former, model, values, custom_values=None):
            record = former(model, values, custom_values)
            if values["message_id"] != "<inner@shop.test>":
                model.env["mail.thread"].message_process("res.partner", inner)
            return record

        self.wrap_process()
        self.override("message_new", new)
        self.rule()
        before = self.env["res.partner"].search_count([])
        decision = self.deliver("Outer")
        self.assertEqual(decision.outcome, "created")
        self.assertEqual(self.env["res.partner"].search_count([]), before + 2)
        outer = self.env["res.partner"].browse(decision.link_ids.res_id)
        self.assertEqual(self.lines(outer).mapped("subject"), ["Outer"])


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
