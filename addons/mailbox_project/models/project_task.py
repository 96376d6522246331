"""Tasks from mail."""

from odoo import models


class ProjectTask(models.Model):
    _name = "project.task"
    _inherit = ["project.task", "mailbox.routable.mixin"]
    _mailbox_known = frozenset({"project", "mailbox_project"})

    def _mailbox_open_domain(self):
        return [("is_closed", "=", False)]

    def _find_internal_users_from_address_mail(self, emails, project_id):
        """Odoo knows tasks by mail only through the alias of a project and fails without one."""
        project = self.env["project.project"].browse(project_id)
        if project_id and not (project.alias_name and project.alias_domain_id):
            project_id = False
        return super()._find_internal_users_from_address_mail(emails, project_id)

    def _mailbox_new(self, mail, values):
        task = super()._mailbox_new(mail, values)
        if values.get("user_ids"):
            # Odoo adds every user the mail was sent to, thus the owner of the mailbox.
            task.user_ids = values["user_ids"]
        return task
