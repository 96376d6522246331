"""Who may change a rule, said before somebody tries."""

from odoo import api, fields, models
from odoo.exceptions import AccessError


class MailboxRoute(models.Model):
    _inherit = "mailbox.route"

    may_change = fields.Boolean(compute="_compute_may_change")

    @api.depends("mailbox_id")
    @api.depends_context("uid")
    def _compute_may_change(self):
        """Rules of the company are its managers', those of a mailbox its editors'."""
        company = self._makes_company_rules()
        for route in self:
            box = route.mailbox_id
            route.may_change = not route.id or (box._is_editor() if box else company)

    def write(self, vals):
        self._check_may_change()
        return super().write(vals)

    def unlink(self):
        self._check_may_change()
        return super().unlink()

    def _check_may_change(self):
        """Raises AccessError that says who may; the record rules say the same, without a reason."""
        refused = self.browse() if self.env.su else self.filtered(lambda one: not one.may_change)
        if refused:
            raise AccessError(
                self.env._(
                    "“%s” is not yours to change: rules of the company are changed by managers,"
                    " rules of a mailbox by those who may edit it.",
                    refused[0].name,
                )
            )
