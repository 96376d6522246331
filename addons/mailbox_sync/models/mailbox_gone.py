"""Mail that was deleted at the provider: kept here for ever, or emptied after a while.

An emptied message keeps its line in the ledger (id, Message-ID, date), so that every id still has
its end and the proof of completeness adds up; what it said is removed. Should the provider ever
name it again, it is fetched as if it were new.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from .. import jobs

#: Messages of one job.
_AT_ONCE = 500
EMPTIED = "emptied"
#: Columns that say something of the mail. What remains names it, or counts.
_CONTENT = (
    "conversation_id",
    "conversation_evidence",
    "correspondents",
    "in_reply_to",
    "reference_ids",
    "fingerprint",
    "header_date",
    "from_name",
    "from_email",
    "to_text",
    "cc_text",
    "subject",
    "snippet",
    "defects",
    "raw_sha256",
    "raw_store",
    "search_vector",
    "conversation_buckets",
)


class Mailbox(models.Model):
    _inherit = "mailbox"

    gone_policy = fields.Selection(
        [("keep", "Kept here"), ("purge", "Removed here too, after a while")],
        string="Mail deleted at the provider",
        required=True,
        default="keep",
    )
    gone_days = fields.Integer(string="Days until it is removed", default=30)
    gone_text = fields.Char(compute="_compute_gone_text")

    @api.constrains("gone_days")
    def _check_gone_days(self):
        for mailbox in self:
            if mailbox.gone_days < 1:
                raise ValidationError(
                    self.env._("Deleted mail is kept for a day at least: mistakes happen.")
                )

    @api.depends("gone_policy", "gone_days", "gone_count")
    @api.depends_context("lang")
    def _compute_gone_text(self):
        """What the policy means now, before it is saved too."""
        for mailbox in self:
            mailbox.gone_text = mailbox._gone_words()

    def _gone_words(self):
        if not self.gone_count:
            return self.env._("Nothing was deleted at the provider so far.")
        if self.gone_policy != "purge":
            return self.env._("Now: %s messages, all kept.", self.gone_count)
        return self.env._(
            "%(count)s of %(all)s would be emptied in the next night; mail that belongs to a "
            "record is kept.",
            count=len(self._origin._gone_due(self.gone_days)),
            all=self.gone_count,
        )

    def _gone_due(self, days, limit=None):
        """Ids of messages that have been gone for so many days and still say something; those of a
        record are its business."""
        self.ensure_one()
        rows = self.env.execute_query(
            SQL(
                """SELECT m.id FROM mailbox_message m
                    WHERE m.mailbox_id = %s AND m.disposition = 'gone' AND m.write_date <= %s
                      AND m.disposition_reason IS DISTINCT FROM %s
                      AND (m.is_held OR m.raw_store IS NOT NULL OR m.subject IS NOT NULL)
                      AND NOT EXISTS (SELECT FROM mailbox_link l WHERE l.message_id = m.id)
                      AND NOT EXISTS (SELECT FROM mailbox_log g WHERE g.message_id = m.id
                          AND g.mail_message_id IS NOT NULL)
                    ORDER BY m.id LIMIT %s""",
                self.id,
                fields.Datetime.now() - timedelta(days=max(days, 1)),
                EMPTIED,
                limit,
            )
        )
        return [message_id for (message_id,) in rows]

    @api.model
    def _cron_gone(self):
        """Queue the emptying for every mailbox whose owner wants it."""
        for mailbox in self.search([("gone_policy", "=", "purge"), ("gone_count", ">", 0)]):
            if not mailbox._is_asleep():
                mailbox._purge_gone_soon()

    def _purge_gone_soon(self):
        jobs.enqueue(self, jobs.CARE, f"gone:{self.id}")._job_purge_gone()

    def _job_purge_gone(self):
        """Job: empty one chunk of what is due, and go on until nothing is."""
        self.ensure_one()
        if self.gone_policy != "purge" or self._is_asleep():
            return "nothing to do"
        due = self._gone_due(self.gone_days, _AT_ONCE)
        if not due:
            return "done"
        emptied = self._empty(due)
        self._audit("mail.emptied", count=len(emptied), days=self.gone_days)
        if len(due) == _AT_ONCE:
            self._purge_gone_soon()
        return f"{len(emptied)} emptied"

    def _empty(self, message_ids):
        """Remove what gone messages say; returns the ids of those that were still gone. Files of
        the raw store go with the vacuum, which looks for those that no row names."""
        rows = self.env.execute_query(
            SQL(
                """UPDATE mailbox_message SET is_held = FALSE, has_attachment = FALSE,
                       raw_complete = FALSE, disposition_reason = %s, write_date = %s, %s
                   WHERE id = ANY(%s) AND disposition = 'gone' RETURNING id""",
                EMPTIED,
                fields.Datetime.now(),
                SQL(", ").join(SQL("%s = NULL", SQL.identifier(name)) for name in _CONTENT),
                message_ids,
            )
        )
        emptied = [message_id for (message_id,) in rows]
        parts = self.env["mailbox.attachment"].search([("message_id", "in", emptied)])
        files = [("res_model", "=", "mailbox.message"), ("res_id", "in", emptied)]
        (parts.attachment_id | self.env["ir.attachment"].search(files)).unlink()
        for statement in (
            "DELETE FROM mailbox_attachment WHERE message_id = ANY(%s)",
            "DELETE FROM mailbox_body WHERE message_id = ANY(%s)",
            "UPDATE mailbox_decision SET title = NULL, steps = NULL, otherwise = NULL"
            " WHERE message_id = ANY(%s)",
            "UPDATE mailbox_message SET duplicate_of_id = NULL WHERE duplicate_of_id = ANY(%s)",
        ):
            self.env.cr.execute(statement, [emptied])
        self.env.invalidate_all(flush=False)
        return emptied


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    _gone_idx = models.Index("(mailbox_id, write_date) WHERE disposition = 'gone'")
