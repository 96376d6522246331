"""References to records of other addons, which may be uninstalled."""

from odoo import fields


class KeptReference(fields.Reference):
    """A reference that is empty while its model is not there.

    Odoo's own raises KeyError then, and no list or board with such a row can be opened any more.
    The value stays in the database: it is whole again when the addon is.
    """

    def convert_to_record(self, value, record):
        model = (value or "").partition(",")[0]
        return super().convert_to_record(value if model in record.env else None, record)
