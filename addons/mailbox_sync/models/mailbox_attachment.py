"""A non-body part of a message: listed at once, its bytes when needed."""

from odoo import fields, models


class MailboxAttachment(models.Model):
    _name = "mailbox.attachment"
    _description = "Mailbox Attachment"
    _order = "message_id, id"

    message_id = fields.Many2one("mailbox.message", required=True, ondelete="cascade", index=True)
    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", index=True)
    path = fields.Char(required=True, help="Place in the MIME tree (RFC 3501 section 6.4.5).")
    name = fields.Char()
    mimetype = fields.Char()
    size = fields.Integer()
    content_id = fields.Char()
    inline = fields.Boolean()
    available = fields.Boolean(help="The bytes are in the stored source.")
    attempts = fields.Integer()
    failure = fields.Char()
    attachment_id = fields.Many2one("ir.attachment", ondelete="set null", index="btree_not_null")

    _path_unique = models.Constraint("UNIQUE (message_id, path)", "This part is known already.")
