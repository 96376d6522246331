"""Sends the mail on, through Odoo's own queue of outgoing mail.

A mail that was sent by a machine of ours is never sent on, so that two mailboxes which forward to
each other stop at the first hop (RFC 3834 section 2).
"""

from markupsafe import Markup
from odoo.tools import email_normalize_all

from mailbox_core.rules.stages.finding import LOOP_HEADER

from .. import gateway
from .done import Done

NEEDS_RECORD = False
TELLS = True


def label(env):
    return env._("Forward")


def say(action):
    return action.env._("forward to: %s", ", ".join(_addresses(action)))


def problem(action):
    addresses = _addresses(action)
    if not addresses or len(addresses) != len((action.address or "").split(",")):
        return action.env._("write the addresses to forward to, separated by commas")
    mailbox = action.route_id.mailbox_id.sudo()
    if mailbox.address in addresses:
        return action.env._("a mailbox cannot forward to itself")
    return ""


def check_author(action):
    """Those who may make rules for a mailbox may send its mail on by hand as well."""


def run(action, mail, record):
    """One mail in the queue: the text under four lines on where it comes from, and the files."""
    env, facts = action.env, mail.facts
    if facts.header(LOOP_HEADER):
        return Done(env._("it was sent on by a machine already"), "refused")
    others = [one for one in _addresses(action) if one not in (facts.sender, facts.mailbox)]
    if not others:
        return Done(env._("it came from there"), "refused")
    values = gateway.message_dict(mail)
    attachments = [
        env["ir.attachment"].sudo().create({"name": one.fname, "raw": one.content}).id
        for one in values["attachments"]
    ]
    env["mail.mail"].sudo().create(
        {
            "subject": f"Fwd: {facts.subject}",
            "body_html": _head(env, values) + values["body"],
            "email_from": env.company.email_formatted or env.user.email_formatted,
            "email_to": ", ".join(others),
            "reply_to": mail.sender,
            "headers": repr(_headers(facts)),
            "attachment_ids": [(6, 0, attachments)],
            "auto_delete": True,
        }
    )
    return Done(", ".join(others))


def _headers(facts):
    return {
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        LOOP_HEADER: facts.mailbox,
    }


def _head(env, values):
    lines = (
        (env._("From"), values["email_from"]),
        (env._("To"), values["to"]),
        (env._("Cc"), values["cc"]),
        (env._("Date"), f"{values['date']} UTC"),
        (env._("Subject"), values["subject"]),
    )
    told = Markup("<br/>").join(
        Markup("<b>%s:</b> %s") % (name, text) for name, text in lines if text
    )
    return Markup("<p>%s</p><p>%s</p>") % (env._("---------- Forwarded message ----------"), told)


def _addresses(action):
    return email_normalize_all(action.address or "")
