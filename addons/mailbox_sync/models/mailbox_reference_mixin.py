"""Rows that name a record of any model, which may be gone."""

from odoo import models
from odoo.exceptions import UserError


class MailboxReferenceMixin(models.AbstractModel):
    """For models with the fields ``model`` and ``res_id``."""

    _name = "mailbox.reference.mixin"
    _description = "Row That Names a Record"

    def _record(self):
        """The record, as the one who asks; None when it is gone, or its addon."""
        self.ensure_one()
        if not self.model or self.model not in self.env or not self.res_id:
            return None
        return self.env[self.model].browse(self.res_id).exists() or None

    def _record_number(self):
        """Kind and number: for those who may not see the name, and when the record is gone."""
        kind = self.env["ir.model"]._get(self.model).name or self.model or ""
        return f"{kind} {self.res_id or ''}".strip()

    def action_open(self):
        """Open the record. Raises UserError when it is gone."""
        record = self._record()
        if not record:
            raise UserError(
                self.env._(
                    "%s is gone: it was deleted, or its app was removed.", self._record_number()
                )
            )
        return record.get_formview_action()
