"""How much a sender sent lately, for the stage that ends loops.

Two rates, because loops come in two shapes: one that opens record after record (Odoo's own limit of
new records for each sender), and one that goes back and forth between a correspondent and one of
our mailboxes, on a single record. The second counts mail that reached a record, by the time the
provider received it: what only lies in the mailbox loops with nobody. Odoo's *allowed senders* are
counted by neither.
"""

from collections import defaultdict
from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

from mailbox_core.rules import stages

from .. import options
from . import older


class Rates:
    """The counts for one batch, kept up while it works; nothing is looked up before it is asked
    for."""

    def __init__(self, batch):
        self._batch = batch
        self._env = batch.env
        self._asked = False
        self._allowed = frozenset()
        self._opened = defaultdict(int)
        self._pairs = defaultdict(dict)

    def history(self, mail):
        """What is known of the sender of a mail; no limits for allowed senders and older mail."""
        if not self._asked:
            self._ask()
        sender = mail.facts.sender
        if not sender or sender in self._allowed or self._env.context.get(older.OLDER):
            return stages.History()
        limit, minutes = self._limits
        pair_limit, pair_minutes = self._pair_limits
        return stages.History(
            self._opened[sender], limit, minutes, self._count(mail), pair_limit, pair_minutes
        )

    def count_opened(self, mail):
        """Count one more record that a mail opened."""
        self._opened[mail.facts.sender] += 1

    def count_linked(self, values, sender):
        """Count one more mail that reached a record. ``values``: those of its link."""
        row = self._env["mailbox.message"].browse(values["message_id"])
        self._pairs[values["mailbox_id"], sender][row.id] = row.date

    def _count(self, mail):
        row, minutes = mail.row, self._pair_limits[1]
        known = self._pairs[row.mailbox_id.id, mail.facts.sender]
        since = row.date - timedelta(minutes=minutes)
        return sum(since <= date <= row.date for row_id, date in known.items() if row_id != row.id)

    def _ask(self):
        self._asked = True
        param = self._env["ir.config_parameter"].sudo().get_param
        self._limits = (
            int(param("mail.gateway.loop.threshold", 20)),
            int(param("mail.gateway.loop.minutes", 120)),
        )
        self._pair_limits = (
            options.number(self._env, "loop_pair_limit"),
            options.number(self._env, "loop_pair_minutes"),
        )
        senders = sorted({mail.facts.sender for mail in self._batch.mails} - {""})
        allowed = self._env["mail.gateway.allowed"].sudo()
        known = allowed.search([("email_normalized", "in", senders)])
        self._allowed = frozenset(known.mapped("email_normalized"))
        for sender, count in self._fetch_opened(senders):
            self._opened[sender] += count
        for mailbox_id, sender, row_id, date in self._fetch_pairs(senders):
            self._pairs[mailbox_id, sender][row_id] = date

    def _fetch_opened(self, senders):
        self._env.cr.execute(
            SQL(
                """SELECT lower(m.from_email), count(*) FROM mailbox_link l
                   JOIN mailbox_message m ON m.id = l.message_id
                   WHERE l.opened AND l.origin = 'rule' AND l.create_date >= %s
                     AND lower(m.from_email) = ANY(%s) GROUP BY 1""",
                fields.Datetime.now() - timedelta(minutes=self._limits[1]),
                senders,
            )
        )
        return self._env.cr.fetchall()

    def _fetch_pairs(self, senders):
        """Mail of these senders that reached records while any mail of the batch was on its way."""
        dates = [mail.row.date for mail in self._batch.mails]
        limit, minutes = self._pair_limits
        if not limit or not dates:
            return []
        self._env.cr.execute(
            SQL(
                """SELECT m.mailbox_id, lower(m.from_email), m.id, m.date FROM mailbox_message m
                   WHERE m.mailbox_id = ANY(%s) AND m.date BETWEEN %s AND %s
                     AND lower(m.from_email) = ANY(%s)
                     AND EXISTS (SELECT FROM mailbox_link l WHERE l.message_id = m.id)""",
                self._batch.messages.mailbox_id.ids,
                min(dates) - timedelta(minutes=minutes),
                max(dates),
                senders,
            )
        )
        return self._env.cr.fetchall()
