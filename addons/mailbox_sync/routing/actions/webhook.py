"""Tells another program that a mail came: JSON, signed, tried again until it is taken.

The call is made by a job after everything here is stored; see ``mailbox.route.execution``.
"""

import json

from odoo.exceptions import UserError

from mailbox_core.errors import ProviderError, Refused
from mailbox_core.net.public import check_url

from ... import conf
from .done import Done

NEEDS_RECORD = False
TELLS = True
_CHARACTERS = 20_000
_SHORTEST_SECRET = 16


def label(env):
    return env._("Call a web address")


def say(action):
    return action.env._("call: %s", action.url)


def problem(action):
    if not action.url:
        return action.env._("write the address to call")
    try:
        check_url(action.url, conf.webhook_networks())
    except Refused as error:
        return error.detail
    except ProviderError:
        return ""  # no name server just now: the calls will tell
    return ""


def check_author(action):
    """Those who may make rules for a mailbox may tell its mail to others."""


def run(action, mail, record):
    """Leave it to a job."""
    return Done(action.url, "waiting")


def secret_missing(env):
    """What is said when the secret is not there."""
    return env._(
        "Give the call a secret of at least %s characters, by which the receiver knows our calls.",
        _SHORTEST_SECRET,
    )


def check_secret(env, text):
    """Raises UserError for a secret that could be guessed."""
    if len(text) < _SHORTEST_SECRET:
        raise UserError(
            env._("A secret has at least %s characters; make a random one.", _SHORTEST_SECRET)
        )


def payload(mail, route, record):
    """What the receiver gets, as bytes of JSON; the same in every try."""
    facts = mail.facts
    data = {
        "type": "mail.routed",
        "timestamp": f"{mail.row.date.isoformat()}Z",
        "data": {
            "mailbox": facts.mailbox,
            "rule": {"id": route.id, "name": route.name},
            "mail": {
                "message_id": facts.message_id,
                "from": {"name": facts.sender_name, "address": facts.sender},
                "to": list(facts.to),
                "cc": list(facts.cc),
                "subject": facts.subject,
                "text": facts.body[:_CHARACTERS],
                "attachments": [
                    {"name": one.name, "type": one.content_type, "size": one.size}
                    for one in facts.files
                ],
            },
            "record": _record(record),
        },
    }
    return json.dumps(data, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")


def _record(record):
    if not record:
        return None
    url = f"{record.get_base_url()}/mail/view?model={record._name}&res_id={record.id}"
    return {"model": record._name, "id": record.id, "url": url}
