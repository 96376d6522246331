"""Asks where mail belongs."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class MailboxMove(models.TransientModel):
    _name = "mailbox.move"
    _description = "Say where Mail Belongs"

    message_id = fields.Many2one("mailbox.message", required=True, ondelete="cascade")
    message_ids = fields.Many2many("mailbox.message", string="Selected mails")
    is_several = fields.Boolean(compute="_compute_count")
    subject = fields.Char(related="message_id.subject", related_sudo=False)
    mailbox_id = fields.Many2one(related="message_id.mailbox_id", related_sudo=False)
    conversation_id = fields.Many2one(related="message_id.conversation_id", related_sudo=False)
    scope = fields.Selection(
        selection=lambda self: self.env["mailbox.belonging"]._fields["scope"].selection,
        string="What moves",
        required=True,
        default="all",
    )
    way = fields.Selection(
        [
            ("record", "It belongs to a record"),
            ("conversation", "It belongs with another conversation"),
            ("none", "It belongs to no record: it stays in the mailbox"),
            ("keep", "Records stay as they are"),
        ],
        string="Where",
        required=True,
        default="record",
    )
    record_ref = fields.Reference(selection="_selection_thread", string="Record")
    other_id = fields.Many2one("mailbox.conversation", string="Other conversation")
    apart = fields.Boolean(
        string="Show as a conversation of its own",
        help="Lists of mail show it apart, whatever the provider says; answers to it follow.",
    )
    count = fields.Integer(string="Mails", compute="_compute_count")
    text = fields.Char(string="What happens", compute="_compute_text")

    @api.model
    def _selection_thread(self):
        return self.env["mailbox.decision"]._selection_thread()

    @api.depends("message_id", "message_ids", "scope", "way", "other_id")
    def _compute_count(self):
        words = self.env["mailbox.belonging"]
        for form in self:
            some = form.message_ids or form.message_id
            form.is_several = len(some) > 1
            if form.scope == "all" and some.conversation_id:
                firsts = [talk._first() for talk in form._talks()]
                form.count = sum(len(words._rows(one, "all")) for one in firsts)
            elif form.is_several:
                form.count = len(some)
            else:
                form.count = len(words._rows(some, form.scope)) if some else 0

    def _talks(self):
        """The conversations that move: all of the mails that were selected, but not where they
        go."""
        talks = (self.message_ids or self.message_id).conversation_id
        return talks - self.other_id if self.way == "conversation" else talks

    @api.depends("count", "way", "scope", "apart", "record_ref", "other_id")
    @api.depends_context("lang")
    def _compute_text(self):
        for form in self:
            form.text = form._say_what() if form.message_id else ""

    def _say_what(self):
        """What the button will do, before it is pressed."""
        mails = self._say_count(self.count)
        if self.way == "conversation":
            if not self.other_id:
                return self.env._("Choose the conversation.")
            if self.scope == "all":
                return self.env._(
                    "%(mails)s become part of “%(other)s”.",
                    mails=mails,
                    other=self.other_id.display_name,
                )
        told = {
            "none": self.env._("%s leave the chatters of records; the mailbox keeps them.", mails),
            "keep": self.env._("%s stay where they are in chatters.", mails),
        }.get(self.way) or self.env._(
            "%(mails)s move to the chatter of %(record)s, with their files.",
            mails=mails,
            record=self.record_ref.display_name if self.record_ref else self.env._("the record"),
        )
        if self.apart and self.scope != "all":
            told = self.env._("%s Lists show them as a conversation of their own.", told)
        return told

    def _say_count(self, count):
        return self.env._("1 mail") if count == 1 else self.env._("%s mails", count)

    def action_move(self):
        """Do it, and go on where the person was."""
        self.ensure_one()
        words = self.env["mailbox.belonging"]
        if self.way == "conversation" and self.scope == "all":
            return self._merge()
        if self.way == "keep" and not (self.apart and self.scope != "all"):
            raise UserError(self.env._("Nothing would change. Say where it belongs."))
        keep = self.way == "keep"
        record = None if keep else self._target()
        apart = self.apart and not self.is_several
        for message in self.message_ids or self.message_id:
            words._say(message, self.scope, record, keep=keep, apart=apart)
        return self._done()

    def _merge(self):
        """Put the conversations of the mails into the other one, and to its record, if any."""
        if not self.other_id:
            raise UserError(self.env._("Choose the conversation it belongs with."))
        self.other_id.check_access("read")
        record = self._record_of(self.other_id)
        for talk in self._talks():
            self.env["mailbox.belonging"]._say(
                talk._first(), "all", record, keep=record is None, into=self.other_id.sudo()
            )
        return self._done(self.other_id)

    def _done(self, talk=None):
        """Say that it is done and where it can be undone. What was merged away cannot be shown
        again: the conversation that is left is."""
        shown = self.env.context.get("active_model") == "mailbox.conversation" and talk
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "Done, with %s. Undo it in the conversation or under Why here.",
                    self._say_count(self.count or 1),
                ),
                "next": talk._show(talk.id) if shown else {"type": "ir.actions.act_window_close"},
            },
        }

    def _target(self):
        if self.way == "none":
            return None
        if self.way == "conversation":
            if not self.other_id:
                raise UserError(self.env._("Choose the conversation it belongs with."))
            record = self._record_of(self.other_id)
            if record is None:
                raise UserError(
                    self.env._(
                        "That conversation belongs to no record yet. Say first what it belongs to."
                    )
                )
            return record
        if not self.record_ref or not self.record_ref.exists():
            raise UserError(self.env._("Choose the record the mail belongs to."))
        return self.record_ref

    def _record_of(self, conversation):
        """The record that most mails of a conversation are linked to, as far as the person reads
        it; None when there is none."""
        links = conversation.message_ids.link_ids.sorted("id")
        if not links:
            return None
        records = links.grouped(lambda one: (one.model, one.res_id))
        return max(records.values(), key=len)[0]._record()
