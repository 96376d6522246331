"""Records that keep one secret: sealed, opened for one use, sealed anew when keys rotate."""

from odoo import api, fields, models

from .. import conf, crypto
from .mailbox_credential import guarded


class MailboxSealedMixin(models.AbstractModel):
    _name = "mailbox.sealed.mixin"
    _description = "Record with a Sealed Secret"

    #: The column that holds the sealed text.
    _sealed_field = "secret"

    def _context(self):
        """What the sealed text is bound to: in another record it does not open."""
        return f"{self._name}:{self.id}:{self._sealed_field}"

    def _seal(self, text):
        """Store ``text`` encrypted."""
        self.ensure_one()
        record = self.sudo()
        sealed = guarded(lambda: conf.keyring().seal(text, record._context()))
        record[self._sealed_field] = sealed

    def _open_secret(self):
        """The stored text in clear, for one use; empty when none is stored."""
        self.ensure_one()
        sealed = self.sudo()[self._sealed_field]
        return guarded(lambda: conf.keyring().open(sealed, self._context())) if sealed else ""

    @api.model
    def _rotate_keys(self):
        """Seal every secret with the current primary key; returns how many were sealed anew."""
        ring = guarded(conf.keyring)
        stale = self._sealed().filtered(
            lambda record: not ring.is_current(record[self._sealed_field])
        )
        for record in stale:
            record._seal(record._open_secret())
        return len(stale)

    @api.model
    def _key_ids(self):
        """Names of the keys that stored secrets of this model need."""
        return {crypto.sealed_key_id(text) for text in self._sealed().mapped(self._sealed_field)}

    @api.model
    def _sealed(self):
        everything = self.sudo().with_context(active_test=False)
        return everything.search([(self._sealed_field, "!=", False)])


class MailboxSecretMixin(models.AbstractModel):
    _name = "mailbox.secret.mixin"
    _inherit = "mailbox.sealed.mixin"
    _description = "Record with a Secret That a Person Enters"

    new_secret = fields.Char(
        string="Secret",
        compute="_compute_new_secret",
        inverse="_inverse_new_secret",
        help="Stored encrypted and never shown again.",
    )
    has_secret = fields.Boolean(compute="_compute_has_secret", compute_sudo=True)

    def _compute_new_secret(self):
        self.new_secret = False

    def _inverse_new_secret(self):
        for record in self.filtered("new_secret"):
            record._set_secret(record.new_secret)

    @api.depends(lambda self: (self._sealed_field,))
    def _compute_has_secret(self):
        for record in self:
            record.has_secret = bool(record[self._sealed_field])

    def _set_secret(self, text):
        """Store a secret as somebody entered it. Raises UserError for one that will not do."""
        self._check_new_secret(text.strip())
        self._seal(text.strip())

    def _check_new_secret(self, text):
        """Raises UserError for a secret that will not do; any will, unless the model says more."""
