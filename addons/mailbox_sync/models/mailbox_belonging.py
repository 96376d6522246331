"""What people say about where mail belongs: "this belongs to…", "split from here", "merge with…".

Mail that is there moves at once; answers that come later obey (``routing.threads``), and undoing
puts back what stood before.
"""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..routing import belong, facts

#: Mails that one word of a person moves.
_MOST = 500


class MailboxBelonging(models.Model):
    _name = "mailbox.belonging"
    _inherit = ["mailbox.reference.mixin"]
    _description = "Where Mail Belongs"
    _order = "id DESC"

    mailbox_id = fields.Many2one(
        "mailbox", required=True, ondelete="cascade", index=True, readonly=True
    )
    conversation_id = fields.Many2one(
        "mailbox.conversation", ondelete="set null", index="btree_not_null", readonly=True
    )
    message_id = fields.Many2one(
        "mailbox.message", required=True, ondelete="cascade", readonly=True, index=True
    )
    scope = fields.Selection(
        [
            ("one", "This mail only"),
            ("later", "This mail and what follows"),
            ("all", "The whole conversation"),
        ],
        required=True,
        readonly=True,
    )
    since = fields.Datetime(readonly=True, help="Empty: from the beginning.")
    model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(model_field="model", string="Record", readonly=True)
    record_name = fields.Char(string="Belongs to", compute="_compute_record_name")
    user_id = fields.Many2one("res.users", string="Said by", readonly=True)
    count = fields.Integer(string="Mails moved", readonly=True)
    keeps_record = fields.Boolean(
        readonly=True, help="Only the conversation was split or merged; records stayed."
    )
    talk = fields.Selection(
        [("split", "Split"), ("merge", "Merged")], string="Conversation was", readonly=True
    )
    other_id = fields.Many2one(
        "mailbox.conversation",
        ondelete="set null",
        index="btree_not_null",
        readonly=True,
        help="The conversation that this one was split from.",
    )
    undone_at = fields.Datetime(string="Undone", readonly=True)
    can_undo = fields.Boolean(compute="_compute_can_undo")
    before = fields.Json(groups="base.group_system", readonly=True)

    @api.depends("model", "res_id")
    @api.depends_context("uid", "lang")
    def _compute_record_name(self):
        """The name of the record for those who may see it, its number for the others."""
        for word in self:
            record = word._record()
            if word.keeps_record:
                word.record_name = self.env._("Records as they were")
            elif record is None:
                word.record_name = self.env._("No record")
            elif record.has_access("read"):
                word.record_name = record.display_name
            else:
                word.record_name = word._record_number()

    @api.depends("undone_at")
    @api.depends_context("uid")
    def _compute_can_undo(self):
        """The last word about a conversation can be taken back by those who edit the mailbox."""
        for word in self:
            later = word.sudo()._later()
            word.can_undo = not word.undone_at and not later and word.mailbox_id._is_editor()

    def _later(self):
        """Whether something was said afterwards about the same mail."""
        talks = (self.conversation_id | self.other_id).ids
        same = [("message_id", "=", self.message_id.id)]
        if talks:
            same = [
                "|",
                "|",
                *same,
                ("conversation_id", "in", talks),
                ("other_id", "in", talks),
            ]
        return self.search_count([("id", ">", self.id), ("undone_at", "=", False), *same], limit=1)

    # -- saying and taking back ----------------------------------------------------------------

    @api.model
    def _say(self, message, scope, record, keep=False, apart=False, into=None):
        """Say with the rights of the person where mail belongs; the word.

        ``record`` (None: to no record) is where it moves, unless ``keep``: then records stay as
        they are. ``apart``: the mail becomes a conversation of its own; ``into``: the conversation
        that takes in all of this one. Raises AccessError, UserError.
        """
        rows = self._rows(message, scope)
        message._check_decider()
        if not keep:
            for one in filter(None, [record, *(link._record() for link in rows.sudo().link_ids)]):
                one.with_env(self.env).check_access("write")
        values = {
            "mailbox_id": message.mailbox_id.id,
            "message_id": message.id,
            "scope": scope,
            "since": message.date if scope == "later" else False,
            "model": record._name if record else False,
            "res_id": record.id if record else False,
            "keeps_record": keep,
            "user_id": self.env.user.id,
            "count": len(rows),
            **self.sudo()._change_talk(message.sudo(), rows.sudo(), scope, apart, into),
        }
        before = values.pop("before", {})
        if not keep:
            before |= self._move(rows, record)
        word = self.sudo().create(
            {**values, "conversation_id": message.conversation_id.id, "before": before}
        )
        word._note("route.moved")
        return word.sudo(False)

    def _move(self, rows, record):
        """Move the mails to a record, and say in their decisions that a person did; what stood
        before."""
        before = belong.move(self._mails(rows), record.sudo() if record else None)
        rows.sudo().decision_ids.write(
            {
                "outcome": "joined" if record else "rejected",
                "reason": "person",
                "decided_by": self.env.user.id,
                "decided_at": fields.Datetime.now(),
            }
        )
        return before

    def _rows(self, message, scope):
        """The stored messages that a word is about, oldest first."""
        message.ensure_one()
        if scope == "one" or not message.conversation_id:
            return message
        domain = [
            ("conversation_id", "=", message.conversation_id.id),
            ("disposition", "=", "stored"),
        ]
        if scope == "later":
            domain.append(("date", ">=", message.date.replace(microsecond=0)))
        rows = message.search(domain, order="date, id", limit=_MOST + 1)
        if scope == "later":
            # Domains know whole seconds only.
            first = (message.date, message.id)
            rows = rows.filtered(lambda one: (one.date, one.id) >= first)
        if len(rows) > _MOST:
            raise UserError(
                self.env._(
                    "This is more than %s mails. Split the conversation at a later mail, or move"
                    " mails one by one.",
                    _MOST,
                )
            )
        return rows

    def _mails(self, rows):
        batch = facts.Batch(rows.sudo())
        if batch.missing:
            raise UserError(
                self.env._("The source of %s mails cannot be had now.", len(batch.missing))
            )
        return batch.mails

    def action_undo(self):
        """Put the mail back to where it was. Raises AccessError, UserError."""
        for word in self:
            word.message_id._check_decider()
            said = word.sudo()
            if not said.try_lock_for_update():
                raise UserError(self.env._("Somebody is undoing this at this moment."))
            if said.undone_at:
                raise UserError(self.env._("It was undone already."))
            if said._later():
                raise UserError(
                    self.env._("Something was decided since. Undo the later decision first.")
                )
            if not said.keeps_record:
                word._check_places(said)
                moved = (said.before.get("talk") or {}).get("messages")
                ids = word._rows(word.message_id, word.scope).ids if moved is None else moved
                belong.restore(said.env, ids, said.before)
            said._change_talk_back()
            said.undone_at = fields.Datetime.now()
            word._note("route.undone")

    def _check_places(self, said):
        """Raises AccessError unless the person may change the records on both sides."""
        places = [(model, res_id) for _line, model, res_id, _parent in said.before["lines"]]
        for model, res_id in {*places, (said.model, said.res_id)}:
            if model and model in self.env:
                self.env[model].browse(res_id).exists().check_access("write")

    def _note(self, kind):
        self.mailbox_id.sudo()._audit(
            kind,
            message=self.message_id.id,
            record=f"{self.model},{self.res_id}" if self.model else "",
            scope=self.scope,
            talk=self.talk or "",
            mails=self.count,
        )

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            raise AccessError(self.env._("Say it with the buttons of a message."))
        return super().create(vals_list)


