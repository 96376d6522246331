"""Answers without a person: one acknowledgement a conversation, and never a loop.

Two machines that answer each other stop at the third mail of an hour: at most two automatic mails
an hour go to a correspondent, from whichever rule or mailbox; and a slow loop stops within a day,
because a mailbox sends one correspondent at most six. What is sent says what it is (RFC 3834
section 3.1.7), and carries the mark by which we know it when it comes back. Why nothing was sent is
told under Why here.
"""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL
from psycopg2.extras import Json

from mailbox_core.rules.stages.finding import LOOP_HEADER

from .. import options
from ..routing import older, people
from ..routing.actions import desk
from ..routing.actions.done import Done

#: What an automatic mail is counted against: the limit, and the seconds it holds for. First all
#: mailboxes together, then each one with a correspondent.
_HOUR, _DAY = 3600, 86_400
_KEPT = timedelta(days=2)
#: Mail that is acknowledged is younger.
_LATE = timedelta(days=3)


class MailboxAutomatic(models.Model):
    _name = "mailbox.automatic"
    _description = "Automatic Mail to a Correspondent"
    _log_access = False

    address = fields.Char(required=True)
    mailbox_id = fields.Many2one(
        "mailbox", ondelete="cascade", index="btree_not_null", help="Empty: from all mailboxes."
    )
    times = fields.Json(help="When the last ones were sent, in seconds, oldest first.")
    newer_at = fields.Datetime(required=True, help="When the last one was sent.")

    _pair_unique = models.UniqueIndex("(address, COALESCE(mailbox_id, 0))")

    @api.model
    def _take(self, mailbox, address):
        """Note one more automatic mail from this mailbox to this address; empty when it may go,
        else a word for the limit it is over: ``enough`` or ``enough_pair``.

        The rows are held until the transaction ends: jobs that do it at the same time wait or
        start again.
        """
        self.flush_model()
        now = fields.Datetime.now()
        seconds_now = now.timestamp()
        rules = {
            None: ("enough", options.number(self.env, "automatic_limit"), _HOUR),
            mailbox.id: ("enough_pair", options.number(self.env, "automatic_pair_limit"), _DAY),
        }
        sent = {}
        for row_id, mailbox_id, times in self._hold(address, rules, now):
            word, limit, seconds = rules[mailbox_id]
            sent[row_id] = [one for one in times or () if one > seconds_now - seconds]
            if len(sent[row_id]) >= limit:
                return word
        for row_id, times in sent.items():
            self.env.cr.execute(
                "UPDATE mailbox_automatic SET times = %s, newer_at = %s WHERE id = %s",
                [Json([*times, seconds_now]), now, row_id],
            )
        self.invalidate_model()
        return ""

    def _hold(self, address, mailboxes, now):
        """The rows of an address, made where there are none, locked: ``(id, mailbox id, times)``,
        that of all mailboxes first."""
        address = people.without_tag(address.lower())
        for mailbox_id in mailboxes:
            self.env.cr.execute(
                """INSERT INTO mailbox_automatic (address, mailbox_id, newer_at)
                   VALUES (%s, %s, %s) ON CONFLICT DO NOTHING""",
                [address, mailbox_id, now],
            )
        self.env.cr.execute(
            SQL(
                """SELECT id, mailbox_id, times FROM mailbox_automatic WHERE address = %s
                   AND (mailbox_id IS NULL OR mailbox_id = ANY(%s))
                   ORDER BY mailbox_id NULLS FIRST FOR UPDATE""",
                address,
                [one for one in mailboxes if one],
            )
        )
        return self.env.cr.fetchall()

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
            done = self._acknowledge(record, mail)
            desk.note(mail, self, record, "acknowledge", self._say_acknowledged(done, mail))
        return result

    def _say_acknowledged(self, done, mail):
        """What came of an acknowledgement, for people. ``done``: as ``_acknowledge`` returns it."""
        if not isinstance(done, str):
            return Done(self.env._("sent to %s", mail.facts.sender))
        return Done(self._silences(mail).get(done, done), "refused")

    def _silences(self, mail):
        """Why there is no automatic answer, by word."""
        sender, mailbox = mail.facts.sender, mail.row.mailbox_id.address
        hourly = options.number(self.env, "automatic_limit")
        daily = options.number(self.env, "automatic_pair_limit")
        return {
            "machine": self.env._("Machines get no automatic answer."),
            "nobody": self.env._("Nobody reads mail at %s.", sender or self.env._("no address")),
            "forged": self.env._("The provider says that the sender is forged."),
            "own": self.env._("%s is a mailbox of ours: two machines would talk.", sender),
            "enough": self.env._(
                "%(address)s got %(count)s automatic mails within an hour; more is a loop.",
                address=sender,
                count=hourly,
            ),
            "enough_pair": self.env._(
                "%(mailbox)s sent %(address)s %(count)s automatic mails within a day; more is a"
                " loop.",
                mailbox=mailbox,
                address=sender,
                count=daily,
            ),
            "late": self.env._("The mail is days old; an answer by return would be odd."),
            "older": self.env._("Nobody is told about older mail."),
        }

    def _acknowledge(self, record, mail):
        """Send the acknowledgement unless that could annoy or loop; returns the mail, or why
        not."""
        facts = mail.facts
        refusal = self._silence(facts) or self._late(mail)
        refusal = refusal or self.env["mailbox.automatic"]._take(mail.row.mailbox_id, facts.sender)
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

    def _late(self, mail):
        """An answer by return that comes days later, after a pause of the mailbox or a decision of
        a person, helps nobody; older mail that somebody wants answered is another matter."""
        since = fields.Datetime.now() - _LATE
        return "late" if mail.row.date < since and not self.env.context.get(older.OLDER) else ""

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
        return ""


def _suppressed(facts):
    """The sender asks for no automatic answers, or has no address to send them to."""
    words = " ".join(facts.header("X-Auto-Response-Suppress")).lower().replace(",", " ").split()
    null = any(value.replace(" ", "") == "<>" for value in facts.header("Return-Path"))
    return null or bool({"all", "autoreply", "oof"}.intersection(words))
