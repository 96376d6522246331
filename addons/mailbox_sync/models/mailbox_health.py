"""Health in words, lag and import progress of a mailbox."""

from datetime import timedelta

from odoo import api, fields, models


class Mailbox(models.Model):
    _inherit = "mailbox"

    @api.depends("import_total", "import_done", "import_started_at", "import_ended_at")
    def _compute_progress(self):
        now = fields.Datetime.now()
        for mailbox in self:
            total, done = mailbox.import_total, mailbox.import_done
            mailbox.import_progress = min(100.0, 100.0 * done / total) if total else 0.0
            mailbox.import_eta = False
            started = mailbox.import_started_at
            if started and done and total > done and not mailbox.import_ended_at:
                pace = (now - started).total_seconds() / done
                mailbox.import_eta = now + timedelta(seconds=pace * (total - done))

    @api.depends("state", "last_sync_at", "breaker_until", "breaker_reason", "crash")
    def _compute_health(self):
        now = fields.Datetime.now()
        for mailbox in self:
            last = mailbox.last_sync_at
            mailbox.lag_seconds = int((now - last).total_seconds()) if last else 0
            mailbox.health_text = mailbox._health_words()

    def _health_words(self):
        """What a person should know and do next."""
        self.ensure_one()
        reason = self.stream_ids.filtered(lambda stream: stream.gate != "open")[:1].gate_reason or ""
        words = {
            "draft": self.env._("Not connected yet. Connect it to begin."),
            "connecting": self.env._("Waiting for the provider's permission."),
            "importing": self.env._("Importing; the newest mail arrives first."),
            "live": self.env._("Up to date."),
            "waiting": self.env._("The provider asked us to wait; goes on by itself. %s", reason),
            "reconnect": self.env._("Sign in again to go on: %s", reason),
            "paused": self.env._("Paused. Resume to go on."),
            "error": self.env._("A job ended in a surprise (%s); it is tried again by itself.", self.crash),
        }
        return words.get(self.state, "")
