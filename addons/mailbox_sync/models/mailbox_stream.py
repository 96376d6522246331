"""The unit that owns one cursor: a whole mailbox, or one folder of it. Its job is one step of the
machine."""

import logging
from datetime import datetime, timedelta, timezone
from functools import partial
from random import Random

from odoo import api, fields, models
from odoo.tools import SQL

from mailbox_core.sync import machine
from mailbox_core.sync.stream import (
    Credentials,
    FetchPending,
    Hinted,
    List,
    Nothing,
    Paused,
    Rescan,
    Resumed,
    Spread,
    StreamState,
    TellOwner,
    Wake,
)
from mailbox_core.types import Snapshot

from .. import jobs, mapping
from ..engine import guard, notice, trace
from ..engine.step import Outcome, Step
from ..store.ledger import waiting
from ..store.writer import Written
from ..values import aware, naive

_logger = logging.getLogger(__name__)

#: First key of the advisory locks that keep two jobs from fetching the same page at the same time.
LOCK = 0x6D626F78
#: Seconds until a job looks again that found its stream busy.
_BUSY = 2.0
#: Seconds to rest after a look that found something.
_SOON = 10
#: Seconds between two runs of the poll cron; a shorter rest needs a job of its own.
CRON_SECONDS = 60
#: Seconds after which the poll takes care of a stream whose successor job got lost.
_LOST = 300.0
#: Seconds after which a hint should have been read.
_OVERLOOKED = 30
#: Seconds until history goes on after the server was short of something.
_SHORTAGE = 60.0