class MailboxConversation(models.Model):
    _inherit = "mailbox.conversation"

    belonging_ids = fields.One2many("mailbox.belonging", "conversation_id", readonly=True)
    split_word_ids = fields.One2many("mailbox.belonging", "other_id", readonly=True)
    word_ids = fields.Many2many(
        "mailbox.belonging", string="Said by people", compute="_compute_word_ids"
    )

    @api.depends("belonging_ids", "split_word_ids")
    def _compute_word_ids(self):
        for talk in self:
            talk.word_ids = (talk.belonging_ids | talk.split_word_ids).sorted("id", reverse=True)


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    belonging_ids = fields.Many2many(
        related="conversation_id.word_ids", string="Said by people", related_sudo=False
    )
    may_decide = fields.Boolean(compute="_compute_may_decide")

    @api.depends("mailbox_id.editor_ids")
    @api.depends_context("uid")
    def _compute_may_decide(self):
        for message in self:
            message.may_decide = message.mailbox_id._is_editor()

    def _open_move(self, name, **values):
        self._check_decider()
        first = self.sorted(lambda one: (one.date, one.id))[:1]
        if len(self) > 1:
            values |= {"scope": "one", "message_ids": self.ids}
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "mailbox.move",
            "view_mode": "form",
            "target": "new",
            "context": {"default_message_id": first.id}
            | {f"default_{field}": value for field, value in values.items()},
        }

    def action_open_conversation(self):
        """Show the conversation, with what can be done about it."""
        self.ensure_one()
        return self.conversation_id._show(self.conversation_id.id)

    def action_belongs(self):
        """Ask for the record that the conversation, or the mails that were selected, belong to."""
        return self._open_move(self.env._("This belongs to…"), scope="all", way="record")

    def action_move_one(self):
        """Ask where this mail alone belongs."""
        self.ensure_one()
        return self._open_move(self.env._("Move this mail"), scope="one", way="record")

    def action_split(self):
        """Ask where this mail and what follows belongs."""
        if len(self) != 1:
            raise UserError(self.env._("Choose one mail: the first one of the conversation to be."))
        return self._open_move(self.env._("Split from here"), scope="later", way="keep", apart=True)

    def action_merge_with(self):
        """Ask for the conversation that this one, or those of the mails that were selected, belong
        with."""
        talks = self.conversation_id.sorted(lambda one: (one.first_date, one.id))
        values = {"other_id": talks[0].id} if len(talks) > 1 else {}
        if len(self) > 1 and len(talks) < 2:
            raise UserError(self.env._("These mails are one conversation already."))
        action = self._open_move(
            self.env._("Merge with another conversation"), way="conversation", scope="all", **values
        )
        action["context"]["default_scope"] = "all"
        return action
