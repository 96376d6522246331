"""The proof of completeness: what the provider holds against what is stored.

A verification enumerates the provider (all messages, then each flag and folder), compares with the
ledger, fetches the source of a sample again, and heals what differs the way any change is followed:
what is missing is listed, what looks different is marked stale, and the stream settles both. What
is still open after that is *unexplained*. Works in chunks, one job each, and leaves the streams'
phase and cursor alone.
"""

from datetime import timedelta
from random import Random

from odoo import api, fields, models
from odoo.tools import SQL

from mailbox_core.backoff import delay
from mailbox_core.errors import AuthorizationLost, NotFound, ProviderError, Refused, Throttled

from .. import jobs
from ..engine import parity as checks

#: Pages of the enumeration in one job.
_PAGES = 10
#: Messages whose source is compared, unless all are.
_SAMPLE = 20
#: Seconds between looks whether the streams have settled what differed, and how often.
_SETTLE_SECONDS, _SETTLE_LOOKS = 5.0, 60
_TRIES = 10
_FLAGS = ("seen", "flagged")
_SHOWN = 200


class MailboxParity(models.Model):
    _name = "mailbox.parity"
    _description = "Mailbox Verification"
    _order = "id DESC"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", index=True)
    started_at = fields.Datetime(required=True, default=fields.Datetime.now)
    ended_at = fields.Datetime()
    state = fields.Selection(
        [("running", "Running"), ("done", "Done"), ("failed", "Failed")],
        required=True,
        default="running",
    )
    full = fields.Boolean(help="Compare the source of every message, not of a sample.")
    progress = fields.Float()
    provider_messages = fields.Integer()
    stored = fields.Integer()
    filtered_out = fields.Integer(help="Left out by a rule.")
    quarantined = fields.Integer()
    gone = fields.Integer()
    pending = fields.Integer(help="Listed, to be fetched.")
    duplicates = fields.Integer(help="Rows that stand for the same message at the provider.")
    unexplained = fields.Integer()
    flag_diff = fields.Integer()
    label_diff = fields.Integer()
    hash_checked = fields.Integer()
    hash_diff = fields.Integer()
    healed = fields.Integer()
    summary = fields.Char(compute="_compute_summary")
    detail = fields.Json()
    work = fields.Json(help="Where the next chunk goes on.")

    def init(self):
        checks.make_table(self.env.cr)

    @api.depends("state", "unexplained", "healed", "pending")
    def _compute_summary(self):
        for line in self:
            if line.state == "running":
                line.summary = self.env._("Verifying…")
            elif line.state == "failed":
                line.summary = self.env._(
                    "Not finished: %s", (line.detail or {}).get("failure", "")
                )
            else:
                line.summary = self.env._(
                    "%(unexplained)s unexplained, %(healed)s healed, %(pending)s to be fetched",
                    unexplained=line.unexplained,
                    healed=line.healed,
                    pending=line.pending,
                )

    # -- beginning -----------------------------------------------------------------------------

    @api.model
    def _begin(self, mailbox, full=False):
        """Start a verification, unless one runs already; returns it."""
        running = self.search([("mailbox_id", "=", mailbox.id), ("state", "=", "running")], limit=1)
        if running:
            return running
        stages = ["", *(f"flag:{flag}" for flag in _FLAGS)]
        folders = mailbox.folder_ids.filtered("selectable")
        stages += [f"folder:{name}" for name in folders.mapped("remote_id")]
        line = self.create(
            {
                "mailbox_id": mailbox.id,
                "full": full,
                "work": {
                    "stages": stages,
                    "total": len(stages) + 2,
                    "resume": None,
                    "step": "enumerate",
                },
            }
        )
        line._go_on()
        return line

    @api.model
    def _cron_verify(self):
        """Verify every live mailbox. A verification that lost its job a day ago is given up."""
        limit = fields.Datetime.now() - timedelta(days=1)
        for line in self.search([("state", "=", "running"), ("started_at", "<", limit)]):
            line._fail("it did not end within a day")
        for mailbox in self.env["mailbox"].search(
            [("state", "in", ("live", "importing", "waiting"))]
        ):
            if not mailbox._is_asleep():
                self._begin(mailbox)

    def _go_on(self, seconds=0.0):
        key = f"parity:{self.id}" + (":later" if seconds else "")
        jobs.enqueue(self, jobs.CARE, key, seconds)._job_verify()

    # -- chunks --------------------------------------------------------------------------------

    def _job_verify(self):
        """Job: one chunk of the verification."""
        self.ensure_one()
        if self.state != "running":
            return self.state
        if self.mailbox_id._is_asleep():
            self._fail(self.mailbox_id._asleep_reason())
            return "asleep"
        work = dict(self.work)
        step = {
            "enumerate": self._enumerate,
            "hash": self._hash,
            "settle": self._settle,
        }[work["step"]]
        try:
            seconds = step(work)
        except AuthorizationLost as error:
            self._fail(error.detail)
            self.mailbox_id._trouble(error.reason, error.detail)
            return "failed"
        except ProviderError as error:
            return self._put_off(work, error)
        if self.state == "running":
            work["attempts"] = 0
            self.work = work
            self._go_on(seconds)
        return work["step"]

    def _enumerate(self, work):
        """Note the ids of some pages."""
        provider = self.mailbox_id._provider("history")
        limit = provider.capabilities.page_limit
        for _ in range(_PAGES):
            if not work["stages"]:
                self._compare(work)
                return 0.0
            stage = work["stages"][0]
            try:
                listing = provider.enumerate(stage.partition(":")[2] or None, work["resume"], limit)
            except (NotFound, Refused):
                if not stage:
                    raise
                # A folder that is gone meanwhile, or a flag this provider cannot list.
                self._next_stage(work, skipped=stage)
                continue
            checks.note(self.env.cr, self.id, stage, [ref.remote_id for ref in listing.refs])
            work["resume"] = listing.resume
            if listing.resume is None:
                self._next_stage(work)
        return 0.0

    def _next_stage(self, work, skipped=None):
        work["stages"] = work["stages"][1:]
        work["resume"] = None
        if skipped:
            work["skipped"] = [*work.get("skipped", []), skipped]
        self.progress = 100.0 * (1 - (len(work["stages"]) + 2) / work["total"])

    def _compare(self, work):
        """Find what differs, and let the streams settle it."""
        self.env.flush_all()
        skipped = set(work.get("skipped", ()))
        flags = [flag for flag in _FLAGS if f"flag:{flag}" not in skipped]
        found = checks.differences(self.env.cr, self.id, self.mailbox_id.id, flags, skipped)
        self.write(
            {
                "provider_messages": checks.noted(self.env.cr, self.id, ""),
                "flag_diff": len({key for kind, key, _ in found if kind == "flag"}),
                "label_diff": len({key for kind, key, _ in found if kind == "label"}),
                "detail": {
                    "differences": [list(item) for item in found[:_SHOWN]],
                    "found": len(found),
                },
            }
        )
        self._heal(found)
        work["open"] = sorted({key for _, key, _ in found})
        work["step"] = "hash"
        work["hashed"] = 0

    def _heal(self, found):
        """List what is missing, doubt what differs; the streams do the rest."""
        mailbox = self.mailbox_id
        stream = mailbox.stream_ids[:1]
        missing = sorted({key for kind, key, _ in found if kind == "missing"})
        created, relisted = checks.relist(self.env.cr, mailbox.id, stream.id, missing)
        self.env.invalidate_all()
        for disposition, count in relisted.items():
            mailbox._shift(disposition, "listed", count)
        mailbox.listed_count += created
        checks.doubt(
            self.env.cr, mailbox.id, sorted({key for kind, key, _ in found if kind != "missing"})
        )
        if found:
            for one in mailbox.stream_ids:
                jobs.wake(one, "new")

    def _hash(self, work):
        """Fetch sources again and compare them with what is kept: a sample, or page by page all."""
        mailbox = self.mailbox_id
        provider = mailbox._provider("history")
        size = provider.capabilities.fetch_limit if self.full else _SAMPLE
        rows = checks.sources(self.env.cr, mailbox.id, work["hashed"] if self.full else None, size)
        bad = checks.compare_sources(self.env.cr, provider, rows)
        checks.doubt_sources(self.env.cr, mailbox.id, bad)
        self.hash_checked += len(rows)
        self.hash_diff += len(bad)
        work["open"] = sorted({*work["open"], *bad})
        if bad:
            for stream in mailbox.stream_ids:
                jobs.wake(stream, "new")
        if self.full and rows:
            work["hashed"] = rows[-1].id
            return 0.0
        work["step"] = "settle"
        work["looks"] = 0
        return 0.0 if not work["open"] else _SETTLE_SECONDS

    def _settle(self, work):
        """Wait until the streams have dealt with what differed; what they have not is
        unexplained."""
        still = checks.unsettled(self.env.cr, self.mailbox_id.id, work["open"])
        work["looks"] += 1
        if still and work["looks"] < _SETTLE_LOOKS:
            return _SETTLE_SECONDS
        counts = checks.dispositions(self.env.cr, self.mailbox_id.id)
        self.write(
            {
                "state": "done",
                "ended_at": fields.Datetime.now(),
                "progress": 100.0,
                "unexplained": len(still),
                "healed": len(work["open"]) - len(still),
                "duplicates": checks.duplicates(self.env.cr, self.mailbox_id.id),
                "stored": counts.get("stored", 0),
                "filtered_out": counts.get("filtered", 0),
                "quarantined": counts.get("quarantined", 0),
                "gone": counts.get("gone", 0),
                "pending": counts.get("listed", 0),
                "detail": {**self.detail, "unexplained": still[:_SHOWN]},
                "work": False,
            }
        )
        checks.forget(self.env.cr, self.id)
        self._recount(counts)
        self.mailbox_id._audit(
            "parity.done",
            provider=self.provider_messages,
            unexplained=len(still),
            healed=self.healed,
        )
        return 0.0

    def _recount(self, counts):
        """Kept counters can only drift by a mistake of ours; a verification sets them right."""
        self.env.cr.execute(
            SQL(
                """UPDATE mailbox SET message_count = %s, filtered_count = %s,
                       quarantine_count = %s,
                       gone_count = %s, listed_count = %s WHERE id = %s""",
                *(
                    counts.get(name, 0)
                    for name in ("stored", "filtered", "quarantined", "gone", "listed")
                ),
                self.mailbox_id.id,
            )
        )
        checks.recount_folders(self.env.cr, self.mailbox_id.id)
        checks.recount_conversations(self.env.cr, self.mailbox_id.id)
        self.env.invalidate_all()

    # -- trouble -------------------------------------------------------------------------------

    def _put_off(self, work, error):
        work["attempts"] = work.get("attempts", 0) + 1
        if work["attempts"] >= _TRIES:
            self._fail(error.detail or type(error).__name__)
            return "failed"
        self.work = work
        advice = error.retry_after if isinstance(error, Throttled) else None
        self._go_on(delay(work["attempts"], advice, rng=Random()))
        return f"waits: {error.detail}"

    def _fail(self, reason):
        self.write(
            {
                "state": "failed",
                "ended_at": fields.Datetime.now(),
                "detail": {"failure": reason},
                "work": False,
            }
        )
        checks.forget(self.env.cr, self.id)


class Mailbox(models.Model):
    _inherit = "mailbox"

    parity_ids = fields.One2many("mailbox.parity", "mailbox_id")

    def action_verify_completeness(self, full=False):
        """Compare with the provider now; the owner and managers may."""
        self._check_operator()
        for mailbox in self.sudo():
            self.env["mailbox.parity"].sudo()._begin(mailbox, full)
