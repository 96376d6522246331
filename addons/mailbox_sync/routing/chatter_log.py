"""Keeps business mail on the contacts it is with, as far as the owner of the mailbox wants that.

What is logged is a real line of the chatter, with author, recipients, date, files and the outside
Message-ID. Nobody is notified: those concerned have the mail. A logged line never draws replies:
they go to the record they belong to (``threads.py``), and where Odoo's own gateway looks for the
newest line, that of the record is newer, since mail is logged before it is routed.
"""

from . import gateway, people

#: RFC 2156 section 5.3.5, registered for mail by RFC 4021.
_SENSITIVE = ("personal", "private")
#: Words for why a mail is not logged, and what they mean; see ``words.log_reasons``.
NEVER, PRIVATE, MACHINE, FORGED, UNKNOWN, RULE = (
    "never", "private", "machine", "forged", "unknown", "rule",
)  # fmt: skip


def contacts_to_log(mail, plan):
    """The contacts on whom a mail is logged before it is routed: the policy or a rule says so."""
    if mail.row.mailbox_id.log_policy == "never" or plan.outcome == "ignore":
        return []
    asked = any(
        action.kind == "log" for route in (*plan.routes, *plan.extra) for action in route.action_ids
    )
    if refusal(mail, asked):
        return []
    return [partner for partner in contacts(mail) if not _gets_it_anyway(partner, plan)]


def refusal(mail, asked=False):
    """Why a mail is not logged, as a word; empty when it is. ``asked``: a rule wants it."""
    policy = mail.row.mailbox_id.log_policy
    if policy == "never":
        return NEVER
    if is_private(mail):
        return PRIVATE
    if mail.facts.authentic == "fail":
        return FORGED
    if policy == "rule" and not asked:
        return RULE
    if mail.facts.automatic and policy != "all" and not asked:
        return MACHINE
    return "" if contacts(mail) else UNKNOWN


def is_private(mail):
    """The writer, the owner of the mailbox, or a folder says that this is nobody else's
    business."""
    row = mail.row
    said = " ".join(mail.facts.header("Sensitivity")).lower().split()
    return (
        row._is_private_talk()
        or any(folder.is_private for folder in row.folder_ids)
        or any(word in said for word in _SENSITIVE)
    )


def contacts(mail):
    """The people outside whom a mail is with, as far as we know them: its sender, or for our own
    mail its recipients."""
    facts, directory = mail.facts, mail.batch.directory
    addresses = [*facts.to, *facts.cc] if facts.outgoing else [facts.sender]
    asked = [one for one in addresses if one and one not in facts.own and not people.is_nobody(one)]
    directory.learn(asked)
    company = mail.row.mailbox_id.company_id
    known = (directory.partner(one, company) for one in asked)
    found = mail.row.env["res.partner"].sudo().concat(*known)
    return found.filtered("partner_share")


def log(mail, record):
    """Add a mail to the chatter of a record without a word to anybody, once for every copy of it,
    in whichever mailbox; returns the line of this mailbox's log. What somebody withdrew stays so.
    """
    logs = mail.row.env["mailbox.log"].sudo()
    known = logs.search(
        [("rfc_id", "=", mail.key), ("model", "=", record._name), ("res_id", "=", record.id)]
    )
    own = known.filtered(lambda one: one.message_id == mail.row)
    if own or (not known and gateway.line_of(record, mail)):
        return own[:1]
    line = known.mail_message_id[:1]
    if not known:
        mail.deepen()
        line = gateway.append(record, mail, quiet=True)
        mail.batch.evidence.forget_line(line.message_id, line.id)
    return logs.create(
        {
            "message_id": mail.row.id,
            "mailbox_id": mail.row.mailbox_id.id,
            "rfc_id": mail.key,
            "model": record._name,
            "res_id": record.id,
            "mail_message_id": line.id,
            "is_copy": bool(known),
        }
    )


def _gets_it_anyway(partner, plan):
    """Whether the contact is the record that the mail is routed to."""
    if plan.candidate and plan.outcome in ("join", "note"):
        return plan.candidate.record == partner
    return any(
        route.target_model == partner._name
        if route.action == "create"
        else route.action == "record" and route.record_ref == partner
        for route in plan.routes
    )
