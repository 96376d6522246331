"""Tells people that a mail came: in Odoo or by mail, as each of them prefers."""

from markupsafe import Markup

from mailbox_core.rules.stages.finding import LOOP_HEADER

from .done import Done

NEEDS_RECORD = False
TELLS = True


def label(env):
    return env._("Notify")


def say(action):
    return action.env._("notify: %s", ", ".join(action.user_ids.mapped("name")))


def problem(action):
    return "" if action.user_ids else action.env._("choose whom to notify")


def check_author(action):
    """Everybody may write to colleagues."""


def run(action, mail, record):
    """Sender and subject; whoever may read the record or the mailbox finds the rest there."""
    env, facts = action.env, mail.facts
    subject = facts.subject or env._("(no subject)")
    body = Markup("<p>%s</p><p><strong>%s</strong></p>") % (
        action.value or env._("A mail came from %s:", mail.sender or env._("an unknown sender")),
        subject,
    )
    thread = record if record else env["mail.thread"]
    thread.sudo().message_notify(
        partner_ids=action.user_ids.partner_id.ids,
        subject=env._("Mail: %s", subject),
        body=body,
        author_id=env.ref("base.partner_root").id,
        mail_headers={"Auto-Submitted": "auto-generated", LOOP_HEADER: facts.mailbox},
    )
    return Done(", ".join(action.user_ids.mapped("name")))
