"""One message in one folder."""

from odoo import fields, models


class MailboxPlacement(models.Model):
    _name = "mailbox.placement"
    _description = "Mailbox Placement"
    _log_access = False
    _order = "date DESC, message_id DESC"

    message_id = fields.Many2one("mailbox.message", required=True, ondelete="cascade", index=True)
    folder_id = fields.Many2one("mailbox.folder", required=True, ondelete="cascade")
    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", index=True)
    date = fields.Datetime()
    uid = fields.Char()
    generation = fields.Integer()

    _place_unique = models.Constraint(
        "UNIQUE (folder_id, message_id)", "The message is there already."
    )
    _list_idx = models.Index("(folder_id, date DESC, message_id DESC)")
