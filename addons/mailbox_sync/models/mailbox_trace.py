"""The way of every message that arrived live, station by station. Times only, nothing of the mail.

Rows are written set by set by ``engine/trace.py``. The hops are columns that PostgreSQL computes
itself ("Generated Columns"), so that none can contradict its stations.
"""

from odoo import api, fields, models

from ..options import forget

#: Hop to the stations it lies between, as SQL. Alternatives of one way are NULL for the other.
_SPANS = {
    "notice_ms": ("provider_at", "hint_at"),
    "verify_ms": ("hint_at", "verified_at"),
    "queue_ms": ("verified_at", "sync_at"),
    "poll_ms": ("CASE WHEN hint_at IS NULL THEN provider_at END", "sync_at"),
    "fetch_ms": ("sync_at", "stored_at"),
    "show_ms": ("stored_at", "shown_at"),
    "body_ms": ("stored_at", "body_at"),
    "total_ms": ("provider_at", "COALESCE(shown_at, stored_at)"),
}
#: The hops that add up to the total, in the order of the way.
HOPS = ("notice_ms", "verify_ms", "queue_ms", "poll_ms", "fetch_ms", "show_ms")
#: A span that ends before it began by more than clocks may differ is unknown, not negative.
_SPAN = """CASE WHEN {after} - {before} >= interval '-2 seconds' THEN
    LEAST(GREATEST(extract(epoch FROM {after} - {before}) * 1000, 0), 2147483647)::int END"""


class MailboxTrace(models.Model):
    _name = "mailbox.trace"
    _description = "Way of a Message"
    _order = "id DESC"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", readonly=True)
    # No Many2one: its name is the subject, and managers see this row without reading the mail.
    message_id = fields.Integer(required=True, readonly=True, aggregator=None)
    provider_at = fields.Datetime(
        string="At the provider", readonly=True, help="By this server's clock."
    )
    clock_ms = fields.Integer(
        string="Provider's clock ahead (ms)",
        readonly=True,
        aggregator=None,
        help="How far the provider's clock was certainly ahead of this server's, by its answers;"
        " negative: behind. It is taken off the provider's time. 0: the clocks may agree, or differ"
        " by more than an hour, which is not put right.",
    )
    hint_at = fields.Datetime(
        string="Notification received", readonly=True, help="Empty: found by a look without it."
    )
    verified_at = fields.Datetime(string="Notification verified", readonly=True)
    sync_at = fields.Datetime(string="Run started", readonly=True)
    stored_at = fields.Datetime(string="Stored", readonly=True)
    body_at = fields.Datetime(string="Body ready", readonly=True)
    shown_at = fields.Datetime(string="Screens told", readonly=True)
    exempt = fields.Selection(
        [
            ("own", "Sent from the mailbox itself"),
            ("late", "Was at the provider long before, elsewhere"),
            ("clock", "The clocks of provider and server disagree"),
        ],
        string="Not counted",
        readonly=True,
        help="Why it is left out of the figures.",
    )
    way = fields.Selection(
        [("push", "Notification"), ("poll", "A look")], compute="_compute_way", string="Found by"
    )
    notice_ms = fields.Integer("Notification (ms)", readonly=True, aggregator="avg")
    verify_ms = fields.Integer("Verification (ms)", readonly=True, aggregator="avg")
    queue_ms = fields.Integer("Queue (ms)", readonly=True, aggregator="avg")
    poll_ms = fields.Integer("Until looked for (ms)", readonly=True, aggregator="avg")
    fetch_ms = fields.Integer("Fetch and store (ms)", readonly=True, aggregator="avg")
    show_ms = fields.Integer("To the screens (ms)", readonly=True, aggregator="avg")
    body_ms = fields.Integer("Body (ms)", readonly=True, aggregator="avg")
    total_ms = fields.Integer("Total (ms)", readonly=True, aggregator="avg")

    _message_unique = models.Constraint("UNIQUE (message_id)", "A message has one way.")
    _message_fkey = models.Constraint(
        "FOREIGN KEY (message_id) REFERENCES mailbox_message (id) ON DELETE CASCADE",
        "The message is gone.",
    )
    _stored_idx = models.Index("(mailbox_id, stored_at)")
    _cold_idx = models.Index(
        "(id) WHERE body_at IS NULL AND stored_at IS NOT NULL AND exempt IS NULL"
    )

    def init(self):
        self.env.cr.execute(
            """SELECT column_name FROM information_schema.columns
                WHERE table_name = %s AND is_generated = 'ALWAYS'
                  AND table_schema = current_schema()""",
            [self._table],
        )
        kept = {name for (name,) in self.env.cr.fetchall()}
        for name, (before, after) in _SPANS.items():
            if name not in kept:
                span = _SPAN.format(before=f"({before})", after=f"({after})")
                self.env.cr.execute(  # pylint: disable=sql-injection
                    f"""ALTER TABLE mailbox_trace DROP COLUMN {name};
                        ALTER TABLE mailbox_trace
                        ADD COLUMN {name} int4 GENERATED ALWAYS AS ({span}) STORED"""
                )

    @api.depends("hint_at")
    def _compute_way(self):
        for trace in self:
            trace.way = "push" if trace.hint_at else "poll"

    @api.depends("mailbox_id", "message_id")
    def _compute_display_name(self):
        for trace in self:
            trace.display_name = f"{trace.mailbox_id.display_name}, {trace.message_id}"

    def action_open_message(self):
        """The message itself, for who may read it."""
        self.ensure_one()
        self.env["mailbox.message"].browse(self.message_id).check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": "mailbox.message",
            "res_id": self.message_id,
            "views": [(False, "form")],
        }

    @api.autovacuum
    def _gc_traces(self):
        """Forget ways older than the settings say (0: never)."""
        forget(self, "sync_at", "trace_days")


class MailboxStream(models.Model):
    _inherit = "mailbox.stream"

    last_notice = fields.Json(
        readonly=True, help="The last push notification, for the looks that repeat its look."
    )


class MailboxHint(models.Model):
    _inherit = "mailbox.hint"

    received_at = fields.Datetime(help="When the notification reached this server.")
