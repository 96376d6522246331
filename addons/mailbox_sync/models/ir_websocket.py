"""Live notifications of a mailbox reach those who may read its mail, and nobody else."""

from odoo import models


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        # What a browser asks for is dropped: membership decides, and is looked up afresh each time.
        wanted = [
            one for one in channels if not (isinstance(one, str) and one.startswith("mailbox_"))
        ]
        user = self.env.user
        if user and not user.share:
            # Superuser: managers see all mailboxes but read the mail of theirs only.
            readable = self.env["mailbox"].sudo().search([("reader_ids", "in", user.id)])
            wanted.extend(readable)
        return super()._build_bus_channel_list(wanted)
