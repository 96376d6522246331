"""Nobody is told about older mail: no notification, no mail, no acknowledgement."""

from odoo import api, models

from ..routing import older


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def _notify_thread(self, message, msg_vals=False, **kwargs):
        if self.env.context.get(older.QUIET):
            return []
        return super()._notify_thread(message, msg_vals=msg_vals, **kwargs)


class MailMail(models.Model):
    _inherit = "mail.mail"

    @api.model_create_multi
    def create(self, vals_list):
        """Mail that other modules write while older mail is routed is kept, but does not go out."""
        if self.env.context.get(older.QUIET):
            why = self.env._("It was written while older mail was routed, which tells nobody.")
            vals_list = [{**vals, "state": "cancel", "failure_reason": why} for vals in vals_list]
        return super().create(vals_list)


class MailboxRoute(models.Model):
    _inherit = "mailbox.route"

    def _acknowledge(self, record, mail):
        if self.env.context.get(older.QUIET):
            return "older"
        return super()._acknowledge(record, mail)
