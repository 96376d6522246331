"""Asks where mail belongs."""

from odoo import api, fields, models
from odoo.exceptions import UserError


class MailboxMove(models.TransientModel):
    _name = "mailbox.move"
    _description = "Say where Mail Belongs"

    message_id = fields.Many2one("mailbox.message", required=True, ondelete="cascade")
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
            ("record", "To a record"),
            ("conversation", "To the record of another conversation"),
            ("none", "To no record: it stays in the mailbox"),
        ],
        string="Where",
        required=True,
        default="record",
    )
    record_ref = fields.Reference(selection="_selection_thread", string="Record")
    other_id = fields.Many2one("mailbox.conversation", string="Other conversation")
    count = fields.Integer(string="Mails", compute="_compute_count")

    @api.model
    def _selection_thread(self):
        return self.env["mailbox.decision"]._selection_thread()

    @api.depends("message_id", "scope")
    def _compute_count(self):
        words = self.env["mailbox.belonging"]
        for form in self:
            form.count = len(words._rows(form.message_id, form.scope)) if form.message_id else 0

    def action_move(self):
        """Do it, and go on in the message."""
        self.ensure_one()
        self.env["mailbox.belonging"]._say(self.message_id, self.scope, self._target())
        return {"type": "ir.actions.act_window_close"}

    def _target(self):
        if self.way == "none":
            return None
        if self.way == "conversation":
            return self._record_of(self.other_id)
        if not self.record_ref or not self.record_ref.exists():
            raise UserError(self.env._("Choose the record the mail belongs to."))
        return self.record_ref

    def _record_of(self, conversation):
        """The record that most mails of a conversation are linked to, as far as the person reads
        it."""
        if not conversation:
            raise UserError(self.env._("Choose the conversation it belongs with."))
        conversation.check_access("read")
        links = conversation.message_ids.link_ids.sorted("id")
        if not links:
            raise UserError(
                self.env._(
                    "That conversation belongs to no record yet. Say first what it belongs to."
                )
            )
        records = links.grouped(lambda one: (one.model, one.res_id))
        best = max(records.values(), key=len)[0]._record()
        if best is None:
            raise UserError(self.env._("The record of that conversation is gone."))
        return best
