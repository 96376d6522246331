"""Keeps the conversations of a page's messages: made when first needed, counted by difference."""

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from odoo.tools import SQL

from . import sql

if TYPE_CHECKING:
    from .writer import Line

_TYPES = {
    "key": "varchar",
    "subject": "varchar",
    "participants": "varchar",
    "first_date": "timestamp",
    "last_date": "timestamp",
    "message_count": "int4",
    "unread_count": "int4",
}
_NAME_CHARACTERS = 60
_PEOPLE_CHARACTERS = 500


class Conversations:
    """The conversations of one write."""

    def __init__(self, env, mailbox_id: int) -> None:
        self._cr = env.cr
        self._uid = env.uid
        self._mailbox_id = mailbox_id
        self._ids: dict[str, int] = {}

    def gather(self, lines: "Iterable[Line]") -> None:
        """Make or bring up to date what the messages with content belong to."""
        groups: dict[str, list[Line]] = defaultdict(list)
        for line in lines:
            if line.stored is not None and line.visible:
                groups[_key(line)].append(line)
        if not groups:
            return
        self._cr.execute(
            SQL(
                """INSERT INTO mailbox_conversation AS c (mailbox_id, create_uid, write_uid,
                       create_date,
                       write_date, %(names)s)
                   SELECT %(mailbox)s, %(uid)s, %(uid)s, %(now)s, %(now)s, %(values)s FROM %(rows)s
                   ON CONFLICT (mailbox_id, key) DO UPDATE SET
                       subject = CASE WHEN EXCLUDED.first_date < c.first_date
                                      THEN EXCLUDED.subject ELSE c.subject END,
                       participants = CASE WHEN strpos(c.participants, EXCLUDED.participants) > 0
                                      THEN c.participants
                                      ELSE left(concat_ws(', ', c.participants,
                                          EXCLUDED.participants), %(cap)s)
                                      END,
                       first_date = LEAST(c.first_date, EXCLUDED.first_date),
                       last_date = GREATEST(c.last_date, EXCLUDED.last_date),
                       message_count = c.message_count + EXCLUDED.message_count,
                       unread_count = c.unread_count + EXCLUDED.unread_count,
                       write_date = EXCLUDED.write_date
                   RETURNING key, id""",
                names=sql.identifiers(_TYPES),
                mailbox=self._mailbox_id,
                uid=self._uid,
                now=SQL("(now() AT TIME ZONE 'UTC')"),
                values=sql.columns("v", _TYPES),
                rows=sql.unnest(_TYPES, [_summary(key, groups[key]) for key in sorted(groups)]),
                cap=_PEOPLE_CHARACTERS,
            )
        )
        self._ids = dict(self._cr.fetchall())

    def id_of(self, line: "Line") -> int | None:
        """The conversation of a message with content; what is not shown belongs to none."""
        return self._ids.get(_key(line)) if line.visible else None

    def count(self, lines: "Iterable[Line]") -> None:
        """Take away what was counted before, and count what shows without new content."""
        messages: dict[int, int] = defaultdict(int)
        unread: dict[int, int] = defaultdict(int)
        for line in lines:
            before = line.before
            if before is None or before.conversation_id is None:
                continue
            if before.visible:
                messages[before.conversation_id] -= 1
                unread[before.conversation_id] -= _is_unread(before.known)
            if line.visible and line.stored is None:
                messages[before.conversation_id] += 1
                unread[before.conversation_id] += _is_unread(line.after)
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


def _key(line: "Line") -> str:
    """The provider's own name of the conversation, else the message at the root of the
    references."""
    key = line.after.ref.conversation_key
    if key:
        return f"p:{key}"
    columns = line.stored.columns
    chain = (columns.get("reference_ids") or columns.get("in_reply_to") or "").split()
    return f"m:{chain[0] if chain else columns.get('message_id') or line.remote_id}"


def _summary(key: str, lines: "list[Line]") -> dict[str, Any]:
    ordered = sorted(lines, key=lambda line: line.stored.columns["date"])
    first, last = ordered[0].stored.columns, ordered[-1].stored.columns
    people = dict.fromkeys(filter(None, (_person(line.stored.columns) for line in ordered)))
    return {
        "key": key,
        "subject": first.get("subject"),
        "participants": ", ".join(people)[:_PEOPLE_CHARACTERS],
        "first_date": first["date"],
        "last_date": last["date"],
        "message_count": len(lines),
        "unread_count": sum(_is_unread(line.after) for line in lines),
    }


def _person(columns: dict[str, Any]) -> str:
    return (columns.get("from_name") or columns.get("from_email") or "")[:_NAME_CHARACTERS]


def _is_unread(known) -> int:
    return int("seen" not in (known.flags or ()))
