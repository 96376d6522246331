"""The proof of completeness: what the provider holds against what is stored."""

from odoo import fields, models


class MailboxParity(models.Model):
    _name = "mailbox.parity"
    _description = "Mailbox Verification"
    _order = "id DESC"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", index=True)
    started_at = fields.Datetime(required=True, default=fields.Datetime.now)
    ended_at = fields.Datetime()
    state = fields.Selection(
        [("running", "Running"), ("done", "Done"), ("failed", "Failed")], required=True, default="running"
    )
    full = fields.Boolean(help="Compare the source of every message, not of a sample.")
    progress = fields.Float()
    provider_messages = fields.Integer()
    stored = fields.Integer()
    filtered = fields.Integer()
    quarantined = fields.Integer()
    gone = fields.Integer()
    pending = fields.Integer(help="Listed, to be fetched.")
    duplicates = fields.Integer(help="Rows that stand for the same message at the provider.")
    unexplained = fields.Integer()
    flag_diff = fields.Integer()
    label_diff = fields.Integer()
    hash_checked = fields.Integer()
    hash_diff = fields.Integer()
    healed = fields.Integer()
    detail = fields.Json()
    work = fields.Json(help="Where the next chunk goes on.")
