"""Screens speak to people: of what happened, of mail without a subject, of what one may change."""

import re
from pathlib import Path
from types import SimpleNamespace

from odoo.exceptions import AccessError
from odoo.tests.common import tagged

from .. import event_words, hop_words
from .routing_common import RoutingCase

_KIND = re.compile(r'_audit\(\s*"([a-z_.]+)"')


@tagged("post_install", "-at_install")
class TestPlainWords(RoutingCase):
    def test_every_audit_fact_has_words(self):
        words = event_words.kinds(self.env)
        source = Path(event_words.__file__).parent
        kinds = set()
        for path in source.rglob("*.py"):
            if "tests" not in path.parts:
                kinds.update(_KIND.findall(path.read_text()))
        self.assertGreater(len(kinds), 20)
        self.assertFalse(kinds - words.keys())

    def test_facts_are_told_without_empty_ones(self):
        self.mailbox._audit("route.rejected", message=3, record="", records=[])
        event = self.env["mailbox.event"].search([], limit=1)
        self.assertEqual(event.kind_text, "Mail left in the mailbox by a person")
        self.assertEqual(event.payload_text, "message: 3")

    def test_mail_without_subject_has_a_name(self):
        decision = self.deliver("")
        for record in (decision, decision.message_id, decision.message_id.conversation_id):
            self.assertEqual(record.display_name, "(no subject)", record._name)

    def test_no_graph_by_hour_shows_samples(self):
        """Odoo's samples know no hours: the graph of an empty table was an error instead."""
        views = self.env["ir.ui.view"].search(
            [("type", "=", "graph"), ("model", "=like", "mailbox%")]
        )
        self.assertTrue(views)
        for view in views.filtered(lambda one: 'interval="hour"' in one.arch):
            self.assertNotIn("sample", view.arch)

    def test_who_may_not_change_a_rule_is_told_who_may(self):
        company = self.rule()
        own = self.rule(mailbox_id=self.mailbox.id)
        self.assertEqual((company | own).with_user(self.owner).mapped("may_change"), [False, True])
        for change in ({"active": False}, {"name": "Mine"}):
            with self.assertRaisesRegex(AccessError, "changed by managers"):
                company.with_user(self.owner).write(change)
        with self.assertRaisesRegex(AccessError, "changed by managers"):
            company.with_user(self.owner).unlink()
        own.with_user(self.owner).active = False
        self.assertFalse(own.active)

    def test_numbers_are_those_of_the_language(self):
        self.env["res.lang"]._activate_lang("de_DE")
        german = self.env(context={**self.env.context, "lang": "de_DE"})
        self.assertEqual(hop_words.span(german, 2500), "2,5 s")
        self.assertEqual(hop_words.span(self.env, 2500), "2.5 s")
        profile = SimpleNamespace(units_per_minute_user=15000)
        self.patch(type(self.mailbox), "_quota_profile", lambda _self: profile)
        self.assertIn("allows 15.000 a minute", self.mailbox.with_env(german).quota_text)

    def test_what_nobody_asked_for_says_so(self):
        decision = self.deliver("Lunch?")
        self.assertEqual((decision.outcome, decision.reason), ("stored", ""))
        self.assertEqual(decision.reason_text, "No rule asks for it.")

    def test_decide_now_says_that_it_takes_a_moment(self):
        row = self.deliver("Lunch?").message_id
        said = row.with_user(self.owner).action_route()
        self.assertEqual(said["tag"], "display_notification")
