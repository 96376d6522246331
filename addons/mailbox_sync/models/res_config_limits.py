"""Settings, Mailbox: numbers that are options, and how often mail may go out or come in by itself
before it counts as a loop."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .. import options

_NUMBERS = (
    "alert_lag_seconds",
    "alert_silent_minutes",
    "trace_days",
    "automatic_limit",
    "automatic_pair_limit",
    "loop_pair_limit",
    "loop_pair_minutes",
)


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    mailbox_automatic_limit = fields.Integer(
        string="Automatic mails an hour to one correspondent",
        help="From all mailboxes together. 0: none is sent.",
    )
    mailbox_automatic_pair_limit = fields.Integer(
        string="Automatic mails a day from one mailbox to one correspondent",
        help="It ends slow loops. 0: none is sent.",
    )
    mailbox_loop_pair_limit = fields.Integer(
        string="Mails from one sender to one mailbox",
        help="Those that reach a record. What is more is left in the mailbox. 0: no limit.",
    )
    mailbox_loop_pair_minutes = fields.Integer(string="within (minutes)")

    @api.constrains(*(f"mailbox_{name}" for name in _NUMBERS))
    def _check_mailbox_numbers(self):
        for settings in self:
            if any(settings[f"mailbox_{name}"] < 0 for name in _NUMBERS):
                raise ValidationError(
                    self.env._("Times and limits of the mailbox settings begin at 0.")
                )

    @api.model
    def get_values(self):
        return super().get_values() | {
            f"mailbox_{name}": options.number(self.env, name) for name in _NUMBERS
        }

    def set_values(self):
        result = super().set_values()
        parameters = self.env["ir.config_parameter"].sudo()
        for name in _NUMBERS:
            parameters.set_param(f"mailbox_sync.{name}", str(self[f"mailbox_{name}"]))
        return result
