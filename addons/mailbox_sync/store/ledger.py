"""The rows of one mailbox as the plan sees them: every id the provider ever listed, with its
disposition."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from odoo.tools import SQL

from mailbox_core.sync.plan import Known
from mailbox_core.types import Folder, MessageRef

from ..mapping import FLAG_COLUMNS, flags_of
from ..values import aware
from . import sql

_COLUMNS = (
    "id",
    "remote_id",
    "conversation_id",
    "conversation_key",
    "disposition",
    "disposition_reason",
    "generation",
    "is_stale",
    "is_held",
    "flags_known",
    "folders_known",
    "absent_since",
    "lane",
    "attempts",
    "retry_at",
    "date",
    *FLAG_COLUMNS.values(),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A stored line: the plan's view of it, and what the counters need."""

    id: int
    known: Known
    conversation_id: int | None
    lane: str
    attempts: int
    retry_at: datetime | None
    dated: bool

    @property
    def visible(self) -> bool:
        """Whether lists show it and counters count it."""
        return self.known.disposition == "stored"


class Ledger:
    """Reads the lines of a stream's mailbox; remembers what it read, for the writer."""

    def __init__(self, stream) -> None:
        stream.env.flush_all()
        self._cr = stream.env.cr
        self._mailbox_id = stream.mailbox_id.id
        self._stream_id = stream.id
        self.folder_ids: dict[str, int] = {}
        self.folders: tuple[Folder, ...] = ()
        self.rows: dict[str, Row] = {}
        #: Conversations that the writer has merged into others since the rows were read.
        self.merged: dict[int, int] = {}
        self.read_folders()

    def read_folders(self) -> None:
        """Learn the folders of the mailbox (again)."""
        self._cr.execute(
            "SELECT id, remote_id, name, role FROM mailbox_folder WHERE mailbox_id = %s",
            [self._mailbox_id],
        )
        rows = self._cr.fetchall()
        self.folder_ids = {remote_id: id_ for id_, remote_id, _name, _role in rows}
        self.folders = tuple(Folder(remote_id, name, role) for _id, remote_id, name, role in rows)

    @property
    def remote_ids(self) -> dict[int, str]:
        """Remote id by the id of the folder."""
        return {id_: remote_id for remote_id, id_ in self.folder_ids.items()}

    def known(self, remote_ids: Collection[str]) -> dict[str, Known]:
        """The lines of these remote ids that exist."""
        if not remote_ids:
            return {}
        return self._read(SQL("m.remote_id = ANY(%s)", list(remote_ids)), SQL("m.id"))

    def inside(self, folder: str, low: str, high: str) -> dict[str, Known]:
        """The lines placed in a folder with a key in a range (bytewise, as the core compares)."""
        where = SQL(
            """m.remote_id COLLATE "C" BETWEEN %s AND %s AND EXISTS (
                SELECT FROM mailbox_placement p WHERE p.message_id = m.id AND p.folder_id = %s)""",
            low,
            high,
            self.folder_ids.get(folder, 0),
        )
        return self._read(where, SQL("m.id"))

    def waiting(self, limit: int) -> list[Known]:
        """The lines of the stream that wait for content or a check, new mail first, then newest
        first."""
        order = SQL("m.lane DESC, m.id LIMIT %s", limit)
        return list(self._read(waiting(self._stream_id), order).values())

    def has_waiting(self) -> int:
        """1 when some line of the stream waits, else 0: the machine asks for no more."""
        self._cr.execute(
            SQL("SELECT FROM mailbox_message m WHERE %s LIMIT 1", waiting(self._stream_id))
        )
        return self._cr.rowcount

    def older(self, generation: int) -> dict[str, Known]:
        """The lines of the stream that ``generation`` has not stamped and that are not gone."""
        where = SQL(
            "m.stream_id = %s AND m.generation < %s AND m.disposition <> 'gone'",
            self._stream_id,
            generation,
        )
        return self._read(where, SQL("m.id"))

    def _read(self, where: SQL, order: SQL) -> dict[str, Known]:
        self._cr.execute(
            SQL(
                """SELECT %s, ARRAY(SELECT p.folder_id FROM mailbox_placement p
                       WHERE p.message_id = m.id)
                   FROM mailbox_message m WHERE m.mailbox_id = %s AND %s ORDER BY %s""",
                sql.columns("m", _COLUMNS),
                self._mailbox_id,
                where,
                order,
            )
        )
        names = self.remote_ids
        found = {}
        for *values, places in self._cr.fetchall():
            row = _row(dict(zip(_COLUMNS, values, strict=True)), places, names)
            self.rows[row.known.ref.remote_id] = row
            found[row.known.ref.remote_id] = row.known
        return found


def waiting(stream_id: int | SQL) -> SQL:
    """The lines (m) of a stream to be asked for one by one: for content, or for a check that no
    survey will make."""
    return SQL(
        """m.stream_id = %(stream)s
           AND (m.disposition = 'listed' OR (m.is_stale AND m.disposition = 'stored'))
           AND NOT (m.disposition = 'stored' AND m.is_held AND EXISTS (
               SELECT FROM mailbox_survey s WHERE s.stream_id = %(stream)s
                 AND s.until > now() AT TIME ZONE 'UTC'))""",
        stream=stream_id,
    )


def _row(values: dict[str, Any], places: Iterable[int], names: dict[int, str]) -> Row:
    folders = frozenset(names[place] for place in places if place in names)
    known = Known(
        ref=MessageRef(values["remote_id"], values["conversation_key"]),
        disposition=values["disposition"],
        reason=values["disposition_reason"],
        folders=folders if values["folders_known"] else None,
        flags=flags_of(values) if values["flags_known"] else None,
        generation=values["generation"] or 0,
        stale=bool(values["is_stale"]),
        held=bool(values["is_held"]),
        absent_since=aware(values["absent_since"]),
    )
    return Row(
        values["id"],
        known,
        values["conversation_id"],
        values["lane"] or "history",
        values["attempts"] or 0,
        values["retry_at"],
        values["date"] is not None,
    )
