"""People in every role, one mailbox with a secret word in each text, and the ways to ask for it."""

from odoo.exceptions import AccessError, UserError

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
    "mailbox.link",
    "mailbox.decision",
    "mailbox.belonging",
    "mailbox.older",
    "mailbox.older.line",
    "mailbox.route.execution",
    "mailbox.log",
)
#: Rules of a mailbox tell about its mail too, but are written by hand.
RULES = (
    "mailbox.route",
    "mailbox.route.line",
    "mailbox.route.value",
    "mailbox.route.action",
)
CONFIGURATION = (
    "mailbox",
    "mailbox.member",
    "mailbox.stream",
    "mailbox.run",
    "mailbox.parity",
    "mailbox.event",
    "mailbox.subscription",
    "mailbox.push.config",
    "mailbox.listener",
    "mailbox.trace",
    "mailbox.alert",
    "mailbox.alert.hook",
)
NOBODY = (
    "mailbox.credential",
    "mailbox.signin",
    "mailbox.counter",
    "mailbox.hint",
    "mailbox.survey",
    "mailbox.bucket",
    "mailbox.automatic",
)
#: Addresses of contacts: seen with the contact, see test_people.
CONTACTS = ("mailbox.address",)
FORMS = (
    "mailbox.test",
    "mailbox.test.line",
    "mailbox.new",
    "mailbox.disconnect",
    "mailbox.client",
    "mailbox.backtest",
    "mailbox.backtest.line",
    "mailbox.move",
    "mailbox.push.setup",
)


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
        talk = env["mailbox.conversation"].create(
            {**base, "key": "c1", "subject": word, "participants": word}
        )
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
        return cls.fill_parts(base, mail, folder, word) | {
            "mailbox.folder": folder,
            "mailbox.conversation": talk,
            "mailbox.message": mail,
            "mailbox.stream": stream,
            "mailbox.run": env["mailbox.run"].create({**base, "trigger": "poll"}),
            "mailbox.parity": env["mailbox.parity"].create(base),
            "mailbox.subscription": env["mailbox.subscription"].create(base),
            **cls.fill_watch(base, mail),
            **cls.fill_push(),
            "mailbox.event": env["mailbox.event"].search(
                [("mailbox_id", "=", mailbox.id)], limit=1
            ),
            "mailbox.member": mailbox.member_ids,
            "mailbox": mailbox,
        }

    @classmethod
    def fill_push(cls):
        """Push settings and who fetches for them."""
        config = cls.env["mailbox.push.config"].create(
            {"provider": "gmail", "project_id": "demo-project"}
        )
        return {
            "mailbox.push.config": config,
            "mailbox.listener": cls.env["mailbox.listener"].create({"config_id": config.id}),
        }

    @classmethod
    def fill_watch(cls, base, mail):
        """What tells how the mailbox fares."""
        env = cls.env
        return {
            "mailbox.trace": env["mailbox.trace"].create({**base, "message_id": mail.id}),
            "mailbox.alert": env["mailbox.alert"].create({**base, "kind": "lag"}),
            "mailbox.alert.hook": env["mailbox.alert.hook"].create(
                {"url": "https://192.0.43.8/hook", "new_secret": "PLANTED PLANTED PLANTED"}
            ),
        }

    @classmethod
    def fill_parts(cls, base, mail, folder, word):
        """The rows that belong to one message."""
        env = cls.env
        document = env["ir.attachment"].create(
            {
                "name": f"{word}.txt",
                "raw": word.encode(),
                "res_model": "mailbox.message",
                "res_id": mail.id,
            }
        )
        return {
            "mailbox.placement": env["mailbox.placement"].create(
                {**base, "message_id": mail.id, "folder_id": folder.id}
            ),
            "mailbox.attachment": env["mailbox.attachment"].create(
                {
                    **base,
                    "message_id": mail.id,
                    "path": "1",
                    "name": word,
                    "attachment_id": document.id,
                }
            ),
            "mailbox.body": env["mailbox.body"].create(
                {**base, "message_id": mail.id, "html": word, "text": word}
            ),
            "mailbox.command": env["mailbox.command"].create(
                {**base, "kind": "flags", "payload": {"note": word}}
            ),
            "ir.attachment": document,
            **cls.fill_routing(base, mail, word),
        }

    @classmethod
    def fill_routing(cls, base, mail, word):
        """A rule of the mailbox, and what became of the message."""
        env = cls.env
        rule = env["mailbox.route"].create(
            {
                **base,
                "name": word,
                "action": "skip",
                "line_ids": [(0, 0, {"field": "subject", "op": "contains", "value": word})],
                "value_ids": [(0, 0, {"field": "function", "value": word})],
                "action_ids": [
                    (0, 0, {"kind": "notify", "value": word, "user_ids": [(4, cls.owner.id)]})
                ],
            }
        )
        return {
            "mailbox.route.action": rule.action_ids,
            "mailbox.route": rule,
            "mailbox.route.line": rule.line_ids,
            "mailbox.route.value": rule.value_ids,
            "mailbox.belonging": env["mailbox.belonging"].create(
                {**base, "message_id": mail.id, "scope": "one"}
            ),
            "mailbox.link": env["mailbox.link"].create(
                {
                    "message_id": mail.id,
                    "rfc_id": word,
                    "model": "res.partner",
                    "res_id": cls.owner.partner_id.id,
                    "origin": "person",
                }
            ),
            "mailbox.decision": env["mailbox.decision"].create(
                {**base, "message_id": mail.id, "outcome": "stored", "title": word}
            ),
            **cls.fill_executions(base, mail, word),
            **cls.fill_older(base, rule),
        }

    @classmethod
    def fill_executions(cls, base, mail, word):
        """What rules did with the message, and where it is logged."""
        values = {**base, "message_id": mail.id, "rfc_id": word}
        contact = {"model": "res.partner", "res_id": cls.owner.partner_id.id}
        return {
            "mailbox.log": cls.env["mailbox.log"].create({**values, **contact}),
            "mailbox.route.execution": cls.env["mailbox.route.execution"].create(
                {**values, "kind": "notify", "detail": word}
            ),
        }

    @classmethod
    def fill_older(cls, base, rule):
        """A look at older mail."""
        older = cls.env["mailbox.older"].create({**base, "until": "2026-01-01 00:00:00"})
        line = cls.env["mailbox.older.line"].create({"older_id": older.id, "route_id": rule.id})
        return {"mailbox.older": older, "mailbox.older.line": line}

    def ways(self, model, person):
        """What a person gets of the planted rows of a model, by each way a client can ask."""
        rows = self.env[model].with_user(person).with_context(active_test=False)
        ids = self.rows[model].ids
        domain = [("id", "in", ids)]
        asked = {
            "search": lambda: rows.search(domain).ids,
            "search_read": lambda: rows.search_read(domain),
            "web_search_read": lambda: rows.web_search_read(domain, {"display_name": {}})[
                "records"
            ],
            "search_count": lambda: rows.search_count(domain),
            "read": lambda: rows.browse(ids).read(),
            "read_group": lambda: [
                g for g in rows.formatted_read_group(domain, [], ["__count"]) if g["__count"]
            ],
            "group_by": lambda: (
                rows.formatted_read_group(domain, ["create_uid"], ["__count"])
                if rows._log_access
                else []
            ),
            "name_search": lambda: rows.name_search("", domain),
            "export": lambda: rows.browse(ids).export_data(["id", "display_name"])["datas"],
            # The name of a model without a name field tells nothing but the id that was asked for.
            "display_name": lambda: (
                {*rows.browse(ids).mapped("display_name")} - {f"{model},{id_}" for id_ in ids}
            ),
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
