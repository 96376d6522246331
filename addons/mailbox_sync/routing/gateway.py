"""Hands a mail to a record the way Odoo's own gateway does.

Everything goes through ``message_new``, ``message_update`` and ``message_post`` of the target, so
that what other modules do there happens here too; the outside Message-ID is kept, so that Odoo's
gateway knows replies and copies of this mail.
"""

from markupsafe import Markup
from odoo import fields
from odoo.tools.mail import append_content_to_html, html_sanitize

from mailbox_core.errors import ProviderError
from mailbox_core.mime.parse import part_bytes

from ..store.raw import RawMissing


def message_dict(mail):
    """What ``mail.thread.message_parse`` makes of a mail, from our own parse.

    The date is when the provider received it: clocks of senders are wrong, sometimes on purpose.
    """
    email, facts, row = mail.email, mail.facts, mail.row
    to, cc = _line(email.to), _line(email.cc)
    aliases = _aliases(row.env, [*facts.to, *facts.cc])
    return {
        "message_type": "email",
        "message_id": email.message_id or f"<{row.raw_sha256 or row.id}@mailbox.invalid>",
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
        "body": _body(email),
        "attachments": list(_attachments(mail)),
    }


def open_record(env, model, mail, values):
    """A new record of ``model`` with the mail as its first line; returns it."""
    values_of_mail = message_dict(mail)
    route = (model, 0, values, env.uid, None)
    thread = env["mail.thread"]
    values_of_mail.update(thread._message_parse_post_process(None, values_of_mail, [route]))
    record_id = thread._message_route_process(None, values_of_mail, [route])
    return env[model].browse(record_id)


def append(record, mail, quiet=False):
    """Add the mail to a record's chatter; returns the line, the old one when it is there already.

    ``quiet``: as an internal note that tells nobody outside, reopens nothing and updates nothing.
    """
    found = line_of(record, mail)
    if found:
        return found
    env = record.env
    values = message_dict(mail)
    route = (record._name, record.id, {}, env.uid, None)
    thread = env["mail.thread"]
    values.update(thread._message_parse_post_process(None, values, [route]))
    if quiet:
        return _note(record, values)
    parent = thread._get_parent_message(values)
    if parent and (parent.model, parent.res_id) == (record._name, record.id):
        values.update(thread._message_parse_extract_from_parent(parent))
    thread._message_route_process(None, values, [route])
    return line_of(record, mail)


def line_of(record, mail):
    """The line of the record's chatter that is this mail."""
    return (
        record.env["mail.message"]
        .sudo()
        .search(
            [
                ("model", "=", record._name),
                ("res_id", "=", record.id),
                ("message_id", "=", message_dict_id(mail)),
            ],
            limit=1,
        )
    )


def message_dict_id(mail):
    """The Message-ID a mail has in the chatter."""
    return mail.email.message_id or f"<{mail.row.raw_sha256 or mail.row.id}@mailbox.invalid>"


def _note(record, values):
    partners = values.pop("partner_ids", None) or []
    root = record.with_user(record.env.ref("base.user_root"))
    root = root.with_context(mail_post_autofollow_author_skip=True, mail_create_nosubscribe=True)
    line = root.message_post(
        body=values["body"],
        subject=values["subject"],
        message_type="email",
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
    return ", ".join(f'"{one.name}" <{one.email}>' if one.name else one.email for one in addresses)


def _aliases(env, addresses):
    return set(env["mail.alias.domain"].sudo()._find_aliases(addresses)) if addresses else set()


def _body(email):
    if email.html:
        return Markup(html_sanitize(email.html, sanitize_tags=False, strip_classes=True))
    return append_content_to_html("", email.text or "", preserve=True)


def _attachments(mail):
    make = mail.row.env["mail.thread"]._Attachment
    for part in mail.email.parts:
        try:
            octets = part_bytes(mail.source, part.ref.path) if part.available else None
        except KeyError:
            octets = None
        if octets is None:
            octets = _fetched(mail, part)
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
