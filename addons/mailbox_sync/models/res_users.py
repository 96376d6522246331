"""Preferences, Mailboxes: everybody connects the own mailbox, without administrator rights."""

from odoo import fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    mailbox_ids = fields.One2many("mailbox", "owner_id", string="Mailboxes")
    mailbox_default_model = fields.Selection(
        selection=lambda self: self.env["mailbox.route"]._selection_target(),
        string="New record from mail",
        help="What “Create record” opens. Empty: it asks.",
    )

    @property
    def SELF_READABLE_FIELDS(self):
        return [*super().SELF_READABLE_FIELDS, "mailbox_ids", "mailbox_default_model"]

    @property
    def SELF_WRITEABLE_FIELDS(self):
        return [*super().SELF_WRITEABLE_FIELDS, "mailbox_default_model"]

    def action_mailbox_new(self):
        """Ask for the address to connect."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Connect a mailbox"),
            "res_model": "mailbox.new",
            "view_mode": "form",
            "target": "new",
        }
