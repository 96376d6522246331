"""Companies by the domain of an address. Mail services for everybody say nothing about companies;
which those are is Odoo's own list (``iap``)."""

from odoo.addons.iap.tools.iap_tools import mail_prepare_for_domain_search
from odoo.tools import SQL


def corporate_domain(address):
    """``example.com``; empty for services where anybody may have an address."""
    domain = mail_prepare_for_domain_search(address)
    return domain[1:] if domain and domain.startswith("@") else ""


def company_of(env, address):
    """The company known under an address's domain, none when there are several. As superuser."""
    domain = corporate_domain(address)
    found = companies_of(env, [domain] if domain else [])
    return found.get(domain, env["res.partner"].sudo())


def companies_of(env, domains):
    """The companies known under these domains, by domain; those with several are not there. As
    superuser."""
    partners = env["res.partner"].sudo()
    if not domains:
        return {}
    partners.flush_model(["active", "is_company", "email_normalized"])
    env.cr.execute(
        SQL(
            """SELECT split_part(email_normalized, '@', 2), min(id) FROM res_partner
               WHERE active AND is_company AND split_part(email_normalized, '@', 2) = ANY(%s)
               GROUP BY 1 HAVING count(*) = 1""",
            sorted(domains),
        )
    )
    return {domain: partners.browse(id_) for domain, id_ in env.cr.fetchall()}
