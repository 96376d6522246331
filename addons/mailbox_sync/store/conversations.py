"""Keeps the conversations of a page's messages: made when first needed, merged when a message
shows that two are one, counted by difference.

Pages of one mailbox that bring mail cannot commit side by side (each moves the mailbox's counters),
so that what a page looks up is what it is written against.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from odoo.tools import SQL

from . import sql
from .families import Arrivals, Families, keep_apart
from .line import Line
from .matches import Gathering, Matches, conversation_name, decide

_SUMMARY = {
    "subject": "varchar",
    "participants": "varchar",
    "first_date": "timestamp",
    "last_date": "timestamp",
    "message_count": "int4",
    "unread_count": "int4",
}
#: Characters of one name, and of all names, that a conversation shows.
NAME_CHARACTERS = 60
PEOPLE_CHARACTERS = 500
_NOW = SQL("(now() AT TIME ZONE 'UTC')")
#: How a conversation (c) takes in what a row (v) of the same columns says.
_TAKE_IN = SQL(
    """subject = CASE WHEN v.first_date < c.first_date THEN v.subject ELSE c.subject END,
       participants = CASE WHEN strpos(c.participants, v.participants) > 0 THEN c.participants
           ELSE left(concat_ws(', ', c.participants, v.participants), %s) END,
       first_date = LEAST(c.first_date, v.first_date),
       last_date = GREATEST(c.last_date, v.last_date),
       message_count = c.message_count + v.message_count,
       unread_count = c.unread_count + v.unread_count,
       write_date = (now() AT TIME ZONE 'UTC')""",
    PEOPLE_CHARACTERS,
)


class Conversations:
    """The conversations of one write. ``merged``: what earlier writes of the same transaction
    merged into what."""

    def __init__(self, env, mailbox_id: int, merged: dict[int, int]) -> None:
        self._cr = env.cr
        self._uid = env.uid
        self._mailbox_id = mailbox_id
        self.merged = dict(merged)
        self._lines: dict[str, Line] = {}
        self._values: dict[str, dict[str, Any]] = {}

    def gather(self, lines: Iterable[Line]) -> None:
        """Find, make, merge and bring up to date what the messages with content belong to."""
        self._lines = {
            line.remote_id: line for line in lines if line.stored is not None and line.visible
        }
        if not self._lines:
            return
        threads = {remote_id: line.stored.thread for remote_id, line in self._lines.items()}
        new = {remote_id: thread.keys for remote_id, thread in threads.items()}
        replaced = [line.before.id for line in self._lines.values() if line.before is not None]
        held = {
            remote_id: self._current(line.before.conversation_id)
            for remote_id, line in self._lines.items()
            if line.before is not None and line.before.conversation_id is not None
        }
        matches = Matches(self._cr, self._mailbox_id, threads, replaced)
        gatherings, evidence = decide(new, matches, held)
        families = Families(self._cr, [known for one in gatherings for known in one.known])
        if families:
            gatherings = keep_apart(gatherings, families, Arrivals(self._lines, matches, held))
        self._merge(gatherings)
        self._update([one for one in gatherings if one.known])
        self._create([one for one in gatherings if not one.known], new)
        for gathering in gatherings:
            for remote_id in gathering.members:
                self._values[remote_id] = {
                    "conversation_id": gathering.known[0],
                    "conversation_evidence": evidence.get(remote_id),
                    **threads[remote_id].columns,
                }

    def values_of(self, line: Line) -> dict[str, Any]:
        """The columns of a message with content that tell its conversation; what is not shown
        belongs to none."""
        return self._values.get(line.remote_id, {}) if line.visible else {}

    def count(self, lines: Iterable[Line]) -> None:
        """Take away what was counted before, and count what shows without new content."""
        messages: dict[int, int] = defaultdict(int)
        unread: dict[int, int] = defaultdict(int)
        for line in lines:
            before = line.before
            if before is None or before.conversation_id is None:
                continue
            conversation = self._current(before.conversation_id)
            if before.visible:
                messages[conversation] -= 1
                unread[conversation] -= _is_unread(before.known)
            if line.visible and line.stored is None:
                messages[conversation] += 1
                unread[conversation] += _is_unread(line.after)
        rows = [
            {"id": id_, "messages": messages[id_], "unread": unread[id_]}
            for id_ in sorted(messages)
            if messages[id_] or unread[id_]
        ]
        if rows:
            types = {"id": "int4", "messages": "int4", "unread": "int4"}
            self._cr.execute(
                SQL(
                    """UPDATE mailbox_conversation c
                           SET message_count = c.message_count + v.messages,
                           unread_count = c.unread_count + v.unread FROM %s WHERE c.id = v.id""",
                    sql.unnest(types, rows),
                )
            )

    # -- rows ----------------------------------------------------------------------------------

    def _current(self, conversation_id: int) -> int:
        """What a conversation is now, after the merges."""
        while conversation_id in self.merged:
            conversation_id = self.merged[conversation_id]
        return conversation_id

    def _merge(self, gatherings: Iterable[Gathering]) -> None:
        """The oldest conversation takes in the others and their messages."""
        pairs = {loser: one.known[0] for one in gatherings for loser in one.known[1:]}
        if not pairs:
            return
        rows = [{"loser": loser, "id": kept} for loser, kept in sorted(pairs.items())]
        self._cr.execute(
            SQL(
                """WITH pair AS (SELECT * FROM %(pairs)s), moved AS (
                       UPDATE mailbox_message m SET conversation_id = pair.id FROM pair
                       WHERE m.conversation_id = pair.loser
                   ), linked AS (
                       UPDATE mailbox_link l SET conversation_id = pair.id FROM pair
                       WHERE l.conversation_id = pair.loser
                   ), said AS (
                       UPDATE mailbox_belonging b SET conversation_id = pair.id FROM pair
                       WHERE b.conversation_id = pair.loser
                   ), lost AS (
                       DELETE FROM mailbox_conversation o USING pair WHERE o.id = pair.loser
                       RETURNING pair.id AS keeper, o.*
                   )
                   UPDATE mailbox_conversation c SET %(take_in)s FROM (
                       SELECT keeper AS id,
                           (array_agg(subject ORDER BY first_date, id))[1] AS subject,
                           string_agg(participants, ', ' ORDER BY first_date, id) AS participants,
                           min(first_date) AS first_date, max(last_date) AS last_date,
                           sum(message_count) AS message_count, sum(unread_count) AS unread_count
                       FROM lost GROUP BY keeper
                   ) v WHERE c.id = v.id""",
                pairs=sql.unnest({"loser": "int4", "id": "int4"}, rows),
                take_in=_TAKE_IN,
            )
        )
        self.merged |= pairs

    def _update(self, gatherings: list[Gathering]) -> None:
        if not gatherings:
            return
        rows = [{"id": one.known[0], **self._summary(one)} for one in gatherings]
        self._cr.execute(
            SQL(
                "UPDATE mailbox_conversation c SET %s FROM %s WHERE c.id = v.id",
                _TAKE_IN,
                sql.unnest({"id": "int4", **_SUMMARY}, sorted(rows, key=lambda row: row["id"])),
            )
        )

    def _create(self, gatherings: list[Gathering], new) -> None:
        """Make conversations. One of the same name exists when its messages have lost their content
        meanwhile: it goes on."""
        if not gatherings:
            return
        types = {"key": "varchar", **_SUMMARY}
        rows = {}
        for one in gatherings:
            key = conversation_name(one.members, new)
            rows[key] = (one, {"key": key, **self._summary(one)})
        self._cr.execute(
            SQL(
                """INSERT INTO mailbox_conversation AS c (mailbox_id, create_uid, write_uid,
                       create_date, write_date, %(names)s)
                   SELECT %(mailbox)s, %(uid)s, %(uid)s, %(now)s, %(now)s, %(values)s FROM %(rows)s
                   ON CONFLICT (mailbox_id, key) DO UPDATE SET
                       last_date = GREATEST(c.last_date, EXCLUDED.last_date),
                       message_count = c.message_count + EXCLUDED.message_count,
                       unread_count = c.unread_count + EXCLUDED.unread_count
                   RETURNING key, id""",
                names=sql.identifiers(types),
                mailbox=self._mailbox_id,
                uid=self._uid,
                now=_NOW,
                values=sql.columns("v", types),
                rows=sql.unnest(types, [rows[key][1] for key in sorted(rows)]),
            )
        )
        for key, id_ in self._cr.fetchall():
            rows[key][0].known.append(id_)

    def _summary(self, gathering: Gathering) -> dict[str, Any]:
        lines = [self._lines[remote_id] for remote_id in gathering.members]
        ordered = sorted(lines, key=lambda line: (line.stored.columns["date"], line.remote_id))
        first, last = ordered[0].stored.columns, ordered[-1].stored.columns
        people = dict.fromkeys(filter(None, (_person(line.stored.columns) for line in ordered)))
        return {
            "subject": first.get("subject"),
            "participants": ", ".join(people)[:PEOPLE_CHARACTERS],
            "first_date": first["date"],
            "last_date": last["date"],
            "message_count": len(lines),
            "unread_count": sum(_is_unread(line.after) for line in lines),
        }


def _person(columns: dict[str, Any]) -> str:
    return (columns.get("from_name") or columns.get("from_email") or "")[:NAME_CHARACTERS]


def _is_unread(known) -> int:
    return int("seen" not in (known.flags or ()))
