"""The grant a mailbox works with. Readable by nobody: opened by named methods with sudo only."""

from odoo import fields, models


class MailboxCredential(models.Model):
    _name = "mailbox.credential"
    _description = "Mailbox Credential"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade")
    kind = fields.Selection([("oauth", "OAuth"), ("password", "Password")], required=True, default="oauth")
    secret = fields.Text(help="Encrypted.")
    client_secret = fields.Text(help="Encrypted.")
    key_id = fields.Char()
    scopes = fields.Char()
    identity = fields.Char()
    expires_at = fields.Datetime()
    refresh_expires_at = fields.Datetime()
    verified_at = fields.Datetime()
    failing_since = fields.Datetime()
    failure = fields.Text()
    token_state = fields.Selection(
        [
            ("none", "None"),
            ("stored", "Stored"),
            ("verified", "Verified"),
            ("failing", "Failing"),
            ("reconnect", "Reconnect needed"),
        ],
        required=True,
        default="none",
    )

    _mailbox_unique = models.Constraint("UNIQUE (mailbox_id)", "A mailbox has one credential.")
