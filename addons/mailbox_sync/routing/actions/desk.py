"""Does the actions of rules: each once for every mail, however often it is asked, whichever mailbox
it came to; and writes down what came of it."""

import logging

import psycopg2
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .. import older
from . import KINDS
from .done import Done

_logger = logging.getLogger(__name__)
#: Lines of chatter that are mails of people, not notifications of ours.
_MAIL = ("email", "email_outgoing")


def after(mail, plan, decided):
    """The actions that follow a decision. ``plan.extra`` are rules that only act so."""
    routes = [*plan.extra, *(plan.routes if decided in ("created", "joined") else ())]
    if not any(route.action_ids for route in routes) or _is_ours(mail):
        return
    for route in routes:
        perform(mail, route, _record_of(mail, plan, route))


def perform(mail, route, record):
    """All actions of one rule for one mail."""
    for action in route.action_ids:
        execution = _claim(mail, action, record)
        if execution:
            done = _attempt(action, mail, record)
            execution.write({"state": done.state, "detail": done.detail[:500]})
            if done.state == "waiting":
                execution._call_soon()


def note(mail, route, record, kind, done):
    """Write down what a rule did by itself."""
    _executions(mail).create(
        {
            **_values(mail, route, record),
            "kind": kind,
            "state": done.state,
            "detail": done.detail[:500],
        }
    )


def _attempt(action, mail, record):
    module = KINDS[action.kind]
    env = mail.row.env
    if module.TELLS and env.context.get(older.QUIET):
        return Done(env._("Nobody is told about older mail."), "refused")
    if module.NEEDS_RECORD and not record:
        return Done(env._("There is no record."), "refused")
    try:
        with env.cr.savepoint():
            return module.run(action, mail, record)
    except psycopg2.OperationalError:
        raise  # the database's own trouble: the job is started again
    except (UserError, AccessError, psycopg2.Error, ValueError, TypeError, KeyError) as error:
        _logger.warning("Action %s failed for message %s", action.id, mail.row.id, exc_info=True)
        return Done(str(error), "failed")


def _claim(mail, action, record):
    """The line for this action and this mail, None when there is one already.

    The unique index decides between jobs that run at the same time; who loses is started again.
    """
    env = mail.row.env
    env.flush_all()
    values = _values(mail, action.route_id, record)
    env.cr.execute(
        SQL(
            """INSERT INTO mailbox_route_execution
                   (message_id, mailbox_id, route_id, action_id, rfc_id, kind, model, res_id, state,
                    attempts, create_uid, create_date, write_uid, write_date)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'done', 0, %s, now() AT TIME ZONE 'UTC', %s,
                   now() AT TIME ZONE 'UTC')
               ON CONFLICT (action_id, rfc_id) WHERE action_id IS NOT NULL DO NOTHING
               RETURNING id""",
            values["message_id"],
            values["mailbox_id"],
            values["route_id"],
            action.id,
            values["rfc_id"],
            action.kind,
            values["model"] or None,
            values["res_id"] or None,
            env.uid,
            env.uid,
        )
    )
    made = env.cr.fetchone()
    return _executions(mail).browse(made[0]) if made else None


def _values(mail, route, record):
    row = mail.row
    return {
        "message_id": row.id,
        "mailbox_id": row.mailbox_id.id,
        "route_id": route.id,
        "rfc_id": mail.key,
        "model": record._name if record else False,
        "res_id": record.id if record else False,
    }


def _executions(mail):
    return mail.row.env["mailbox.route.execution"].sudo()


def _record_of(mail, plan, route):
    """The record a reply joined, or the rule opened or added to; None when there is none."""
    if plan.outcome == "join":
        return plan.candidate.record.sudo()
    links = [*mail.batch.links_of(mail.row), *mail.batch.evidence.links_of(mail.key)]
    found = next((link for link in links if link.route_id == route.id), None)
    return mail.row.env[found.model].browse(found.res_id).exists() if found else None


def _is_ours(mail):
    """Whether Odoo itself sent this mail: a notification that came home must not make another."""
    sent = mail.email.message_id
    return bool(
        sent
        and mail.row.env["mail.message"]
        .sudo()
        .search_count([("message_id", "=", sent), ("message_type", "not in", _MAIL)], limit=1)
    )
