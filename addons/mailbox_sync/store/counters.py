"""Counts of folders, kept by difference: nothing is counted when it is read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from odoo.tools import SQL

from mailbox_core.sync.plan import Known

from . import sql
from .line import Line


class Counters:
    """The counts of one write. ``folder_ids``: id by remote id."""

    def __init__(self, cr, folder_ids: Mapping[str, int]) -> None:
        self._cr = cr
        self._folder_ids = folder_ids
        self._messages: dict[int, int] = defaultdict(int)
        self._unread: dict[int, int] = defaultdict(int)

    def apply(self, lines: Iterable[Line]) -> None:
        """Add the differences of the lines, and what people changed meanwhile, to the folders."""
        for line in lines:
            if line.before is not None and line.before.visible:
                self._add(line.before.known, -1)
            if line.visible:
                self._add(line.after, 1)
        self._fold()
        rows = [
            {"id": id_, "messages": self._messages[id_], "unread": self._unread[id_]}
            for id_ in sorted(self._messages)
            if self._messages[id_] or self._unread[id_]
        ]
        if rows:
            types = {"id": "int4", "messages": "int4", "unread": "int4"}
            self._cr.execute(
                SQL(
                    """UPDATE mailbox_folder f SET stored_count = COALESCE(f.stored_count,
                           0) + v.messages,
                           stored_unread = COALESCE(f.stored_unread, 0) + v.unread
                       FROM %s WHERE f.id = v.id""",
                    sql.unnest(types, rows),
                )
            )

    def _add(self, known: Known, sign: int) -> None:
        for name in known.folders or ():
            folder = self._folder_ids.get(name)
            if folder is not None:
                self._messages[folder] += sign
                self._unread[folder] += sign * ("seen" not in (known.flags or ()))

    def _fold(self) -> None:
        """Take in the differences that people's clicks left (see ``mailbox.counter``)."""
        if not self._folder_ids:
            return
        self._cr.execute(
            """DELETE FROM mailbox_counter WHERE folder_id = ANY(%s)
               RETURNING folder_id, messages, unread""",
            [list(self._folder_ids.values())],
        )
        for folder, messages, unread in self._cr.fetchall():
            self._messages[folder] += messages
            self._unread[folder] += unread
