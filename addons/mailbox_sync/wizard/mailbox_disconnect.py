"""End a connection: forget the grant, keep or purge what was stored."""

import logging

from mailbox_core.errors import ProviderError

from odoo import api, fields, models
from odoo.exceptions import UserError

from .. import advice

_logger = logging.getLogger(__name__)


class MailboxDisconnect(models.TransientModel):
    _name = "mailbox.disconnect"
    _description = "Disconnect Mailbox"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade")
    message_count = fields.Integer(related="mailbox_id.message_count")
    mail = fields.Selection(
        [("keep", "Keep the stored mail"), ("purge", "Delete the stored mail from Odoo")],
        string="Stored mail",
        required=True,
        default="keep",
        help="Mail at the provider is never touched.",
    )
    revoke = fields.Boolean(
        string="Withdraw the permission at the provider",
        compute="_compute_revoke",
        store=True,
        readonly=False,
    )
    shared_with = fields.Char(compute="_compute_revoke", store=True)

    @api.constrains("mailbox_id")
    def _check_mailbox(self):
        # A form for a mailbox that is not one's own would tell its name and size.
        self.mailbox_id._check_operator()

    @api.depends("mailbox_id")
    def _compute_revoke(self):
        for wizard in self:
            others = wizard.mailbox_id._same_grant()
            wizard.shared_with = ", ".join(others.mapped("address"))
            wizard.revoke = not others

    def action_confirm(self):
        """Do it. Whether the provider could be told is shown; the grant is forgotten in any case."""
        self.ensure_one()
        mailbox = self.mailbox_id
        mailbox._check_operator()
        trouble = mailbox.sudo()._disconnect(revoke=self.revoke)
        if self.mail == "purge":
            mailbox.sudo()._purge_mail()
        mailbox._audit("mailbox.disconnected", mail=self.mail, revoked=self.revoke and not trouble)
        if trouble:
            return mailbox._notify(
                "warning",
                self.env._("Disconnected, but the provider could not be told"),
                self.env._("%s Remove the app in the account's own security settings.", trouble),
            )
        return mailbox._notify("success", self.env._("Disconnected"), mailbox.address)


class Mailbox(models.Model):
    _inherit = "mailbox"

    def _same_grant(self):
        """Other mailboxes that live on the same person's grant for the same client: withdrawing it would end
        them too (provider page "Using OAuth 2.0 for Web Server Applications", section on revoking)."""
        self.ensure_one()
        credentials = self.env["mailbox.credential"].sudo()
        mine = credentials._of(self)
        others = credentials.search(
            [("identity", "=ilike", mine.identity or self.address), ("secret", "!=", False), ("id", "!=", mine.id)]
        ).mailbox_id
        return others.filtered(lambda other: other.provider == self.provider)

    def _disconnect(self, revoke):
        """Forget the grant; with ``revoke`` also withdraw it at the provider. Returns what went wrong there.

        The provider is asked last of all possible failures but before the local grant is gone: a token that
        was forgotten can no longer be withdrawn.
        """
        self.ensure_one()
        credential = self.env["mailbox.credential"]._of(self)
        trouble = ""
        if revoke and credential.secret and not self._same_grant():
            try:
                self._authorizer().revoke(credential._open("revoke"))
            except ProviderError as error:
                trouble = advice.explain(self.env, error)
            except UserError as error:
                trouble = str(error)
            if trouble:
                _logger.warning("Mailbox %s: the grant could not be withdrawn: %s", self.id, trouble)
        self._sync_stop()
        credential._wipe()
        self._token_changed()
        return trouble
