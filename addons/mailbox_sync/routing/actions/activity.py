"""Schedules an activity on the record."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError

from .done import Done

NEEDS_RECORD = True
TELLS = True


def label(env):
    return env._("Schedule an activity")


def say(action):
    what = action.value or action.activity_type_id.name or action.env._("To-Do")
    if action.days > 1:
        return action.env._("schedule: %(what)s, in %(days)s days", what=what, days=action.days)
    if action.days == 1:
        return action.env._("schedule: %s, tomorrow", what)
    return action.env._("schedule: %s, the same day", what)


def problem(action):
    if action.days < 0:
        return action.env._("the days until then must not be negative")
    model = action.route_id.target_model
    if (
        action.route_id.action == "create"
        and model
        and not hasattr(action.env[model], "activity_schedule")
    ):
        return action.env._("records of this kind have no activities")
    return ""


def check_author(action):
    """Whoever may open the record may plan what to do with it."""


def run(action, mail, record):
    """For the person named, else for whom the record belongs to, else for the mailbox's owner."""
    if not hasattr(record, "activity_schedule"):
        raise UserError(action.env._("Records of this kind have no activities."))
    user = action.user_ids[:1] or _responsible(record) or mail.row.mailbox_id.owner_id
    kind = action.activity_type_id or action.env.ref("mail.mail_activity_data_todo")
    deadline = fields.Date.context_today(record.with_context(tz=user.tz)) + timedelta(action.days)
    record.activity_schedule(
        activity_type_id=kind.id,
        date_deadline=deadline,
        summary=action.value or mail.facts.subject,
        user_id=user.id,
    )
    return Done(f"{kind.name}, {deadline}, {user.name}")


def _responsible(record):
    for name in ("user_id", "user_ids"):
        field = record._fields.get(name)
        if field is not None and field.comodel_name == "res.users":
            return record[name][:1]
    return None
