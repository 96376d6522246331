"""Keeps the Message-ID of Odoo's mail findable: relays (Gmail's among them) replace it."""

from odoo import models

from mailbox_core.rules.clues import OWN_ID_HEADER


class IrMailServer(models.Model):
    _inherit = "ir.mail_server"

    def _build_email__(self, *args, **kwargs):
        message = super()._build_email__(*args, **kwargs)
        if OWN_ID_HEADER not in message:
            message[OWN_ID_HEADER] = message["Message-Id"]
        return message
