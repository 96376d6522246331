"""Who somebody is here, and who belongs to a record. Always asked as superuser."""

import re
from collections import defaultdict

from odoo.tools import SQL, email_normalize_all

from . import addresses, companies
from .companies import of_company

#: Addresses of machines: never a contact.
_NOBODY = re.compile(
    r"(?:^|[._+-])(?:(?:no|do[-_.]?not|ne|não|nao)[-_.]?(?:reply|respond|responder|answer|contestar"
    r"|rispondere|pas[-_.]?repondre)|(?:keine?|nicht)[-_.]?(?:antwort|antworten)"
    r"|niet[-_.]?(?:be)?antwoorden|nie[-_.]?odpowiadaj)"
    r"|^(?:mailer-daemon|postmaster|bounces?|notifications?|notify|automailer|nobody|mailbot"
    r"|auto[-_.]?(?:confirm|mail|reply|response|notification)s?)(?![^\W\d_])",
    re.IGNORECASE,
)
#: Chatter lines that are looked through for participants, newest first.
_LINES = 200


def partner_of(env, address, company=None):
    """The partner with this address, else without its +suffix, else with another spelling or among
    the other addresses of a contact: internal users first, then those of the company, then the
    oldest. Contacts of other companies are strangers to ``company``."""
    return Directory(env).partner(address, company)


#: Key of the cursor's cache under which changes of contacts are counted (``res_partner.py``).
CHANGES = "mailbox_sync.partners"


class Directory:
    """Who is behind an address: asked for many at once, remembered while a batch is routed and no
    contact changes."""

    def __init__(self, env):
        self._partners = env["res.partner"].sudo()
        self._known = {}
        self._by_key = {}
        self._together = []
        self._wanted = set()
        self._companies = {}
        self._changes = self._count()

    def learn(self, wanted):
        """Look up addresses that nobody has asked for yet, in a few statements."""
        wanted = list(wanted)
        self._wanted.update(wanted)
        forms = {form for address in wanted for form in _forms(address)}
        self._look_up(forms.difference(self._known))
        keys = {addresses.key_of(address) for address in wanted if not self._exact(address)}
        self._look_up_keys(keys.difference(self._by_key))

    def forget(self):
        """Start again: what was found may have been rolled back."""
        self._known.clear()
        self._by_key.clear()
        self._together.clear()
        self._companies.clear()

    def company(self, address, company=None):
        """The firm that ``company`` knows under the domain of an address, none when there are
        several."""
        self._fresh()
        if address not in self._companies:
            domains = {one: companies.corporate_domain(one) for one in {*self._wanted, address}}
            found = companies.companies_of(self._partners.env, set(domains.values()) - {""})
            self._companies |= {
                one: found.get(domain, self._partners) for one, domain in domains.items()
            }
        return companies.only(self._companies[address], company)

    def partner(self, address, company=None):
        """The partner with this address, as ``partner_of``."""
        found = self._exact(address, company) or of_company(
            self._spelled(addresses.key_of(address)), company
        )
        if not found:
            return found
        first = found.sorted(lambda one: (one.partner_share, one.company_id != company, one.id))[:1]
        return first.with_prefetch([*self._together, *first.ids])

    def _exact(self, address, company=None):
        return next(
            (found for form in _forms(address) if (found := self.all(form, company))),
            self._partners,
        )

    def _spelled(self, key):
        """Every partner with an address of this key."""
        if not key:
            return self._partners
        self._fresh()
        if key not in self._by_key:
            self._look_up_keys({key})
        return self._by_key[key]

    def _look_up_keys(self, keys):
        self._by_key |= addresses.partners_by_key(self._partners.env, keys)

    def all(self, form, company=None):
        """Every partner that a company knows with exactly this normalised address, the oldest
        first."""
        self._fresh()
        if form not in self._known:
            self._look_up({form})
        return of_company(self._known[form], company)

    def _fresh(self):
        """Forget everything when a contact changed meanwhile."""
        if self._changes != self._count():
            self._changes = self._count()
            self.forget()

    def _count(self):
        return self._partners.env.cr.cache.get(CHANGES, 0)

    def _look_up(self, forms):
        if not forms:
            return
        # Read with the search: what they are is asked next.
        domain = [("email_normalized", "in", sorted(forms))]
        found = self._partners.search_fetch(domain, order="id")
        self._together += found.ids
        by_form = found.grouped("email_normalized")
        self._known |= {form: by_form.get(form, self._partners) for form in forms}


