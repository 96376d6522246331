"""Who reaches what: every role, every model, every way a client can ask (S19, S20).

A secret word is planted in each text column of a mailbox's rows. A role that may not read must get
it by no way; a role that may must get it (else the test would prove nothing).
"""

import json
from contextlib import suppress
from types import SimpleNamespace
from unittest.mock import patch

from odoo.addons.bus.models import ir_websocket
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, TransactionCase, tagged
from odoo.tools import file_open

from .access_common import CONFIGURATION, CONTACTS, FORMS, MAIL, NOBODY, RULES, WORD, AccessCase


@tagged("-at_install", "post_install")
class TestMatrix(AccessCase, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plant()

    def test_every_model_is_in_the_matrix(self):
        ours = {name for name in self.env if name == "mailbox" or name.startswith("mailbox.")}
        ours = {name for name in ours if not self.env[name]._abstract}
        self.assertEqual(ours, {*MAIL, *RULES, *CONFIGURATION, *NOBODY, *FORMS, *CONTACTS})
        for model in ours:
            self.assertTrue(
                self.env["ir.model.access"].search([("model_id.model", "=", model)]),
                f"{model}: no access line",
            )

    def test_mail_reaches_its_readers_only(self):
        for model in (*MAIL, *RULES, "ir.attachment"):
            for person in (self.owner, self.reader, self.editor):
                self.assertIn("search", self.ways(model, person), f"{person.name} must see {model}")
            for person in (
                self.sender,
                self.colleague,
                self.manager,
                self.admin,
                self.portal,
                self.public,
                self.outsider,
            ):
                self.assertEqual(self.ways(model, person), {}, f"{person.name} sees {model}")

    def test_configuration(self):
        sees = {
            "mailbox": ("owner", "reader", "editor", "sender", "manager", "admin"),
            "mailbox.member": ("owner", "reader", "editor", "sender", "manager", "admin"),
            "mailbox.stream": ("owner", "reader", "editor", "manager", "admin"),
            "mailbox.run": ("owner", "reader", "editor", "manager", "admin"),
            "mailbox.parity": ("owner", "reader", "editor", "manager", "admin"),
            "mailbox.event": ("owner", "manager", "admin"),
            "mailbox.trace": ("owner", "manager", "admin"),
            "mailbox.alert": ("owner", "manager", "admin"),
            "mailbox.subscription": ("owner", "reader", "editor", "manager", "admin"),
            "mailbox.push.config": ("manager", "admin"),
            "mailbox.alert.hook": ("manager", "admin"),
        }
        everybody = (
            "owner",
            "reader",
            "editor",
            "sender",
            "colleague",
            "manager",
            "admin",
            "portal",
            "public",
        )
        for model, allowed in sees.items():
            for name in (*everybody, "outsider"):
                got = self.ways(model, getattr(self, name))
                if name in allowed:
                    self.assertIn("search_read", got, f"{name} must see {model}")
                else:
                    self.assertEqual(got, {}, f"{name} sees {model}")

    def test_configuration_tells_no_mail(self):
        for model in CONFIGURATION:
            for person in (self.manager, self.admin):
                self.assertNotIn(WORD, json.dumps(self.ways(model, person), default=str), model)

    def test_no_way_around_through_relations(self):
        for person in (self.manager, self.admin, self.colleague, self.sender):
            mailbox = self.mailbox.with_user(person)
            for path in ("folder_ids/name", "stream_ids/folder_id/name", "credential_ids/secret"):
                try:
                    got = mailbox.export_data([path])["datas"]
                except (AccessError, UserError):
                    continue
                self.assertNotIn(WORD, str(got), path)
                self.assertNotIn("v1:", str(got), path)
            for model in ("mailbox.stream", "mailbox.run", "mailbox"):
                rows = self.env[model].with_user(person)
                domains = {
                    "mailbox": [("folder_ids.name", "=like", f"{WORD[:4]}%")],
                    "mailbox.stream": [("mailbox_id.folder_ids.name", "=like", f"{WORD[:4]}%")],
                    "mailbox.run": [
                        ("stream_id.mailbox_id.folder_ids.name", "=like", f"{WORD[:4]}%")
                    ],
                }
                with suppress(AccessError):
                    found = rows.search_count(domains[model])
                    self.assertFalse(found, f"{person.name} guesses by {model}")

    def test_nobody_reaches_secrets(self):
        for model in NOBODY:
            for person in (self.owner, self.manager, self.admin, self.portal, self.public):
                rows = self.env[model].with_user(person)
                for ask in (
                    lambda rows=rows: rows.search([]),
                    lambda rows=rows: rows.search_count([]),
                ):
                    with self.assertRaises(AccessError):
                        ask()
                with self.assertRaises(AccessError):
                    rows.create({})
        for person in (self.manager, self.admin):
            client = self.env["mailbox.client"].with_user(person).search([])
            self.assertTrue(client.has_secret)
            self.assertNotIn("client_secret", client.read()[0])
            self.assertNotIn("PLANTED", str(client.read()))
            self.assertNotIn("PLANTED", str(self.mailbox.with_user(person).read()))
            hook = self.rows["mailbox.alert.hook"].with_user(person)
            self.assertTrue(hook.has_secret)
            self.assertNotIn("secret", hook.read()[0])
            self.assertNotIn("PLANTED", str(hook.read()))

    def test_nobody_writes_mail_by_hand(self):
        for model in (
            *MAIL,
            "mailbox.run",
            "mailbox.parity",
            "mailbox.event",
            "mailbox.stream",
            "mailbox.trace",
            "mailbox.alert",
        ):
            for person in (self.owner, self.editor, self.manager, self.admin):
                row = self.rows[model].with_user(person)
                for change in (
                    lambda row=row: row.write({"mailbox_id": self.mailbox.id}),
                    row.unlink,
                ):
                    with self.assertRaises(AccessError):
                        change()

    def test_rules_of_a_mailbox_are_written_by_its_editors(self):
        for model, change in (
            ("mailbox.route", "name"),
            ("mailbox.route.line", "value"),
            ("mailbox.route.value", "value"),
            ("mailbox.route.action", "value"),
        ):
            for person in (self.reader, self.sender, self.colleague, self.manager, self.admin):
                row = self.rows[model].with_user(person)
                for attempt in (lambda row=row, name=change: row.write({name: "x"}), row.unlink):
                    with self.assertRaises(AccessError):
                        attempt()
            self.rows[model].with_user(self.editor).write({change: "mine"})

    def test_events_are_insert_only(self):
        event = self.rows["mailbox.event"]
        for env in (event, event.with_user(self.admin), event.sudo()):
            with self.assertRaises(AccessError):
                env.write({"kind": "forged"})
            with self.assertRaises(AccessError):
                env.unlink()
        with self.assertRaises(AccessError):
            self.env["mailbox.event"].with_user(self.admin).create({"kind": "forged"})

    def test_managers_cannot_let_themselves_in(self):
        for person in (self.manager, self.admin):
            mailbox = self.mailbox.with_user(person)
            attempts = (
                lambda m=mailbox, me=person.id: m.write({"reader_ids": [(4, me)]}),
                lambda m=mailbox, me=person.id: m.write({"editor_ids": [(4, me)]}),
                lambda m=mailbox, me=person.id: m.write({"owner_id": me}),
                lambda m=mailbox, me=person.id: m.write(
                    {"member_ids": [(0, 0, {"user_id": me, "role": "reader"})]}
                ),
                lambda m=mailbox, me=person.id: m.env["mailbox.member"].create(
                    {"mailbox_id": m.id, "user_id": me, "role": "reader"}
                ),
                lambda m=mailbox, me=person.id: m.member_ids.filtered(
                    lambda line: line.role == "reader"
                ).write({"user_id": me}),
                lambda m=mailbox, me=person.id: m.member_ids.filtered(
                    lambda line: line.role == "sender"
                ).write({"role": "reader"}),
            )
            for attempt in attempts:
                with self.assertRaises(AccessError):
                    attempt()
            self.assertNotIn(person, self.mailbox.reader_ids)

    def test_hand_over_when_the_owner_left(self):
        self.owner.active = False
        self.mailbox.with_user(self.manager).owner_id = self.colleague
        self.assertIn(self.colleague, self.mailbox.reader_ids)
        event = self.env["mailbox.event"].search([("kind", "=", "mailbox.owner")], limit=1)
        self.assertEqual(event.user_id, self.manager)
        self.assertEqual(event.payload, {"before": self.owner.id, "after": self.colleague.id})

    def test_owner_shares_and_takes_back(self):
        # S21: gone with the same transaction.
        line = (
            self.env["mailbox.member"]
            .with_user(self.owner)
            .create({"mailbox_id": self.mailbox.id, "user_id": self.colleague.id, "role": "reader"})
        )
        self.assertTrue(self.ways("mailbox.message", self.colleague))
        line.unlink()
        self.assertEqual(self.ways("mailbox.message", self.colleague), {})
        kinds = (
            self.env["mailbox.event"].search([("kind", "like", "mailbox.member%")]).mapped("kind")
        )
        self.assertIn("mailbox.member.removed", kinds)

    def test_members_do_not_share_further(self):
        for person in (self.reader, self.editor, self.sender, self.colleague):
            with self.assertRaises(AccessError):
                self.env["mailbox.member"].with_user(person).create(
                    {"mailbox_id": self.mailbox.id, "user_id": self.colleague.id, "role": "reader"}
                )

    def test_owner_sets_up_but_keeps_identity(self):
        mailbox = self.mailbox.with_user(self.owner)
        mailbox.poll_minutes = 7
        for values in (
            {"address": "eve@example.org"},
            {"owner_id": self.colleague.id},
            {"company_id": 1},
        ):
            with self.assertRaises(UserError):
                mailbox.write(values)
        with self.assertRaises(UserError):
            self.mailbox.with_user(self.manager).write({"address": "eve@example.org"})
        with self.assertRaises(AccessError):
            self.mailbox.with_user(self.reader).write({"poll_minutes": 1})

    def test_buttons_are_for_owner_and_manager(self):
        buttons = (
            "action_connect",
            "action_reconnect",
            "action_verify_token",
            "action_test_connection",
            "action_sync_now",
            "action_pause",
            "action_resume",
            "action_disconnect",
        )
        for button in buttons:
            for person in (
                self.reader,
                self.editor,
                self.sender,
                self.colleague,
                self.outsider,
                self.portal,
            ):
                with self.assertRaises(AccessError, msg=f"{person.name} {button}"):
                    getattr(self.mailbox.with_user(person), button)()
        for person in (self.colleague, self.reader):
            for form in ("mailbox.disconnect", "mailbox.test"):
                with self.assertRaises(AccessError, msg=f"{person.name} {form}"):
                    self.env[form].with_user(person).create({"mailbox_id": self.mailbox.id})

    def test_companies_are_apart(self):
        both = self.person("both", "mailbox_sync.group_manager")
        both.company_ids = [(4, self.company_b.id)]
        mailboxes = self.env["mailbox"].with_user(both)
        here = mailboxes.with_context(allowed_company_ids=[self.env.company.id]).search([])
        there = mailboxes.with_context(allowed_company_ids=[self.company_b.id]).search([])
        self.assertIn(self.mailbox, here)
        self.assertNotIn(self.mailbox, there)
        self.env["mailbox.member"].create(
            {"mailbox_id": self.mailbox.id, "user_id": self.outsider.id, "role": "reader"}
        )
        self.assertEqual(
            self.ways("mailbox.message", self.outsider), {}, "membership does not cross companies"
        )

    def test_bus_channels_follow_membership(self):
        def channels(person):
            asked = SimpleNamespace(
                session=SimpleNamespace(uid=person.id), env=self.env(user=person)
            )
            with patch.object(ir_websocket, "wsrequest", asked):
                listed = (
                    self.env["ir.websocket"]
                    .with_user(person)
                    ._build_bus_channel_list([f"mailbox_{self.mailbox.id}", "other"])
                )
            return [channel for channel in listed if "mailbox" in str(channel)]

        for person in (self.owner, self.reader, self.editor):
            self.assertEqual(channels(person), [self.mailbox], person.name)
        for person in (
            self.sender,
            self.colleague,
            self.manager,
            self.admin,
            self.portal,
            self.public,
        ):
            self.assertEqual(channels(person), [], person.name)

    def test_copy_is_neutralised(self):
        with file_open("mailbox_sync/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.assertEqual(self.mailbox.state, "paused")
        credential = self.env["mailbox.credential"]._of(self.mailbox)
        self.assertEqual((credential.secret, credential.token_state), (False, "none"))
        self.assertEqual(set(self.mailbox.stream_ids.mapped("gate")), {"paused"})
        self.assertEqual(self.rows["mailbox.command"].state, "failed")
        self.assertFalse(self.env["mailbox.client"].search([]).has_secret)
        self.assertFalse(self.env["mailbox.alert.hook"].search([]))


@tagged("-at_install", "post_install")
class TestOverHttp(AccessCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plant()

    def get(self, path):
        answer = self.url_open(path)
        return answer.status_code, answer.text

    def test_attachment_by_id_and_token(self):
        document = self.rows["ir.attachment"]
        paths = (
            f"/web/content/{document.id}",
            f"/web/content/{document.id}?download=1",
            f"/web/image/{document.id}",
        )
        for name in ("colleague", "manager", "admin", "portal", "sender"):
            self.authenticate(f"test-{name}", f"test-{name}-password")
            for path in paths:
                self.assertNotIn(WORD, self.get(path)[1], f"{name} {path}")
                self.assertNotIn(
                    WORD, self.get(f"{path}{'&' if '?' in path else '?'}access_token=guess")[1]
                )
        self.authenticate(None, None)
        for path in paths:
            self.assertNotIn(WORD, self.get(path)[1], path)
        self.authenticate("test-reader", "test-reader-password")
        self.assertIn(WORD, self.get(paths[0])[1])
