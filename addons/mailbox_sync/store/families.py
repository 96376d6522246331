"""Conversations that a person took apart: what comes later joins one of them, and never brings
them together again, whatever the provider or References say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from odoo.tools import SQL

from .line import Line
from .matches import Gathering, Matches


@dataclass(frozen=True, slots=True)
class Side:
    """A conversation that was split from another; ``since``: mail from then on belongs to it."""

    id: int
    root: int
    since: datetime | None


class Families:
    """The conversations among ``ids`` that were split, with all that was split from them."""

    def __init__(self, cr, ids: Iterable[int]) -> None:
        self._roots: dict[int, int] = {}
        self._sides: dict[int, list[Side]] = {}
        wanted = sorted(set(ids))
        if not wanted:
            return
        cr.execute(
            SQL(
                """SELECT s.id, s.split_of_id, s.split_since FROM mailbox_conversation s
                   WHERE s.split_of_id IN (
                       SELECT COALESCE(c.split_of_id, c.id) FROM mailbox_conversation c
                       WHERE c.id = ANY(%s))
                   ORDER BY s.split_since, s.id""",
                wanted,
            )
        )
        for side in (Side(*row) for row in cr.fetchall()):
            self._roots[side.id] = self._roots[side.root] = side.root
            self._sides.setdefault(side.root, []).append(side)

    def __bool__(self) -> bool:
        return bool(self._roots)

    def root(self, conversation_id: int) -> int | None:
        """What a conversation was split from, itself when others were split from it; None when
        nobody ever split it."""
        return self._roots.get(conversation_id)

    def by_date(self, root: int, date: datetime) -> int:
        """Where a mail belongs when only its date tells."""
        sides = [one for one in self._sides[root] if one.since is not None and one.since <= date]
        return sides[-1].id if sides else root


@dataclass
class Arrivals:
    """The messages of a page that have to choose: their lines, what they may be linked with, and
    the conversations that hold them already."""

    lines: Mapping[str, Line]
    matches: Matches
    held: Mapping[str, int]

    def in_order(self, members: Iterable[str]) -> list[str]:
        """The oldest first: a mail comes after what it answers."""
        return sorted(members, key=lambda one: (self.lines[one].stored.columns["date"], one))


def keep_apart(
    gatherings: list[Gathering], families: Families, arrivals: Arrivals
) -> list[Gathering]:
    """The gatherings, without those that would bring together what a person took apart: their
    messages go each to its own side."""
    result = []
    for one in gatherings:
        split = [known for known in one.known if families.root(known) is not None]
        if not split:
            result.append(one)
            continue
        parts = _parts(one, split, families, arrivals)
        others = [known for known in one.known if known not in split]
        parts[0].known += others
        result += parts
    return result


def _parts(one: Gathering, split: list[int], families: Families, arrivals: Arrivals):
    chosen: dict[str, int] = {}
    parts: dict[int, Gathering] = {}
    for member in arrivals.in_order(one.members):
        target = _choose(member, split, families, arrivals, chosen)
        own = arrivals.lines[member].stored.thread.keys.own
        if own:
            chosen[own] = target
        parts.setdefault(target, Gathering(known=[target])).members.append(member)
    return list(parts.values())


def _choose(member, split, families, arrivals: Arrivals, chosen: Mapping[str, int]) -> int:
    """The conversation of the mail it answers (In-Reply-To); else of the last one it names, if
    that was split off; else by its date."""
    held = arrivals.held.get(member)
    if held in split:
        return held
    stored = arrivals.lines[member].stored
    places = _places(member, arrivals, split) | chosen
    answered = (stored.columns.get("in_reply_to") or "").split()[:1]
    for parent in answered:
        if parent in places:
            return places[parent]
    named = places.get(stored.thread.keys.direct or "")
    if named is not None and families.root(named) != named:
        return named
    roots = sorted({families.root(known) for known in split})
    return families.by_date(roots[0], stored.columns["date"])


def _places(member: str, arrivals: Arrivals, split: list[int]) -> dict[str, int]:
    """The conversations of stored mails that a message may be linked with, by their ids."""
    return {
        match.keys.own: match.conversation
        for match in arrivals.matches.of(member)
        if match.keys.own and match.conversation in split
    }
