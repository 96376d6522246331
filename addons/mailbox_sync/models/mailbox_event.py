"""Append-only audit facts."""

from odoo import fields, models


class MailboxEvent(models.Model):
    _name = "mailbox.event"
    _description = "Mailbox Event"
    _order = "id DESC"
    _log_access = False

    at = fields.Datetime(required=True, default=fields.Datetime.now, index=True)
    mailbox_id = fields.Many2one("mailbox", ondelete="set null", index=True)
    user_id = fields.Many2one("res.users", default=lambda self: self.env.user, ondelete="set null")
    kind = fields.Char(required=True, index=True)
    model = fields.Char()
    res_id = fields.Many2oneReference(model_field="model")
    payload = fields.Json()
