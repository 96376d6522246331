"""Append-only audit facts: nobody changes or removes one; age does."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError

_DEFAULT_DAYS = 365


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
        """Forget facts older than the system parameter ``mailbox_sync.event_days`` says (0:
        never)."""
        word = (
            self.env["ir.config_parameter"]
            .sudo()
            .get_param("mailbox_sync.event_days", _DEFAULT_DAYS)
        )
        days = int(word or 0)
        if days > 0:
            limit = fields.Datetime.now() - timedelta(days=days)
            self.env.cr.execute("DELETE FROM mailbox_event WHERE at < %s", [limit])
