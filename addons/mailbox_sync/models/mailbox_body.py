"""The sanitised body: made on first need, evictable."""

from odoo import fields, models


class MailboxBody(models.Model):
    _name = "mailbox.body"
    _description = "Mailbox Body"

    message_id = fields.Many2one("mailbox.message", required=True, ondelete="cascade")
    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", index=True)
    # A text field on purpose: the value is sanitised once, by us, and must not be altered again.
    html = fields.Text()
    text = fields.Text()
    has_remote = fields.Boolean(help="Remote images were held back.")
    made_at = fields.Datetime()

    _message_unique = models.Constraint("UNIQUE (message_id)", "A message has one body.")
