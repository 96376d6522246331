"""Health in words, lag and import progress of a mailbox."""

from datetime import timedelta

from odoo import api, fields, models

from mailbox_core.errors import AuthorizationLost
from mailbox_core.sync.cadence import eta

from .. import advice


class Mailbox(models.Model):
    _inherit = "mailbox"

    @api.depends(
        "remote_total",
        "listed_count",
        "message_count",
        "filtered_count",
        "quarantine_count",
        "import_started_at",
        "import_ended_at",
    )
    def _compute_progress(self):
        now = fields.Datetime.now()
        for mailbox in self:
            done = mailbox.message_count + mailbox.filtered_count + mailbox.quarantine_count
            known = done + mailbox.listed_count
            ended = bool(mailbox.import_ended_at)
            # Until all is listed only the provider knows how much there is.
            total = known if ended else max(known, mailbox.remote_total)
            mailbox.import_done = done
            mailbox.import_total = total
            mailbox.import_progress = 100.0 * done / total if total else 100.0 * ended
            mailbox.import_eta = False
            started = mailbox.import_started_at
            if started and not ended:
                rate = done / max(1.0, (now - started).total_seconds())
                seconds = eta(done, total, rate)
                if seconds is not None:
                    mailbox.import_eta = now + timedelta(seconds=seconds)

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
        reason = (
            self.stream_ids.filtered(lambda stream: stream.gate != "open")[:1].gate_reason or ""
        )
        words = {
            "draft": self.env._("Not connected yet. Connect it to begin."),
            "connecting": self.env._("Waiting for the provider's permission."),
            "importing": self.env._("Importing; the newest mail arrives first."),
            "live": self.env._("Up to date."),
            "waiting": self._waiting_words(reason),
            "reconnect": self._blocked_words(reason),
            "paused": self.env._("Paused. Resume to go on."),
            "error": self.env._(
                "A job ended in a surprise (%s); it is tried again by itself.", self.crash
            ),
        }
        return words.get(self.state, "")

    def _waiting_words(self, reason):
        """Why nothing is asked for a while, by the word of the stream's gate."""
        words = {
            "quota": self.env._(
                "Waits a little, so as to stay within the provider's limits; goes on by itself."
            ),
            "throttled_project": self.env._(
                "The provider's limit for all mailboxes of the project is reached; goes on by "
                "itself."
            ),
            "throttled_day": self.env._(
                "The provider's limit for a day is reached; goes on by itself tomorrow."
            ),
            "unavailable": self.env._(
                "The provider cannot be reached; it is tried again by itself."
            ),
            "resumed": self.env._("The provider asked for a break before; goes on by itself."),
        }
        asked = self.env._("The provider asked us to wait; goes on by itself.")
        refused = self.env._("The provider refused a request; it is tried again by itself.")
        return words.get(reason, refused if reason in ("refused", "missing") else asked)

    def _blocked_words(self, reason):
        """Why a person has to act, and how."""
        words = {
            "refused": self.env._(
                "The provider keeps refusing. Press Test connection to see what."
            ),
            "missing": self.env._("The provider does not find the mailbox. Check its address."),
        }
        lost = AuthorizationLost(reason or "invalid_grant")
        return words.get(reason) or advice.next_step(self.env, lost)
