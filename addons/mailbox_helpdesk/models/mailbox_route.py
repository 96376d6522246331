"""What a rule sets on the tickets it opens."""

from odoo import fields, models


class MailboxRoute(models.Model):
    _inherit = "mailbox.route"

    helpdesk_team_id = fields.Many2one("helpdesk.ticket.team", string="Helpdesk team")
    helpdesk_category_id = fields.Many2one("helpdesk.ticket.category", string="Category")
    helpdesk_tag_ids = fields.Many2many("helpdesk.ticket.tag", string="Tags")
    helpdesk_priority = fields.Selection(
        [("0", "Low"), ("1", "Medium"), ("2", "High"), ("3", "Very High")], string="Priority"
    )

    def _record_values(self):
        values = super()._record_values()
        if self.target_model == "helpdesk.ticket":
            chosen = {
                "team_id": self.helpdesk_team_id.id,
                "category_id": self.helpdesk_category_id.id,
                "priority": self.helpdesk_priority,
                "tag_ids": [(6, 0, self.helpdesk_tag_ids.ids)] if self.helpdesk_tag_ids else False,
            }
            values.update({name: value for name, value in chosen.items() if value})
        return values

    def _set_elsewhere(self):
        own = (
            {"team_id", "category_id", "tag_ids", "priority"}
            if self.target_model == "helpdesk.ticket"
            else set()
        )
        return super()._set_elsewhere() | own
