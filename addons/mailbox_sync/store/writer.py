"""Writes the lines of one page, set by set: a fixed number of statements whatever the page holds.

Everything is insert or update by primary key; nothing is read again. Who calls holds the stream's
row and commits the new position in the same transaction.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from odoo.tools import SQL

from ..mapping import FLAG_COLUMNS, flag_values
from ..values import naive
from . import sql
from .conversations import Conversations
from .counters import Counters
from .ledger import Ledger
from .line import Line

_LEDGER = {
    "conversation_key": "varchar",
    "disposition": "varchar",
    "disposition_reason": "varchar",
    "generation": "int4",
    "is_stale": "bool",
    "is_held": "bool",
    "flags_known": "bool",
    "folders_known": "bool",
    "absent_since": "timestamp",
    "lane": "varchar",
    "attempts": "int4",
    "retry_at": "timestamp",
    **dict.fromkeys(FLAG_COLUMNS.values(), "bool"),
}
_CONTENT = {
    "conversation_id": "int4",
    "conversation_evidence": "varchar",
    "correspondents": "text",
    "is_outgoing": "bool",
    "message_id": "varchar",
    "in_reply_to": "varchar",
    "reference_ids": "text",
    "fingerprint": "varchar",
    "date": "timestamp",
    "header_date": "timestamp",
    "from_name": "varchar",
    "from_email": "varchar",
    "to_text": "text",
    "cc_text": "text",
    "subject": "varchar",
    "snippet": "varchar",
    "size": "int4",
    "has_attachment": "bool",
    "automatic": "varchar",
    "defects": "varchar",
    "raw_sha256": "varchar",
    "raw_complete": "bool",
    "raw_store": "varchar",
}
#: What columns outside the ORM are made of.
_WORDS = {"weighty": "text", "words": "text", "conversation_buckets": "text"}
_PARTS = {
    "message_id": "int4",
    "path": "varchar",
    "name": "varchar",
    "mimetype": "varchar",
    "size": "int4",
    "content_id": "varchar",
    "inline": "bool",
    "available": "bool",
}
#: What a message is before it is stored, and what it may be once a page has named it.
_ON_THE_WAY = (None, "listed", "quarantined")
_ARRIVING = ("listed", "quarantined", "stored")
_VECTOR = SQL("setweight(to_tsvector('simple', v.weighty), 'A') || to_tsvector('simple', v.words)")
_BUCKETS = SQL("string_to_array(v.conversation_buckets, ' ')::int8[]")
_NOW = SQL("(now() AT TIME ZONE 'UTC')")


@dataclass(slots=True)
class Written:
    """What a page did, for the run, the mailbox's counters and the screens."""

    created: int = 0
    updated: int = 0
    dispositions: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    arrived: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    new_folders: bool = False
    #: Lines of new mail on their way into the store.
    fresh: list[Line] = field(default_factory=list)

    def count(self, line: Line) -> None:
        """Take one line into account."""
        before = line.before.known.disposition if line.before else None
        if before is None:
            self.created += 1
        else:
            self.updated += 1
        if before != line.after.disposition:
            self.dispositions[line.after.disposition] += 1
            if before is not None:
                self.dispositions[before] -= 1
        if line.visible and before != "stored":
            self.arrived.append(line.id)
        elif before == "stored":
            self.changed.append(line.id)
        if line.lane == "new" and before in _ON_THE_WAY and line.after.disposition in _ARRIVING:
            self.fresh.append(line)


