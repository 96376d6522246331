"""This Odoo's registration at a provider: the client id and secret with which people may sign in.

One per provider, or one per provider and company. A mailbox may bring its own instead.
"""

from odoo import api, fields, models
from odoo.fields import NO_ACCESS

from mailbox_core import registry


class MailboxClient(models.Model):
    _name = "mailbox.client"
    _inherit = "mailbox.secret.mixin"
    _description = "Mailbox Sign-in App"
    _rec_name = "provider"
    _order = "provider, company_id, id"
    _sealed_field = "client_secret"

    provider = fields.Selection(selection="_selection_provider", required=True)
    company_id = fields.Many2one(
        "res.company", help="Empty: for every company that has no app of its own."
    )
    client_id = fields.Char(string="Client ID", required=True)
    client_secret = fields.Text(string="Sealed Secret", groups=NO_ACCESS, copy=False)
    new_secret = fields.Char(
        string="Client Secret",
        help="Stored encrypted and never shown again. Leave empty to keep the stored one.",
    )

    _unit_unique = models.UniqueIndex(
        "(provider, COALESCE(company_id, 0))",
        "There is a sign-in app of this provider and company already.",
    )

    @api.model
    def _selection_provider(self):
        return [(name, spec.label) for name, spec in registry.specs().items() if spec.authorizer]

    @api.model
    def _for(self, provider, company):
        """The registration that mailboxes of a company use; empty when there is none."""
        found = self.sudo().search(
            [("provider", "=", provider), ("company_id", "in", [False, company.id])]
        )
        return found.filtered("company_id")[:1] or found[:1]
