"""One sync execution: what it was for and what came of it."""

from odoo import fields, models

TRIGGERS = [
    ("hint", "Notification"),
    ("poll", "Poll"),
    ("manual", "By hand"),
    ("import", "Import"),
    ("parity", "Verification"),
]


class MailboxRun(models.Model):
    _name = "mailbox.run"
    _description = "Mailbox Run"
    _order = "id DESC"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", index=True)
    stream_id = fields.Many2one("mailbox.stream", ondelete="set null", index="btree_not_null")
    trigger = fields.Selection(TRIGGERS, required=True)
    started_at = fields.Datetime(required=True, default=fields.Datetime.now)
    ended_at = fields.Datetime()
    outcome = fields.Char()
    pages = fields.Integer()
    created = fields.Integer()
    updated = fields.Integer()
    gone = fields.Integer()
    quarantined = fields.Integer()
    units = fields.Integer(help="Quota units spent.")
    note = fields.Char()
