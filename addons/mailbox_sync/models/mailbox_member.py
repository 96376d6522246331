"""A person's role on somebody's mailbox."""

from odoo import fields, models


class MailboxMember(models.Model):
    _name = "mailbox.member"
    _description = "Mailbox Member"
    _rec_name = "user_id"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", index=True)
    user_id = fields.Many2one("res.users", required=True, ondelete="cascade", index=True)
    role = fields.Selection(
        [("reader", "Reader"), ("editor", "Editor"), ("sender", "Sender")],
        required=True,
        default="reader",
        help="A sender may write on behalf of the mailbox but reads nothing in it.",
    )

    _user_unique = models.Constraint(
        "UNIQUE (mailbox_id, user_id)", "This person is a member already."
    )
