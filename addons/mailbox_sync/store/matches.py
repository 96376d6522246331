"""Looks up which conversations the messages of a page may belong to, and lets the core decide."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from odoo.tools import SQL

from mailbox_core.conversations import (
    SUBJECT_WINDOW,
    Evidence,
    Keys,
    Match,
    group,
    join,
    linked,
)

from ..threads import Thread, keys_of_row
from ..values import naive
from . import sql

COLUMNS = (
    "id",
    "conversation_id",
    "conversation_key",
    "message_id",
    "in_reply_to",
    "reference_ids",
    "subject",
    "date",
    "correspondents",
    "is_outgoing",
)


@dataclass(slots=True)
class Gathering:
    """Messages of a page (by remote id) that are one conversation, and the conversations that this
    shows to be one; the first of those stays, the others merge into it. None: a new one."""

    members: list[str] = field(default_factory=list)
    known: list[int] = field(default_factory=list)


class Matches:
    """The stored messages that one of the new ones may be linked with, by bucket."""

    def __init__(self, cr, mailbox_id: int, new: Mapping[str, Thread], replaced: list[int]) -> None:
        """``replaced``: rows of the new messages themselves, as they were before."""
        self._new = new
        self._found: dict[int, dict[int, Match[int]]] = defaultdict(dict)
        cr.execute(_query(mailbox_id, new.values(), replaced))
        matches: dict[int, Match[int]] = {}
        for bucket, *values in cr.fetchall():
            row = dict(zip(COLUMNS, values, strict=True))
            match = matches.get(row["id"])
            if match is None:
                match = matches[row["id"]] = Match(row["conversation_id"], keys_of_row(row))
            self._found[bucket][row["id"]] = match

    def of(self, remote_id: str) -> Iterable[Match[int]]:
        """What may be linked with this message, each once."""
        found: dict[int, Match[int]] = {}
        for bucket in self._new[remote_id].wanted:
            found |= self._found.get(bucket, {})
        return found.values()


def _query(mailbox_id: int, new: Iterable[Thread], replaced: list[int]) -> SQL:
    """One message speaks for all of a bucket, a conversation and the same correspondents: the
    one that carries the id rather than one that names it, then one that was sent from here.
    Where dates decide, each speaks for itself."""
    buckets: dict[int, bool] = {}
    for thread in new:
        buckets |= thread.wanted
    dates = [naive(thread.keys.date) for thread in new if thread.keys.date is not None]
    rows = [{"bucket": bucket, "each": each} for bucket, each in sorted(buckets.items())]
    return SQL(
        """SELECT DISTINCT ON (b.bucket, m.conversation_id, m.correspondents COLLATE "C",
                   CASE WHEN b.each THEN m.id END) b.bucket, %(columns)s
           FROM mailbox_message m
           CROSS JOIN LATERAL unnest(m.conversation_buckets) AS k(bucket)
           JOIN %(rows)s ON b.bucket = k.bucket
           WHERE m.conversation_buckets && %(buckets)s::int8[] AND m.mailbox_id = %(mailbox)s
             AND m.conversation_id IS NOT NULL AND m.id <> ALL(%(replaced)s::int4[])
             AND (NOT b.each OR m.date BETWEEN %(low)s::timestamp - %(window)s
                  AND %(high)s::timestamp + %(window)s)
           ORDER BY b.bucket, m.conversation_id, m.correspondents COLLATE "C",
               CASE WHEN b.each THEN m.id END,
               (m.conversation_buckets[1] = b.bucket) DESC, m.is_outgoing DESC""",
        columns=sql.columns("m", COLUMNS),
        rows=sql.unnest({"bucket": "int8", "each": "bool"}, rows, "b"),
        buckets=f"{{{','.join(str(row['bucket']) for row in rows)}}}",
        mailbox=mailbox_id,
        replaced=replaced,
        low=min(dates, default=None),
        high=max(dates, default=None),
        window=SUBJECT_WINDOW,
    )


def decide(
    new: Mapping[str, Keys], matches: Matches, held: Mapping[str, int]
) -> tuple[list[Gathering], dict[str, Evidence]]:
    """Which new messages belong together and to what, and what showed it.

    ``held``: the conversations that messages are in already. Does not depend on which of the
    messages came in earlier pages.
    """
    founders = group(new)
    evidence: dict[str, Evidence] = {}
    gatherings: dict[str, Gathering] = defaultdict(Gathering)
    for remote_id, founder in founders.items():
        decision = join(new[remote_id], matches.of(remote_id))
        gathering = gatherings[founder]
        gathering.members.append(remote_id)
        gathering.known += decision.conversations
        gathering.known += [held[remote_id]] if remote_id in held else []
        if decision.evidence:
            evidence[remote_id] = min(decision.evidence, key=_ORDER.index)
    for gathering in gatherings.values():
        for remote_id in gathering.members:
            if remote_id not in evidence and len(gathering.members) > 1:
                evidence |= _inside(remote_id, gathering.members, new)
    return _united(gatherings.values()), evidence


_ORDER: tuple[Evidence, ...] = ("provider", "message-id", "references", "subject")


def _inside(remote_id: str, members: Iterable[str], new: Mapping[str, Keys]) -> dict[str, Evidence]:
    """The first evidence that links a message with another one of its page."""
    for other in members:
        word = linked(new[remote_id], new[other]) if other != remote_id else None
        if word is not None:
            return {remote_id: word}
    return {}


def _united(gatherings: Iterable[Gathering]) -> list[Gathering]:
    """Gatherings that share a conversation are one; the oldest conversation comes first."""
    united: list[Gathering] = []
    for one in gatherings:
        mine = set(one.known)
        rest = []
        for other in united:
            if mine.isdisjoint(other.known):
                rest.append(other)
            else:
                one.members += other.members
                mine |= set(other.known)
        one.known = sorted(mine)
        united = [*rest, one]
    return united


def conversation_name(members: Iterable[str], new: Mapping[str, Keys]) -> str:
    """The natural key of a new conversation: the provider's own name of it, else a member."""
    provider = min((key for one in members if (key := new[one].provider)), default=None)
    return f"p:{provider}" if provider else f"m:{min(members)}"
