"""A secret that signs calls: entered, sealed, opened for one call, never shown again."""

from odoo import api, fields, models
from odoo.fields import NO_ACCESS

from .. import conf, crypto
from ..routing.actions import webhook
from .mailbox_credential import guarded


class MailboxSealedMixin(models.AbstractModel):
    _name = "mailbox.sealed.mixin"
    _description = "Record with a Sealed Secret"

    secret = fields.Text(string="Sealed Secret", groups=NO_ACCESS, copy=False)
    new_secret = fields.Char(
        string="Secret",
        compute="_compute_new_secret",
        inverse="_inverse_new_secret",
        help="Calls are signed with it, and the receiver checks them by it. Stored encrypted and "
        "never shown again.",
    )
    has_secret = fields.Boolean(compute="_compute_has_secret", compute_sudo=True)

    def _compute_new_secret(self):
        self.new_secret = False

    def _inverse_new_secret(self):
        for record in self.filtered("new_secret"):
            record._set_secret(record.new_secret)

    @api.depends("secret")
    def _compute_has_secret(self):
        for record in self:
            record.has_secret = bool(record.secret)

    def _context(self):
        """What the sealed text is bound to: in another record it does not open."""
        return f"{self._name}:{self.id}:secret"

    def _set_secret(self, text):
        """Store the secret encrypted. Raises UserError for one that could be guessed."""
        self.ensure_one()
        webhook.check_secret(self.env, text.strip())
        record = self.sudo()
        record.secret = guarded(lambda: conf.keyring().seal(text.strip(), record._context()))

    def _open_secret(self):
        """The secret in clear, for one call; empty when none is stored."""
        self.ensure_one()
        sealed = self.sudo().secret
        return guarded(lambda: conf.keyring().open(sealed, self._context())) if sealed else ""

    @api.model
    def _rotate_keys(self):
        """Seal every secret with the current primary key; returns how many were sealed anew."""
        ring = guarded(conf.keyring)
        stale = self._sealed().filtered(lambda record: not ring.is_current(record.secret))
        for record in stale:
            record._set_secret(record._open_secret())
        return len(stale)

    @api.model
    def _key_ids(self):
        """Names of the keys that stored secrets of this model need."""
        return {crypto.sealed_key_id(text) for text in self._sealed().mapped("secret")}

    @api.model
    def _sealed(self):
        return self.sudo().with_context(active_test=False).search([("secret", "!=", False)])
