"""Logs the mail on the contacts it is with, where the owner of the mailbox leaves that to rules."""

from .. import chatter_log
from .done import Done

NEEDS_RECORD = False
TELLS = False


def label(env):
    return env._("Log on the contact")


def say(action):
    return action.env._("log on the contact")


def problem(action):
    mailbox = action.route_id.mailbox_id.sudo()
    if mailbox and mailbox.log_policy == "never":
        return action.env._("the mailbox does not allow to log mail on contacts")
    return ""


def check_author(action):
    """The owner of the mailbox decides, by its policy."""


def run(action, mail, record):
    """It was logged before it was routed; here is said on whom, or why not."""
    reason = chatter_log.refusal(mail, asked=True)
    if reason:
        return Done(action.env["mailbox.log"]._say(reason), "refused")
    for partner in chatter_log.contacts(mail):
        chatter_log.log(mail, partner)
    return Done(", ".join(chatter_log.contacts(mail).mapped("name")))
