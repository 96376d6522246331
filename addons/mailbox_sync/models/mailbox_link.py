"""Which mail belongs to which record: many to many, one of them primary."""

from odoo import api, fields, models


class MailboxLink(models.Model):
    _name = "mailbox.link"
    _inherit = ["mailbox.reference.mixin"]
    _description = "Mail of a Record"
    _order = "is_primary DESC, id DESC"

    message_id = fields.Many2one("mailbox.message", required=True, ondelete="cascade", index=True)
    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", index=True)
    conversation_id = fields.Many2one(
        "mailbox.conversation", ondelete="set null", index="btree_not_null"
    )
    rfc_id = fields.Char(string="Message-ID", required=True, index=True)
    model = fields.Char()
    res_id = fields.Many2oneReference(model_field="model", string="Record")
    record_name = fields.Char(compute="_compute_record_name")
    mail_message_id = fields.Many2one(
        "mail.message", string="Line in the chatter", ondelete="set null", index="btree_not_null"
    )
    route_id = fields.Many2one("mailbox.route", string="Rule", ondelete="set null")
    alias_id = fields.Many2one("mail.alias", ondelete="set null")
    origin = fields.Selection(
        [
            ("rule", "A rule"),
            ("thread", "The conversation"),
            ("alias", "An alias"),
            ("copy", "The same mail in another mailbox"),
            ("person", "A person"),
        ],
        required=True,
    )
    opened = fields.Boolean(help="The record was opened for this mail.")
    is_primary = fields.Boolean()

    _once = models.Constraint(
        "UNIQUE (message_id, model, res_id)", "This mail is linked to this record already."
    )
    _once_a_rule = models.UniqueIndex("(route_id, rfc_id) WHERE route_id IS NOT NULL")
    _once_an_alias = models.UniqueIndex("(alias_id, rfc_id) WHERE alias_id IS NOT NULL")
    _record_idx = models.Index("(model, res_id) WHERE res_id IS NOT NULL")
    _opened_idx = models.Index("(create_date) WHERE opened")

    @api.model_create_multi
    def create(self, vals_list):
        messages = self.env["mailbox.message"]
        for values in vals_list:
            message = messages.browse(values["message_id"])
            values.setdefault("mailbox_id", message.mailbox_id.id)
            values.setdefault("conversation_id", message.conversation_id.id)
        return super().create(vals_list)

    @api.depends("model", "res_id")
    @api.depends_context("uid")
    def _compute_record_name(self):
        """The name of the record for those who may see it, its number for the others."""
        for link in self:
            record = link._record()
            if record and record.has_access("read"):
                kind = self.env["ir.model"]._get(link.model).name
                link.record_name = f"{kind}: {record.display_name}"
            else:
                link.record_name = link._record_number()
