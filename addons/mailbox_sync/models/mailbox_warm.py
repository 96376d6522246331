"""Bodies of new mail, made before somebody opens them: opening then reads one row."""

import logging
import time
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError

from .. import jobs

_logger = logging.getLogger(__name__)

#: Bodies of one job, the seconds after which no further one is begun, and the largest source in
#: bytes: what is beyond is made when it is opened, as before.
_AT_ONCE = 50
_SECONDS = 10.0
_LARGEST = 8 * 1024 * 1024
#: Seconds for which new mail is waited for, so that a burst is one job and the bodies of one mail
#: do not hold up the next one.
_TOGETHER = 1.0
#: What could not be made within this time is left to its reader.
_GIVE_UP = timedelta(hours=1)


class Mailbox(models.Model):
    _inherit = "mailbox"

    def _warm_soon(self):
        """Make the bodies of new mail, after the mail itself and its routing, with one job for what
        comes within a second."""
        jobs.enqueue(self, jobs.CARE, f"warm:{self.id}", _TOGETHER)._job_warm()

    def _job_warm(self):
        """Job: the bodies of the newest mail that has none, as far as time allows."""
        self.ensure_one()
        if self._is_asleep():
            return "asleep: " + self._asleep_reason()
        cold = self._cold()
        until = time.monotonic() + _SECONDS
        ready = []
        for message in cold:
            if ready and time.monotonic() > until:
                break
            if message._warm():
                ready.append(message.id)
        self.env.cr.execute(
            "UPDATE mailbox_trace SET body_at = clock_timestamp() AT TIME ZONE 'UTC'"
            " WHERE message_id = ANY(%s)",
            [ready],
        )
        self.env["mailbox.trace"].invalidate_model(["body_at", "body_ms"], flush=False)
        if ready and self._cold():
            self._warm_soon()
        return f"{len(ready)} of {len(cold)}"

    def _cold(self):
        """Messages whose body waits to be made, the newest first."""
        self.env.cr.execute(
            """SELECT m.id FROM mailbox_trace t JOIN mailbox_message m ON m.id = t.message_id
                WHERE t.mailbox_id = %s AND t.body_at IS NULL AND t.stored_at > %s
                  AND t.exempt IS NULL AND m.disposition = 'stored' AND m.size <= %s
                ORDER BY t.id DESC LIMIT %s""",
            [self.id, fields.Datetime.now() - _GIVE_UP, _LARGEST, _AT_ONCE],
        )
        return self.env["mailbox.message"].browse(row[0] for row in self.env.cr.fetchall())


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    def _warm(self):
        """Make the body; whether it is there now. One that cannot be made stops no other."""
        self.ensure_one()
        try:
            with self.env.cr.savepoint():
                self._body()
        except UserError:
            return False
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            _logger.exception("Mailbox %s: no body for message %s", self.mailbox_id.id, self.id)
            return False
        return True
