"""Exports that a spreadsheet shows and does not run."""

from odoo import models

#: What a spreadsheet takes for a formula (or a link to a file), by its beginning. Odoo disarms
#: three of them in CSV, and none in XLSX.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "{=", "external:", "internal:")


class MailboxExportMixin(models.AbstractModel):
    _name = "mailbox.export.mixin"
    _description = "Texts of strangers are exported as text"

    def _export_rows(self, fields, *, _is_toplevel_call=True):
        """As in Odoo, with an apostrophe before what would be a formula (OWASP, *CSV injection*).

        Who wrote the mail chose the subject, the names and the names of files.
        """
        rows = super()._export_rows(fields, _is_toplevel_call=_is_toplevel_call)
        return [[_as_text(cell) for cell in row] for row in rows]


def _as_text(cell):
    if isinstance(cell, str) and cell.lower().startswith(_FORMULA):
        return "'" + cell
    return cell