class Writer:
    """Writes lines of one stream. Make a new one for every page."""

    def __init__(self, stream, ledger: Ledger) -> None:
        self._env = stream.env
        self._cr = stream.env.cr
        self._mailbox_id = stream.mailbox_id.id
        self._stream_id = stream.id
        self._ledger = ledger

    def apply(self, lines: Sequence[Line]) -> Written:
        """Write all of them, or raise and leave the transaction to the caller's savepoint."""
        written = Written()
        if not lines:
            return written
        written.new_folders = self._ensure_folders(lines)
        conversations = Conversations(self._env, self._mailbox_id, self._ledger.merged)
        conversations.gather(lines)
        self._insert([line for line in lines if line.before is None], conversations)
        known = [line for line in lines if line.before is not None]
        self._update([line for line in known if line.stored is not None], conversations)
        self._restate([line for line in known if line.stored is None])
        conversations.count(lines)
        self._place(lines)
        self._list_parts([line for line in lines if line.stored and line.stored.parts])
        self._mark_duplicates([line.id for line in lines if line.stored and line.visible])
        Counters(self._cr, self._ledger.folder_ids).apply(lines)
        self._ledger.merged = conversations.merged
        for line in lines:
            written.count(line)
        return written

    # -- messages ------------------------------------------------------------------------------

    def _insert(self, lines: list[Line], conversations: Conversations) -> None:
        """New rows, most without content: the first of a page come with theirs."""
        if not lines:
            return
        types = {"remote_id": "varchar", **_LEDGER, **_CONTENT, **_WORDS}
        rows = [{"remote_id": line.remote_id, **_values(line, conversations)} for line in lines]
        kept = {"remote_id": "", **_LEDGER, **_CONTENT}
        uid = self._env.uid
        self._cr.execute(
            SQL(
                """INSERT INTO mailbox_message (mailbox_id, stream_id, create_uid, write_uid,
                       create_date,
                       write_date, search_vector, conversation_buckets, %s)
                   SELECT %s, %s, %s, %s, %s, %s, CASE WHEN v.weighty IS NOT NULL THEN %s END, %s,
                       %s FROM %s
                   RETURNING remote_id, id""",
                sql.identifiers(kept),
                self._mailbox_id,
                self._stream_id,
                uid,
                uid,
                _NOW,
                _NOW,
                _VECTOR,
                _BUCKETS,
                sql.columns("v", kept),
                sql.unnest(types, rows),
            )
        )
        ids = dict(self._cr.fetchall())
        for line in lines:
            line.id = ids[line.remote_id]

    def _update(self, lines: list[Line], conversations: Conversations) -> None:
        """Rows whose content came."""
        if not lines:
            return
        types = {"id": "int4", **_LEDGER, **_CONTENT, **_WORDS}
        rows = [{"id": line.before.id, **_values(line, conversations)} for line in lines]
        self._cr.execute(
            SQL(
                """UPDATE mailbox_message m SET %s, search_vector = %s, conversation_buckets = %s,
                       write_uid = %s, write_date = %s
                   FROM %s WHERE m.id = v.id""",
                sql.assignments("v", {**_LEDGER, **_CONTENT}),
                _VECTOR,
                _BUCKETS,
                self._env.uid,
                _NOW,
                sql.unnest(types, rows),
            )
        )
        for line in lines:
            line.id = line.before.id

    def _restate(self, lines: list[Line]) -> None:
        """Rows of which only the ledger part changes."""
        if not lines:
            return
        types = {"id": "int4", **_LEDGER}
        rows = [{"id": line.before.id, **_ledger_values(line)} for line in lines]
        self._cr.execute(
            SQL(
                """UPDATE mailbox_message m SET %s, write_uid = %s, write_date = %s FROM %s
                   WHERE m.id = v.id""",
                sql.assignments("v", _LEDGER),
                self._env.uid,
                _NOW,
                sql.unnest(types, rows),
            )
        )
        for line in lines:
            line.id = line.before.id

    # -- what hangs on them --------------------------------------------------------------------

    def _ensure_folders(self, lines: Sequence[Line]) -> bool:
        """Make folders that a message is in before the folder list named them; the list is read
        again."""
        named = {name for line in lines for name in line.after.folders or ()}
        missing = sorted(named - self._ledger.folder_ids.keys())
        if missing:
            folders = self._env["mailbox.folder"].create(
                [
                    {"mailbox_id": self._mailbox_id, "remote_id": name, "name": name}
                    for name in missing
                ]
            )
            folders.flush_recordset()
            self._ledger.folder_ids.update(zip(missing, folders.ids, strict=True))
        return bool(missing)

    def _place(self, lines: Sequence[Line]) -> None:
        """Placements end and begin; the date of those that stay follows the message."""
        ended, placed = [], []
        for line in lines:
            before = (line.before.known.folders if line.before else None) or frozenset()
            after = line.after.folders or frozenset()
            ended += [self._placement(line, name) for name in before - after]
            redated = (
                line.stored is not None
                or line.before is None
                or line.before.visible != line.visible
            )
            placed += [
                self._placement(line, name) for name in (after if redated else after - before)
            ]
        self._end_placements(ended)
        self._begin_placements(placed)

    def _end_placements(self, ended: list[dict[str, Any]]) -> None:
        if not ended:
            return
        self._cr.execute(
            SQL(
                """DELETE FROM mailbox_placement p USING %s
                   WHERE p.folder_id = v.folder_id AND p.message_id = v.message_id""",
                sql.unnest({"message_id": "int4", "folder_id": "int4"}, ended),
            )
        )

    def _begin_placements(self, placed: list[dict[str, Any]]) -> None:
        if not placed:
            return
        types = {
            "message_id": "int4",
            "folder_id": "int4",
            "dated": "bool",
            "generation": "int4",
        }
        self._cr.execute(
            SQL(
                """INSERT INTO mailbox_placement (mailbox_id, message_id, folder_id,
                       generation, date)
                   SELECT m.mailbox_id, m.id, v.folder_id, v.generation,
                       CASE WHEN v.dated THEN m.date END
                   FROM %s JOIN mailbox_message m ON m.id = v.message_id
                   ON CONFLICT (folder_id, message_id)
                   DO UPDATE SET date = EXCLUDED.date, generation = EXCLUDED.generation""",
                sql.unnest(types, placed),
            )
        )

    def _placement(self, line: Line, name: str) -> dict[str, Any]:
        return {
            "message_id": line.id,
            "folder_id": self._ledger.folder_ids[name],
            "dated": line.dated,
            "generation": line.after.generation,
        }

    def _list_parts(self, lines: Sequence[Line]) -> None:
        rows = [{"message_id": line.id, **part} for line in lines for part in line.stored.parts]
        if not rows:
            return
        self._cr.execute(
            SQL(
                """INSERT INTO mailbox_attachment (mailbox_id, attempts, create_date, write_date,
                       %s)
                   SELECT %s, 0, %s, %s, %s FROM %s
                   ON CONFLICT (message_id, path) DO UPDATE SET available = EXCLUDED.available,
                       size = EXCLUDED.size""",
                sql.identifiers(_PARTS),
                self._mailbox_id,
                _NOW,
                _NOW,
                sql.columns("v", _PARTS),
                sql.unnest(_PARTS, rows),
            )
        )

    def _mark_duplicates(self, ids: list[int]) -> None:
        """Mark copies inside the mailbox: same content, and the same Message-ID or none to tell
        them apart.

        Both rows stay; a Message-ID that is used again for other content marks nothing.
        """
        if not ids:
            return
        self._cr.execute(
            """UPDATE mailbox_message n SET duplicate_of_id = o.first FROM (
                   SELECT n.id, (
                       SELECT min(o.id) FROM mailbox_message o
                       WHERE o.mailbox_id = n.mailbox_id AND o.fingerprint = n.fingerprint
                           AND o.id < n.id
                         AND o.disposition = 'stored'
                         AND (o.message_id = n.message_id
                              OR o.message_id IS NULL OR n.message_id IS NULL)
                   ) AS first FROM mailbox_message n WHERE n.id = ANY(%s)
               ) o WHERE o.id = n.id AND o.first IS NOT NULL""",
            [ids],
        )


def _ledger_values(line: Line) -> dict[str, Any]:
    known = line.after
    return {
        "conversation_key": known.ref.conversation_key,
        "disposition": known.disposition,
        "disposition_reason": known.reason,
        "generation": known.generation,
        "is_stale": known.stale,
        "is_held": known.held,
        "flags_known": known.flags is not None,
        "folders_known": known.folders is not None,
        "absent_since": naive(known.absent_since),
        "lane": line.lane,
        "attempts": line.attempts,
        "retry_at": line.retry_at,
        **flag_values(known.flags),
    }


def _values(line: Line, conversations: Conversations) -> dict[str, Any]:
    values = dict.fromkeys([*_CONTENT, *_WORDS])
    if line.stored is not None:
        values.update(line.stored.columns)
        values.update(conversations.values_of(line))
        values["weighty"] = line.stored.weighty
        values["words"] = line.stored.words
    return {**_ledger_values(line), **values}
