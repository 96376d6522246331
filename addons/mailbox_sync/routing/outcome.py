"""Carries out a plan: records, lines of chatter, links. One transaction, the caller's.

Links are noted in the batch and written at its end, with the decisions (``book.py``).
"""

from odoo.tools import email_normalize, formataddr
from odoo.tools.mail import email_split_tuples

from mailbox_core.mime.person import person_name

from . import addresses, aliases, companies, gateway, people
from .threads import Link

#: What a decision is called when nothing is done to a record.
_QUIET = {
    "hold": "held",
    "skip": "skipped",
    "store": "stored",
    "ignore": "ignored",
    "act": "acted",
}


def is_quiet(plan):
    """Whether the plan does nothing but write itself down."""
    return not plan.extra and (plan.outcome in _QUIET or plan.outcome == "triage")


def carry_out(mail, plan):
    """Do what the plan says; returns the outcome for the decision. Raises RawMissing."""
    if is_quiet(plan):
        return _QUIET.get(plan.outcome, plan.outcome)
    mail.deepen()
    if plan.outcome in ("join", "note"):
        record = plan.candidate.record
        line = add(record, mail, quiet=plan.outcome == "note")
        link(mail, record, line, origin="thread")
        if plan.report is not None and plan.report.bounced:
            mark_bounced(mail, plan.report, record)
        return "noted" if plan.outcome == "note" else "joined"
    if plan.outcome == "alias":
        return _to_aliases(mail, plan)
    if plan.outcome not in ("create", "record"):
        return _QUIET.get(plan.outcome, plan.outcome)
    acting = [one for one in plan.routes if one.action in ("create", "record")]
    outcomes = [act(mail, route, plan) for route in acting if not route._has_lost()]
    return outcomes[0]


def _to_aliases(mail, plan):
    """Let Odoo's gateway do what the aliases say; a mail it does not let in waits."""
    records = aliases.deliver(mail)
    for record, alias, opened in records:
        line = gateway.line_of(record, mail)
        link(mail, record, line, origin="alias", alias=alias, opened=opened)
        if opened:
            mail.batch.count_opened(mail)
    if not records:
        plan.reason = "alias_refused"
        return "triage"
    return "created" if any(opened for *_, opened in records) else "joined"


def act(mail, route, plan):
    """What one rule does with one mail: at most once for every copy of it, in whichever mailbox.

    Between jobs that run at the same time the unique index decides; who loses starts again.
    """
    evidence = mail.batch.evidence
    for other in evidence.links_of(mail.key):
        if other.route_id == route.id:
            record = evidence.record(*other.target)
            if record is not None and other.row_id != mail.row.id:
                lines = record.env["mail.message"]
                link(mail, record, lines.browse(other.line_id), origin="copy")
            return "joined"
    if route.action == "record":
        record, opened = route.record_ref.sudo(), False
    else:
        values, left = route._values_for(mail)
        record, opened = find_or_open(mail, route.target_model, values)
        if opened and left and left_out(left) not in plan.steps:
            plan.steps.append(left_out(left))
    line = gateway.line_of(record, mail) if opened else add(record, mail)
    link(mail, record, line, origin="rule", route=route, opened=opened)
    if opened:
        mail.batch.count_opened(mail)
        route._after_open(record, mail)
    return "created" if opened else "joined"


def left_out(pairs):
    """The step of a decision that says which values could not be set, as pairs of label and why."""
    return {"stage": "values", "result": "left_out", "evidence": pairs}


def find_or_open(mail, model, values):
    """The record a target knows for this mail, else a new one; and whether it is new."""
    target = mail.row.env[model]
    found = target._mailbox_find(mail)
    if found:
        return found[:1], False
    if mail.row.mailbox_id.partner_policy == "always":
        company = mail.row.mailbox_id.company_id
        make_partner(mail.row.env, mail.sender, mail.facts.sender, company)
    return target._mailbox_new(mail, {**target._mailbox_values(mail), **values}), True


def add(record, mail, quiet=False):
    """Add the mail to a record's chatter, by the target's own method where it has one."""
    if hasattr(record, "_mailbox_append"):
        line = record._mailbox_append(mail, quiet=quiet)
    else:
        line = gateway.append(record, mail, quiet=quiet)
    facts = mail.facts
    mail.batch.evidence.circles.admit(record, (facts.sender, *facts.to, *facts.cc))
    return line


def link(mail, record, line, origin, route=None, opened=False, alias=None):
    """Note that the mail is linked to a record, once."""
    row = mail.row
    known = mail.batch.links_of(row)
    if any(one.target == (record._name, record.id) for one in known):
        return
    found = Link(
        row.id,
        mail.key,
        row.conversation_id.id,
        record._name,
        record.id,
        line.id,
        route.id if route else None,
        mail.facts.sender,
    )
    values = {
        "message_id": row.id,
        "mailbox_id": row.mailbox_id.id,
        "conversation_id": row.conversation_id.id,
        "rfc_id": mail.key,
        "model": record._name,
        "res_id": record.id,
        "mail_message_id": line.id,
        "route_id": found.route_id,
        "alias_id": alias.id if alias else None,
        "origin": origin,
        "opened": opened,
        "is_primary": not known,
    }
    mail.batch.pending.append((found, values))


def make_partner(env, formatted, address, company):
    """A contact for an address, the one that the company of the mailbox knows if there is one; none
    for addresses of machines and those that nobody wants. It belongs to the firm known under its
    domain."""
    known = people.partner_of(env, address, company)
    if known or not address or people.is_nobody(address) or addresses.is_blocked(env, address):
        return known
    display = next((name for name, _ in email_split_tuples(formatted)), "")
    name = person_name(display or "", address)
    told = formataddr((name, address)) if name != address else address
    partner = env["mail.thread"]._partner_find_from_emails_single(
        [told], filter_found=lambda one: bool(companies.of_company(one, company))
    )
    firm = companies.company_of(env, address, company)
    if firm and not partner.parent_id and partner != firm:
        partner.sudo().parent_id = firm
    return partner


def mark_bounced(mail, report, record):
    """Tell Odoo that mail to these people does not arrive, as its gateway does."""
    env = mail.row.env
    sent = _reported_line(mail, report.message_id)
    values = gateway.message_dict(mail)
    for status in report.recipients:
        if status.action == "failed" and status.recipient:
            env["mail.thread"]._routing_handle_bounce(
                None,
                {
                    **values,
                    "bounced_email": status.recipient,
                    "bounced_partner": people.partner_of(
                        env, status.recipient, mail.row.mailbox_id.company_id
                    ),
                    "bounced_msg_ids": [report.message_id, *sent.mapped("message_id")],
                    "bounced_message": sent,
                },
            )


def _reported_line(mail, message_id):
    """The line of a chatter that a report is about, also by the Message-ID a relay gave it."""
    evidence = mail.batch.evidence
    ids = [line.id for line in evidence.lines(message_id)]
    ids += [link.line_id for link in evidence.links_of(message_id) if link.line_id]
    return mail.row.env["mail.message"].browse(ids[:1])


def set_customer(record, partner):
    """Name the customer of a record that has none, if the record's address is the partner's;
    returns the field that was filled, None when none was."""
    record = record.sudo()
    names = record._mail_get_partner_fields() if hasattr(record, "_mail_get_partner_fields") else []
    field = record._mail_get_primary_email_field()
    same = field and email_normalize(record[field] or "") == partner.email_normalized
    if not same or not names or record[names[0]]:
        return None
    record[names[0]] = partner
    return names[0]
