"""The last step into Odoo's gateway, so that what other addons wrap around it is wrapped here too.

Odoo gives every mail to ``message_process``, which reads it, finds its record and processes it.
Ours is read and its record is found before. So usually only the last part is called. Where an
addon overrides ``message_process`` (to filter, to log, to add to the mail), that override is
called, with the source of the mail; what it asks Odoo for in between, our reading and our record,
it gets from ``Handed``.
"""

from odoo.exceptions import UserError

from . import clues

#: The context key of what ``message_parse`` and ``message_route`` answer.
HANDED = "mailbox_handed"
#: Where Odoo's own gateway is written.
_GATEWAY = "odoo.addons.mail.models.mail_thread"


def is_gateways(method):
    """Whether a method is that of Odoo's own gateway: one that another addon wrote is asked."""
    return method.__module__ == _GATEWAY


def is_wrapped(env):
    """Whether an addon wants to see every mail that is processed."""
    return not is_gateways(type(env["mail.thread"]).message_process)


class Handed:
    """The reading of one mail and its routes, each given once: a mail that an addon processes
    meanwhile is another one."""

    def __init__(self, values, routes):
        self._values, self._routes = values, routes

    def values(self):
        """What ``message_parse`` answers, None when it was given before."""
        values, self._values = self._values, None
        return values

    def routes(self):
        """What ``message_route`` answers, None when it was given before."""
        routes, self._routes = self._routes, None
        return routes


def handed_in(env):
    """What the call in this environment was handed, or None. A client may put anything into its
    context; it cannot put one of these."""
    found = env.context.get(HANDED)
    return found if isinstance(found, Handed) else None


def run(thread, mail, values, routes, message_id, message=None):
    """Process a mail that is read and has its routes, as ``message_route`` of Odoo makes them; the
    id of the record (of the last one). ``message``: as much of the mail as Odoo needs to answer it.

    Raises UserError when another addon does not let it in: then it waits for a person.
    """
    if not is_wrapped(thread.env) or _stands(mail, message_id):
        return thread._message_route_process(message, values, routes)
    model, res_id, custom_values, *_rest = routes[0]
    handed = thread.with_context(**{HANDED: Handed(values, routes)})
    done = handed.message_process(
        model, mail.source, custom_values or None, thread_id=res_id or None
    )
    if not done:
        raise UserError(thread.env._("Another addon did not let this mail in."))
    return done


def _stands(mail, message_id):
    """Whether the mail is in a chatter already: Odoo takes a mail once, and has been asked."""
    ids = (message_id, *clues.own_ids(mail))
    lines = mail.batch.posted
    return any(mail.batch.evidence.lines(one) for one in ids) or any(
        line.message_id in ids for line in lines
    )
