"""This Odoo's registration at a provider: the client id and secret with which people may sign in.

One per provider, or one per provider and company. A mailbox may bring its own instead.
"""

from odoo import api, fields, models
from odoo.fields import NO_ACCESS

from mailbox_core import registry

from .. import conf, crypto
from .mailbox_credential import guarded


class MailboxClient(models.Model):
    _name = "mailbox.client"
    _description = "Mailbox Sign-in App"
    _rec_name = "provider"
    _order = "provider, company_id, id"

    provider = fields.Selection(selection="_selection_provider", required=True)
    company_id = fields.Many2one(
        "res.company", help="Empty: for every company that has no app of its own."
    )
    client_id = fields.Char(string="Client ID", required=True)
    client_secret = fields.Text(string="Sealed Secret", groups=NO_ACCESS, copy=False)
    new_secret = fields.Char(
        string="Client Secret",
        compute="_compute_new_secret",
        inverse="_inverse_new_secret",
        help="Stored encrypted and never shown again. Leave empty to keep the stored one.",
    )
    has_secret = fields.Boolean(compute="_compute_has_secret", compute_sudo=True)

    _unit_unique = models.UniqueIndex(
        "(provider, COALESCE(company_id, 0))",
        "There is a sign-in app of this provider and company already.",
    )

    @api.model
    def _selection_provider(self):
        return [(name, spec.label) for name, spec in registry.specs().items() if spec.authorizer]

    def _compute_new_secret(self):
        self.new_secret = False

    def _inverse_new_secret(self):
        for client in self.filtered("new_secret"):
            client._set_secret(client.new_secret)

    @api.depends("client_secret")
    def _compute_has_secret(self):
        for client in self:
            client.has_secret = bool(client.client_secret)

    @api.model
    def _for(self, provider, company):
        """The registration that mailboxes of a company use; empty when there is none."""
        found = self.sudo().search(
            [("provider", "=", provider), ("company_id", "in", [False, company.id])]
        )
        return found.filtered("company_id")[:1] or found[:1]

    def _context(self):
        return f"mailbox.client:{self.id}:client_secret"

    def _set_secret(self, text):
        """Store the secret encrypted."""
        self.ensure_one()
        client = self.sudo()
        client.client_secret = guarded(lambda: conf.keyring().seal(text.strip(), client._context()))

    def _open_secret(self):
        """The secret in clear, for one OAuth exchange; empty when none is stored."""
        self.ensure_one()
        sealed = self.sudo().client_secret
        return guarded(lambda: conf.keyring().open(sealed, self._context())) if sealed else ""

    @api.model
    def _rotate_keys(self):
        """Seal every secret with the current primary key; returns how many were sealed anew."""
        ring = guarded(conf.keyring)
        stale = self.sudo().search([("client_secret", "!=", False)])
        stale = stale.filtered(lambda client: not ring.is_current(client.client_secret))
        for client in stale:
            client._set_secret(client._open_secret())
        return len(stale)

    @api.model
    def _key_ids(self):
        """Names of the keys that stored secrets of this model need."""
        sealed = self.sudo().search([("client_secret", "!=", False)]).mapped("client_secret")
        return {crypto.sealed_key_id(text) for text in sealed}
