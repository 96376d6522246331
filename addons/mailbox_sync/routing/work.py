"""Routes a batch: plans each mail, does what touches records in a savepoint of its own, writes
the rest down at the end.

A mail that fails undoes nothing but itself. In company it is set aside, with what follows it in its
conversation, for a job of its own; alone it waits for a person, with what was said.
"""

import logging
import time
from collections import Counter

import psycopg2

from mailbox_core.rules.urgency import urgency_of

from ..store.raw import RawMissing
from . import chatter_log, gateway, older, opening, outcome
from .facts import Batch
from .plan import Plan, make

_logger = logging.getLogger(__name__)

#: Seconds after which the rest of a batch is left to the next job: rows of records are locked
#: meanwhile, and a conflict with another transaction undoes the whole batch.
_SECONDS = 3.0
_WAITING = ("held", "triage")


class Work:
    """One batch at work. ``left``: what time was too short for; ``failed``: what has to be tried
    alone; ``archive``: old mail that was put into the mailbox, which nobody asked for;
    ``counted``: how often each outcome came."""

    def __init__(self, messages, asked=False):
        """``asked``: a person wants these messages routed, old or not."""
        self.env = messages.env
        self.batch = Batch(messages)
        self.left = self.failed = self.archive = messages.browse()
        self._asked = asked or self.env.context.get(older.OLDER)
        self.counted = Counter()
        self._alone = len(messages) == 1
        self._rules = {}
        self._set_aside = set()
        self._alive = []
        self._opening = opening.Opening(self.env)

    def run(self):
        """Do it all."""
        for row in self.batch.missing:
            self._decide(row, "triage", Plan(reason="source"))
        until = time.monotonic() + _SECONDS
        for mail in self.batch.mails:
            if time.monotonic() > until:
                self.left |= mail.row
            elif mail.row.conversation_id.id in self._set_aside:
                self._put_aside(mail)
            elif not self._asked and older.is_archive(mail):
                self.archive |= mail.row
            else:
                self._route(mail)
        self._open_together()
        gateway.reset_bounces(self.env, self._alive)
        self.batch.settle()

    def _route(self, mail):
        if self._opening.touches(mail):
            self._open_together()
        made = Plan()
        try:
            made = self._plan(mail)
            if self._opening.holds(made):
                self._open_together()
                made = self._plan(mail)
            waits = self._waits(mail, made)
        except Exception as error:
            self._undone(mail, made, error)
        else:
            if not waits:
                self._do(mail, made)
        if self._opening.is_full:
            self._open_together()

    def _plan(self, mail):
        return make(mail, mail.row._before_route(mail, self._rules_of(mail.row.mailbox_id)))

    def _waits(self, mail, made):
        """Whether the mail is done with others, later."""
        if self._alone or not self._opening.takes(mail, made):
            return False
        if chatter_log.contacts_to_log(mail, made):
            return False
        self._opening.add(mail, made)
        return True

    def _open_together(self):
        """Do those that wait: together, or one by one if that fails, so that a mail in trouble
        undoes only itself."""
        group = self._opening.take()
        if len(group) < 2 or not self._done_together(group):
            for mail, made in group:
                self._do(mail, made)

    def _done_together(self, group):
        try:
            with self.env.cr.savepoint():
                outcomes = opening.run(group, outcome.carry_out)
                for (mail, made), decided in zip(group, outcomes, strict=True):
                    mail.row._after_route(mail, made, decided)
        except Exception as error:
            _logger.info("%s mails are routed one by one: %s", len(group), error)
            for mail, _made in group:
                self.batch.lose(mail)
            return False
        self.batch.keep()
        if any(made.routes for _mail, made in group):
            self.batch.known.forget()  # what rules do may change records
        for (mail, made), decided in zip(group, outcomes, strict=True):
            if not made.finding:
                self._alive.append(mail.facts.sender)
            self._decide(mail.row, decided, made)
            mail.let_go()
        return True

    def _do(self, mail, made):
        try:
            decided = self._carry_out(mail, made)
        except Exception as error:  # whatever other addons do there: it is this mail's trouble only
            self._undone(mail, made, error)
        else:
            urgency = self._urgency(mail) if decided in _WAITING else None
            self._decide(mail.row, decided, made, urgency)
            mail.let_go()

    def _undone(self, mail, made, error):
        """What becomes of a mail in trouble."""
        self.batch.lose(mail)
        if isinstance(error, RawMissing):
            self._decide(mail.row, "triage", Plan(reason="source"), self._urgency(mail))
        elif not self._alone:
            self._put_aside(mail)
        elif isinstance(error, psycopg2.OperationalError):
            raise error  # the database's own trouble: the job is started again
        else:
            _logger.warning("Message %s cannot be routed", mail.row.id, exc_info=error)
            decided = self._refused(made, error)
            self._decide(mail.row, decided, made, self._urgency(mail))

    def _carry_out(self, mail, made):
        """The outcome; what touches records is done in a savepoint."""
        logged = chatter_log.contacts_to_log(mail, made)
        if outcome.is_quiet(made) and not logged:
            return outcome.carry_out(mail, made)
        with self.env.cr.savepoint():
            for partner in logged:
                chatter_log.log(mail, partner)
            decided = outcome.carry_out(mail, made)
            mail.row._after_route(mail, made, decided)
        self.batch.keep()
        if made.extra or any(route.action_ids for route in made.routes):
            self.batch.known.forget()  # what rules do may change records
        if not made.finding:
            self._alive.append(mail.facts.sender)
        return decided

    def _put_aside(self, mail):
        self.failed |= mail.row
        if mail.row.conversation_id:
            self._set_aside.add(mail.row.conversation_id.id)

    def _refused(self, made, error):
        """A target that refuses a mail does not lose it: it waits, with what was said."""
        step = {"stage": "failed", "result": "failed", "evidence": [["", str(error)[:500]]]}
        made.steps.append(step)
        made.reason = "failed"
        return "triage"

    def _rules_of(self, mailbox):
        if mailbox not in self._rules:
            self._rules[mailbox] = self.env["mailbox.route"]._of(mailbox)
        return self._rules[mailbox]

    def _urgency(self, mail):
        """How urgent a mail that waits says it is; nothing while its text cannot be had."""
        try:
            mail.deepen()
        except RawMissing:
            return None
        return urgency_of(mail.facts)

    def _decide(self, row, what, made, urgency=None):
        """Note the decision."""
        self.counted[what] += 1
        route = next(iter((*made.routes, *made.extra)), None)
        waits = what in _WAITING
        record = made.candidate.record if made.candidate else None
        self.batch.book.decisions.append(
            {
                "message_id": row.id,
                "mailbox_id": row.mailbox_id.id,
                "outcome": what,
                "reason": made.reason,
                "urgency": urgency and urgency.level,
                "urgency_found": urgency and [list(pair) for pair in urgency.found],
                "score": made.score,
                "route_id": route and route.id,
                "steps": made.steps,
                "otherwise": made.otherwise,
                "target_model": route and waits and route.target_model,
                "user_id": route and waits and route.user_id.id,
                "record_ref": f"{record._name},{record.id}" if waits and record else None,
            }
        )
