"""Answers without a person: one acknowledgement a conversation, and never a loop.

Two machines that answer each other stop at the third mail of an hour: at most two automatic mails
an hour go to a correspondent, from whichever rule or mailbox. What is sent says what it is (RFC
3834 section 3.1.7), and carries the mark by which we know it when it comes back.
"""

from datetime import timedelta

from odoo import api, fields, models

from mailbox_core.rules.stages.finding import LOOP_HEADER

from ..routing import people

#: Two mails to one correspondent may go out within this time.
_HOUR = timedelta(hours=1)
_KEPT = timedelta(days=2)


class MailboxAutomatic(models.Model):
    _name = "mailbox.automatic"
    _description = "Automatic Mail to a Correspondent"
    _log_access = False

    address = fields.Char(required=True)
    older_at = fields.Datetime(help="When the last but one was sent.")
    newer_at = fields.Datetime(required=True, help="When the last one was sent.")

    _address_unique = models.Constraint("UNIQUE (address)", "A correspondent has one line.")

    @api.model
    def _take(self, address):
        """Note one more automatic mail to this address, if it may have one; whether it may.

        One statement on one row: jobs that do it at the same time wait or start again.
        """
        now = fields.Datetime.now()
        self.env.cr.execute(
            """INSERT INTO mailbox_automatic AS a (address, newer_at) VALUES (%s, %s)
               ON CONFLICT (address) DO UPDATE SET older_at = a.newer_at,
                   newer_at = EXCLUDED.newer_at
               WHERE a.older_at IS NULL OR a.older_at <= %s RETURNING id""",
            [people.without_tag(address.lower()), now, now - _HOUR],
        )
        return bool(self.env.cr.fetchone())

    @api.autovacuum
    def _gc_automatic(self):
        """Forget what no limit counts any more."""
        self.search([("newer_at", "<", fields.Datetime.now() - _KEPT)], limit=10_000).unlink()


class MailboxRoute(models.Model):
    _inherit = "mailbox.route"

    acknowledge_id = fields.Many2one(
        "mail.template",
        string="Acknowledge with",
        help="Sent once, when the rule opens a record; never to machines.",
    )

    def _after_open(self, record, mail):
        result = super()._after_open(record, mail)
        if self.acknowledge_id:
            self._acknowledge(record, mail)
        return result

    def _acknowledge(self, record, mail):
        """Send the acknowledgement unless that could annoy or loop; returns the mail, or why
        not."""
        facts = mail.facts
        refusal = self._silence(facts)
        if refusal:
            return refusal
        headers = {
            "Auto-Submitted": "auto-replied",
            "X-Auto-Response-Suppress": "All",
            "Precedence": "auto_reply",
            LOOP_HEADER: facts.mailbox,
            "In-Reply-To": mail.email.message_id or "",
            "References": mail.email.message_id or "",
        }
        sent = self.env["mail.mail"].browse(
            self.acknowledge_id.sudo().send_mail(
                record.id,
                email_values={
                    "email_to": facts.sender,
                    "recipient_ids": [],
                    "headers": repr({name: text for name, text in headers.items() if text}),
                },
            )
        )
        return sent

    def _silence(self, facts):
        """Why a mail gets no automatic answer, as a word; empty when it gets one."""
        if facts.automatic or facts.header("List-Id") or _suppressed(facts):
            return "machine"
        if not facts.sender or people.is_nobody(facts.sender) or facts.sender in facts.own:
            return "nobody"
        if facts.authentic == "fail":
            return "forged"
        if self.env["mailbox"].sudo().search_count([("address", "=", facts.sender)], limit=1):
            return "own"
        return "" if self.env["mailbox.automatic"]._take(facts.sender) else "enough"


def _suppressed(facts):
    """The sender asks for no automatic answers, or has no address to send them to."""
    words = " ".join(facts.header("X-Auto-Response-Suppress")).lower().replace(",", " ").split()
    null = any(value.replace(" ", "") == "<>" for value in facts.header("Return-Path"))
    return null or bool({"all", "autoreply", "oof"}.intersection(words))
