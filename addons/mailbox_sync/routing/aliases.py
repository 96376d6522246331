"""Aliases of Odoo, for mail that came through a connected mailbox: Odoo's own gateway finds the
targets and checks who may write there (``mail.thread.message_route``)."""

from email.message import EmailMessage
from email.policy import SMTP

from . import gateway, process


def of(mail):
    """The aliases a mail is addressed to, as superuser."""
    facts = mail.facts
    asked = [one for one in (*facts.to, *facts.cc) if one in mail.batch.aliases]
    found = mail.row.env["mail.alias"].sudo()
    if not asked:
        return found
    names = [one.partition("@")[0] for one in asked]
    return found.search(
        [
            "|",
            ("alias_full_name", "in", asked),
            "&",
            ("alias_name", "in", names),
            ("alias_incoming_local", "=", True),
        ]
    )


def deliver(mail):
    """Hand the mail to the aliases it is addressed to, as a stock incoming server would; the
    records it reached, each with its alias and whether it is new.

    None of them: an alias does not take mail of this sender, and Odoo has told him so.
    """
    message = _message(mail)
    thread = gateway.thread_of(mail)
    values = gateway.message_dict(mail)
    routes = thread.message_route(message, values)
    if not routes:
        return []
    values.update(thread._message_parse_post_process(message, values, routes))
    process.run(thread, mail, values, routes, gateway.message_dict_id(mail), message)
    reached = []
    lines = sorted(gateway.lines_of(mail), key=lambda line: line.id)
    for line, (_, res_id, *_, alias) in zip(lines, routes, strict=False):
        record = mail.row.env[line.model].sudo().browse(line.res_id)
        reached.append((record, alias, not res_id))
    return reached


def _message(mail):
    """As much of the mail as Odoo needs to answer it. Not its source: Odoo reads headers with a
    parser that some mails bring down."""
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = gateway.message_dict_id(mail)
    message["From"] = mail.facts.sender
    message["To"] = mail.facts.mailbox
    return message
