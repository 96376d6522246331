"""Records that call a web address of others: the secret that signs, and the call itself."""

from odoo import fields, models
from odoo.fields import NO_ACCESS

from mailbox_core.net.webhook import deliver

from .. import conf
from ..routing.actions import webhook
from ..values import aware


class MailboxWebhookMixin(models.AbstractModel):
    _name = "mailbox.webhook.mixin"
    _inherit = "mailbox.secret.mixin"
    _description = "Record That Calls a Web Address"

    secret = fields.Text(string="Sealed Secret", groups=NO_ACCESS, copy=False)
    new_secret = fields.Char(
        help="Calls are signed with it, and the receiver checks them by it. Stored encrypted and "
        "never shown again."
    )

    def _check_new_secret(self, text):
        webhook.check_secret(self.env, text)

    def _deliver(self, body, name):
        """Call ``url`` once and return the status of its answer. ``name`` is the same in every try.

        Raises ProviderError (``mailbox_core.net.webhook.deliver``), or UserError when the secret
        cannot be opened.
        """
        return deliver(
            self.url,
            body,
            secret=self._open_secret(),
            name=name,
            at=aware(fields.Datetime.now()),
            allowed=conf.webhook_networks(),
            proxy=conf.endpoints().proxy,
        )
