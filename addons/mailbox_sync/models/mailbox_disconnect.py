"""The end of a connection: withdraw the grant if no other needs it, keep or purge the mail."""

import logging

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from mailbox_core.errors import ProviderError

from .. import jobs

_logger = logging.getLogger(__name__)

_PURGE_AT_ONCE = 2000
#: Seconds after a purge when the sources are removed: a young file may belong to a transaction that
#: runs.
_SOURCES_LATER = 25 * 3600
_SHARDS = 256
_COUNTERS = ("message_count", "listed_count", "filtered_count", "quarantine_count", "gone_count")


class Mailbox(models.Model):
    _inherit = "mailbox"

    def _same_grant(self):
        """Other mailboxes that live on the same person's grant for the same client: withdrawing it
        would end them too (provider page "Using OAuth 2.0 for Web Server Applications", section on
        revoking)."""
        self.ensure_one()
        credentials = self.env["mailbox.credential"].sudo()
        mine = credentials._of(self)
        others = credentials.search(
            [
                ("identity", "=ilike", mine.identity or self.address),
                ("secret", "!=", False),
                ("id", "!=", mine.id),
            ]
        ).mailbox_id
        return others.filtered(lambda other: other.provider == self.provider)

    def _disconnect(self, revoke):
        """Forget the grant; with ``revoke`` also withdraw it at the provider, unless another
        mailbox needs it. Returns what went wrong there, in words.

        The provider is asked before the grant is forgotten: a token that is gone cannot be
        withdrawn.
        """
        self.ensure_one()
        credential = self.env["mailbox.credential"]._of(self)
        trouble = (
            self._revoke(credential)
            if revoke and credential.secret and not self._same_grant()
            else ""
        )
        self._sync_stop()
        credential._wipe()
        self._token_changed()
        return trouble

    def _revoke(self, credential):
        try:
            self._authorizer().revoke(credential._open("revoke"))
        except ProviderError as error:
            trouble = error.detail
        except UserError as error:
            trouble = str(error)
        else:
            return ""
        _logger.warning("Mailbox %s: the grant could not be withdrawn: %s", self.id, trouble)
        return trouble

    def _sync_stop(self):
        """No more work until somebody connects again. Rows and cursors stay."""
        self.stream_ids._pause("disconnected")

    # ------------------------------------------------------------------
    # Purge
    # ------------------------------------------------------------------

    def _purge_mail(self, withdraw=False):
        """Delete the stored mail of these mailboxes, in jobs: the cursors at once, the messages by
        and by. ``withdraw``: also take out of chatters what was only logged there.

        Only rows without a stream are deleted, so that a new connection may begin before the purge
        has ended.
        """
        for mailbox in self:
            mailbox.stream_ids.unlink()
            mailbox.write(
                {"import_started_at": False, "import_ended_at": False, "last_sync_at": False}
            )
            jobs.enqueue(mailbox, jobs.CARE, f"purge:{mailbox.id}")._job_purge(withdraw)

    def _job_purge(self, withdraw=False):
        """Job: delete one chunk, and go on until nothing is left."""
        self.ensure_one()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM mailbox_message WHERE mailbox_id = %s AND stream_id IS NULL LIMIT "
                "%s",
                self.id,
                _PURGE_AT_ONCE,
            )
        )
        if rows:
            message_ids = [message_id for (message_id,) in rows]
            if withdraw:
                self._withdraw_logged(message_ids)
            self._purge_messages(message_ids)
            jobs.enqueue(self, jobs.CARE, f"purge:{self.id}")._job_purge(withdraw)
            return f"{len(rows)} messages"
        self._purge_rest()
        return "done"

    def _withdraw_logged(self, message_ids):
        logs = self.env["mailbox.log"].search([("message_id", "in", message_ids)])
        self._audit("log.withdrawn", count=logs._withdraw())

    def _purge_messages(self, message_ids):
        parts = self.env["mailbox.attachment"].search([("message_id", "in", message_ids)])
        self.env["ir.attachment"].search(
            [
                "|",
                ("id", "in", parts.attachment_id.ids),
                "&",
                ("res_model", "=", "mailbox.message"),
                ("res_id", "in", message_ids),
            ]
        ).unlink()
        # What is logged nowhere any more need not be known; lines that stay must go on drawing no
        # replies (``routing/threads.py``).
        logs = self.env["mailbox.log"].search([("message_id", "in", message_ids)])
        logs.filtered(lambda one: not one.mail_message_id).unlink()
        self.env.flush_all()
        # Placements, parts, bodies and the search index go with their message (foreign keys).
        self.env.cr.execute(SQL("DELETE FROM mailbox_message WHERE id = ANY(%s)", message_ids))
        self.env.invalidate_all(flush=False)

    def _purge_rest(self):
        """What is left when the last message is gone; nothing of a connection that began anew."""
        if not self.stream_ids:
            self.env["mailbox.conversation"].search([("mailbox_id", "=", self.id)]).unlink()
            self.env["mailbox.parity"].search([("mailbox_id", "=", self.id)]).unlink()
            self.env["mailbox.run"].search([("mailbox_id", "=", self.id)]).unlink()
            self.env["mailbox.command"].search([("mailbox_id", "=", self.id)]).unlink()
            self.env["mailbox.older"].search([("mailbox_id", "=", self.id)]).unlink()
            self.folder_ids.unlink()
            self.write(dict.fromkeys(_COUNTERS, 0))
        self._audit("mailbox.purged")
        jobs.enqueue(self, jobs.CARE, "purge-sources", _SOURCES_LATER)._job_purge_sources()

    def _job_purge_sources(self):
        """Job: remove the sources that no row names any more, all of them at once."""
        message = self.env["mailbox.message"]
        return sum(message._gc_orphans(f"{number:02x}") for number in range(_SHARDS))
