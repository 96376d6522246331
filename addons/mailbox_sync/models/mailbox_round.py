"""Streams at rest are looked at together, once their interval is over (see ``engine.rounds``)."""

from contextlib import suppress
from datetime import datetime, timedelta, timezone

import psycopg2
from odoo import api, fields, models
from odoo.tools import SQL

from .. import jobs
from ..engine import rounds
from ..store.ledger import waiting
from ..values import naive
from .mailbox_engine import SAME_RUN
from .mailbox_stream import CRON_SECONDS, LOCK

#: Streams of one round.
_STREAMS = 200


class MailboxStream(models.Model):
    _inherit = "mailbox.stream"

    def _register_hook(self):
        """The server starts, maybe after an outage: Odoo's scheduler first comes round after a
        minute, and nobody shall wait that long for what is due."""
        super()._register_hook()
        # Before an upgrade the tables may not be what this code expects.
        with suppress(psycopg2.Error), self.env.cr.savepoint(flush=False):
            if self._idle_due(1):
                jobs.wake_round(self)

    @api.model
    def _idle_due(self, limit=None):
        """Due streams with nothing to do but to look: live, healthy, nothing to download, no hint
        and no trouble to tell of. The longest due first."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """SELECT s.id FROM mailbox_stream s JOIN mailbox b ON b.id = s.mailbox_id
                    WHERE s.due_at <= %s AND s.gate = 'open' AND s.phase = 'live'
                      AND s.attempts = 0 AND s.hints = s.answered AND s.look_at IS NULL
                      AND s.draining IS NOT TRUE AND b.active AND b.paused IS NOT TRUE
                      AND b.crash IS NULL AND b.breaker_reason IS NULL
                      AND b.import_ended_at IS NOT NULL
                      AND NOT EXISTS (SELECT FROM mailbox_hint h WHERE h.stream_id = s.id)
                      AND NOT EXISTS (SELECT FROM mailbox_message m WHERE %s)
                    ORDER BY s.due_at, s.id LIMIT %s""",
                fields.Datetime.now(),
                waiting(SQL("s.id")),
                limit,
            )
        )
        return self.browse(id_ for (id_,) in self.env.cr.fetchall())

    @api.model
    def _job_round(self):
        """Job: one look at every idle stream that is due."""
        due = self._idle_due(_STREAMS + 1)
        streams = due[:_STREAMS].filtered(lambda stream: not stream.mailbox_id._is_asleep())
        if not streams:
            return "nothing is due"
        now = datetime.now(timezone.utc)
        looks, others = rounds.prepare(streams, now)
        rounds.ask(looks, now)
        quiet = [look for look in looks if look.after is not None]
        rests = self.union(*(look.stream for look in quiet))._rests(now)
        written = rounds.write(self.env, quiet, rests, naive(now) - SAME_RUN, LOCK)
        self._after_round(written, rests)
        for look in looks:
            # Streams that somebody else works on need nobody to wake them.
            if look.after is None:
                others |= look.stream
        for stream in others:
            jobs.wake(stream, "new")
        if len(due) > _STREAMS and (written or others):
            jobs.wake_round(self)
        return f"{len(written)} without news, {len(others)} to be looked at alone"

    def _rests(self, now):
        """How long each stream may rest after a look without news: seconds and end, by id."""
        intervals = self.mailbox_id._poll_intervals(now)
        return {
            stream.id: (
                seconds := intervals[stream.mailbox_id.id],
                naive(now + timedelta(seconds=seconds)),
            )
            for stream in self
        }

    @api.model
    def _after_round(self, written, rests):
        """Take in what was written behind the ORM, and wake the next round for short rests."""
        streams = self.browse(written)
        streams.invalidate_recordset(flush=False)
        streams.mailbox_id.invalidate_recordset(["last_sync_at"], flush=False)
        self.env["mailbox.run"].invalidate_model(flush=False)
        for seconds in {rests[id_][0] for id_ in written if rests[id_][0] < CRON_SECONDS}:
            jobs.wake_round(self, seconds)
