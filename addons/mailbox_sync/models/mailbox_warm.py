"""Bodies of new mail, made before somebody opens them: opening then reads one row."""

import logging
import time
from datetime import timedelta

from odoo import api, fields, models
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

    @api.model
    def _warm_soon(self, below=0):
        """Make the bodies of new mail, after the mail itself and its routing, with one job for what
        comes within a second to any mailbox. ``below``: the way that was tried last; older ones
        follow."""
        key = f"warm:{below}" if below else "warm"
        jobs.enqueue(self.browse(), jobs.CARE, key, _TOGETHER)._job_warm(below)

    @api.model
    def _job_warm(self, below=0):
        """Job: the bodies of the newest mail that has none, as far as time allows."""
        cold = self._cold(below)
        until = time.monotonic() + _SECONDS
        ready, tried = [], 0
        for way, message in cold:
            if tried and time.monotonic() > until:
                break
            tried = way
            if not message.mailbox_id._is_asleep() and message._warm():
                ready.append(message.id)
        self.env.cr.execute(
            "UPDATE mailbox_trace SET body_at = clock_timestamp() AT TIME ZONE 'UTC'"
            " WHERE message_id = ANY(%s)",
            [ready],
        )
        self.env["mailbox.trace"].invalidate_model(["body_at", "body_ms"], flush=False)
        if tried and self._cold(tried):
            self._warm_soon(tried)
        return f"{len(ready)} of {len(cold)}"

    @api.model
    def _cold(self, below):
        """Messages whose body waits to be made, each with the id of its way, the newest first."""
        self.env.cr.execute(
            """SELECT t.id, m.id FROM mailbox_trace t JOIN mailbox_message m ON m.id = t.message_id
                WHERE (%(below)s = 0 OR t.id < %(below)s) AND t.body_at IS NULL
                  AND t.stored_at > %(since)s AND t.exempt IS NULL
                  AND m.disposition = 'stored' AND m.size <= %(largest)s
                ORDER BY t.id DESC LIMIT %(count)s""",
            {
                "below": below,
                "since": fields.Datetime.now() - _GIVE_UP,
                "largest": _LARGEST,
                "count": _AT_ONCE,
            },
        )
        rows = self.env.cr.fetchall()
        messages = self.env["mailbox.message"].browse(message for _, message in rows)
        return [(way, one) for (way, _), one in zip(rows, messages, strict=True)]


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
