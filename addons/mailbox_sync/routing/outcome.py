"""Carries out a plan: records, lines of chatter, links, the decision. One transaction, the
caller's."""

from odoo.tools import SQL, email_normalize

from . import gateway, people


def carry_out(mail, plan):
    """Do what the plan says; returns the outcome for the decision."""
    if plan.outcome in ("join", "note"):
        record = plan.candidate.record
        line = add(record, mail, quiet=plan.outcome == "note")
        link(mail, record, line, origin="thread")
        if plan.report is not None and plan.report.bounced:
            mark_bounced(mail, plan.report, record)
        return "noted" if plan.outcome == "note" else "joined"
    if plan.outcome in ("create", "record"):
        outcomes = [
            act(mail, route) for route in plan.routes if route.action in ("create", "record")
        ]
        return outcomes[0]
    return {"hold": "held", "skip": "skipped", "store": "stored", "ignore": "ignored"}.get(
        plan.outcome, plan.outcome
    )


def act(mail, route):
    """What one rule does with one mail: at most once for every copy of it, in whichever mailbox."""
    claimed = _claim(mail, route)
    if claimed is None:
        return "joined"
    if route.action == "record":
        record, opened = route.record_ref.sudo(), False
    else:
        record, opened = find_or_open(mail, route.target_model, route._record_values())
    if opened:
        claimed.write({"model": record._name, "res_id": record.id, "opened": True})
        line = gateway.line_of(record, mail)
        route._after_open(record, mail)
    else:
        line = add(record, mail)
        claimed.write({"model": record._name, "res_id": record.id})
    claimed.write({"mail_message_id": line.id, "is_primary": _is_first(claimed)})
    return "created" if opened else "joined"


def find_or_open(mail, model, values):
    """The record a target knows for this mail, else a new one; and whether it is new."""
    target = mail.row.env[model]
    found = target._mailbox_find(mail)
    if found:
        return found[:1], False
    if mail.row.mailbox_id.partner_policy == "always":
        make_partner(mail.row.env, mail.sender, mail.facts.sender)
    return target._mailbox_new(mail, {**target._mailbox_values(mail), **values}), True


def add(record, mail, quiet=False):
    """Add the mail to a record's chatter, by the target's own method where it has one."""
    if hasattr(record, "_mailbox_append"):
        return record._mailbox_append(mail, quiet=quiet)
    return gateway.append(record, mail, quiet=quiet)


def link(mail, record, line, origin):
    """Link the mail to a record, once."""
    row = mail.row
    model = row.env["mailbox.link"]
    known = model.search(
        [("message_id", "=", row.id), ("model", "=", record._name), ("res_id", "=", record.id)],
        limit=1,
    )
    if known:
        return known
    made = model.create(
        {
            "message_id": row.id,
            "rfc_id": mail.key,
            "model": record._name,
            "res_id": record.id,
            "mail_message_id": line.id,
            "origin": origin,
        }
    )
    made.is_primary = _is_first(made)
    return made


def _is_first(made):
    return not made.search_count(
        [("message_id", "=", made.message_id.id), ("is_primary", "=", True), ("id", "!=", made.id)],
        limit=1,
    )


def _claim(mail, route):
    """The link for this rule and this mail, None when a copy had it already: that record is linked
    then.

    The unique index decides between jobs that run at the same time; who loses is started again.
    """
    row = mail.row
    row.env.flush_all()
    row.env.cr.execute(
        SQL(
            """INSERT INTO mailbox_link (message_id, mailbox_id, conversation_id, route_id, rfc_id,
                   origin, create_uid, create_date, write_uid, write_date)
               VALUES (%s, %s, %s, %s, %s, 'rule', %s, now() AT TIME ZONE 'UTC', %s,
                   now() AT TIME ZONE 'UTC')
               ON CONFLICT (route_id, rfc_id) WHERE route_id IS NOT NULL DO NOTHING RETURNING id""",
            row.id,
            row.mailbox_id.id,
            row.conversation_id.id or None,
            route.id,
            mail.key,
            row.env.uid,
            row.env.uid,
        )
    )
    links = row.env["mailbox.link"]
    claimed = row.env.cr.fetchone()
    if claimed:
        return links.browse(claimed[0])
    other = links.search([("route_id", "=", route.id), ("rfc_id", "=", mail.key)], limit=1)
    if other.res_id and other.message_id != row:
        record = row.env[other.model].browse(other.res_id)
        if record.exists():
            link(mail, record, other.mail_message_id, origin="copy")
    return None


def make_partner(env, formatted, address):
    """A contact for an address, the known one if there is one; none for addresses of machines."""
    known = people.partner_of(env, address)
    if known or not address or people.is_nobody(address):
        return known
    return env["mail.thread"]._partner_find_from_emails_single([formatted])


def mark_bounced(mail, report, record):
    """Tell Odoo that mail to these people does not arrive, as its gateway does."""
    env = mail.row.env
    sent = env["mail.message"].search([("message_id", "=", report.message_id)], limit=1)
    values = gateway.message_dict(mail)
    for status in report.recipients:
        if status.action == "failed" and status.recipient:
            env["mail.thread"]._routing_handle_bounce(
                None,
                {
                    **values,
                    "bounced_email": status.recipient,
                    "bounced_partner": people.partner_of(env, status.recipient),
                    "bounced_msg_ids": [report.message_id],
                    "bounced_message": sent,
                },
            )


def set_customer(record, partner):
    """Name the customer of a record that has none, if the record's address is the partner's."""
    record = record.sudo()
    names = record._mail_get_partner_fields() if hasattr(record, "_mail_get_partner_fields") else []
    field = record._mail_get_primary_email_field()
    same = field and email_normalize(record[field] or "") == partner.email_normalized
    if same and names and not record[names[0]]:
        record[names[0]] = partner
