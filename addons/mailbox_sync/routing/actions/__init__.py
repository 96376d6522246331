"""What rules do beside opening a record, one file each.

Each file has

``label(env)``             its name in the editor
``NEEDS_RECORD``           whether it needs the record the mail belongs to
``TELLS``                  whether people or programs hear of the mail; not done for older mail
``say(action)``            what it does, in a few words; back-tests show that and do nothing
``problem(action)``        why it cannot be done as it is written, empty when it can
``check_author(action)``   raises AccessError unless the one who writes the rule may do this himself
``run(action, mail, record)``  does it and returns a ``Done``; raises UserError when it is refused

``desk.py`` sees to it that each is done once for every mail.
"""

from . import activity, assign, channel, forward, log, notify, priority, tag, webhook
from .done import Done

#: By the name that rules keep.
KINDS = {
    "tag": tag,
    "priority": priority,
    "assign": assign,
    "activity": activity,
    "notify": notify,
    "channel": channel,
    "forward": forward,
    "log": log,
    "webhook": webhook,
}

__all__ = ["KINDS", "Done"]
