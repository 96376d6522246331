"""Values that a rule sets on the records it opens: which fields there are, what may be written into
them, and what becomes of it for one mail.

A value is kept as a short text whatever its kind: a number, the key of a choice, the ids of
records, days after the arrival, or words with placeholders such as ``{subject}``. There are no
expressions (decision 0011).
"""

import math
import re
from datetime import timedelta

from lxml import etree
from markupsafe import Markup, escape
from odoo import fields
from odoo.tools import format_date, format_datetime

from mailbox_core.mime.quote import new_text

_KINDS = {
    "char": "text",
    "text": "text",
    "html": "text",
    "integer": "whole",
    "float": "number",
    "monetary": "number",
    "boolean": "yes",
    "selection": "choice",
    "many2one": "record",
    "many2many": "records",
    "date": "days",
    "datetime": "days",
}
#: Mixins whose fields are not people's to fill.
_MIXINS = (
    "mail.thread",
    "mail.thread.blacklist",
    "mail.thread.cc",
    "mail.activity.mixin",
    "portal.mixin",
    "rating.mixin",
)
#: Records of the machinery, which no rule points at.
_MACHINERY = re.compile(r"(?:ir|mail|bus|mailbox|iap|digest|queue)\.")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
#: What Odoo's whole numbers hold.
_LARGEST = 2**31 - 1
_MOST_DAYS = 3650
_FIRST_LINES, _FIRST_CHARACTERS = 3, 300
_TEXT_CHARACTERS = 20_000


class Unfit(Exception):
    """A value that cannot be set; the message says why, for people."""


# -- what can be set -------------------------------------------------------------------------


def kind_of(model, name):
    """How a value for a field of ``model`` is written, empty when rules do not set the field."""
    field = model._fields.get(name)
    if field is None or not field.store or field.related or field.inherited:
        return ""
    if field.readonly or name in ("active", *_not_for_people(model)):
        return ""
    if field.relational and _MACHINERY.match(field.comodel_name or ""):
        return ""
    return _KINDS.get(field.type, "")


def _not_for_people(model):
    """Fields of mixins, and the address, which is the mail's."""
    names = {name for one in _MIXINS if one in model.env for name in model.env[one]._fields}
    address = getattr(model, "_mail_get_primary_email_field", lambda: None)()
    return names | {address}


def settable(model, used=()):
    """Fields that the form of ``model`` shows and the person may set, and those that are ``used``
    already, by their labels: dictionaries of ``name``, ``label``, ``kind``, ``comodel``,
    ``choices`` and ``domain``."""
    if not model.has_access("read"):
        return []
    wanted = ("string", "selection", "domain", "relation")
    names = [name for name in {*_shown(model), *used} if kind_of(model, name)]
    described = model.fields_get(names, wanted) if names else {}
    found = []
    for name, told in described.items():
        comodel = told.get("relation") or ""
        if not model._has_field_access(model._fields[name], "write"):
            continue
        if comodel and not model.env[comodel].has_access("read"):
            continue
        domain = told.get("domain")
        found.append(
            {
                "name": name,
                "label": told["string"],
                "kind": kind_of(model, name),
                "comodel": comodel,
                "choices": [list(pair) for pair in told.get("selection") or ()],
                "domain": domain if isinstance(domain, list) else [],
            }
        )
    return sorted(found, key=lambda one: one["label"].casefold())


def _shown(model):
    """Names of the fields that people fill in by hand: those of the form."""
    tree = etree.fromstring(model.get_view(view_type="form")["arch"])
    return {
        node.get("name")
        for node in tree.iter("field")
        if node.get("invisible") not in ("1", "True")
        and next(node.iterancestors("field"), None) is None
    }


def placeholders(env):
    """What of a mail can be put into a text, by name."""
    return {
        "subject": env._("subject"),
        "sender_name": env._("sender's name"),
        "sender_address": env._("sender's address"),
        "first_lines": env._("first lines"),
        "text": env._("text without quotations"),
        "date": env._("day of arrival"),
        "mailbox": env._("address of the mailbox"),
    }


def people(env, comodel):
    """Records that depend on the mail, by name, for fields that point at ``comodel``."""
    if comodel == "res.partner":
        return {
            "sender": env._("the sender's contact"),
            "sender_company": env._("the sender's company"),
        }
    if comodel == "res.users":
        return {"owner": env._("the owner of the mailbox")}
    return {}


# -- one value -------------------------------------------------------------------------------


def value_of(model, name, text, mail=None):
    """What is written into a field of ``model``, None when the mail has nothing for it.

    Without ``mail`` the value is only read as far as it depends on none. Raises Unfit.
    """
    kind = kind_of(model, name)
    if not kind:
        raise Unfit(model.env._("it is no field that rules set"))
    text = (text or "").strip()
    if not text:
        raise Unfit(model.env._("the value is missing"))
    return _READERS[kind](model.env, model._fields[name], text, mail)


def _text(env, field, text, mail):
    known = placeholders(env)
    unknown = [name for name in _PLACEHOLDER.findall(text) if name not in known]
    if unknown:
        raise Unfit(
            env._(
                "the mail has no {%(name)s}; it has %(known)s",
                name=unknown[0],
                known=", ".join(f"{{{name}}}" for name in known),
            )
        )
    if mail is None:
        return None if _PLACEHOLDER.search(text) else text
    facts = _facts(mail)
    told = _PLACEHOLDER.sub(lambda found: facts[found[1]], text).strip()
    if field.type == "char":
        told = " ".join(told.split())[: field.size or None]
    if field.type == "html":
        told = escape(told).replace("\n", Markup("<br/>"))
    return told or None


