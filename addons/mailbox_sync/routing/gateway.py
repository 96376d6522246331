"""Hands a mail to a record the way Odoo's own gateway does.

Everything goes through ``message_new``, ``message_update`` and ``message_post`` of the target, so
that what other modules do there happens here too; the outside Message-ID is kept, so that Odoo's
gateway knows replies and copies of this mail.
"""

from markupsafe import Markup
from odoo import fields
from odoo.tools import email_normalize
from odoo.tools.mail import append_content_to_html

from mailbox_core.errors import ProviderError
from mailbox_core.mime.parse import iter_parts

from ..store.raw import RawMissing
from . import clues, process, together
from .addresses import normalized
from .known import KNOWN, gateways_html

#: The context key of a list that takes every ``Line`` which is posted.
POSTED = "mailbox_posted"


def message_dict(mail, clean=None):
    """What ``mail.thread.message_parse`` makes of a mail, from our own parse.

    The date is when the provider received it: clocks of senders are wrong, sometimes on purpose.
    ``clean``: what makes HTML harmless, Odoo's own way by default.
    """
    mail.deepen()
    email, row = mail.email, mail.row
    to, cc = _line(email.to), _line(email.cc)
    aliases = mail.batch.aliases
    return {
        "message_type": "email_outgoing" if mail.facts.outgoing else "email",
        "message_id": message_dict_id(mail),
        "subject": email.subject,
        "email_from": mail.sender,
        "from": mail.sender,
        "to": to,
        "cc": cc,
        "recipients": ",".join(filter(None, (to, cc))),
        "to_filtered": _line(one for one in email.to if one.email.lower() not in aliases),
        "cc_filtered": _line(one for one in email.cc if one.email.lower() not in aliases),
        "references": " ".join(email.references),
        "in_reply_to": " ".join(email.in_reply_to),
        "date": fields.Datetime.to_string(row.date),
        "body": _body(email, clean or gateways_html),
        "attachments": list(_attachments(mail)),
    }


def open_record(env, model, mail, values):
    """A new record of ``model`` with the mail as its first line; returns it."""
    target, clean = env[model], None
    if target._mailbox_leaves_text and together.is_work():
        clean = _once(mail)
    values_of_mail = mail.row._before_post(mail, target, message_dict(mail, clean))
    route = (model, 0, values, env.uid, None)
    thread = thread_of(mail)
    values_of_mail.update(_people(thread, mail, values_of_mail, route))
    values_of_mail.update(_short_text(target, mail))
    with together.sharing():
        record_id = process.run(thread, mail, values_of_mail, [route], message_dict_id(mail))
    record = env[model].browse(record_id)
    mail.row._after_post(mail, record, line_of(record, mail))
    return record


def append(record, mail, quiet=False):
    """Add the mail to a record's chatter; returns the line, the old one when it is there already.

    ``quiet``: as an internal note that tells nobody outside, reopens nothing and updates nothing.
    """
    found = line_of(record, mail)
    if found:
        return found
    values = mail.row._before_post(mail, record, message_dict(mail, _once(mail)))
    route = (record._name, record.id, {}, record.env.uid, None)
    thread = thread_of(mail)
    values.update(_people(thread, mail, values, route))
    if quiet:
        line = _note(thread.env[record._name].browse(record.id), values)
    else:
        parent = _parent(record, mail)
        if parent:
            values.update(thread._message_parse_extract_from_parent(parent))
        values.update(_short_text(record, mail))
        with together.sharing():
            process.run(thread, mail, values, [route], message_dict_id(mail))
        line = line_of(record, mail)
    mail.row._after_post(mail, record, line)
    return line


def line_of(record, mail):
    """The line of the record's chatter that is this mail."""
    lines = record.env["mail.message"].sudo()
    for line in lines_of(mail):
        if (line.model, line.res_id) == (record._name, record.id):
            return lines.browse(line.id)
    return lines


def lines_of(mail):
    """All lines of chatters that are this mail, with what was posted just now."""
    evidence = mail.batch.evidence
    for line in mail.batch.posted:
        evidence.note_line(line)
    mail.batch.posted.clear()
    ids = (message_dict_id(mail), *clues.own_ids(mail))
    return [line for message_id in ids for line in evidence.lines(message_id)]


def message_dict_id(mail):
    """The Message-ID a mail has in the chatter."""
    return mail.email.message_id or f"<{mail.row.raw_sha256 or mail.row.id}@mailbox.invalid>"


def thread_of(mail):
    """Odoo's gateway, with a list for what it posts and what is known of the batch."""
    batch = mail.batch
    return batch.env["mail.thread"].with_context(**{POSTED: batch.posted, KNOWN: batch.known})


