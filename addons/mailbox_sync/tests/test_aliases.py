"""Aliases of Odoo through a connected mailbox and through a stock server, and their inventory."""

from odoo.tests.common import tagged

from .routing_common import FORGED, RoutingCase

NAMES = ("sales", "support", "jobs", "info", "purchase")


@tagged("post_install", "-at_install")
class TestAliases(RoutingCase):
    def setUp(self):
        super().setUp()
        # Other addons bring aliases of these names; the first domain would be theirs, too.
        self.env["mail.alias"].search([("alias_name", "in", NAMES)]).alias_name = False
        self.domain = self.env["mail.alias.domain"].create(
            {"name": "shop.example", "catchall_alias": "catchall", "bounce_alias": "bounce"}
        )
        model = self.env["ir.model"]._get("res.partner")
        self.aliases = self.env["mail.alias"].create(
            [
                {
                    "alias_name": name,
                    "alias_domain_id": self.domain.id,
                    "alias_model_id": model.id,
                    "alias_defaults": f"{{'comment': '{name}'}}",
                }
                for name in NAMES
            ]
        )

    def target(self, decision):
        return self.env["res.partner"].browse(decision.link_ids.res_id)

    def test_each_alias_opens_its_record_through_a_connected_mailbox(self):
        for alias in self.aliases:
            name = alias.alias_name
            decision = self.deliver(to=f"{name}@shop.example", sender=f"B <{name}@buyer.test>")
            self.assertEqual((decision.outcome, decision.reason), ("created", "alias"), name)
            link = decision.link_ids
            self.assertEqual((link.origin, link.alias_id, link.opened), ("alias", alias, True))
            partner = self.target(decision)
            self.assertIn(name, partner.comment, "the defaults of the alias")
            self.assertEqual(self.lines(partner).message_id, f"<{self.number}.out@shop.test>")
            self.assertIn(f"{name}@shop.example", decision.why_html)
            self.assertTrue(alias.mailbox_used_at)
            self.assertEqual(alias.alias_status, "valid")

    def test_replies_join_and_need_no_alias(self):
        first = self.deliver(to="sales@shop.example")
        reply = self.deliver(
            "Re: Question", to="sales@shop.example", in_reply_to="<1.out@shop.test>"
        )
        self.assertEqual((reply.outcome, reply.link_ids.res_id), ("joined", first.link_ids.res_id))

    def test_a_rule_is_asked_before_and_only_company_mailboxes_serve_aliases(self):
        rule = self.rule(action="skip", target_model=False)
        self.assertEqual(self.deliver(to="sales@shop.example").outcome, "skipped")
        rule.active = False
        self.mailbox.routing = "own"
        self.assertEqual(self.deliver(to="sales@shop.example").outcome, "stored")

    def test_the_same_mail_by_both_ways_is_one_record(self):
        before = self.env["res.partner"].search_count([])
        raw = self.mail(to="sales@shop.example", message_id="<both@shop.test>")
        record = self.env["mail.thread"].message_process(False, raw)
        self.assertTrue(self.aliases[0].mailbox_used_at, "the stock server used it")
        decision = self.deliver(to="sales@shop.example", message_id="<both@shop.test>")
        self.assertEqual((decision.outcome, decision.link_ids.res_id), ("joined", record))
        self.assertEqual(self.env["res.partner"].search_count([]), before + 1)
        self.deliver(to="jobs@shop.example", message_id="<other@shop.test>")
        again = self.mail(to="jobs@shop.example", message_id="<other@shop.test>")
        self.assertFalse(self.env["mail.thread"].message_process(False, again))
        self.assertEqual(self.env["res.partner"].search_count([]), before + 2)

    def test_each_alias_by_both_ways_in_either_order_is_one_record(self):
        gateway = self.env["mail.thread"]
        for number, alias in enumerate(self.aliases):
            name = alias.alias_name
            mail = {
                "sender": f"B <{name}@buyer.test>",
                "to": f"{name}@shop.example",
                "message_id": f"<{name}@buyer.test>",
            }
            if number % 2:
                decision = self.deliver(**mail)
                self.assertFalse(gateway.message_process(False, self.mail(**mail)))
            else:
                record = gateway.message_process(False, self.mail(**mail))
                decision = self.deliver(**mail)
                self.assertEqual(decision.link_ids.res_id, record)
            partner = self.target(decision)
            self.assertIn(name, partner.comment)
            self.assertEqual(len(self.lines(partner)), 1)
            again = {**mail, "message_id": f"<2{name}@buyer.test>", "subject": "Re: Question"}
            again["in_reply_to"] = mail["message_id"]
            reply = self.deliver(**again)
            self.assertFalse(gateway.message_process(False, self.mail(**again)))
            self.assertEqual((reply.outcome, reply.link_ids.res_id), ("joined", partner.id))
            self.assertEqual(len(self.lines(partner)), 2)

    def test_two_aliases_are_two_records(self):
        decision = self.deliver(to="sales@shop.example", cc="jobs@shop.example")
        links = decision.link_ids
        self.assertEqual(set(links.alias_id.mapped("alias_name")), {"sales", "jobs"})
        records = self.env["res.partner"].browse(links.mapped("res_id"))
        self.assertEqual(len(records), 2)

    def test_a_forged_sender_waits_and_is_not_answered(self):
        self.vouch()
        mails = self.env["mail.mail"].search_count([])
        decision = self.deliver(
            to="sales@shop.example", sender="Eve <eve@example.com>", verdict=FORGED
        )
        self.assertEqual((decision.outcome, decision.reason), ("triage", "forged"))
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)

    def test_an_alias_for_known_contacts_lets_others_wait(self):
        self.aliases.alias_contact = "partners"
        decision = self.deliver(to="sales@shop.example")
        self.assertEqual((decision.outcome, decision.reason), ("triage", "alias_refused"))
        self.env["res.partner"].create({"name": "Bob", "email": "bob@shop.test"})
        self.assertEqual(self.deliver(to="sales@shop.example").outcome, "created")

    def test_newsletters_to_an_alias_open_nothing(self):
        decision = self.deliver(to="sales@shop.example", list_id="News <news.shop.test>")
        self.assertEqual(decision.outcome, "stored")

    def test_the_inventory_tells_where_it_leads_and_what_is_in_the_way(self):
        sales, support = self.aliases[:2]
        self.assertEqual(sales.mailbox_target, "new: Contact")
        self.assertIn("No connected mailbox", sales.mailbox_trouble)
        self.assertFalse(sales.mailbox_ways)
        self.assertIn("catchall@shop.example", self.domain.mailbox_trouble)
        self.make_mailbox("office@shop.example", owner=self.colleague, routing="company")
        self.aliases.invalidate_recordset()
        self.domain.invalidate_recordset()
        self.assertEqual(sales.mailbox_ways, "office@shop.example")
        self.assertFalse(sales.mailbox_trouble)
        self.assertNotIn("do not come back", self.domain.mailbox_trouble or "")
        self._new_user("sales").email = "sales@shop.example"
        line = {"field": "to", "op": "is", "value": "support@shop.example"}
        self.rule(name="Support first", line_ids=[(0, 0, line)])
        self.aliases.invalidate_recordset()
        self.assertIn("A user has this address", sales.mailbox_trouble)
        self.assertIn("Support first", support.mailbox_trouble)

    def test_the_inventory_names_mailboxes_that_keep_their_mail_and_records_that_are_gone(self):
        sales, support = self.aliases[:2]
        box, _world = self.make_mailbox("Sales@shop.example", owner=self.colleague, routing="own")
        self.assertIn("keeps its mail", sales.mailbox_trouble)
        self.assertIn("No connected mailbox", support.mailbox_trouble)
        box.routing = "company"
        gone = self.env["res.partner"].create({"name": "Gone"})
        support.alias_force_thread_id = gone.id
        gone.unlink()
        self.aliases.invalidate_recordset()
        self.assertFalse(sales.mailbox_trouble)
        self.assertEqual(sales.mailbox_ways, "sales@shop.example")
        self.assertIn("is gone", support.mailbox_trouble)

    def test_a_domain_shows_its_own_delivery_reports(self):
        other = self.env["mail.alias.domain"].create({"name": "other.example"})
        decision = self.deliver()
        decision.reason = "bounce"
        (self.domain | other).invalidate_recordset()
        own = self.mailbox.address.rpartition("@")[2]
        self.assertFalse(self.domain.mailbox_bounced_at)
        other.name = own
        other.invalidate_recordset()
        self.assertEqual(other.mailbox_bounced_at, decision.create_date)

    def test_the_list_costs_the_same_for_one_alias_and_for_many(self):
        def statements(aliases):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            aliases.mapped("mailbox_trouble")
            return self.env.cr.sql_log_count - before

        statements(self.aliases)
        self.assertEqual(statements(self.aliases[0]), statements(self.aliases))

    def test_the_inventory_is_for_managers(self):
        fields = self.env["mail.alias"].with_user(self.colleague).fields_get()
        self.assertFalse([name for name in fields if name.startswith("mailbox_")])
