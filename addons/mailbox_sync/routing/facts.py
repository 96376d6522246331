"""Stored messages as the facts that stages and rules ask about: many at once, no further than
needed.
"""

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, replace

from odoo.tools import SQL, email_normalize

from mailbox_core import registry
from mailbox_core.mime.parse import parse, parse_head
from mailbox_core.rules import authenticity
from mailbox_core.rules.facts import Facts, facts_of
from mailbox_core.types import Email

from ..store.raw import RawMissing, RawStore
from ..values import aware
from . import people, talk, threads
from .addresses import normalized
from .book import Book
from .known import Known
from .rates import Rates
from .who import who
from .who import words as who_words

_QUOTES = str.maketrans({'"': None, "\\": None})


@dataclass
class Mail:
    """One message on its way to a record: the row, what was parsed, and the facts.

    ``email`` and ``facts`` are of the header only until ``deepen`` was called.
    """

    row: object
    email: Email
    facts: Facts
    batch: "Batch"
    raw: bytes | None = None

    @property
    def source(self):
        """The octets of the mail. Raises RawMissing."""
        self.deepen()
        return self.raw

    def deepen(self):
        """Read the mail to its end: text, files. Raises RawMissing."""
        if self.raw is None:
            raw = self.row._before_parse(self.row._source())
            email = replace(parse(raw), automatic=self.email.automatic)
            self.email = self.row._after_parse(email)
            self.facts = self.batch.facts_of(self.row, self.email)
            self.raw = raw

    def let_go(self):
        """Forget the octets: nobody will ask for them, and a batch of mails with large files would
        keep them all in memory. Who asks nevertheless reads them again."""
        self.raw = None

    @property
    def sender(self):
        """The sender as ``Name <address>``, or the bare address."""
        name, address = self.facts.sender_name, self.facts.sender
        if not name or not address:
            return address
        return f'"{name.translate(_QUOTES)}" <{address}>'

    @property
    def partner(self):
        """The contact who sent it, if there is one."""
        return self.batch.directory.partner(self.facts.sender, self.row.mailbox_id.company_id)

    @property
    def ids(self):
        """Message-IDs this mail refers to, the nearest first; at most as many as were parsed."""
        chain = [*self.email.in_reply_to, *reversed(self.email.references)]
        return list(dict.fromkeys(chain))

    @property
    def key(self):
        """What is the same for every copy of this mail: its Message-ID, else its fingerprint."""
        return self.email.message_id or f"fingerprint:{self.row.fingerprint}"


