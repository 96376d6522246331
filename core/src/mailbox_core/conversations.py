"""Which messages belong to one conversation.

Everything rests on one symmetric question about two messages, ``linked``; conversations are its
transitive closure. The answer depends on the set of messages only, so arrival order cannot matter,
and a message can only join conversations, never split them, so a database can follow along with
``join``.

Evidence, best first:

``provider``
    both carry the same conversation key of the provider (Gmail's thread id).
``message-id``
    both carry the same Message-ID and share a correspondent.
``references``
    one names the other in References or In-Reply-To, or both name the same third message, **and**
    they share a correspondent; or one directly answers a message this mailbox sent. Ids alone are
    not enough: people start new business by answering an old mail, and ids can be forged; two
    customers must not end up in one conversation.
``subject``
    last resort: the same words after the reply prefix, one of them a reply that names no other
    message, exactly the same correspondents, at most a week apart.

A correspondent is an address outside the mailbox, or its domain unless that belongs to a mail
service for everybody. Loops in References are harmless: there is no tree to walk.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Literal, TypeVar

from .types import Address, Email

Evidence = Literal["provider", "message-id", "references", "subject"]

Id = TypeVar("Id", bound=Hashable)

SUBJECT_WINDOW = timedelta(days=7)
MAX_CORRESPONDENTS = 50
MAX_PARENTS = 200
_MIN_SUBJECT = 4
#: Some servers write ids without ``@``; the shortest that says anything.
_MIN_ODD_ID = 12
_MAX_SUBJECT = 250
_PREFIX = re.compile(
    r"\s*(?:re|aw|antw|antwort|sv|vs|res|rif|r|odp|ynt|vá|atb|enc|tr|wg|fw|fwd|i|rv|vb|doorst|pd"
    r"|回复|答复|回覆|转发|轉寄|返信|회신|전달|ответ|отв|απ|תגובה|رد)"
    r"\s*(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3}|\*\d{1,3})?\s*[:：]\s*",
    re.IGNORECASE,
)
_TAG = re.compile(r"\s*\[[^\[\]]{1,40}\]\s*")
# Where anybody may have an address, so that a shared domain says nothing.
_PUBLIC_DOMAINS = frozenset(
    [
        "126.com",
        "163.com",
        "aol.com",
        "bluewin.ch",
        "btinternet.com",
        "comcast.net",
        "fastmail.com",
        "free.fr",
        "freenet.de",
        "gmail.com",
        "gmx.at",
        "gmx.ch",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "googlemail.com",
        "hotmail.com",
        "hotmail.co.uk",
        "hotmail.de",
        "hotmail.fr",
        "hotmail.it",
        "icloud.com",
        "laposte.net",
        "libero.it",
        "live.com",
        "live.de",
        "live.fr",
        "live.nl",
        "mac.com",
        "mail.com",
        "mail.ru",
        "me.com",
        "msn.com",
        "naver.com",
        "o2.pl",
        "onet.pl",
        "orange.fr",
        "outlook.com",
        "outlook.de",
        "outlook.fr",
        "proton.me",
        "protonmail.com",
        "qq.com",
        "rediffmail.com",
        "seznam.cz",
        "sfr.fr",
        "sina.com",
        "t-online.de",
        "tiscali.it",
        "uol.com.br",
        "verizon.net",
        "wanadoo.fr",
        "web.de",
        "wp.pl",
        "yahoo.co.jp",
        "yahoo.co.uk",
        "yahoo.com",
        "yahoo.de",
        "yahoo.es",
        "yahoo.fr",
        "yahoo.it",
        "yandex.com",
        "yandex.ru",
        "zoho.com",
    ]
)


@dataclass(frozen=True, slots=True)
class Keys:
    """What threading looks at in one message.

    ``parents`` are the ids it names, ``direct`` the one it answers. ``correspondents`` are
    addresses and ``@domains`` outside the mailbox. ``date`` is the provider's time, aware.
    """

    own: str | None
    parents: tuple[str, ...] = ()
    direct: str | None = None
    provider: str | None = None
    subject: str = ""
    reply: bool = False
    correspondents: frozenset[str] = frozenset()
    outgoing: bool = False
    date: datetime | None = None

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every message id this message carries or names: look candidates up by them."""
        own = (self.own,) if self.own else ()
        return own + tuple(parent for parent in self.parents if parent != self.own)

    @property
    def lonely(self) -> bool:
        """A reply that does not say to what: the only kind that joins by subject."""
        return self.reply and not self.parents and len(self.subject) >= _MIN_SUBJECT


