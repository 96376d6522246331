"""Gives the record to somebody: a person, several in turn, or whom the rules of the team choose."""

from odoo.exceptions import UserError

from .done import Done

NEEDS_RECORD = True
TELLS = False


def label(env):
    return env._("Assign")


def say(action):
    if action.by_team:
        return action.env._("assign by the rules of the team")
    return action.env._("assign to: %s", ", ".join(action.user_ids.mapped("name")))


def problem(action):
    if not action.by_team and not action.user_ids:
        return action.env._("choose who gets it, or the rules of the team")
    return ""


def check_author(action):
    """Whoever may open the record may give it to somebody."""


def run(action, mail, record):
    """One person; with several, the one who got a record by this action longest ago."""
    user = _by_team(record) if action.by_team else _next(action)
    if not user:
        raise UserError(
            action.env._("The rules of the team name nobody: no team, or all have enough.")
        )
    if "user_id" in record._fields:
        record.user_id = user
    elif "user_ids" in record._fields:
        record.user_ids = user
    else:
        raise UserError(action.env._("Records of this kind belong to nobody."))
    return Done(user.name)


def _by_team(record):
    """The person Odoo's own rules of the team choose."""
    if not hasattr(record, "_mailbox_team_user"):
        return record.env["res.users"]
    return record._mailbox_team_user()


def _next(action):
    last = {}
    executions = action.env["mailbox.route.execution"].search(
        [("action_id", "=", action.id)], order="id"
    )
    for place, execution in enumerate(executions.filtered(lambda one: one.state == "done")):
        last[execution.detail] = place
    active = action.user_ids.filtered("active").sorted("id")
    return min(active, key=lambda user: last.get(user.name, -1), default=active)