class Batch:
    """Messages that are routed together, in the order in which they came, and what has to be known
    to decide about them: a few statements for all of them.

    ``mails`` are those whose source is there; ``missing`` are rows whose source cannot be had now.
    ``posted`` takes the lines that the work on one mail adds to chatters, ``pending`` its links.
    """

    def __init__(self, messages):
        self.env = messages.env
        self.messages = messages
        self.directory = people.Directory(self.env)
        self.evidence = threads.Evidence(self.env)
        self.known = Known(self.evidence.records)
        self.book = Book(self.env)
        self.missing = messages.browse()
        self.pending = []
        self.posted = []
        self._aliases = None
        self._addresses = set()
        self._answered = set()
        self._talk = {}
        self._rates = Rates(self)
        self.mails = self._read()
        self.evidence.learn(self.mails)

    # -- reading -------------------------------------------------------------------------------

    def _read(self):
        self.env.flush_all()
        store = RawStore.of(self.env.cr)
        emails = {}
        for row in self.messages:
            try:
                head = row._before_parse(_head(row, store))
                email = replace(parse_head(head), automatic=row.automatic)
                emails[row] = row._after_parse(email)
            except RawMissing:
                self.missing |= row
        self._answered = self._answers(emails)
        self._talk = talk.words(self.messages)
        self._addresses = {form for email in emails.values() for form in _addresses(email)}
        # Recipients too, although not every mail asks who they are: two lookups cost more than a
        # longer one.
        self.directory.learn(self._addresses.union(map(_sender, emails.values())))
        return [Mail(row, email, self.facts_of(row, email), self) for row, email in emails.items()]

    def facts_of(self, row, email):
        """The facts of one message, as far as ``email`` was read."""
        mailbox, sender = row.mailbox_id, _sender(email)
        partner = self.directory.partner(sender, mailbox.company_id)
        spec = registry.specs().get(mailbox.provider)
        return facts_of(
            email,
            mailbox=mailbox.address or "",
            own=own_addresses(mailbox),
            received_at=aware(row.date),
            size=row.size,
            folders=[(folder.name or "", folder.role or None) for folder in row.folder_ids],
            reply=self._reply(row, email),
            authentic=authenticity.verdict(
                email.headers, sender, spec.authserv_ids if spec else frozenset()
            ),
            partner=people.words_of(partner) | who_words(partner),
            who=who(partner),
            conversation=self._talk[row.id],
        )

    def _reply(self, row, email):
        """Whether it answers something, and whether that was written in this mailbox."""
        ids = [*email.in_reply_to, *email.references]
        if not ids:
            return "new"
        asked = {(row.mailbox_id.id, one) for one in ids}
        return "reply" if asked.isdisjoint(self._answered) else "answer"

    def _answers(self, emails):
        """Which of the ids that mails refer to are those of mails written in their mailbox."""
        asked = defaultdict(set)
        for row, email in emails.items():
            asked[row.mailbox_id].update(email.in_reply_to, email.references)
        found = set()
        for mailbox, ids in asked.items():
            if ids:
                ours = email_normalize(mailbox.address) or mailbox.address or ""
                self.env.cr.execute(
                    SQL(
                        """SELECT message_id FROM mailbox_message WHERE mailbox_id = %s
                           AND message_id = ANY(%s) AND lower(from_email) = %s""",
                        mailbox.id,
                        sorted(ids),
                        ours.lower(),
                    )
                )
                found |= {(mailbox.id, row[0]) for row in self.env.cr.fetchall()}
        return found

    @property
    def aliases(self):
        """Addresses of these mails that are Odoo's own, normalised; they belong to no contact."""
        if self._aliases is None:
            domains = self.env["mail.alias.domain"].sudo()
            self._aliases = frozenset(domains._find_aliases(sorted(self._addresses)))
        return self._aliases

    # -- how much somebody sent lately ---------------------------------------------------------

    def history(self, mail):
        """How much this sender sent lately, to records and to this mailbox."""
        return self._rates.history(mail)

    def count_opened(self, mail):
        """Count one more record that a mail opened."""
        self._rates.count_opened(mail)

    # -- what the work on a mail left ----------------------------------------------------------

    def links_of(self, row):
        """The links of a message, those that are not written yet included."""
        waiting = [link for link, _values in self.pending if link.row_id == row.id]
        return [*self.evidence.links_of_row(row), *waiting]

    def keep(self):
        """The work on a mail stands: its links count for the mails that follow."""
        self.evidence.note([link for link, _values in self.pending])
        for link, values in self.pending:
            self.book.links.append(values)
            self._rates.count_linked(values, link.sender)
        self.pending.clear()

    def settle(self):
        """Write down the links, and the decisions if there are any."""
        self.keep()
        self.book.settle()

    def lose(self, mail):
        """The work on a mail was rolled back."""
        self.pending.clear()
        self.posted.clear()
        self.directory.forget()
        self.known.forget()
        self.evidence.lose(mail)


def mail_of(message):
    """``message`` (superuser) as a ``Mail`` that was read to its end. Raises RawMissing when its
    source cannot be had."""
    message.ensure_one()
    batch = Batch(message)
    if not batch.mails:
        raise RawMissing(message.env._("there is no copy here"))
    mail = batch.mails[0]
    mail.deepen()
    return mail


def own_addresses(mailbox):
    """Addresses that are this mailbox: its own, and that of its owner's account when the same."""
    return [mailbox.address] if mailbox.address else []


def _head(row, store):
    """Enough octets for the header; the whole source where it has to be fetched anyway."""
    if row.raw_store:
        with suppress(RawMissing):
            return store.head(row.raw_store)
    return row._source()


def _addresses(email):
    """Who wrote and who gets a mail, normalised."""
    got = (one.email for one in (*email.to, *email.cc, *email.bcc))
    return {form for one in (_sender(email), *got) if (form := normalized(one))}


def _sender(email):
    author = email.from_[0] if email.from_ else email.sender
    return author.email.lower() if author else ""
