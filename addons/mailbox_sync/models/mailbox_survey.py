"""Checks many stored messages at once after an enumeration had to begin again.

When a cursor has expired, every stored message may have other folders and flags by now. Fetching
the headers of each costs a call a message; listing what is in each folder and has each flag costs
a call for hundreds. Only where a message may be in several folders and the provider can list by
flag; elsewhere pages tell folders and flags anyway. What a survey leaves open, the streams check
one by one as ever, and so they do if it does not come to an end.
"""

from datetime import datetime, timedelta, timezone
from random import Random

from odoo import fields, models

from mailbox_core.backoff import delay
from mailbox_core.errors import NotFound, ProviderError, Refused, Throttled
from mailbox_core.sync import plan
from mailbox_core.types import Page

from .. import jobs
from ..engine import survey as rows
from ..mapping import FLAG_COLUMNS
from ..store.ledger import Ledger
from ..store.line import Line
from ..store.safely import write_safely

#: Pages listed, and rows written, in one job.
_PAGES = 10
_ROWS = 500
_TRIES = 10
#: Seconds until it tries to begin again while a step of the stream is under way.
_BUSY = 2.0
#: Hours after which the streams check for themselves, whatever became of the survey's job.
_HOURS = 12
#: Messages a listing must be worth: fewer are as cheap one by one.
_WORTH = 2


class MailboxSurvey(models.Model):
    _name = "mailbox.survey"
    _description = "Mailbox Survey"
    _log_access = False

    stream_id = fields.Many2one("mailbox.stream", required=True, ondelete="cascade")
    until = fields.Datetime(required=True)
    work = fields.Json(help="Where the next chunk goes on; empty: not begun.")

    _stream_unique = models.Constraint("UNIQUE (stream_id)", "One survey a stream.")

    def init(self):
        rows.make_tables(self.env.cr)

    def _go_on(self, seconds=0.0):
        key = f"survey:{self.id}" + (":later" if seconds else "")
        jobs.enqueue(self, jobs.CARE, key, seconds)._job_survey()

    def _job_survey(self):
        """Job: one chunk."""
        if not self.exists():
            return "superseded"
        mailbox = self.stream_id.mailbox_id
        if mailbox._is_asleep():
            return self._end("asleep")
        if not self.work and not self.stream_id._take_turn():
            self._go_on(_BUSY)
            return "busy"
        work = dict(self.work or self._begin())
        try:
            if work["stages"]:
                self._list(work)
            elif not work.get("done"):
                self._write_found(work)
        except ProviderError as error:
            return self._put_off(work, error)
        if work.get("done"):
            return self._end("done")
        self.work = {**work, "attempts": 0}
        self._go_on()
        return f"{len(work['stages'])} listings to go"

    def _begin(self):
        """Which listings to make, unless there are too few rows for them."""
        folders = self.stream_id.mailbox_id.folder_ids.filtered("selectable")
        stages = [f"folder:{name}" for name in folders.mapped("remote_id")]
        stages += [f"flag:{name}" for name in FLAG_COLUMNS]
        count = rows.begin(self.env.cr, self.id, self.stream_id.id)
        if count <= _WORTH * len(stages):
            return {"stages": [], "done": True}
        return {"stages": stages, "skipped": []}

    def _list(self, work):
        """Ask for some pages."""
        provider = self.stream_id.mailbox_id._provider("history")
        limit = provider.capabilities.page_limit
        for _ in range(_PAGES):
            if not work["stages"]:
                return
            stage = work["stages"][0]
            resume = work.get("resume")
            try:
                listing = provider.enumerate(stage.partition(":")[2], resume, limit)
            except (NotFound, Refused):
                # A folder that is gone meanwhile, or a flag this provider does not know.
                work["skipped"] = [*work["skipped"], stage]
                listing = None
            else:
                keys = [ref.remote_id for ref in listing.refs]
                rows.note(self.env.cr, self.id, stage, keys)
            work["resume"] = listing.resume if listing else None
            if work["resume"] is None:
                work["stages"] = work["stages"][1:]

    def _write_found(self, work):
        """Settle the next rows by the rules of the plan, as a page that names them would."""
        stream = self.stream_id
        found = rows.take(self.env.cr, self.id, _ROWS)
        work["done"] = not found
        ledger = Ledger(stream)
        known = ledger.known([key for key, stages in found.items() if stages])
        if not known:
            return
        page = Page(rows.upserts(found, known, work["skipped"]))
        context = plan.Context(
            generation=stream.generation,
            now=datetime.now(timezone.utc),
            scope=stream.mailbox_id._scope(),
            folders=ledger.folders,
        )
        changes = plan.diff(page, known, context).over({})
        lines = [
            Line(before, row, lane=before.lane, attempts=before.attempts)
            for key, row in changes.items()
            if (before := ledger.rows[key])
        ]
        written = write_safely(stream, ledger, lines)
        stream.mailbox_id._count(written)
        stream.mailbox_id._notify_page(written, False)

    def _put_off(self, work, error):
        work["attempts"] = work.get("attempts", 0) + 1
        if work["attempts"] >= _TRIES:
            return self._end(f"given up: {error.detail}")
        self.work = work
        advice = error.retry_after if isinstance(error, Throttled) else None
        self._go_on(delay(work["attempts"], advice, rng=Random()))
        return f"waits: {error.detail}"

    def _end(self, word):
        """Hand what is left to the stream."""
        stream = self.stream_id
        self.unlink()
        jobs.wake(stream, "history")
        return word


class MailboxStream(models.Model):
    _inherit = "mailbox.stream"

    def _follow(self, outcome, gathered, now):
        again = self.generation and outcome.state.generation > self.generation
        listed = self.phase == "snapshot" and outcome.state.phase == "live"
        result = super()._follow(outcome, gathered, now)
        if again:
            self._plan_survey(now)
        elif listed:
            for survey in self._survey():
                survey._go_on()
        return result

    def _rescan(self):
        result = super()._rescan()
        for stream in self.filtered(lambda stream: stream.phase == "snapshot"):
            if stream.generation > 1:
                stream._plan_survey(datetime.now(timezone.utc))
        return result

    def _survey(self):
        return self.env["mailbox.survey"].sudo().search([("stream_id", "=", self.id)])

    def _plan_survey(self, now):
        """Hold stored messages back until the enumeration has ended; a survey follows it."""
        self._survey().unlink()
        try:
            able = self.mailbox_id._provider("history").capabilities
        except ProviderError:
            # The stream will meet the same trouble, and tell it.
            return
        if able.folders == "labels" and able.server_search and able.cursor_scope == "mailbox":
            until = (now + timedelta(hours=_HOURS)).replace(tzinfo=None)
            self.env["mailbox.survey"].sudo().create({"stream_id": self.id, "until": until})

    def _is_surveyed(self):
        """Whether a survey will settle stored messages that are in doubt."""
        return bool(self._survey().filtered(lambda one: one.until > fields.Datetime.now()))
