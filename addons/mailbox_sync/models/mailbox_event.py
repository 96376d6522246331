"""Append-only audit facts: nobody changes or removes one; age does."""

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..options import forget


class MailboxEvent(models.Model):
    _name = "mailbox.event"
    _description = "Mailbox Event"
    _order = "id DESC"
    _log_access = False

    at = fields.Datetime(required=True, default=fields.Datetime.now, index=True)
    mailbox_id = fields.Many2one("mailbox", ondelete="set null", index=True)
    user_id = fields.Many2one("res.users", default=lambda self: self.env.user, ondelete="set null")
    kind = fields.Char(required=True, index=True)
    model = fields.Char()
    res_id = fields.Many2oneReference(model_field="model")
    payload = fields.Json()

    def write(self, vals):
        """Refused, for superusers as well: an audit that can be edited proves nothing."""
        if vals:
            raise AccessError(self.env._("Audit facts are never changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        """Refused; see ``_gc_events``."""
        raise AccessError(self.env._("Audit facts are never removed by hand."))

    @api.autovacuum
    def _gc_events(self):
        """Forget facts older than the option ``event_days`` says (0: never)."""
        forget(self, "at", "event_days")
