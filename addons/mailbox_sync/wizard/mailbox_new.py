"""Connect the own mailbox from the preferences."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import email_normalize


class MailboxNew(models.TransientModel):
    _name = "mailbox.new"
    _description = "Connect Own Mailbox"

    provider = fields.Selection(
        selection="_selection_provider",
        required=True,
        default=lambda self: self._selection_provider()[:1][0][0],
    )
    address = fields.Char(required=True, default=lambda self: self.env.user.email)
    scope_profile = fields.Selection(
        selection=lambda self: self.env["mailbox"]._fields["scope_profile"].selection,
        string="Permission",
        required=True,
        default="read",
    )

    @api.model
    def _selection_provider(self):
        return self.env["mailbox.client"]._selection_provider()

    def action_connect(self):
        """Make the mailbox, owned by the person at work, and go to the sign-in page.

        Superuser, because only managers may create mailboxes: the owner is the caller, and whose
        mail it becomes is decided by who signs in at the provider.
        """
        self.ensure_one()
        if not self.env.user._is_internal():
            raise AccessError(self.env._("Only employees connect mailboxes."))
        address = email_normalize(self.address)
        if not address:
            raise UserError(self.env._("“%s” is no mail address.", self.address))
        mailboxes = self.env["mailbox"].sudo()
        domain = [("provider", "=", self.provider), ("address", "=", address)]
        mailbox = mailboxes.with_context(active_test=False).search(
            [*domain, ("company_id", "=", self.env.company.id)], limit=1
        )
        if mailbox and mailbox.owner_id != self.env.user:
            raise UserError(
                self.env._(
                    "%s is connected already by somebody else. Ask a manager to make you a member.",
                    address,
                )
            )
        if not mailbox:
            mailbox = mailboxes.create(
                {
                    "name": address,
                    "provider": self.provider,
                    "address": address,
                    "owner_id": self.env.uid,
                    "company_id": self.env.company.id,
                    "scope_profile": self.scope_profile,
                }
            )
        elif not mailbox.active:
            mailbox.active = True
        return mailbox.with_env(self.env).action_connect()
