"""Which records a mail belongs to already, and whether its sender may write there.

Signals, best first; the score is stored with the decision:

===  ====================================================================================
100  its own Message-ID stands in the chatter of the record, or the one that Odoo gave it
     before a relay gave it another: it is there already
 97  it was sent to a reply address that we signed for a mail in the chatter
 95  it answers (In-Reply-To) a mail in the chatter
 92  a person said that mail of its conversation belongs there
 90  it refers (References) to a mail in the chatter
 85  it answers or refers to a mail of the store that is linked to the record
 80  its conversation at the provider is linked to the record
 60  its subject names the record, as in [SO0042]
 55  it quotes a mail that is linked to the record
===  ====================================================================================

A name in From proves nothing and ids can be copied. So somebody may write to a record by mail only
if he belongs to it (``people.Circles``), nobody found the sender forged, and

- people who work here are vouched for by the provider: their words go out to customers;
- where the provider's conversation is the only signal, the sender is vouched for, or is the one
  whose mails made the link;
- where subject or quotation are the only signals, the sender is vouched for: both can be guessed.

Everything else waits for a person. Strangers who only name or quote a record did not even get that
far: their mail is new.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from odoo.tools import SQL

from . import clues, people

SCORES = {
    "message-id": 100,
    "own-id": 100,
    "token": 97,
    "in-reply-to": 95,
    "person": 92,
    "references": 90,
    "store": 85,
    "conversation": 80,
    "subject": 60,
    "quote": 55,
}
#: Signals that anybody can make who knows or guesses what a record is about.
_WEAK = frozenset({"subject", "quote"})
#: Signals that a person's word about the conversation overrules.
_INDIRECT = _WEAK | {"references", "store", "conversation"}
#: Models whose chatter is not business.
_NOT_BUSINESS = ("mailbox", "discuss.channel", "mail.thread")


@dataclass
class Candidate:
    """A record and the signals that lead to it. ``refusal``: why the sender may not write there."""

    record: object
    signals: dict = field(default_factory=dict)
    refusal: str = ""

    @property
    def score(self):
        return max(SCORES[kind] for kind in self.signals)

    @property
    def is_there(self):
        """Whether the mail stands in the chatter already."""
        return not {"message-id", "own-id"}.isdisjoint(self.signals)

    @property
    def is_weak(self):
        """Whether only what can be guessed leads there."""
        return _WEAK.issuperset(self.signals)

    def as_json(self):
        return {
            "model": self.record._name,
            "res_id": self.record.id,
            "score": self.score,
            "signals": self.signals,
            "refusal": self.refusal,
        }


class Line(NamedTuple):
    """A mail in a chatter."""

    message_id: str
    id: int
    model: str
    res_id: int


class Link(NamedTuple):
    """A mail of the store that is linked to a record. ``row_id``: its message there; ``sender``:
    who wrote it, in lower case."""

    row_id: int
    rfc_id: str
    conversation_id: int
    model: str
    res_id: int
    line_id: int
    route_id: int
    sender: str

    @property
    def target(self):
        """The record, as a key."""
        return self.model, self.res_id


class Evidence:
    """What leads from mails to records, fetched for a whole batch at once and kept up while it
    works."""

    def __init__(self, env):
        self.env = env
        self.circles = people.Circles()
        self.records = {}
        self._lines = defaultdict(list)
        self._asked = set()
        self._by_rfc_id = defaultdict(list)
        self._by_conversation = defaultdict(list)
        self._by_row = defaultdict(list)
        self._hints = defaultdict(list)
        self._words = defaultdict(list)

    def learn(self, mails):
        """Look up everything that mails refer to."""
        ids = {
            one
            for mail in mails
            for one in (*mail.ids, mail.email.message_id, *clues.own_ids(mail))
            if one
        }
        rows = [mail.row for mail in mails]
        found = [*self._learn_lines(ids)]
        keys = ids | {mail.key for mail in mails}
        talks = {row.conversation_id.id for row in rows} - {False}
        for link in self._fetch_links(keys, [row.id for row in rows], talks):
            self._index(link)
            found.append((link.model, link.res_id))
        for row_id, signal, value, target in clues.look(self.env, mails):
            self._hints[row_id].append((signal, value, target))
            found.append(target)
        for conversation_id, since, *target in self._fetch_words(talks):
            self._words[conversation_id].append((since, tuple(target)))
            found.append(tuple(target))
        self._add_records(found)

    def learn_id(self, message_id):
        """Look up one more Message-ID, such as the one a delivery report names."""
        found = self._learn_lines({message_id})
        if message_id not in self._by_rfc_id:
            for link in self._fetch_links({message_id}, [], set()):
                self._index(link)
                found.append(link.target)
        self._add_records(found)

    def note(self, links):
        """Take in links that were just made."""
        for link in links:
            self._index(link)
        self._add_records(link.target for link in links)

    def note_line(self, line):
        """Take in a mail that was just added to a chatter."""
        self._lines[line.message_id].append(line)

    def forget_line(self, message_id, line_id):
        """A mail that was only logged on a contact draws no replies there."""
        lines = self._lines[message_id]
        lines[:] = [line for line in lines if line.id != line_id]

    def lose(self, mail):
        """The work on a mail was rolled back: it stands in no chatter, and what is known of people
        may be wrong."""
        self._lines.pop(mail.email.message_id, None)
        self._asked.discard(mail.email.message_id)
        self.circles = people.Circles()
        self.circles.expect(self.records.values())

    # -- answers -------------------------------------------------------------------------------

    def record(self, model, res_id):
        """A record that is there and has a chatter, or None."""
        return self.records.get((model, res_id))

    def lines(self, message_id):
        """The places of a mail in chatters, newest first."""
        return sorted(self._lines.get(message_id, ()), key=lambda line: -line.id)

    def message(self, line):
        """The ``mail.message`` of a line; those of the whole batch are read together."""
        together = [one.id for lines in self._lines.values() for one in lines]
        return self.env["mail.message"].sudo().browse(line.id).with_prefetch(together)

    def links_of(self, rfc_id):
        """The links of every copy of a mail."""
        return self._by_rfc_id.get(rfc_id, ())

    def links_of_row(self, row):
        """The links of one message of the store."""
        return self._by_row.get(row.id, ())

    def word(self, row):
        """The record that people said mail like this belongs to, as a key; ``(None, None)`` when
        they said to none, None when they said nothing."""
        said = self._words.get(row.conversation_id.id, ())
        fitting = [target for since, target in said if since is None or since <= row.date]
        return fitting[-1] if fitting else None

    def hints(self, row):
        """Signal, value and record of what ``clues`` found in a message."""
        return self._hints.get(row.id, ())

    def links_of_conversation(self, row):
        """The links of the conversation of a message."""
        return self._by_conversation.get(row.conversation_id.id, ())

    # -- underneath ----------------------------------------------------------------------------

    def _index(self, link):
        self._by_rfc_id[link.rfc_id].append(link)
        self._by_row[link.row_id].append(link)
        if link.conversation_id:
            self._by_conversation[link.conversation_id].append(link)

    def _learn_lines(self, ids):
        wanted = sorted(ids - self._asked)
        if not wanted:
            return []
        self._asked.update(wanted)
        self.env.cr.execute(
            SQL(
                """SELECT message_id, id, model, res_id FROM mail_message l
                   WHERE message_id = ANY(%s) AND model IS NOT NULL AND res_id != 0
                     AND NOT EXISTS (SELECT FROM mailbox_log g WHERE g.mail_message_id = l.id)""",
                wanted,
            )
        )
        found = [Line(*row) for row in self.env.cr.fetchall()]
        for line in found:
            self._lines[line.message_id].append(line)
        return [(line.model, line.res_id) for line in found]

    def _fetch_links(self, keys, rows, talks):
        """Links of mails, of messages, and of conversations: of these one for each record and
        sender is enough."""
        self.env.cr.execute(
            SQL(
                """WITH near AS (
                       SELECT id FROM mailbox_link WHERE rfc_id = ANY(%s)
                       UNION SELECT id FROM mailbox_link WHERE message_id = ANY(%s)
                       UNION SELECT max(l.id) FROM mailbox_link l
                           JOIN mailbox_message m ON m.id = l.message_id
                           WHERE l.conversation_id = ANY(%s) AND l.message_id != ALL(%s)
                           GROUP BY l.conversation_id, l.model, l.res_id, lower(m.from_email))
                   SELECT l.message_id, l.rfc_id, l.conversation_id, l.model, l.res_id,
                       l.mail_message_id, l.route_id, lower(m.from_email)
                   FROM near JOIN mailbox_link l USING (id)
                   JOIN mailbox_message m ON m.id = l.message_id ORDER BY l.id""",
                sorted(keys),
                rows,
                sorted(talks),
                rows,
            )
        )
        return [Link(*row) for row in self.env.cr.fetchall()]

    def _fetch_words(self, talks):
        self.env.cr.execute(
            SQL(
                """SELECT conversation_id, since, model, res_id FROM mailbox_belonging
                   WHERE conversation_id = ANY(%s) AND undone_at IS NULL AND scope != 'one'
                     AND NOT COALESCE(keeps_record, FALSE)
                   ORDER BY id""",
                sorted(talks),
            )
        )
        return self.env.cr.fetchall()

    def _add_records(self, pairs):
        """Keep the records that are there and have a chatter."""
        ids = defaultdict(set)
        for model, res_id in {*pairs}.difference(self.records):
            if res_id and model in self.env and model not in _NOT_BUSINESS:
                ids[model].add(res_id)
        for model, some in ids.items():
            if hasattr(self.env[model], "message_update"):
                there = self.env[model].sudo().browse(sorted(some)).exists()
                self.records |= {(model, record.id): record for record in there}
                self.circles.expect(there)


def candidates(mail, trusted=False, reported=None):
    """Records the mail belongs to, best first; those its sender may not write to come last.

    ``trusted``: the mail was written in the mailbox itself. ``reported``: the Message-ID of a mail
    of ours that a delivery report is about, which counts instead of what the report refers to.
    """
    found = {}
    for signal, value, record in _signals(mail, reported):
        one = found.setdefault((record._name, record.id), Candidate(record))
        one.signals.setdefault(signal, value)
    for one in found.values():
        if not (trusted or one.is_there or reported):
            one.refusal = refusal(mail, one)
    word = mail.batch.evidence.word(mail.row)
    kept = [
        one
        for one in found.values()
        if not (one.is_weak and one.refusal == "stranger") and not _overruled(one, word)
    ]
    return sorted(kept, key=lambda one: (bool(one.refusal), -one.score))


def _overruled(candidate, word):
    """Whether a person said that mail of this conversation belongs elsewhere, and nothing says
    directly that this one belongs to the candidate."""
    if word is None or word == (candidate.record._name, candidate.record.id):
        return False
    return _INDIRECT.issuperset(candidate.signals)


def refusal(mail, candidate):
    """Why the sender may not write to the record, as a word; empty when he may."""
    facts, evidence = mail.facts, mail.batch.evidence
    if facts.authentic == "fail":
        return "forged"
    if not facts.sender or facts.sender not in evidence.circles.of(candidate.record):
        return "stranger"
    if facts.authentic == "pass":
        return ""
    if "internal" in facts.partner or facts.sender in facts.own:
        return "unvouched"
    if candidate.is_weak:
        return "unvouched"
    if set(candidate.signals) - _WEAK == {"conversation"} and not _opened(mail, candidate.record):
        return "unvouched"
    return ""


def _opened(mail, record):
    """Whether mails of the same sender made the link between the conversation and the record."""
    return any(
        link.sender == mail.facts.sender
        for link in mail.batch.evidence.links_of_conversation(mail.row)
        if link.target == (record._name, record.id) and link.row_id != mail.row.id
    )


def _signals(mail, reported):
    """Every signal with its value and the record it leads to."""
    evidence = mail.batch.evidence
    for signal, value, target in _targets(mail, reported):
        record = evidence.record(*target)
        if record is not None:
            yield signal, value, record


def _targets(mail, reported):
    evidence, row = mail.batch.evidence, mail.row
    ids = [reported] if reported else mail.ids
    kinds = _kinds(mail, reported)
    for message_id, kind in kinds.items():
        for line in evidence.lines(message_id):
            yield kind, message_id, (line.model, line.res_id)
    for message_id in ids:
        for link in evidence.links_of(message_id):
            yield "store", message_id, link.target
    for link in evidence.links_of_conversation(row):
        yield "conversation", row.conversation_id.key, link.target
    if not reported:
        yield from evidence.hints(row)
        if word := evidence.word(row):
            yield "person", row.conversation_id.key, word


def _kinds(mail, reported):
    """The Message-IDs to look for in chatters, and what it means to find them there."""
    kinds = {reported: "in-reply-to"} if reported else dict.fromkeys(mail.ids, "references")
    if not reported:
        kinds |= dict.fromkeys(mail.email.in_reply_to, "in-reply-to")
    if mail.email.message_id:
        kinds[mail.email.message_id] = "message-id"
    return kinds | dict.fromkeys(clues.own_ids(mail), "own-id")