def keys(
    email: Email,
    conversation_key: str | None = None,
    received_at: datetime | None = None,
    own: Collection[str] = (),
) -> Keys:
    """Keys of a parsed message. ``own`` are the mailbox's addresses, or ``@domain`` for a whole
    company.
    """
    return make_keys(
        message_id=email.message_id,
        in_reply_to=email.in_reply_to,
        references=email.references,
        conversation_key=conversation_key,
        subject=email.subject,
        sender=email.sender.email if email.sender else None,
        recipients=[one.email for one in _all(email.to, email.cc, email.bcc)],
        date=received_at or email.date,
        own=own,
    )


def make_keys(
    *,
    message_id: str | None,
    in_reply_to: Sequence[str] = (),
    references: Sequence[str] = (),
    conversation_key: str | None = None,
    subject: str = "",
    sender: str | None = None,
    recipients: Iterable[str] = (),
    date: datetime | None = None,
    own: Collection[str] = (),
) -> Keys:
    """Keys from stored columns; the same as ``keys`` of the message they came from."""
    references, in_reply_to = _ids(references), _ids(in_reply_to)
    named = tuple(dict.fromkeys([*references, *in_reply_to]))
    base, reply = base_subject(subject)
    ours = {one.lower() for one in own}
    return Keys(
        own=message_id,
        parents=named[-MAX_PARENTS:],
        direct=in_reply_to[0] if in_reply_to else (references[-1] if references else None),
        provider=conversation_key,
        subject=base,
        reply=reply,
        correspondents=_correspondents(sender, recipients, ours),
        outgoing=sender is not None and _is_own(sender.lower(), ours),
        date=date,
    )


def _ids(told: Sequence[str]) -> list[str]:
    """Without what is no id (RFC 5322 section 3.6.4): programs that ask for one are told ``yes``,
    and everybody who says so would be in one conversation."""
    return [one for one in told if "@" in one or len(one) >= _MIN_ODD_ID]


def _all(*lists: tuple[Address, ...]) -> Iterable[Address]:
    return (one for group in lists for one in group)


def _is_own(address: str, ours: set[str]) -> bool:
    return address in ours or f"@{address.rpartition('@')[2]}" in ours


def _correspondents(
    sender: str | None, recipients: Iterable[str], ours: set[str]
) -> frozenset[str]:
    """Addresses and company domains outside the mailbox; if there is nobody outside, everybody."""
    everybody = [one.lower() for one in ([sender] if sender else []) + list(recipients)]
    outside = [one for one in everybody if not _is_own(one, ours)] or everybody
    kept = list(dict.fromkeys(outside))[:MAX_CORRESPONDENTS]
    own_domains = {one.rpartition("@")[2] for one in ours}
    domains = {one.rpartition("@")[2] for one in kept} - _PUBLIC_DOMAINS - own_domains
    return frozenset(kept) | frozenset(f"@{domain}" for domain in domains)


def base_subject(subject: str) -> tuple[str, bool]:
    """A subject without reply and forward prefixes in many languages and list tags, in one case;
    and whether it had a prefix (cf. RFC 5256 section 2.1).
    """
    text = " ".join(subject[: 4 * _MAX_SUBJECT].split())
    reply = False
    for _ in range(50):
        found = _PREFIX.match(text)
        if found:
            reply = True
        else:
            found = _TAG.match(text)
        if not found or found.end() == len(text):
            break
        text = text[found.end() :]
    return text.casefold().strip()[:_MAX_SUBJECT], reply


def linked(a: Keys, b: Keys) -> Evidence | None:
    """Whether two messages of one mailbox belong together, and by which evidence. Symmetric."""
    if a.provider and a.provider == b.provider:
        return "provider"
    if a.correspondents & b.correspondents:
        if a.own and a.own == b.own:
            return "message-id"
        if not set(a.tokens).isdisjoint(b.tokens):
            return "references"
    if _answers(a, b) or _answers(b, a):
        return "references"
    return "subject" if _same_subject(a, b) else None


def _answers(reply: Keys, sent: Keys) -> bool:
    """Whether somebody answers a mail of ours, perhaps from another of his addresses."""
    return (
        sent.outgoing and not reply.outgoing and sent.own is not None and reply.direct == sent.own
    )


