"""A local intent the provider must still carry out."""

import uuid

from odoo import fields, models


class MailboxCommand(models.Model):
    _name = "mailbox.command"
    _description = "Mailbox Command"
    _order = "id DESC"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", index=True)
    user_id = fields.Many2one("res.users", default=lambda self: self.env.user, ondelete="set null")
    kind = fields.Selection(
        [("flags", "Set flags"), ("place", "Move"), ("delete", "Delete")], required=True
    )
    payload = fields.Json(required=True)
    state = fields.Selection(
        [("pending", "Pending"), ("done", "Done"), ("failed", "Failed")], required=True, default="pending"
    )
    attempts = fields.Integer()
    due_at = fields.Datetime(default=fields.Datetime.now)
    client_key = fields.Char(required=True, default=lambda self: str(uuid.uuid4()), copy=False)
    failure = fields.Char()
    done_at = fields.Datetime()

    _client_key_unique = models.Constraint("UNIQUE (client_key)", "This command was given already.")
    _due_idx = models.Index("(due_at) WHERE state = 'pending'")