def _people(thread, mail, values, route):
    """Author and recipients as contacts, as ``_message_parse_post_process`` of Odoo finds them.

    Its answer depends on the record only where an address has several contacts; elsewhere it is
    known from the lookup for the whole batch.
    """
    if process.is_gateways(type(thread)._message_parse_post_process):
        author = _only(mail, [mail.facts.sender])
        others = _only(mail, [one.email for one in (*mail.email.to, *mail.email.cc)])
        if author is not None and others is not None:
            author = author or mail.partner
            return {"author_id": author.id, "partner_ids": others.ids}
    return thread._message_parse_post_process(None, values, [route])


def _only(mail, addresses):
    """The contacts with these addresses, None when an address leaves a choice."""
    batch = mail.batch
    found = batch.env["res.partner"]
    for address in addresses:
        form = normalized(address)
        if not form:
            return None
        if form not in batch.aliases:
            some = batch.directory.all(form, mail.row.mailbox_id.company_id)
            if len(some) > 1:
                return None
            found |= some.with_env(batch.env)
    return found


def _parent(record, mail):
    """The line that the mail answers, as Odoo chooses it, if it is in this record's chatter."""
    evidence = mail.batch.evidence
    chain = [*mail.email.in_reply_to[:1], *mail.email.references[-_REFERENCES:]]
    direct = evidence.lines(chain[0]) if mail.email.in_reply_to else ()
    lines = direct or sorted(
        (line for one in chain for line in evidence.lines(one)), key=lambda line: -line.id
    )
    if lines and (lines[0].model, lines[0].res_id) == (record._name, record.id):
        mail.batch.known.note_parent(lines[0])
        return evidence.message(lines[0])
    return None


#: As many references as Odoo looks at to find a parent.
_REFERENCES = 32


def reset_bounces(env, senders):
    """Who writes does receive mail: what bounced from these addresses before is forgotten, as
    Odoo's gateway does for each mail."""
    forms = sorted({form for one in senders if (form := email_normalize(one))})
    if not forms:
        return
    marked = env["ir.model"].sudo().search([("is_mail_blacklist", "=", True)])
    names = [one.model for one in marked if one.model in env and not env[one.model]._abstract]
    for name in names:
        domain = [("message_bounce", ">", 0), ("email_normalized", "in", forms)]
        for address in set(env[name].sudo().search(domain).mapped("email_normalized")):
            env["mail.thread"]._routing_reset_bounce(None, {"email_from": address})


def _note(record, values):
    partners = values.pop("partner_ids", None) or []
    root = record.with_user(record.env.ref("base.user_root"))
    root = root.with_context(mail_post_autofollow_author_skip=True, mail_create_nosubscribe=True)
    line = root.message_post(
        body=values["body"],
        subject=values["subject"],
        message_type=values["message_type"],
        email_from=values["email_from"],
        author_id=values.get("author_id"),
        subtype_xmlid="mail.mt_note",
        attachments=values["attachments"],
        incoming_email_to=values["to_filtered"],
        incoming_email_cc=values["cc_filtered"],
        message_id=values["message_id"],
        date=values["date"],
    )
    if partners:  # afterwards, as Odoo's gateway does: they have the mail already
        line.partner_ids = partners
    return line


def _line(addresses):
    return ",".join(f'"{one.name}" <{one.email}>' if one.name else one.email for one in addresses)


def _body(email, clean):
    if email.html:
        return Markup(clean(email.html))  # noqa: S704  (sanitised just there)
    return append_content_to_html("", email.text or "", preserve=True)


def _short_text(record, mail):
    """The plain text, for who is told by short message (addon ``sms``), which else makes one of
    every HTML text before it looks whether anybody is."""
    asked = "sms_content" in record._get_notify_valid_parameters()
    return {"sms_content": mail.email.text} if asked and mail.email.text else {}


def _once(mail):
    """What makes HTML harmless for lines of chatters, so that they need not do it again."""
    field = mail.batch.env["mail.message"]._fields["body"]
    return lambda html: mail.batch.known.clean(field, html)


def _attachments(mail):
    make = mail.row.env["mail.thread"]._Attachment
    for found, inside in iter_parts(mail.source):
        part = found.part
        octets = _fetched(mail, part) if inside is None else inside
        if octets is not None:
            info = {"cid": part.content_id} if part.content_id else {}
            yield make(part.filename or "attachment", octets, info)


def _fetched(mail, part):
    """The bytes of a part that stayed at the provider, None when the mailbox leaves it there."""
    line = mail.row.attachment_ids.filtered(lambda one: one.path == part.ref.path)[:1]
    if not line:
        return None
    try:
        return line.attachment_id.raw or line._from_provider("attachments")
    except (ProviderError, RawMissing):
        return None
