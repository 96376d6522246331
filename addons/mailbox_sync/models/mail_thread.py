"""Tells routing which lines its mails became."""

from odoo import models

from ..routing.gateway import POSTED
from ..routing.threads import Line


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def _message_post_after_hook(self, message, msg_values):
        result = super()._message_post_after_hook(message, msg_values)
        posted = self.env.context.get(POSTED)
        if posted is not None:
            posted.append(Line(message.message_id, message.id, self._name, self.id))
        return result
