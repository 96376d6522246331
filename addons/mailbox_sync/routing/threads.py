"""Which records a mail belongs to already, and whether its sender may write there.

Signals, best first; the score is stored with the decision:

===  ====================================================================================
100  its own Message-ID stands in the chatter of the record: it is there already
 95  it answers (In-Reply-To) a mail in the chatter
 90  it refers (References) to a mail in the chatter
 85  it answers or refers to a mail of the store that is linked to the record
 80  its conversation at the provider is linked to the record
===  ====================================================================================

A name in From proves nothing and ids can be copied. So somebody may write to a record by mail only
if he belongs to it (``people.participants``), nobody found the sender forged, and

- people who work here are vouched for by the provider: their words go out to customers;
- where the provider's conversation is the only signal, the sender is vouched for, or is the one
whose
  mails made the link.

Everything else waits for a person.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from . import people

SCORES = {"message-id": 100, "in-reply-to": 95, "references": 90, "store": 85, "conversation": 80}
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
        return "message-id" in self.signals

    def as_json(self):
        return {
            "model": self.record._name,
            "res_id": self.record.id,
            "score": self.score,
            "signals": self.signals,
            "refusal": self.refusal,
        }


def candidates(mail, *, trusted=False, reported=None):
    """Records this mail belongs to, best first. ``trusted``: the owner of the mailbox wrote it.
    ``reported``: the Message-ID a delivery report is about."""
    found = {}
    for signal, value, record in _signals(mail, reported):
        one = found.setdefault((record._name, record.id), Candidate(record))
        one.signals.setdefault(signal, value)
    for one in found.values():
        if not (trusted or one.is_there or reported):
            one.refusal = refusal(mail, one)
    return sorted(found.values(), key=lambda one: (bool(one.refusal), -one.score))


def refusal(mail, candidate):
    """Why the sender may not write to the record, as a word; empty when he may."""
    facts = mail.facts
    if facts.authentic == "fail":
        return "forged"
    if not facts.sender or facts.sender not in people.participants(candidate.record):
        return "stranger"
    if facts.authentic == "pass":
        return ""
    if people.is_internal(mail.row.env, facts.sender) or facts.sender in facts.own:
        return "unvouched"
    if set(candidate.signals) == {"conversation"} and not _opened(mail, candidate.record):
        return "unvouched"
    return ""


def _opened(mail, record):
    """Whether mails of the same sender made the link between the conversation and the record."""
    links = _links(mail, record)
    return mail.facts.sender in {(one.message_id.from_email or "").lower() for one in links}


def _links(mail, record):
    row = mail.row
    return row.env["mailbox.link"].search(
        [
            ("conversation_id", "=", row.conversation_id.id),
            ("model", "=", record._name),
            ("res_id", "=", record.id),
            ("message_id", "!=", row.id),
        ]
    )


def _signals(mail, reported):
    env = mail.row.env
    ids = [reported] if reported else mail.ids
    own = mail.email.message_id
    asked = [*ids, own] if own else ids
    kinds = dict.fromkeys(mail.email.references, "references")
    kinds |= dict.fromkeys(mail.email.in_reply_to, "in-reply-to")
    if reported:
        kinds[reported] = "in-reply-to"
    if own:
        kinds[own] = "message-id"
    if asked:
        lines = env["mail.message"].search(
            [("message_id", "in", asked), ("model", "!=", False), ("res_id", "!=", False)]
        )
        by_record = _existing(env, ((one.model, one.res_id) for one in lines))
        for line in lines:
            if record := by_record.get((line.model, line.res_id)):
                yield kinds[line.message_id], line.message_id, record
    yield from _stored_signals(env, mail, ids)


def _stored_signals(env, mail, ids):
    link, row = env["mailbox.link"], mail.row
    linked = link.search([("rfc_id", "in", ids)]) if ids else link
    together = link
    if row.conversation_id:
        together = link.search([("conversation_id", "=", row.conversation_id.id)])
    both = linked | together
    records = _existing(env, ((one.model, one.res_id) for one in both))
    for signal, links in (("store", linked), ("conversation", together)):
        for one in links:
            if record := records.get((one.model, one.res_id)):
                yield signal, one.rfc_id if signal == "store" else row.conversation_id.key, record


def _existing(env, pairs):
    """Records that are there and have a chatter, by model and id."""
    ids = defaultdict(set)
    for model, res_id in pairs:
        if model in env and res_id and model not in _NOT_BUSINESS:
            ids[model].add(res_id)
    return {
        (model, record.id): record
        for model, some in ids.items()
        if hasattr(env[model], "message_update")
        for record in env[model].sudo().browse(sorted(some)).exists()
    }
