"""Who somebody is here, and who belongs to a record. Always asked as superuser."""

import re

from odoo.tools import email_normalize, email_normalize_all

#: Addresses of machines: never a contact.
_NOBODY = re.compile(
    r"(?:no|do[-_.]?not|ne)[-_.]?(?:reply|respond|pas[-_.]?repondre)|mailer-daemon|postmaster"
    r"|bounces?|notifications?|automailer|nobody",
    re.IGNORECASE,
)
#: Chatter lines that are looked through for participants, newest first.
_LINES = 200


def partner_of(env, address):
    """The partner with this address, else without its +suffix: internal users first, then the
    oldest."""
    if not address:
        return env["res.partner"]
    partners = env["res.partner"].sudo()
    for form in dict.fromkeys((address.lower(), without_tag(address.lower()))):
        found = partners.search([("email_normalized", "=", form)], order="id")
        if found:
            return found.sorted(lambda one: (one.partner_share, one.id))[:1]
    return partners


def without_tag(address):
    """``ada+shop@example.org`` is ``ada@example.org`` (RFC 5233)."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def is_nobody(address):
    """Whether an address belongs to a machine by its name: no contact is made of it."""
    return bool(_NOBODY.match(address.partition("@")[0]))


def words(env, address):
    """What rules may ask about a sender: ``known``, ``internal``, ``customer``, ``company``."""
    partner = partner_of(env, address)
    if not partner:
        return frozenset()
    found = {"known"}
    if partner.is_company or partner.parent_id:
        found.add("company")
    if not partner.partner_share:
        found.add("internal")
    elif "customer_rank" in partner._fields and partner.commercial_partner_id.customer_rank:
        found.add("customer")
    return frozenset(found)


def is_internal(env, address):
    """Whether somebody who works here is known by this address."""
    return "internal" in words(env, address)


def participants(record):
    """Addresses of those who belong to a record: its customer, its followers, and who wrote or got
    its mail."""
    record = record.sudo()
    found = set()
    if hasattr(record, "_mail_get_partners"):
        partners = record._mail_get_partners()[record.id]
        found.update(partners.mapped("email_normalized"))
        field = record._mail_get_primary_email_field()
        if field:
            found.update(email_normalize_all(record[field] or ""))
    if "message_partner_ids" in record._fields:
        found.update(record.message_partner_ids.mapped("email_normalized"))
    found.update(_correspondents(record))
    return {one.lower() for one in found if one}


def _correspondents(record):
    lines = record.env["mail.message"].search(
        [
            ("model", "=", record._name),
            ("res_id", "=", record.id),
            ("message_type", "in", ("email", "email_outgoing", "comment")),
        ],
        limit=_LINES,
    )
    for line in lines:
        yield email_normalize(line.email_from or "") or ""
        yield from email_normalize_all(
            f"{line.incoming_email_to or ''},{line.incoming_email_cc or ''}"
        )
        yield from line.partner_ids.mapped("email_normalized")
