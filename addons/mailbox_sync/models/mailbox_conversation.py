"""Messages that answer each other."""

from odoo import fields, models


class MailboxConversation(models.Model):
    _name = "mailbox.conversation"
    _inherit = ["mailbox.export.mixin"]
    _description = "Mailbox Conversation"
    _rec_name = "subject"
    _order = "last_date DESC, id DESC"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade")
    key = fields.Char(required=True)
    subject = fields.Char()
    participants = fields.Char()
    first_date = fields.Datetime()
    last_date = fields.Datetime()
    message_count = fields.Integer(readonly=True)
    unread_count = fields.Integer(readonly=True)
    message_ids = fields.One2many("mailbox.message", "conversation_id")
    split_of_id = fields.Many2one(
        "mailbox.conversation",
        string="Split from",
        ondelete="set null",
        index="btree_not_null",
        readonly=True,
        help="A person took it apart from that one; mail that comes later joins one of the two.",
    )
    split_since = fields.Datetime(
        readonly=True, help="Mail from then on belongs here; empty: only answers to its mail."
    )

    _key_unique = models.Constraint(
        "UNIQUE (mailbox_id, key)", "This conversation is known already."
    )
    _recent_idx = models.Index("(mailbox_id, last_date DESC, id DESC)")
