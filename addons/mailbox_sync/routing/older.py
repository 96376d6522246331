"""What older mail would do, doing it quietly, and taking it back."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

from odoo import SUPERUSER_ID

from mailbox_core.mime.arrival import arrived_at

from ..values import naive

#: Context under which nothing is answered or notified.
QUIET = "mailbox_older"
#: Context of older mail, told or not: it comes faster than anybody writes, which is no loop.
OLDER = "mailbox_older_run"
#: Lines of chatter that somebody wrote, or that went out.
_WRITTEN = ("email", "comment", "email_outgoing")


#: Longer than any server keeps a mail it cannot pass on.
_ON_ITS_WAY = timedelta(days=7)


def is_archive(mail):
    """Whether a mail that came after the mailbox was connected is history all the same: it arrived
    somewhere long before, and was put here later (an import, IMAP APPEND without a date). A wrong
    Date makes none: that is the sender's word only."""
    started = mail.row.mailbox_id.import_started_at
    arrived = arrived_at(mail.email.headers)
    if arrived is None or not started:
        return False
    return naive(arrived) < min(started, mail.row.date) - _ON_ITS_WAY


def quiet(record):
    """``record`` with a context in which routing tells nobody."""
    return record.with_context(
        **{QUIET: True, OLDER: True}, mail_auto_subscribe_no_notify=True, mail_notrack=True
    )


@dataclass
class Found:
    """What one rule would do: messages, and the conversations that would open or hold a record."""

    matches: int = 0
    opens: set = field(default_factory=set)
    holds: set = field(default_factory=set)


@dataclass
class Tally:
    """What all rules would do with some messages."""

    rules: dict = field(default_factory=lambda: defaultdict(Found))
    aliased: int = 0
    joined: int = 0
    waiting: int = 0
    left: int = 0

    def add(self, row, made):
        """Count the plan for one message."""
        if made.outcome in ("join", "note"):
            self.joined += 1
        elif made.outcome == "alias":
            self.aliased += 1
        elif made.outcome in ("hold", "triage"):
            self.waiting += 1
        elif not made.routes:
            self.left += 1
        # A conversation opens one record; a message without one stands for itself.
        talk = row.conversation_id.id or -row.id
        for route in made.routes:
            found = self.rules[route.id]
            found.matches += 1
            if made.outcome == "hold":
                found.holds.add(talk)
            elif made.outcome == "create" and route.action == "create":
                found.opens.add(talk)


def is_untouched(link):
    """Whether nobody has worked with the record since the mail opened it; a mail that was only
    added can always be taken out."""
    record = link._record()
    if not link.opened or record is None:
        return True
    if {record.create_uid.id, record.write_uid.id} - {SUPERUSER_ID, link.create_uid.id}:
        return False
    others = [("model", "=", record._name), ("res_id", "=", record.id)]
    if link.search_count([*others, ("id", "!=", link.id)], limit=1):
        return False
    written = [
        *others,
        ("message_type", "in", _WRITTEN),
        ("id", "!=", link.mail_message_id.id),
    ]
    return not link.env["mail.message"].search_count(written, limit=1)


def take_back(link):
    """Remove the record that was opened for a mail, or the mail from the chatter of its record."""
    record = link._record()
    if link.opened and record is not None:
        record.unlink()
    elif link.mail_message_id:
        link.mail_message_id.unlink()
    link.unlink()
