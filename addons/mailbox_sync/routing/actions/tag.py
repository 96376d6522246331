"""Puts tags on the record."""

from odoo.exceptions import UserError
from odoo.tools import escape_psql

from .done import Done

NEEDS_RECORD = True
TELLS = False
#: Fields that hold tags, as Odoo's applications call them.
_FIELDS = ("tag_ids", "category_id", "category_ids")


def label(env):
    return env._("Tag")


def say(action):
    return action.env._("tag: %s", ", ".join(_names(action)))


def problem(action):
    if not _names(action):
        return action.env._("write the tags, separated by commas")
    model = action.route_id.target_model
    if action.route_id.action == "create" and model and not _field(action.env[model]):
        return action.env._("records of this kind have no tags")
    return ""


def check_author(action):
    """New tags need the right to make them."""
    model = action.route_id.target_model
    field = _field(action.env[model]) if model else None
    if field:
        tags = action.env[field.comodel_name]
        if len(_known(tags.sudo(), _names(action))) < len(_names(action)):
            tags.check_access("create")


def run(action, mail, record):
    """Add what is missing; tags that do not exist are made."""
    field = _field(record)
    if not field:
        raise UserError(action.env._("Records of this kind have no tags."))
    model = action.env[field.comodel_name].sudo()
    known = _known(model, _names(action))
    missing = [name for name in _names(action) if name.casefold() not in known]
    tags = model.concat(*known.values()) | model.create([{"name": name} for name in missing])
    record.write({field.name: [(4, tag.id) for tag in tags - record[field.name]]})
    return Done(", ".join(tags.mapped("name")))


def _names(action):
    return [name.strip() for name in (action.value or "").split(",") if name.strip()]


def _field(record):
    for name in _FIELDS:
        field = record._fields.get(name)
        if field is not None and field.type == "many2many":
            return field
    return None


def _known(model, names):
    found = {}
    for name in names:
        tag = model.search([("name", "=ilike", escape_psql(name))], limit=1)
        if tag:
            found[name.casefold()] = tag
    return found
