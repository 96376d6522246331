"""Companies by the domain of an address. Mail services for everybody say nothing about companies;
which those are is Odoo's own list (``iap``)."""

from odoo.addons.iap.tools.iap_tools import mail_prepare_for_domain_search
from odoo.tools import SQL


def corporate_domain(address):
    """``example.com``; empty for services where anybody may have an address."""
    domain = mail_prepare_for_domain_search(address)
    return domain[1:] if domain and domain.startswith("@") else ""


def of_company(partners, company):
    """Those of some contacts that a company of this installation knows, by the record rule of
    Odoo's contacts (``base.res_partner_rule``): people who work here, its own, and those of no
    company."""
    if not company or not partners:
        return partners
    known = company.sudo().parent_ids
    return partners.filtered(
        lambda one: not one.partner_share or not one.company_id or one.company_id in known
    )


def company_of(env, address, company=None):
    """The firm that ``company`` knows under an address's domain, none when there are several. As
    superuser."""
    domain = corporate_domain(address)
    found = companies_of(env, [domain] if domain else [])
    return only(found.get(domain, env["res.partner"].sudo()), company)


def only(firms, company):
    """The one of some firms that a company knows, none when there are several."""
    known = of_company(firms, company)
    return known if len(known) == 1 else known.browse()


def companies_of(env, domains):
    """The firms known under these domains, by domain. As superuser."""
    partners = env["res.partner"].sudo()
    if not domains:
        return {}
    partners.flush_model(["active", "is_company", "email_normalized"])
    env.cr.execute(
        SQL(
            """SELECT split_part(email_normalized, '@', 2), array_agg(id) FROM res_partner
               WHERE active AND is_company AND split_part(email_normalized, '@', 2) = ANY(%s)
               GROUP BY 1""",
            sorted(domains),
        )
    )
    return {domain: partners.browse(ids) for domain, ids in env.cr.fetchall()}
