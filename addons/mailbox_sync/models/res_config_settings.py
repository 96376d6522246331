"""Settings, Mailbox: the client registration people sign in with, and the address to register."""

from odoo import api, fields, models
from odoo.http import request

from mailbox_core import registry


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    mailbox_provider = fields.Selection(
        selection="_selection_mailbox_provider",
        default=lambda self: self._default_mailbox_provider(),
    )
    mailbox_client_id = fields.Char(
        string="Client ID", compute="_compute_mailbox_client", store=True, readonly=False
    )
    mailbox_client_secret = fields.Char(
        string="Client Secret",
        # Not a column: the clear text would lie in the table of this form until it is cleaned up.
        compute="_compute_mailbox_client_secret",
        inverse="_inverse_mailbox_client_secret",
        help="Stored encrypted and never shown again. Empty: keep the stored one.",
    )
    mailbox_has_secret = fields.Boolean(compute="_compute_mailbox_client", store=True)
    mailbox_nobody = fields.Char(
        string="Never a contact",
        config_parameter="mailbox_sync.nobody",
        help="Addresses, domains and patterns with *, separated by spaces or commas.",
    )
    mailbox_redirect_uri = fields.Char(
        string="Redirect address", compute="_compute_mailbox_redirect_uri"
    )

    @api.model
    def _selection_mailbox_provider(self):
        return self.env["mailbox.client"]._selection_provider()

    @api.model
    def _default_mailbox_provider(self):
        return next((name for name, spec in registry.specs().items() if spec.authorizer), False)

    def _mailbox_client(self):
        """The registration for all companies: what this page edits."""
        domain = [("provider", "=", self.mailbox_provider), ("company_id", "=", False)]
        return self.env["mailbox.client"].search(domain, limit=1)

    @api.depends("mailbox_provider")
    def _compute_mailbox_client(self):
        for settings in self:
            client = settings._mailbox_client()
            settings.mailbox_client_id = client.client_id
            settings.mailbox_has_secret = client.has_secret

    def _compute_mailbox_redirect_uri(self):
        self.mailbox_redirect_uri = self.env["mailbox"]._redirect_uri()

    @api.depends("mailbox_provider")
    def _compute_mailbox_client_secret(self):
        self.mailbox_client_secret = False

    def _inverse_mailbox_client_secret(self):
        for settings in self.filtered("mailbox_client_secret"):
            secret = settings.mailbox_client_secret
            settings._write_mailbox_client()
            if client := settings._mailbox_client():
                client._set_secret(secret)

    def set_values(self):
        result = super().set_values()
        self._write_mailbox_client()
        return result

    def _write_mailbox_client(self):
        """Keep the client id; an emptied one ends the registration here (connected mailboxes then
        fail)."""
        client_id = (self.mailbox_client_id or "").strip()
        client = self._mailbox_client()
        if client and not client_id:
            client.unlink()
        elif client:
            client.client_id = client_id
        elif client_id and self.mailbox_provider:
            client.create({"provider": self.mailbox_provider, "client_id": client_id})

    def action_mailbox_preflight(self):
        """Try the way back from the provider and show what was found."""
        current = request.httprequest.url_root if request else ""
        return self.env["mailbox.test"]._show_preflight(current)

    def action_mailbox_push_setup(self):
        """Open the assistant; with one mailbox that can have push, for that one."""
        return self.env["mailbox.push.setup"]._open_for(self.env["mailbox"])
