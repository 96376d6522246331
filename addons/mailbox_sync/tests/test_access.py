"""Who reaches what: every role, every model, every way a client can ask (S19, S20).

A secret word is planted in each text column of a mailbox's rows. A role that may not read must get it by no
way; a role that may must get it (else the test would prove nothing).
"""

import json
from types import SimpleNamespace
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, TransactionCase, tagged
from odoo.tools import file_open

from odoo.addons.bus.models import ir_websocket

from .signin_common import Desk, connect, new_mailbox, use_fake_provider

WORD = "XyzzyPlanted"
MAIL = (
    "mailbox.folder",
    "mailbox.conversation",
    "mailbox.message",
    "mailbox.placement",
    "mailbox.attachment",
    "mailbox.body",
    "mailbox.command",
)
CONFIGURATION = ("mailbox", "mailbox.member", "mailbox.stream", "mailbox.run", "mailbox.parity", "mailbox.event")
NOBODY = ("mailbox.credential", "mailbox.signin", "mailbox.counter", "mailbox.hint", "mailbox.bucket")
FORMS = ("mailbox.test", "mailbox.test.line", "mailbox.new", "mailbox.disconnect", "mailbox.client")


class AccessCase:
    """People, one mailbox full of planted words, and the ways to ask."""

    @classmethod
    def plant(cls):
        cls.desk = Desk()
        use_fake_provider(cls.startClassPatcher, cls.desk)
        cls.company_b = cls.env["res.company"].create({"name": "B"})
        for name, groups in {
            "owner": "base.group_user",
            "reader": "base.group_user",
            "editor": "base.group_user",
            "sender": "base.group_user",
            "colleague": "base.group_user",
            "manager": "base.group_user,mailbox_sync.group_manager",
            "admin": "base.group_system",
            "portal": "base.group_portal",
            "public": "base.group_public",
        }.items():
            setattr(cls, name, cls.person(name, groups))
        cls.outsider = cls.person("outsider", "base.group_user", cls.company_b)
        cls.mailbox = new_mailbox(cls.env, cls.owner, address="owner@example.org", name="Owner")
        for role in ("reader", "editor", "sender"):
            cls.env["mailbox.member"].create(
                {"mailbox_id": cls.mailbox.id, "user_id": getattr(cls, role).id, "role": role}
            )
        connect(cls.mailbox, cls.desk)
        cls.rows = cls.fill(cls.mailbox, WORD)
        cls.env.flush_all()

    @classmethod
    def person(cls, name, groups, company=None):
        users = cls.env["res.users"].with_context(no_reset_password=True, tracking_disable=True)
        company = company or cls.env.company
        return users.create(
            {
                "name": name,
                "login": f"test-{name}",
                "password": f"test-{name}-password",
                "group_ids": [(6, 0, [cls.env.ref(name).id for name in groups.split(",")])],
                "company_id": company.id,
                "company_ids": [(6, 0, [company.id])],
            }
        )

    @classmethod
    def fill(cls, mailbox, word):
        """One row in every model, with the word in it."""
        env, base = cls.env, {"mailbox_id": mailbox.id}
        stream = env["mailbox.stream"].create({**base, "kind": "mail"})
        folder = env["mailbox.folder"].create({**base, "remote_id": "F1", "name": word})
        talk = env["mailbox.conversation"].create({**base, "key": "c1", "subject": word, "participants": word})
        mail = env["mailbox.message"].create(
            {
                **base,
                "stream_id": stream.id,
                "remote_id": "m1",
                "conversation_id": talk.id,
                "subject": word,
                "snippet": word,
                "from_email": f"{word}@example.org",
                "to_text": word,
                "disposition": "stored",
            }
        )
        document = env["ir.attachment"].create(
            {"name": f"{word}.txt", "raw": word.encode(), "res_model": "mailbox.message", "res_id": mail.id}
        )
        rows = {
            "mailbox.folder": folder,
            "mailbox.conversation": talk,
            "mailbox.message": mail,
            "mailbox.placement": env["mailbox.placement"].create(
                {**base, "message_id": mail.id, "folder_id": folder.id}
            ),
            "mailbox.attachment": env["mailbox.attachment"].create(
                {**base, "message_id": mail.id, "path": "1", "name": word, "attachment_id": document.id}
            ),
            "mailbox.body": env["mailbox.body"].create(
                {**base, "message_id": mail.id, "html": word, "text": word}
            ),
            "mailbox.command": env["mailbox.command"].create(
                {**base, "kind": "flags", "payload": {"note": word}}
            ),
            "mailbox.stream": stream,
            "mailbox.run": env["mailbox.run"].create({**base, "trigger": "poll"}),
            "mailbox.parity": env["mailbox.parity"].create(base),
            "mailbox.event": env["mailbox.event"].search([("mailbox_id", "=", mailbox.id)], limit=1),
            "mailbox.member": mailbox.member_ids,
            "mailbox": mailbox,
            "ir.attachment": document,
        }
        return rows

    def ways(self, model, person):
        """What a person gets of the planted rows of a model, by each way a client can ask."""
        rows = self.env[model].with_user(person).with_context(active_test=False)
        ids = self.rows[model].ids
        domain = [("id", "in", ids)]
        asked = {
            "search": lambda: rows.search(domain).ids,
            "search_read": lambda: rows.search_read(domain),
            "web_search_read": lambda: rows.web_search_read(domain, {"display_name": {}})["records"],
            "search_count": lambda: rows.search_count(domain),
            "read": lambda: rows.browse(ids).read(),
            "read_group": lambda: [g for g in rows.formatted_read_group(domain, [], ["__count"]) if g["__count"]],
            "group_by": lambda: rows.formatted_read_group(domain, ["create_uid"], ["__count"])
            if rows._log_access
            else [],
            "name_search": lambda: rows.name_search("", domain),
            "export": lambda: rows.browse(ids).export_data(["id", "display_name"])["datas"],
            # The name of a model without a name field tells nothing but the id that was asked for.
            "display_name": lambda: {*rows.browse(ids).mapped("display_name")} - {f"{model},{id_}" for id_ in ids},
            "export_by_search": lambda: rows.search([]).filtered(lambda row: row.id in ids).ids,
        }
        found = {}
        for way, ask in asked.items():
            try:
                found[way] = ask()
            except (AccessError, UserError):
                found[way] = None
            self.env.invalidate_all()
        return {way: got for way, got in found.items() if got}


