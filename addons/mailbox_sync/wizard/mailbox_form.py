"""A form about one mailbox: only for those who may operate it."""

from odoo import api, models


class MailboxForm(models.AbstractModel):
    _name = "mailbox.form"
    _description = "Form About a Mailbox"

    # Not @api.constrains: those run as superuser, and a form for somebody else's mailbox would tell
    # its name and size.
    @api.model_create_multi
    def create(self, vals_list):
        for values in vals_list:
            self._check_mailbox(values)
        return super().create(vals_list)

    def write(self, vals):
        self._check_mailbox(vals)
        return super().write(vals)

    def _check_mailbox(self, values):
        if values.get("mailbox_id"):
            self.env["mailbox"].browse(values["mailbox_id"])._check_operator()
