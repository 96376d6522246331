"""More about the sender than his address: what rules ask as tag, salesperson, country, company,
VIP. Always asked as superuser."""

from mailbox_core.rules.facts import Who


def who(partner):
    """What is kept about a contact and its company; empty for nobody.

    Names that are translated count in every language of this installation: whoever wrote the rule
    saw one of them.
    """
    if not partner:
        return Who()
    firm = partner.commercial_partner_id
    seller = partner.user_id or firm.user_id
    country = partner.country_id or firm.country_id
    return Who(
        # Apart: the union of two records is read by itself, not with the others of a batch.
        tags=_names(partner.category_id | firm.category_id),
        salesperson=_distinct([seller.name, seller.login]),
        country=_distinct([country.code, *_names(country)]),
        company=_distinct([partner.commercial_company_name]),
    )


def words(partner):
    """``vip`` if the contact or its company is one."""
    if not partner:
        return frozenset()
    both = partner | partner.commercial_partner_id
    return frozenset({"vip"}) if any(both.mapped("mailbox_vip")) else frozenset()


def _names(records):
    codes = [code for code, _name in records.env["res.lang"].get_installed()] if records else []
    return _distinct(
        name for code in codes for name in records.with_context(lang=code).mapped("name")
    )


def _distinct(values):
    return tuple(dict.fromkeys(value for value in values if value))
