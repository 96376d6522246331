"""What a rule sets on the leads it opens."""

from odoo import fields, models


class MailboxRoute(models.Model):
    _inherit = "mailbox.route"

    crm_team_id = fields.Many2one("crm.team", string="Sales team")
    crm_type = fields.Selection(
        [("lead", "Lead"), ("opportunity", "Opportunity")],
        string="Open a",
        help="Empty: what the settings of CRM say.",
    )
    crm_source_id = fields.Many2one("utm.source", string="Source")

    def _record_values(self):
        values = super()._record_values()
        if self.target_model == "crm.lead":
            chosen = {
                "team_id": self.crm_team_id.id,
                "type": self.crm_type,
                "source_id": self.crm_source_id.id,
            }
            values.update({name: value for name, value in chosen.items() if value})
        return values

    def _set_elsewhere(self):
        own = {"team_id", "type", "source_id"} if self.target_model == "crm.lead" else set()
        return super()._set_elsewhere() | own