def _forms(address):
    """An address, and what it is without its suffix."""
    lower = (address or "").lower()
    return tuple(dict.fromkeys((lower, without_tag(lower)))) if lower else ()


def without_tag(address):
    """``ada+shop@example.org`` is ``ada@example.org`` (RFC 5233)."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def is_nobody(address):
    """Whether an address belongs to a machine by its name: no contact is made of it."""
    return bool(_NOBODY.search(address.rpartition("@")[0]))


def words_of(partner):
    """What rules may ask about a sender: ``known``, ``internal``, ``customer``, ``company``."""
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


def participants(record):
    """Addresses of those who belong to a record: its customer, its followers, and who wrote or got
    its mail."""
    return Circles().of(record)


class Circles:
    """Addresses of those who belong to records: asked for many records at once, kept up while a
    batch is routed."""

    def __init__(self):
        self._waiting = defaultdict(set)
        self._known = {}

    def expect(self, records):
        """Say which records will be asked about; nothing is looked up yet."""
        for record in records:
            if (record._name, record.id) not in self._known:
                self._waiting[record._name].add(record.id)

    def of(self, record):
        """The addresses of a record, in lower case."""
        key = (record._name, record.id)
        if key not in self._known:
            ids = self._waiting.pop(record._name, set()) | {record.id}
            found = _circles(record.env[record._name].sudo().browse(sorted(ids)))
            self._known |= {(record._name, res_id): people for res_id, people in found.items()}
        return self._known[key]

    def admit(self, record, addresses):
        """Mail to or from these was added to the record."""
        if (record._name, record.id) in self._known:
            self._known[record._name, record.id] |= {one.lower() for one in addresses if one}


def _circles(records):
    """The addresses that belong to each of some records of one model, by id."""
    found = {record.id: set() for record in records}
    if hasattr(records, "_mail_get_partners"):
        partners = records._mail_get_partners()
        field = records._mail_get_primary_email_field()
        for record in records:
            found[record.id].update(partners[record.id].mapped("email_normalized"))
            found[record.id].update(partners[record.id].mailbox_address_ids.mapped("email"))
            if field:
                found[record.id].update(email_normalize_all(record[field] or ""))
    records.env.flush_all()
    for res_id, address in _followers(records):
        found[res_id].add(address)
    for res_id, *texts, others in _correspondents(records):
        found[res_id].update(*(email_normalize_all(text or "") for text in texts), others)
    return {res_id: {one.lower() for one in some if one} for res_id, some in found.items()}


def _followers(records):
    records.env.cr.execute(
        SQL(
            """SELECT f.res_id, unnest(p.email_normalized || ARRAY(SELECT a.email
                   FROM mailbox_address a WHERE a.partner_id = p.id)::varchar[])
               FROM mail_followers f JOIN res_partner p ON p.id = f.partner_id
               WHERE f.res_model = %s AND f.res_id = ANY(%s)""",
            records._name,
            records.ids,
        )
    )
    return records.env.cr.fetchall()


def _correspondents(records):
    """Who wrote and who got the newest mails of each record."""
    told = records.env["mail.message"]._fields["partner_ids"]
    records.env.cr.execute(
        SQL(
            """SELECT r.id, m.email_from, m.incoming_email_to, m.incoming_email_cc, m.others
               FROM unnest(%s) AS r(id) CROSS JOIN LATERAL (
                   SELECT l.email_from, l.incoming_email_to, l.incoming_email_cc,
                       ARRAY(SELECT p.email_normalized FROM %s rel
                           JOIN res_partner p ON p.id = rel.%s WHERE rel.%s = l.id) AS others
                   FROM mail_message l WHERE l.model = %s AND l.res_id = r.id
                       AND l.message_type IN ('email', 'email_outgoing', 'comment')
                   ORDER BY l.id DESC LIMIT %s) m""",
            records.ids,
            SQL.identifier(told.relation),
            SQL.identifier(told.column2),
            SQL.identifier(told.column1),
            records._name,
            _LINES,
        )
    )
    return records.env.cr.fetchall()