def _facts(mail):
    facts, row = mail.facts, mail.row
    words = new_text(facts.body).strip()
    lines = [line.strip() for line in words.splitlines() if line.strip()][:_FIRST_LINES]
    return {
        "subject": facts.subject,
        "sender_name": facts.sender_name or facts.sender,
        "sender_address": facts.sender,
        "first_lines": "\n".join(lines)[:_FIRST_CHARACTERS],
        "text": words[:_TEXT_CHARACTERS],
        "date": fields.Date.to_string(_day(mail)),
        "mailbox": row.mailbox_id.address or "",
    }


def _whole(env, field, text, mail):
    try:
        number = int(text)
    except ValueError:
        raise Unfit(env._("“%s” is no whole number", text)) from None
    if abs(number) > _LARGEST:
        raise Unfit(env._("“%s” is too large", text))
    return number


def _number(env, field, text, mail):
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Unfit(env._("“%s” is no number", text))
    return number


def _yes(env, field, text, mail):
    if text not in ("0", "1"):
        raise Unfit(env._("“%s” is neither yes nor no", text))
    return text == "1"


def _choice(env, field, text, mail):
    if text not in dict(field._description_selection(env)):
        raise Unfit(env._("“%s” is none of its choices", text))
    return text


def _record(env, field, text, mail):
    who = text[1:-1] if text[:1] == "{" and text[-1:] == "}" else ""
    if who in people(env, field.comodel_name):
        return _person(mail, who) if mail else None
    return _there(env, field, [text])[0]


def _person(mail, who):
    if who == "owner":
        return mail.row.mailbox_id.owner_id.id or None
    partner = mail.partner
    if who == "sender":
        return partner.id or None
    company = partner.commercial_partner_id
    if not company.is_company:
        directory = mail.batch.directory
        company = directory.company(mail.facts.sender, mail.row.mailbox_id.company_id)
    return company.id or None


def _records(env, field, text, mail):
    return [(6, 0, _there(env, field, text.split(",")))]


def _there(env, field, numbers):
    """Ids of records that are there. Raises Unfit."""
    if not all(one.strip().isdecimal() for one in numbers):
        raise Unfit(env._("choose from the list"))
    records = env[field.comodel_name].sudo().browse(int(one) for one in numbers)
    if len(records.exists()) < len(records):
        raise Unfit(env._("what was chosen does not exist any more"))
    return records.ids


def _days(env, field, text, mail):
    days = int(text) if text.isdecimal() else -1
    if not 0 <= days <= _MOST_DAYS:
        raise Unfit(env._("write a number of days from 0 to %s", _MOST_DAYS))
    if mail is None:
        return None
    later = timedelta(days=days)
    if field.type == "date":
        return _day(mail) + later
    return mail.row.date.replace(microsecond=0) + later


def _day(mail):
    """The day of arrival where the owner of the mailbox is."""
    row = mail.row.with_context(tz=mail.row.mailbox_id.owner_id.tz or "UTC")
    return fields.Datetime.context_timestamp(row, mail.row.date).date()


_READERS = {
    "text": _text,
    "whole": _whole,
    "number": _number,
    "yes": _yes,
    "choice": _choice,
    "record": _record,
    "records": _records,
    "days": _days,
}


# -- in words --------------------------------------------------------------------------------


def say(model, name, text):
    """The value of a rule in words, records by their names for those who may see them."""
    kind, env, text = kind_of(model, name), model.env, (text or "").strip()
    if not kind or not text:
        return text
    field = model._fields[name]
    if kind == "text":
        known = placeholders(env)
        return _PLACEHOLDER.sub(lambda found: f"‹{known.get(found[1], found[1])}›", text)
    if kind == "days":
        return env._("%s days after arrival", text) if text != "0" else env._("day of arrival")
    who = people(env, field.comodel_name).get(text[1:-1]) if kind == "record" else None
    if who:
        return f"‹{who}›"
    try:
        return say_value(model, name, value_of(model, name, text))
    except Unfit:
        return text


def say_line(model, name, text):
    """A value of a rule with the label of its field."""
    return f"{label_of(model, name)}: {say(model, name, text)}"


def say_value(model, name, value):
    """What is written into a field, in words and short."""
    field, env = model._fields[name], model.env
    if field.type == "many2one":
        return _say_records(env[field.comodel_name].browse(value))
    if field.type == "many2many":
        ids = value[0][2] if value and isinstance(value[0], list | tuple) else value
        return _say_records(env[field.comodel_name].browse(ids))
    if field.type == "selection":
        return dict(field._description_selection(env)).get(value, value)
    if field.type == "boolean":
        return env._("yes") if value else env._("no")
    if field.type == "date":
        return format_date(env, value)
    if field.type == "datetime":
        return format_datetime(env, value)
    if field.type == "html":
        value = re.sub(r"<[^>]*>", " ", value or "")
    told = " ".join(str(value).split())
    return f"{told[:80]}…" if len(told) > 80 else told


def _say_records(records):
    there = records.exists()
    if not there:
        return records.env._("(gone)")
    return ", ".join(
        one.display_name if one.has_access("read") else f"{one._name} {one.id}" for one in there
    )


def label_of(model, name):
    """The label of a field."""
    field = model._fields.get(name)
    return field._description_string(model.env) if field else name
