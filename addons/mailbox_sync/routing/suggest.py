"""Records that a waiting mail may belong to: what a person is shown who is about to add it to one.

Asked with the rights of the person; only what he may change is found. Of models whose records end
(``_mailbox_open_domain``) only those that are open.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from odoo.fields import Domain
from odoo.tools import escape_psql

from mailbox_core.rules import clues as core_clues

from . import clues, companies, people

#: How much a reason counts; the best comes first.
WEIGHTS = {
    "refers": 100,
    "conversation": 90,
    "subject": 80,
    "sender": 60,
    "earlier": 50,
    "contact": 40,
    "company": 30,
}
#: As many as a person can look through, and as many as are looked at for one reason.
_SHOWN, _LOOKED_AT = 5, 20


@dataclass
class Suggestion:
    """A record and why the mail may belong there: words that say more, by reason."""

    record: object
    reasons: dict = field(default_factory=dict)

    @property
    def told(self):
        """Reasons worth telling, the strongest first: whose record it is says which company's."""
        idle = {"company"} if "sender" in self.reasons else set()
        return sorted(self.reasons.keys() - idle, key=WEIGHTS.get, reverse=True)

    @property
    def rank(self):
        """The best first: the strongest reason, then all of them, then what changed last."""
        weights = [WEIGHTS[reason] for reason in self.reasons]
        changed = self.record.write_date.timestamp() if self.record.write_date else 0
        return -max(weights), -sum(weights), -changed


def suggest(message, referred=None):
    """``Suggestion`` objects for a message, the best first. ``referred``: the record that the
    mail was found to refer to."""
    found = defaultdict(dict)
    if referred:
        found[referred._name, referred.id]["refers"] = ""
    for target, reason, words in (*_by_mail(message), *_by_people(message)):
        found[target].setdefault(reason, words)
    records = _open_and_writable(message.env, found)
    some = [Suggestion(records[target], why) for target, why in found.items() if target in records]
    return sorted(some, key=lambda one: one.rank)[:_SHOWN]


def _by_mail(message):
    """What the mail itself leads to: its conversation and its subject."""
    talk = message.conversation_id
    if talk:
        links = message.env["mailbox.link"].search(
            [("conversation_id", "=", talk.id), ("message_id", "!=", message.id)],
            limit=_LOOKED_AT,
        )
        yield from (((link.model, link.res_id), "conversation", "") for link in links)
    references = core_clues.subject_references(message.subject or "")
    for reference, target in clues.numbered(message.env, references):
        yield target, "subject", reference


def _by_people(message):
    """Records of the sender, and of his company."""
    env, address = message.env, (message.from_email or "").lower()
    if not address:
        return
    company = message.mailbox_id.sudo().company_id
    partner = people.partner_of(env, address, company)
    firm = partner.commercial_partner_id if partner.parent_id or partner.is_company else None
    firm = firm or companies.company_of(env, address, company)
    domain = companies.corporate_domain(address)
    earlier = env["mailbox.link"].search(
        [
            ("mailbox_id", "=", message.mailbox_id.id),
            ("message_id", "!=", message.id),
            ("message_id.from_email", "=ilike", escape_psql(address)),
        ],
        limit=_LOOKED_AT,
    )
    for link in earlier:
        yield (link.model, link.res_id), "earlier", ""
    for name in env["mailbox.route"]._targets():
        model = env[name]
        if not model.has_access("write"):
            continue
        if name == "res.partner":
            yield from (((name, one.id), "contact", "") for one in partner)
            continue
        for record in _search(model, _of(model, partner, address)):
            yield (name, record.id), "sender", ""
        for record in _search(model, _of_firm(model, firm, domain)):
            yield (name, record.id), "company", firm.name or domain


def _search(model, domain):
    if domain.is_false():
        return model
    domain &= Domain(model._mailbox_open_domain())
    return model.search(domain, order="write_date DESC, id DESC", limit=_LOOKED_AT)


def _of(model, partner, address):
    """Records whose customer the sender is, or that have his address."""
    domain = Domain.FALSE
    for name in _customer_fields(model) if partner else ():
        domain |= Domain(name, "in", partner.ids)
    place = _address_field(model)
    return domain | Domain(place, "=ilike", escape_psql(address)) if place else domain


def _of_firm(model, firm, corporate):
    """Records of others at the sender's company, by customer or by the domain of the address."""
    domain = Domain.FALSE
    for name in _customer_fields(model) if firm else ():
        domain |= Domain(f"{name}.commercial_partner_id", "in", firm.ids)
    place = _address_field(model)
    if place and corporate:
        domain |= Domain(place, "=ilike", f"%@{escape_psql(corporate)}")
    return domain


def _customer_fields(model):
    return [name for name in model._mail_get_partner_fields() if model._fields[name].store]


def _address_field(model):
    """The stored field with the bare address of the customer, else the one with his address."""
    if "email_normalized" in model._fields and model._fields["email_normalized"].store:
        return "email_normalized"
    name = model._mail_get_primary_email_field()
    return name if name and model._fields[name].store else None


def _open_and_writable(env, found):
    """The records, by model and id, that are there, open, and the person's to change."""
    ids = defaultdict(set)
    for model, res_id in found:
        if model in env and res_id:
            ids[model].add(res_id)
    records = {}
    for name, some in ids.items():
        there = env[name].browse(sorted(some)).exists()._filtered_access("write")
        if hasattr(there, "_mailbox_open_domain"):
            there = there.filtered_domain(there._mailbox_open_domain())
        records |= {(name, record.id): record for record in there}
    return records
