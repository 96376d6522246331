"""Sets the priority of the record: a fixed one, or by urgency of the mail and importance of the
sender."""

from odoo.exceptions import UserError

from mailbox_core.rules.urgency import urgency_of

from .done import Done

NEEDS_RECORD = True
TELLS = False
#: Steps of priority, from 0 to 3, whatever a model calls them.
_STEPS = {"low": 0, "normal": 1, "high": 2, "highest": 3}
_HIGH, _HIGHEST = 2, 3


def label(env):
    return env._("Priority")


def say(action):
    return action.env._("priority: %s", _level(action))


def problem(action):
    if not action.level:
        return action.env._("choose the priority")
    model = action.route_id.target_model
    if action.route_id.action == "create" and model and not _choices(action.env[model]):
        return action.env._("records of this kind have no priority")
    return ""


def check_author(action):
    """Whoever may open the record may say how important it is."""


def run(action, mail, record):
    """Set it; by urgency, only upwards."""
    if action.level == "auto":
        return raised(record, mail) or Done(action.env._("nothing urgent"), "refused")
    if not _choices(record):
        raise UserError(action.env._("Records of this kind have no priority."))
    return Done(_set(record, _STEPS[action.level]))


def raised(record, mail):
    """Raise the priority of a record for an urgent mail or a VIP, with the reason; None when there
    is none."""
    choices = _choices(record)
    urgency = urgency_of(mail.facts)
    reasons = [f"“{what}”" for _where, what in urgency.found] if urgency.level == "high" else []
    vip = "vip" in mail.facts.partner
    if vip:
        reasons.append(record.env._("the sender is a VIP"))
    if not reasons or not choices:
        return None
    step = _HIGHEST if vip and urgency.level == "high" else _HIGH
    values = [value for value, _text in choices]
    current = record.priority
    if current in values and values.index(current) >= values.index(_value(choices, step)):
        return None
    return Done(f"{_set(record, step)}: {', '.join(reasons)}")


def _set(record, step):
    choices = _choices(record)
    record.priority = _value(choices, step)
    return dict(choices)[record.priority]


def _value(choices, step):
    """The step on a scale with however many values."""
    return choices[round(step / _HIGHEST * (len(choices) - 1))][0]


def _choices(record):
    field = record._fields.get("priority")
    if field is None or field.type != "selection":
        return []
    return field._description_selection(record.env)


def _level(action):
    return dict(action._fields["level"]._description_selection(action.env)).get(action.level, "")
