"""Companies by the domain of an address. Mail services for everybody say nothing about companies;
which those are is Odoo's own list (``iap``)."""

from odoo.addons.iap.tools.iap_tools import mail_prepare_for_domain_search


def corporate_domain(address):
    """``example.com``; empty for services where anybody may have an address."""
    domain = mail_prepare_for_domain_search(address)
    return domain[1:] if domain and domain.startswith("@") else ""


def company_of(env, address):
    """The company known under an address's domain, none when there are several. As superuser."""
    domain = corporate_domain(address)
    partners = env["res.partner"].sudo()
    if not domain:
        return partners
    found = partners.search(
        [("is_company", "=", True), ("email_normalized", "=like", f"%@{domain}")], limit=2
    )
    return found if len(found) == 1 else partners