@tagged("-at_install", "post_install")
class TestMatrix(AccessCase, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.plant()

    def test_every_model_is_in_the_matrix(self):
        ours = {name for name in self.env if name == "mailbox" or name.startswith("mailbox.")}
        ours = {name for name in ours if not self.env[name]._abstract}
        self.assertEqual(ours, {*MAIL, *CONFIGURATION, *NOBODY, *FORMS})
        for model in ours:
            self.assertTrue(
                self.env["ir.model.access"].search([("model_id.model", "=", model)]), f"{model}: no access line"
            )

    def test_mail_reaches_its_readers_only(self):
        for model in (*MAIL, "ir.attachment"):
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
        }
        everybody = ("owner", "reader", "editor", "sender", "colleague", "manager", "admin", "portal", "public")
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
                    "mailbox.run": [("stream_id.mailbox_id.folder_ids.name", "=like", f"{WORD[:4]}%")],
                }
                try:
                    self.assertFalse(rows.search_count(domains[model]), f"{person.name} guesses by {model}")
                except AccessError:
                    pass

    def test_nobody_reaches_secrets(self):
        for model in NOBODY:
            for person in (self.owner, self.manager, self.admin, self.portal, self.public):
                rows = self.env[model].with_user(person)
                for ask in (lambda rows=rows: rows.search([]), lambda rows=rows: rows.search_count([])):
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

    def test_nobody_writes_mail_by_hand(self):
        for model in (*MAIL, "mailbox.run", "mailbox.parity", "mailbox.event", "mailbox.stream"):
            for person in (self.owner, self.editor, self.manager, self.admin):
                row = self.rows[model].with_user(person)
                for change in (lambda row=row: row.write({"mailbox_id": self.mailbox.id}), row.unlink):
                    with self.assertRaises(AccessError):
                        change()

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
                lambda m=mailbox: m.write({"reader_ids": [(4, person.id)]}),
                lambda m=mailbox: m.write({"editor_ids": [(4, person.id)]}),
                lambda m=mailbox: m.write({"owner_id": person.id}),
                lambda m=mailbox: m.write({"member_ids": [(0, 0, {"user_id": person.id, "role": "reader"})]}),
                lambda m=mailbox: m.env["mailbox.member"].create(
                    {"mailbox_id": m.id, "user_id": person.id, "role": "reader"}
                ),
                lambda m=mailbox: m.member_ids.filtered(lambda line: line.role == "reader").write(
                    {"user_id": person.id}
                ),
                lambda m=mailbox: m.member_ids.filtered(lambda line: line.role == "sender").write(
                    {"role": "reader"}
                ),
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
        line = self.env["mailbox.member"].with_user(self.owner).create(
            {"mailbox_id": self.mailbox.id, "user_id": self.colleague.id, "role": "reader"}
        )
        self.assertTrue(self.ways("mailbox.message", self.colleague))
        line.unlink()
        self.assertEqual(self.ways("mailbox.message", self.colleague), {})
        kinds = self.env["mailbox.event"].search([("kind", "like", "mailbox.member%")]).mapped("kind")
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
        for values in ({"address": "eve@example.org"}, {"owner_id": self.colleague.id}, {"company_id": 1}):
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
            for person in (self.reader, self.editor, self.sender, self.colleague, self.outsider, self.portal):
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
        self.assertEqual(self.ways("mailbox.message", self.outsider), {}, "membership does not cross companies")

    def test_bus_channels_follow_membership(self):
        def channels(person):
            asked = SimpleNamespace(session=SimpleNamespace(uid=person.id), env=self.env(user=person))
            with patch.object(ir_websocket, "wsrequest", asked):
                listed = self.env["ir.websocket"].with_user(person)._build_bus_channel_list(
                    [f"mailbox_{self.mailbox.id}", "other"]
                )
            return [channel for channel in listed if "mailbox" in str(channel)]

        for person in (self.owner, self.reader, self.editor):
            self.assertEqual(channels(person), [self.mailbox], person.name)
        for person in (self.sender, self.colleague, self.manager, self.admin, self.portal, self.public):
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
        paths = (f"/web/content/{document.id}", f"/web/content/{document.id}?download=1", f"/web/image/{document.id}")
        for name in ("colleague", "manager", "admin", "portal", "sender"):
            self.authenticate(f"test-{name}", f"test-{name}-password")
            for path in paths:
                self.assertNotIn(WORD, self.get(path)[1], f"{name} {path}")
                self.assertNotIn(WORD, self.get(f"{path}{'&' if '?' in path else '?'}access_token=guess")[1])
        self.authenticate(None, None)
        for path in paths:
            self.assertNotIn(WORD, self.get(path)[1], path)
        self.authenticate("test-reader", "test-reader-password")
        self.assertIn(WORD, self.get(paths[0])[1])