def _same_subject(a: Keys, b: Keys) -> bool:
    if not (a.lonely or b.lonely) or a.subject != b.subject or a.date is None or b.date is None:
        return False
    if not a.correspondents or a.correspondents != b.correspondents:
        return False
    return abs(a.date - b.date) <= SUBJECT_WINDOW


class _Sets(Generic[Id]):
    """Disjoint sets with union by size and path halving."""

    def __init__(self) -> None:
        self.parent: dict[Id, Id] = {}
        self.size: dict[Id, int] = {}

    def find(self, item: Id) -> Id:
        parent = self.parent
        if item not in parent:
            parent[item] = item
            self.size[item] = 1
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def union(self, a: Id, b: Id) -> None:
        first, second = self.find(a), self.find(b)
        if first == second:
            return
        if self.size[first] < self.size[second]:
            first, second = second, first
        self.parent[second] = first
        self.size[first] += self.size[second]


def group(messages: Mapping[Id, Keys]) -> dict[Id, Id]:
    """The conversation of every message, named by its first member in the order of ``messages``.

    The partition is the closure of ``linked`` and does not depend on that order; only the names do.
    Cost grows with messages times ids they name, not with pairs.
    """
    sets: _Sets[Hashable] = _Sets()
    nodes = {one: ("message", one) for one in messages}
    owners: dict[str, list[Id]] = {}
    for one, key in messages.items():
        if key.own and key.outgoing:
            owners.setdefault(key.own, []).append(one)
    for one, key in messages.items():
        sets.find(nodes[one])
        for bucket in _buckets(key):
            sets.union(nodes[one], bucket)
        if key.direct and not key.outgoing:
            for sent in owners.get(key.direct, ()):
                sets.union(nodes[one], nodes[sent])
    for first, second in _by_subject(messages):
        sets.union(nodes[first], nodes[second])
    names: dict[Hashable, Id] = {}
    return {one: names.setdefault(sets.find(nodes[one]), one) for one in messages}


def _buckets(key: Keys) -> Iterable[Hashable]:
    """Two messages that share a bucket are linked."""
    if key.provider:
        yield ("provider", key.provider)
    for token in key.tokens:
        for correspondent in key.correspondents:
            yield ("id", token, correspondent)


def _by_subject(messages: Mapping[Id, Keys]) -> Iterable[tuple[Id, Id]]:
    """Pairs whose closure is that of the subject rule.

    Everything within a week of a lonely reply belongs to it; in order of time that is a chain of
    neighbours.
    """
    piles: dict[tuple[str, frozenset[str]], list[tuple[datetime, Id, bool]]] = {}
    for one, key in messages.items():
        if len(key.subject) >= _MIN_SUBJECT and key.correspondents and key.date is not None:
            pile = piles.setdefault((key.subject, key.correspondents), [])
            pile.append((key.date, one, key.lonely))
    for pile in piles.values():
        pile.sort(key=lambda entry: entry[0])
        replies = [date for date, _, lonely in pile if lonely]
        for (before, first, _), (after, second, _) in itertools.pairwise(pile):
            nearest = bisect_left(replies, after - SUBJECT_WINDOW)
            if nearest < len(replies) and replies[nearest] <= before + SUBJECT_WINDOW:
                yield first, second


@dataclass(frozen=True, slots=True)
class Match(Generic[Id]):
    """A message the database found by a token, the provider's key or subject and date, and its
    conversation.
    """

    conversation: Id
    keys: Keys


@dataclass(frozen=True, slots=True)
class Decision(Generic[Id]):
    """Conversations a new message belongs to, in the order of the matches: it joins the first,
    the others are merged into that; none means a conversation of its own. ``evidence`` has the
    best word for each.
    """

    conversations: tuple[Id, ...]
    evidence: tuple[Evidence, ...]


_STRENGTH: tuple[Evidence, ...] = ("provider", "message-id", "references", "subject")


def join(new: Keys, known: Iterable[Match[Id]]) -> Decision[Id]:
    """Where a message that has just arrived belongs. Candidates that do not belong to it are
    passed over.
    """
    best: dict[Id, Evidence] = {}
    for match in known:
        evidence = linked(new, match.keys)
        if evidence is None:
            continue
        before = best.get(match.conversation)
        if before is None or _STRENGTH.index(evidence) < _STRENGTH.index(before):
            best[match.conversation] = evidence
    return Decision(tuple(best), tuple(best.values()))
