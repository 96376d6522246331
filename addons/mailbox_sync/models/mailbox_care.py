"""What keeps the store bounded and tidy: retries, retention, orphans."""

import logging
from datetime import datetime, timedelta, timezone

from odoo import api, fields, models

from mailbox_core.sync import plan

from ..options import forget
from ..store.ledger import Ledger
from ..store.line import Line
from ..store.raw import RawStore
from ..store.safely import write_safely

_logger = logging.getLogger(__name__)

#: A file without a row may belong to a transaction that still runs; none runs for so long.
_ORPHAN_SECONDS = 86400
#: Folders of the raw store: the first byte of the hash.
_SHARDS = 256
_EVICT_AT_ONCE = 1000


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    @api.model
    def _cron_retry(self):
        """Fetch quarantined messages again whose wait is over."""
        due = self.search(
            [("disposition", "=", "quarantined"), ("retry_at", "<=", fields.Datetime.now())],
            limit=500,
        )
        due.filtered(lambda row: not row.mailbox_id._is_asleep())._retry()

    @api.autovacuum
    def _gc_sources(self):
        """Evict sources beyond the mailbox's retention; they can be fetched again."""
        for mailbox in self.env["mailbox"].search([("raw_retention_days", ">", 0)]):
            limit = fields.Datetime.now() - timedelta(days=mailbox.raw_retention_days)
            self.env.cr.execute(
                """UPDATE mailbox_message SET raw_store = NULL WHERE id IN (
                       SELECT id FROM mailbox_message WHERE mailbox_id = %s AND date < %s
                         AND raw_store IS NOT NULL AND disposition = 'stored' LIMIT %s)""",
                [mailbox.id, limit, _EVICT_AT_ONCE],
            )
        self.env.invalidate_all()
        self._gc_orphans()

    @api.model
    def _gc_orphans(self, shard=None, seconds=_ORPHAN_SECONDS):
        """Remove files that no row names; returns how many. Every file is looked at once a
        month."""
        store = RawStore.of(self.env.cr)
        removed = 0
        for name in [shard] if shard else _todays_shards():
            keys = set(store.older_than(seconds, name))
            self.env.cr.execute(
                "SELECT raw_store FROM mailbox_message WHERE raw_store = ANY(%s)", [list(keys)]
            )
            for key in keys.difference(key for (key,) in self.env.cr.fetchall()):
                store.remove(key)
                removed += 1
        return removed


class MailboxStream(models.Model):
    _inherit = "mailbox.stream"

    @api.model
    def _cron_grace(self):
        """End the grace period of messages that have been in no folder for too long."""
        self.env["mailbox.message"].flush_model(["absent_since"])
        self.env.cr.execute(
            """SELECT DISTINCT m.stream_id FROM mailbox_message m
                 JOIN mailbox b ON b.id = m.mailbox_id AND b.active
                WHERE m.absent_since IS NOT NULL"""
        )
        for stream in self.browse(id_ for (id_,) in self.env.cr.fetchall()):
            waiting = self.env["mailbox.message"].search(
                [("stream_id", "=", stream.id), ("absent_since", "!=", False)], limit=1000
            )
            if waiting and stream.try_lock_for_update(allow_referencing=True):
                ledger = Ledger(stream)
                known = ledger.known(waiting.mapped("remote_id"))
                gone = plan.expire(known, datetime.now(timezone.utc)).over({})
                lines = [Line(ledger.rows[key], row) for key, row in gone.items()]
                stream.mailbox_id._count(write_safely(stream, ledger, lines))


class MailboxRun(models.Model):
    _inherit = "mailbox.run"

    @api.autovacuum
    def _gc_runs(self):
        """Forget runs older than the option ``run_days`` says (0: never)."""
        forget(self.env["mailbox.run"], "started_at", "run_days")


class MailboxConversation(models.Model):
    _inherit = "mailbox.conversation"

    @api.autovacuum
    def _gc_conversations(self):
        """Forget conversations that no message belongs to any more."""
        self.env.cr.execute(
            """DELETE FROM mailbox_conversation c WHERE c.message_count <= 0 AND NOT EXISTS (
                   SELECT FROM mailbox_message m WHERE m.conversation_id = c.id)"""
        )


def _todays_shards():
    """A thirtieth of the store a day."""
    day = datetime.now(timezone.utc).toordinal() % 30
    return [f"{number:02x}" for number in range(_SHARDS) if number % 30 == day]
