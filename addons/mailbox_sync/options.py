"""Options that administrators set: system parameters ``mailbox_sync.<option>``, read in one way."""

from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

#: Option to its default.
#: ``automatic_*``: mails that go out by themselves to one correspondent, an hour from all mailboxes
#: and a day from one of them; 0: none goes out. ``loop_pair_*``: mails of one sender that reach
#: records through one mailbox, in so many minutes; 0: no limit.
DEFAULTS = {
    "alert_owner": "activity",
    "alert_managers": "notify",
    "alert_channel": "",
    "alert_lag_seconds": "120",
    "alert_silent_minutes": "15",
    "automatic_limit": "2",
    "automatic_pair_limit": "6",
    "event_days": "365",
    "loop_pair_limit": "30",
    "loop_pair_minutes": "60",
    "run_days": "30",
    "trace_days": "30",
}


def option(env, name):
    """The value of one option, as text."""
    key = f"mailbox_sync.{name}"
    return env["ir.config_parameter"].sudo().get_param(key, DEFAULTS[name])


def number(env, name):
    """The value of one option as a number that is not negative; its default when it is none."""
    try:
        return max(0, int(option(env, name)))
    except ValueError:
        return int(DEFAULTS[name])


def forget(model, column, name):
    """Delete the lines of a model whose time in ``column`` is more days ago than the option
    ``name`` says; none when that is 0. Returns how many."""
    days = number(model.env, name)
    if not days:
        return 0
    model.env.cr.execute(
        SQL(
            "DELETE FROM %s WHERE %s < %s",
            SQL.identifier(model._table),
            SQL.identifier(column),
            fields.Datetime.now() - timedelta(days=days),
        )
    )
    return model.env.cr.rowcount
