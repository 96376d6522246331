"""Settings, Mailbox: how fast mail shall be, and who is told when something is wrong."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..options import DEFAULTS


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    mailbox_alert_owner = fields.Selection(
        [("activity", "An activity"), ("nobody", "Nothing")],
        string="The owner gets",
        config_parameter="mailbox_sync.alert_owner",
        default=DEFAULTS["alert_owner"],
    )
    mailbox_alert_managers = fields.Selection(
        [
            ("notify", "A message each"),
            ("channel", "A message in a channel"),
            ("nobody", "Nothing"),
        ],
        string="Administrators get",
        config_parameter="mailbox_sync.alert_managers",
        default=DEFAULTS["alert_managers"],
    )
    mailbox_alert_channel_id = fields.Many2one(
        "discuss.channel", string="Channel", config_parameter="mailbox_sync.alert_channel"
    )
    mailbox_alert_lag_seconds = fields.Integer(
        string="Mail is late after (seconds)",
        help="Half of the mail of half an hour took longer. 0: never.",
    )
    mailbox_alert_silent_minutes = fields.Integer(
        string="Push is silent for (minutes)",
        help="So long it may be silent before somebody is told.",
    )
    mailbox_trace_days = fields.Integer(string="Keep the ways of mail (days)", help="0: for ever.")

    @api.constrains("mailbox_alert_managers", "mailbox_alert_channel_id")
    def _check_mailbox_alert_channel(self):
        for settings in self:
            wanted = settings.mailbox_alert_managers == "channel"
            if wanted and not settings.mailbox_alert_channel_id:
                raise ValidationError(self.env._("Choose the channel that alerts go to."))
