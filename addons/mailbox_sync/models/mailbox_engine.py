"""What a step means for its mailbox: progress, health, history of runs, screens, the owner."""

from collections import defaultdict
from datetime import datetime, time, timedelta, timezone
from functools import partial

import pytz
from odoo import fields, models
from odoo.tools import SQL

from mailbox_core.errors import AuthorizationLost
from mailbox_core.sync.cadence import MEMORY, Cadence, is_quiet, poll_interval
from mailbox_core.sync.stream import Failure, Recent
from mailbox_core.types import Since

from .. import jobs
from ..engine import trace
from ..values import aware, naive

#: A run that ended so recently goes on, so that an idle mailbox does not fill the list.
SAME_RUN = timedelta(minutes=5)
#: List rows that travel with one notification.
_BUS_ROWS = 50
#: Models that the writer changes behind the ORM.
_WRITTEN = (
    "mailbox.message",
    "mailbox.placement",
    "mailbox.attachment",
    "mailbox.conversation",
    "mailbox.folder",
    "mailbox.counter",
)
_COUNTERS = {
    "listed": "listed_count",
    "stored": "message_count",
    "filtered": "filtered_count",
    "quarantined": "quarantine_count",
    "gone": "gone_count",
}


class Mailbox(models.Model):
    _inherit = "mailbox"

    # -- starting and stopping -----------------------------------------------------------------

    def _sync_start(self):
        """Begin to sync, or go on after somebody signed in (again)."""
        for mailbox in self:
            mailbox.paused = False
            known = mailbox.stream_ids
            mailbox._ensure_streams()
            known._reconnected()
            for stream in mailbox.stream_ids - known:
                jobs.wake(stream, "new")

    def _ensure_streams(self):
        """One stream for the whole mailbox, or one a folder, as the provider counts cursors."""
        self.ensure_one()
        if not self.stream_ids:
            self.env["mailbox.stream"].create({"mailbox_id": self.id, "kind": "mail"})
            self.import_started_at = fields.Datetime.now()

    def _sync_now(self, trigger="manual"):
        """Look for changes at once; wishes that wait are not doubled."""
        for mailbox in self:
            if not mailbox.stream_ids:
                mailbox._sync_start()
            mailbox.stream_ids._hint("poll", trigger)

    def _sync_pause(self):
        self.write({"paused": True})
        self.stream_ids._pause("paused")

    def _sync_resume(self):
        self.write({"paused": False})
        self.stream_ids._resume()

    def _is_asleep(self):
        """Whether nothing may be done for this mailbox."""
        return bool(self._asleep_reason())

    def _asleep_reason(self):
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            return "this database is a neutralised copy"
        if not self.active:
            return "archived"
        return "paused" if self.paused else ""

    # -- after a step --------------------------------------------------------------------------

    def _after_step(self, stream, outcome, gathered, started, trigger):
        """Counters, health, run, notification and follow-up work of one committed step."""
        self.ensure_one()
        self._count(outcome.written, synced=not isinstance(gathered.answer, Failure))
        self._note_gate(stream, outcome)
        if gathered.total is not None:
            self.remote_total = gathered.total
        self._note_run(stream, outcome, gathered, started, trigger)
        if stream.phase == "live" and not self.import_ended_at and not stream._pending():
            self.import_ended_at = fields.Datetime.now()
            self._audit("import.finished", messages=self.message_count)
        if outcome.written.new_folders:
            self._refresh_folders_soon()
        self._notify_page(outcome.written, _is_look(outcome.request))
        if _is_look(outcome.request):
            self._after_sync(outcome.written.arrived)

    def _after_arrival(self, message_ids):
        """Live mail is in the store: note when the screens have been told, and warm its bodies."""
        if message_ids:
            told = partial(trace.shown, self.env.registry, message_ids)
            self.env.cr.postcommit.add(told)
            self._warm_soon()

    def _count(self, written, synced=False):
        """Move the counters by what was written; one statement, no reading."""
        changes = [
            SQL("%s = COALESCE(%s, 0) + %s", SQL.identifier(column), SQL.identifier(column), delta)
            for disposition, column in _COUNTERS.items()
            if (delta := written.dispositions.get(disposition))
        ]
        if synced:
            changes.append(SQL("last_sync_at = (now() AT TIME ZONE 'UTC')"))
        if changes:
            self.env.cr.execute(
                SQL("UPDATE mailbox SET %s WHERE id = %s", SQL(", ").join(changes), self.id)
            )
        self.invalidate_recordset([*_COUNTERS.values(), "last_sync_at"], flush=False)
        for model in _WRITTEN:
            self.env[model].invalidate_model(flush=False)

    def _note_gate(self, stream, outcome):
        """The circuit breaker as people see it."""
        gate, failures = outcome.state.gate, outcome.state.attempts
        values = {
            "failures": failures,
            "crash": False,
            "breaker_until": naive(gate.until) or False if gate.kind == "waiting" else False,
            "breaker_reason": gate.reason or False
            if gate.kind in ("waiting", "blocked")
            else False,
        }
        if any(self[name] != value for name, value in values.items()):
            self.write(values)

    def _note_shortage(self, resource):
        """History waits for the server, and the screen says so."""
        if self.breaker_reason != resource:
            self.write({"breaker_reason": resource})

    def _note_run(self, stream, outcome, gathered, started, trigger):
        """One line for steps of the same kind in a row."""
        trouble = getattr(gathered.answer, "error", None) or getattr(
            gathered.answer, "trouble", None
        )
        word = type(trouble).__name__.lower() if trouble else "ok"
        written = outcome.written
        counts = [
            1,
            written.created,
            written.updated,
            max(0, written.dispositions.get("gone", 0)),
            max(0, written.dispositions.get("quarantined", 0)),
            self._budget().spent,
        ]
        trigger = trigger if _is_look(outcome.request) else "import"
        now = fields.Datetime.now()
        self.env.cr.execute(
            """UPDATE mailbox_run SET ended_at = %s, pages = pages + %s, created = created + %s,
                   updated = updated + %s, gone = gone + %s, quarantined = quarantined + %s,
                   units = units + %s
               WHERE id = (SELECT id FROM mailbox_run WHERE mailbox_id = %s
                   ORDER BY id DESC LIMIT 1)
                 AND stream_id = %s AND trigger = %s AND outcome = %s AND ended_at > %s""",
            [now, *counts, self.id, stream.id, trigger, word, now - SAME_RUN],
        )
        if not self.env.cr.rowcount:
            self.env["mailbox.run"].create(
                {
                    "mailbox_id": self.id,
                    "stream_id": stream.id,
                    "trigger": trigger,
                    "started_at": started,
                    "ended_at": now,
                    "outcome": word,
                    "note": trouble.detail if trouble else False,
                    **dict(zip(_RUN_COUNTS, counts, strict=True)),
                }
            )

    def _notify_page(self, written, live):
        """Tell open lists what changed. Rides the transaction: what is rolled back is never shown.

        New mail travels with its list rows; a page of history only says that there is more to see.
        """
        touched = written.arrived + written.changed
        if not touched:
            return
        shown = self.env["mailbox.message"].browse(touched[:_BUS_ROWS] if live else ())
        self._bus_send(
            "mailbox.page",
            {
                "mailbox_id": self.id,
                "messages": shown._list_rows(),
                "more": len(touched) > len(shown),
            },
        )

    def _notify_rows(self, messages):
        """Tell open lists about messages that somebody here changed."""
        self._bus_send(
            "mailbox.page",
            {"mailbox_id": self.id, "messages": messages[:_BUS_ROWS]._list_rows(), "more": False},
        )

    def _has_labels(self):
        """Whether a message may be in several folders at once."""
        return self._provider("interactive").capabilities.folders == "labels"

    def _shift(self, before, after, count):
        """Move a number of messages from one disposition's counter to another's."""
        if count:
            self[_COUNTERS[before]] -= count
            self[_COUNTERS[after]] += count

    def _after_sync(self, message_ids):
        """What the owner wants done at the provider with mail that has been copied. New mail only:
        importing history leaves the mailbox as it was."""
        if self.after_sync == "leave" or self.scope_profile == "read" or not message_ids:
            return
        messages = self.env["mailbox.message"].browse(message_ids)
        if self.after_sync == "read":
            messages.filtered(lambda message: not message.is_seen)._set_flags({"seen": True})
        else:
            messages._archive_remote()

    # -- trouble -------------------------------------------------------------------------------

    def _trouble(self, reason, detail):
        """A person has to act: one activity for the owner and one audit fact, however often it
        comes up."""
        self.ensure_one()
        if self._spec().authorizer and reason not in ("refused", "missing"):
            self._on_authorization_lost(AuthorizationLost(reason, detail))
            return
        self._audit("sync.blocked", reason=reason)
        self._remind(
            "mail.mail_activity_data_warning",
            self.env._("Mailbox %s cannot go on", self.address),
            detail or reason,
        )

    def _spread(self, effect):
        """A limit of the whole project was hit: every mailbox of it keeps silent."""
        seconds = (effect.until - datetime.now(timezone.utc)).total_seconds()
        self._budget().penalize_project(max(0.0, seconds))

    def _poll_seconds(self, now):
        """How long to rest after a look, by the habits of the mailbox in its owner's time of
        day."""
        self.ensure_one()
        return self._poll_intervals(now)[self.id]

    def _poll_intervals(self, now):
        """``_poll_seconds`` of many mailboxes by id, their habits read at once."""
        self.env.cr.execute(
            """SELECT mailbox_id, max(date) FROM mailbox_message
               WHERE mailbox_id = ANY(%s) AND date > %s
               GROUP BY mailbox_id, date_trunc('hour', date)""",
            [[one.id for one in self if one.poll_minutes <= 0], naive(now - MEMORY)],
        )
        arrivals = defaultdict(list)
        for mailbox_id, moment in self.env.cr.fetchall():
            arrivals[mailbox_id].append(aware(moment))
        return {one.id: one._interval(now, arrivals[one.id]) for one in self}

    def _interval(self, now, arrivals):
        local = now.astimezone(pytz.timezone(self.owner_id.tz or "UTC"))
        quiet = _clock(self.quiet_from), _clock(self.quiet_to)
        if self.poll_minutes > 0 and not is_quiet(local.time(), *quiet):
            return self.poll_minutes * 60
        return int(poll_interval(arrivals, local, Cadence(quiet=quiet)))

    # -- report --------------------------------------------------------------------------------

    def mailbox_report(self):
        """Figures of the import as plain data, for demonstrations and scripts. Counts rows: not for
        screens. Counts what the caller may read: the owner and the members everything, others
        nothing.

        ``unexplained`` and ``provider_messages`` are those of the last finished verification.
        """
        self.ensure_one()
        parity = self.env["mailbox.parity"].search(
            [("mailbox_id", "=", self.id), ("state", "=", "done")], limit=1
        )
        message = self.env["mailbox.message"]
        seconds = 0.0
        if self.import_started_at and self.import_ended_at:
            seconds = (self.import_ended_at - self.import_started_at).total_seconds()
        stored = message.search_count(
            [("mailbox_id", "=", self.id), ("disposition", "=", "stored")]
        )
        return {
            "provider_messages": parity.provider_messages,
            "stored": stored,
            "filtered": self.filtered_count,
            "quarantined": self.quarantine_count,
            "duplicates": parity.duplicates,
            "content_duplicates": message.search_count(
                [("mailbox_id", "=", self.id), ("duplicate_of_id", "!=", False)]
            ),
            "unexplained": parity.unexplained,
            "verified": bool(parity),
            "folders": len(self.folder_ids),
            "attachments": self.env["mailbox.attachment"].search_count(
                [("mailbox_id", "=", self.id)]
            ),
            "conversations": self.env["mailbox.conversation"].search_count(
                [("mailbox_id", "=", self.id)]
            ),
            "import_seconds": seconds,
            "rate_per_second": round(stored / seconds, 1) if seconds else 0.0,
        }


_RUN_COUNTS = ("pages", "created", "updated", "gone", "quarantined", "units")


def _is_look(request):
    """Whether a step was for new mail."""
    return isinstance(request, Recent) or isinstance(getattr(request, "position", None), Since)


def _clock(hours):
    """Hours of the day as a time; 24 is midnight."""
    minutes = round(hours * 60) % (24 * 60)
    return time(minutes // 60, minutes % 60)
