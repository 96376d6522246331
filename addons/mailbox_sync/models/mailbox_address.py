"""Several addresses of one contact: mail from any of them is known to be theirs."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import email_normalize

from ..routing import addresses


class MailboxAddress(models.Model):
    _name = "mailbox.address"
    _description = "Other E-mail Address of a Contact"
    _rec_name = "email"
    _order = "email, id"

    partner_id = fields.Many2one("res.partner", required=True, ondelete="cascade", index=True)
    email = fields.Char(required=True)
    key = fields.Char(compute="_compute_key", store=True, index=True)

    _once = models.Constraint("UNIQUE (partner_id, key)", "The contact has this address already.")

    @api.depends("email")
    def _compute_key(self):
        for line in self:
            line.key = addresses.key_of(line.email)

    @api.constrains("email")
    def _check_email(self):
        for line in self:
            if not email_normalize(line.email):
                raise ValidationError(self.env._("“%s” is no e-mail address.", line.email))


class ResPartner(models.Model):
    _inherit = "res.partner"

    mailbox_address_ids = fields.One2many(
        "mailbox.address", "partner_id", string="Other e-mail addresses", copy=False
    )
    mailbox_address_key = fields.Char(
        compute="_compute_mailbox_address_key", store=True, index="btree_not_null", copy=False
    )

    @api.depends("email_normalized")
    def _compute_mailbox_address_key(self):
        for partner in self:
            partner.mailbox_address_key = addresses.key_of(partner.email_normalized) or False