class MailboxStream(models.Model):
    _name = "mailbox.stream"
    _description = "Mailbox Stream"
    _rec_name = "kind"
    _order = "mailbox_id, id"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", index=True)
    kind = fields.Selection([("mail", "Mail")], required=True, default="mail")
    folder_id = fields.Many2one("mailbox.folder", ondelete="cascade", index="btree_not_null")
    phase = fields.Selection(
        [("new", "New"), ("snapshot", "Importing"), ("live", "Live")], required=True, default="new"
    )
    gate = fields.Selection(
        [("open", "Open"), ("waiting", "Waiting"), ("blocked", "Blocked"), ("paused", "Paused")],
        required=True,
        default="open",
    )
    gate_until = fields.Datetime()
    gate_reason = fields.Char()
    cursor = fields.Text()
    resume = fields.Text()
    generation = fields.Integer(required=True, default=0)
    attempts = fields.Integer(required=True, default=0)
    version = fields.Integer(
        required=True, default=0, help="Grows with every step: compare-and-set."
    )
    hints = fields.Integer(required=True, default=0, help="Hints and polls so far.")
    answered = fields.Integer(required=True, default=0, help="Hints that a look has covered.")
    draining = fields.Boolean(help="The last live page promised more.")
    echoes = fields.Integer(
        required=True, default=0, help="Looks still owed to a push that found nothing."
    )
    look_at = fields.Datetime()
    looks = fields.Integer(
        required=True, default=0, help="Live looks since the last step of history."
    )
    due_at = fields.Datetime(default=fields.Datetime.now)
    last_success_at = fields.Datetime()
    poll_seconds = fields.Integer(required=True, default=60)

    _unit_unique = models.UniqueIndex("(mailbox_id, kind, COALESCE(folder_id, 0))")
    _due_idx = models.Index("(due_at) WHERE gate IN ('open', 'waiting')")

    # -- one step ------------------------------------------------------------------------------

    def _job_sync(self):
        """One step: at most one page and the contents that go with it."""
        self.ensure_one()
        if self.mailbox_id._is_asleep():
            return "asleep: " + self.mailbox_id._asleep_reason()
        if not self._take_turn():
            jobs.wake(self, "new", _BUSY)
            return "busy"
        done = self._turn()
        # Whose turn it was looks for hints that came meanwhile; a job that found a busy stream must
        # not, or it would wake itself again and again until the turn ends. Noted last, so that the
        # screens are told first.
        self.env.cr.postcommit.add(partial(notice.wake_leftovers, self.env.registry, self.id))
        return done

    def _turn(self):
        """One step, or nothing to do; no other job works on the stream."""
        now = datetime.now(timezone.utc)
        hints = self._hints()
        state = self._with_hints(self._state(), hints, now)
        provider = self.mailbox_id._provider("new")
        waiting = self._waiting_lane()
        request = machine.next_request(state, now, int(bool(waiting)), provider.capabilities)
        if isinstance(request, Nothing):
            return self._idle(state, request, hints, now)
        step = partial(Step, self, provider, now)
        if _is_history(request, waiting):
            shortage = guard.shortage(self.env)
            if shortage:
                self.mailbox_id._note_shortage(shortage)
                jobs.wake(self, "history", _SHORTAGE)
                return f"history waits: {shortage}"
            # New mail does not wait for the rest of a page.
            came = partial(notice.came, self.env.cr.dbname, self.id, hints.ids)
            provider = self.mailbox_id._provider("history")
            step = partial(Step, self, provider, now, gives_way=came)
        return self._step(step(), state, request, hints, now)

    def _step(self, step: Step, state: StreamState, request, hints, now: datetime) -> str:
        """Network first; then lock, compare and write."""
        gathered = step.gather(state, request)
        self.mailbox_id._budget().settle()
        if not self.try_lock_for_update(allow_referencing=True):
            jobs.wake(self, "new", _BUSY)
            return "busy"
        self.invalidate_recordset()
        # Whatever goes wrong in here must free its locks at once: ``_sync_failed`` is called while
        # the transaction of the job is still open.
        with self.env.cr.savepoint():
            written = self._commit(step, gathered, hints, now)
        return f"{written.created} new, {written.updated} changed"

    def _commit(self, step: Step, gathered, hints, now: datetime) -> Written:
        """Write what a step has gathered; the row of the stream is locked."""
        started = naive(now)
        trigger = hints[-1:].trigger or "poll"
        run = trace.Run.of(self, hints, now)
        outcome = step.commit(gathered, self._with_hints(self._state(), hints, now))
        hints._forget()
        traced = trace.record(self.env.cr, run, outcome.written.fresh)
        self._write_state(run.values())
        self._follow(outcome, gathered, now)
        self.mailbox_id._after_step(self, outcome, gathered, started, trigger)
        self.mailbox_id._after_arrival(traced)
        return outcome.written

    def _follow(self, outcome: Outcome, gathered, now: datetime) -> None:
        """Store the position and carry out what the machine asks for."""
        values = mapping.stream_values(outcome.state)
        rests = True
        for effect in outcome.effects:
            if isinstance(effect, Wake):
                rests = False
                jobs.wake(self, effect.lane, effect.seconds)
                values["due_at"] = naive(now + timedelta(seconds=effect.seconds + _LOST))
            elif isinstance(effect, TellOwner):
                self.mailbox_id._trouble(effect.reason, effect.detail)
            elif isinstance(effect, Spread):
                self.mailbox_id._spread(effect)
        if outcome.state.gate.kind == "open" and not outcome.state.attempts:
            values["last_success_at"] = naive(now)
        if rests and outcome.state.gate.kind == "open":
            found = bool(outcome.written.arrived or outcome.written.changed)
            values |= self._rest(now, found)
        self._write_state(values)

    def _rest(self, now: datetime, found: bool) -> dict:
        """Until when nothing has to be done unless somebody says so."""
        seconds = self.mailbox_id._poll_seconds(now)
        if found:
            # Mail comes in bursts, and so do clicks in another mail program.
            seconds = min(seconds, _SOON)
        if seconds < CRON_SECONDS:
            jobs.wake_round(self, seconds)
        return {"poll_seconds": seconds, "due_at": naive(now + timedelta(seconds=seconds))}

    def _idle(self, state: StreamState, request: Nothing, hints, now: datetime) -> str:
        """Nothing to ask now. Hints are kept for when the gate opens."""
        values = mapping.stream_values(state)
        if request.until is not None and self.gate in ("open", "waiting"):
            wait = max(1.0, (request.until - now).total_seconds())
            jobs.wake(self, "new", wait)
            values["due_at"] = naive(now + timedelta(seconds=wait + _LOST))
        if self.try_lock_for_update(allow_referencing=True):
            self._write_state(values)
            hints._forget()
        return "nothing to do"

    def _sync_failed(self, exc_name="", **_vals):
        """A job ended in a surprise (called by queue_job in a transaction of its own): say so, and
        let the poll try again later. The message of the exception stays in the job: it may quote
        mail.

        The transaction of the job is open still: what it has locked is left as it is, for waiting
        for it would never end."""
        for stream in self:
            if mailbox := stream.mailbox_id.try_lock_for_update(allow_referencing=True):
                mailbox.crash = exc_name or "unknown"
            if stream.try_lock_for_update(allow_referencing=True):
                stream.due_at = fields.Datetime.now() + timedelta(seconds=_LOST)

    # -- state ---------------------------------------------------------------------------------

    def _state(self) -> StreamState:
        self.ensure_one()
        return mapping.stream_state({name: self[name] for name in mapping.STREAM_FIELDS})

    def _write_state(self, values: dict) -> None:
        """Write what differs, so that an unchanged gate and phase recompute nothing."""
        values = {name: value for name, value in values.items() if self[name] != value}
        if values:
            self.write(values)

    def _pending(self) -> int:
        return int(bool(self._waiting_lane()))

    def _waiting_lane(self) -> str:
        """The lane of the row to download next; empty when none waits."""
        self.env.cr.execute(
            SQL(
                """SELECT m.lane FROM mailbox_message m WHERE %s
                   ORDER BY m.lane DESC, m.id LIMIT 1""",
                waiting(self.id),
            )
        )
        row = self.env.cr.fetchone()
        return (row[0] or "history") if row else ""

    def _take_turn(self) -> bool:
        """Whether no other job works on this stream; ours until the transaction ends."""
        self.env.cr.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK, self.id])
        return self.env.cr.fetchone()[0]

    # -- hints ---------------------------------------------------------------------------------

    def _hint(self, source: str = "poll", trigger: str = "poll") -> None:
        """Something may have changed at the provider: note it and wake. No call, no lock."""
        streams = self.filtered(lambda stream: stream.gate in ("open", "waiting"))
        self.env["mailbox.hint"].sudo().create(
            [{"stream_id": stream.id, "source": source, "trigger": trigger} for stream in streams]
        )
        for stream in streams:
            jobs.wake(stream, "new")

    def _hints(self):
        return self.env["mailbox.hint"].sudo().search([("stream_id", "=", self.id)])

    def _with_hints(self, state: StreamState, hints, now: datetime) -> StreamState:
        """The state with the hints that this transaction has seen, and with the poll if that is
        due. Hints noted later stay; they have a job of their own."""
        sources = hints.mapped("source")
        if not sources and state.hints == state.answered and self._is_due(now):
            sources = ["poll"]
        for source in sources:
            state, _ = machine.step(state, Hinted(source), now, Random(0))
        return state

    def _is_due(self, now: datetime) -> bool:
        return bool(self.due_at) and aware(self.due_at) <= now

    @api.model
    def _cron_poll(self):
        """Wake every stream that is due: polling is the guarantee, push is only speed."""
        self._mend_due()
        due = self.search(
            [("due_at", "<=", fields.Datetime.now()), ("gate", "in", ("open", "waiting"))],
            order="due_at",
        )
        idle = self._idle_due()
        if idle:
            jobs.wake_round(self)
        for stream in (due - idle) | self._overlooked():
            if not stream.mailbox_id._is_asleep():
                jobs.wake(stream, "new")

    @api.model
    def _mend_due(self):
        """No open stream rests longer than it meant to: if one seems to, the clock was set back
        (F31)."""
        self.flush_model(["due_at", "poll_seconds", "gate"])
        self.env.cr.execute(
            """UPDATE mailbox_stream SET due_at = %(now)s
                WHERE gate = 'open' AND due_at > %(now)s
                    + (GREATEST(poll_seconds, %(cron)s) + %(lost)s) * interval '1 second'""",
            {"now": fields.Datetime.now(), "cron": CRON_SECONDS, "lost": 2 * _LOST},
        )
        if self.env.cr.rowcount:
            _logger.warning("The clock was set back: %s streams look now", self.env.cr.rowcount)
            self.invalidate_model(["due_at"])

    @api.model
    def _overlooked(self):
        """Streams with a hint that should have been read by now: its job got lost."""
        since = fields.Datetime.now() - timedelta(seconds=_OVERLOOKED)
        old = self.env["mailbox.hint"].sudo().search([("at", "<=", since)])
        return old.stream_id.filtered(lambda stream: stream.gate in ("open", "waiting"))

    # -- wishes of a person --------------------------------------------------------------------

    def _wish(self, wish) -> None:
        """Tell the machine what a person wants, and wake what follows from it."""
        now = datetime.now(timezone.utc)
        for stream in self:
            state, effects = machine.step(stream._state(), wish, now, Random())
            stream._write_state({**mapping.stream_values(state), "due_at": fields.Datetime.now()})
            for effect in effects:
                if isinstance(effect, Wake):
                    jobs.wake(stream, effect.lane, effect.seconds)

    def _pause(self, reason: str = "") -> None:
        self._wish(Paused(reason))

    def _resume(self) -> None:
        for stream in self:
            stream._wish(Resumed(stream._pending()))

    def _reconnected(self) -> None:
        for stream in self:
            stream._wish(Credentials(stream._pending()))

    def _rescan(self) -> None:
        for stream in self:
            stream._wish(Rescan(stream._pending()))


def _is_history(request, waiting: str) -> bool:
    """Whether a request can wait while the server is short of something."""
    if isinstance(request, FetchPending):
        return waiting != "new"
    return isinstance(request, List) and isinstance(request.position, Snapshot)


class MailboxHint(models.Model):
    """A note that something changed, not yet counted on its stream.

    A row of its own: an update of the stream would abort the page job that is under way, whose
    snapshot is as old as its first network call.
    """

    _name = "mailbox.hint"
    _description = "Mailbox Hint"
    _log_access = False

    stream_id = fields.Many2one("mailbox.stream", required=True, ondelete="cascade", index=True)
    source = fields.Selection([("push", "Push"), ("poll", "Poll")], required=True, default="poll")
    trigger = fields.Char()
    at = fields.Datetime(required=True, default=fields.Datetime.now)

    def _forget(self):
        """They have been answered. Not by the ORM: nothing hangs on a hint, and looking for that
        would be most of the work."""
        if self:
            self.env.cr.execute("DELETE FROM mailbox_hint WHERE id = ANY(%s)", [self.ids])
            self.invalidate_model(flush=False)
