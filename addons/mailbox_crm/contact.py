"""What a mail tells about who wrote it. Pure, but for the list of mail services for everybody,
which is Odoo's."""

import phonenumbers
from odoo.addons.iap.tools.iap_tools import mail_prepare_for_domain_search

from mailbox_core.mime.quote import new_text

#: Lines at the end of a mail in which a signature stands.
_LAST_LINES = 15
_CHARACTERS = 4_000


def phone(text, region):
    """The first telephone number of the signature, in international form; empty when there is none.

    ``region``: the country (ISO 3166) whose national numbers are understood.
    """
    lines = [line for line in new_text(text[:100_000]).splitlines() if line.strip()]
    signature = "\n".join(lines[-_LAST_LINES:])[-_CHARACTERS:]
    for found in phonenumbers.PhoneNumberMatcher(signature, region or None):
        return phonenumbers.format_number(
            found.number, phonenumbers.PhoneNumberFormat.INTERNATIONAL
        )
    return ""


def corporate_domain(address):
    """``@example.com``, empty for services where anybody may have an address."""
    domain = mail_prepare_for_domain_search(address)
    return domain if domain and domain.startswith("@") else ""
