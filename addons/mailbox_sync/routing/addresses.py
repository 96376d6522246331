"""Which addresses are one: suffixes, dots that a provider ignores, other addresses of a contact.
And whose are never a contact. Always asked as superuser."""

import re
from functools import lru_cache

from odoo.tools import email_normalize

#: Gmail ignores dots in the local part, and has two names (support.google.com/mail/answer/7436150).
_NO_DOTS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
#: System parameter: addresses, domains and patterns with ``*`` that never become a contact.
NOBODY_PARAM = "mailbox_sync.nobody"
_MAX_PATTERNS = 500


#: What nearly all addresses are: letters and digits that mean nothing but themselves (RFC 5322
#: section 3.2.3, without the characters that nobody uses).
_PLAIN = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")


@lru_cache(maxsize=4096)
def normalized(address):
    """``email_normalize`` of Odoo, not strict; empty where there is no address. The same addresses
    come again and again; those in which nothing is to be read are not read."""
    if address and _PLAIN.fullmatch(address):
        return address.lower()
    return email_normalize(address or "", strict=False) or ""


@lru_cache(maxsize=4096)
def key_of(address):
    """What is the same for all spellings of an address: ``Ada.L+shop@GoogleMail.com`` is
    ``adal@gmail.com``; empty where there is no address."""
    normal = normalized(address)
    local, _, domain = normal.rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _NO_DOTS:
        local, domain = local.replace(".", ""), _NO_DOTS[domain]
    return f"{local}@{domain}" if local and domain else ""


def partners_by_key(env, keys):
    """Contacts by the key of one of their addresses, the oldest first."""
    wanted = sorted(key for key in keys if key)
    partners = env["res.partner"].sudo()
    found = {key: partners for key in wanted}
    if not wanted:
        return found
    for partner in partners.search([("mailbox_address_key", "in", wanted)], order="id"):
        found[partner.mailbox_address_key] |= partner
    others = env["mailbox.address"].sudo().search([("key", "in", wanted)], order="partner_id")
    for other in others.filtered("partner_id.active"):
        found[other.key] |= other.partner_id
    return found


def is_blocked(env, address):
    """Whether the company never wants a contact of this address."""
    listed = env["ir.config_parameter"].sudo().get_param(NOBODY_PARAM, "")
    lower = (address or "").lower()
    return bool(lower) and any(_matches(lower, entry) for entry in entries(listed))


def entries(text):
    """The entries of the list, in lower case, each once."""
    return list(dict.fromkeys(re.split(r"[\s,;]+", text.lower().strip())))[:_MAX_PATTERNS]


def _matches(address, entry):
    """``*`` stands for anything; an entry without ``@`` is a domain and what is below it."""
    if not entry:
        return False
    if "@" not in entry:
        domain = address.rpartition("@")[2]
        return domain == entry or domain.endswith(f".{entry}")
    pattern = ".*".join(map(re.escape, re.split(r"\*+", entry)))
    return re.fullmatch(pattern, address) is not None
