"""What a rule sets on the tasks it opens."""

from odoo import fields, models


class MailboxRoute(models.Model):
    _inherit = "mailbox.route"

    project_id = fields.Many2one("project.project")
    project_tag_ids = fields.Many2many("project.tags", string="Tags of the task")

    def _record_values(self):
        values = super()._record_values()
        if self.target_model == "project.task":
            if self.project_id:
                values["project_id"] = self.project_id.id
            if self.project_tag_ids:
                values["tag_ids"] = [(6, 0, self.project_tag_ids.ids)]
            if self.user_id:
                values["user_ids"] = self.user_id.ids
        return values

    def _set_elsewhere(self):
        own = {"project_id", "tag_ids"} if self.target_model == "project.task" else set()
        return super()._set_elsewhere() | own
