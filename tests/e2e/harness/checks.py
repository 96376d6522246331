"""The invariants of a mailbox, checked from outside Odoo: SQL and files here, the world there.

Written from the promise ("what the provider holds is here once, with its labels and flags"), not
from the code that keeps it: labels are translated to folders and flags here a second time.
"""

import hashlib
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailbox_sandbox.account import Account
from mailbox_sandbox.changelog import MESSAGE_ADDED
from mailbox_sandbox.message import Message

ALL = "\\All"
_FLAGS = {"is_flagged": "STARRED", "is_important": "IMPORTANT", "is_draft": "DRAFT"}
#: Kept counters of the mailbox by the disposition they count.
_COUNTERS = {
    "message_count": "stored",
    "listed_count": "listed",
    "filtered_count": "filtered",
    "quarantine_count": "quarantined",
    "gone_count": "gone",
}


@dataclass
class Store:
    """What Odoo's database says about one mailbox; read in one transaction."""

    mailbox: dict[str, Any]
    rows: list[dict[str, Any]]
    folders: dict[str, dict[str, Any]]
    conversations: list[dict[str, Any]]
    streams: list[dict[str, Any]]
    raw: Path
    by_id: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.by_id = {row["remote_id"]: row for row in self.rows}

    def with_disposition(self, *names: str) -> dict[str, dict[str, Any]]:
        """Rows by remote id."""
        return {key: row for key, row in self.by_id.items() if row["disposition"] in names}

    def source(self, row: Mapping[str, Any]) -> bytes:
        """The kept bytes of a row. Raises OSError or zlib.error for a missing or damaged file."""
        return zlib.decompress((self.raw / row["raw_store"]).read_bytes())


def read(connection: Any, mailbox: int, raw: Path) -> Store:
    """Read a mailbox with plain SQL."""

    def rows(query: str) -> list[dict[str, Any]]:
        with connection.cursor() as cr:
            cr.execute(query, {"mailbox": mailbox})
            names = [column.name for column in cr.description]
            return [dict(zip(names, row, strict=True)) for row in cr.fetchall()]

    messages = rows(
        """SELECT m.*, ARRAY(SELECT f.remote_id FROM mailbox_placement p JOIN mailbox_folder f
               ON f.id = p.folder_id WHERE p.message_id = m.id) AS places
           FROM mailbox_message m WHERE m.mailbox_id = %(mailbox)s"""
    )
    folders = rows(
        """SELECT f.*, coalesce(f.stored_count, 0) + coalesce(sum(c.messages), 0) AS messages,
               coalesce(f.stored_unread, 0) + coalesce(sum(c.unread), 0) AS unread
           FROM mailbox_folder f LEFT JOIN mailbox_counter c ON c.folder_id = f.id
           WHERE f.mailbox_id = %(mailbox)s GROUP BY f.id"""
    )
    return Store(
        rows("SELECT * FROM mailbox WHERE id = %(mailbox)s")[0],
        messages,
        {folder["remote_id"]: folder for folder in folders},
        rows("SELECT * FROM mailbox_conversation WHERE mailbox_id = %(mailbox)s"),
        rows("SELECT * FROM mailbox_stream WHERE mailbox_id = %(mailbox)s"),
        raw,
    )


def folders_of(message: Message) -> set[str]:
    """The folders a message has to be in."""
    labels = {label for label in message.labels if label not in ("UNREAD", "CHAT")}
    return labels if labels & {"TRASH", "SPAM"} else labels | {ALL}


def always(store: Store, account: Account) -> list[str]:
    """What must hold at every moment, also between two crashes."""
    return [*_single(store), *_files(store), *_counted(store), *_cursor(store, account)]


def at_rest(store: Store, account: Account, quarantined: int = 0) -> list[str]:
    """What must hold once everything is quiet: the store equals the world."""
    return [
        *always(store, account),
        *_complete(store, account, quarantined),
        *_converged(store, account),
    ]


def _complete(store: Store, account: Account, quarantined: int) -> list[str]:
    """I1 and the ledger: every id once, accounted for, with the same bytes."""
    world = account.messages
    wanted = {key for key, held in world.items() if "SPAM" not in held.labels}
    stored = set(store.with_disposition("stored"))
    odd = store.with_disposition("quarantined")
    trouble = [f"not in the ledger: {key}" for key in sorted(set(world) - set(store.by_id))]
    trouble += [f"not stored: {key}" for key in sorted(wanted - stored - set(odd))]
    trouble += [f"stored, but no longer there: {key}" for key in sorted(stored - wanted)]
    trouble += [f"still to be fetched: {key}" for key in store.with_disposition("listed")]
    trouble += [
        f"left out without a reason: {key}"
        for key, row in store.with_disposition("filtered").items()
        if key in wanted or not row["disposition_reason"]
    ]
    if len(odd) != quarantined:
        reasons = {key: row["disposition_reason"] for key, row in odd.items()}
        trouble.append(f"{len(odd)} quarantined, {quarantined} expected: {reasons}")
    trouble += [
        f"other bytes: {key}"
        for key in stored & wanted
        if store.by_id[key]["raw_sha256"] != hashlib.sha256(world[key].raw).hexdigest()
    ]
    return trouble


def _converged(store: Store, account: Account) -> list[str]:
    """I3: labels and flags equal the provider's."""
    trouble = []
    for key, row in store.with_disposition("stored").items():
        message = account.messages.get(key)
        if message is None:
            continue
        if set(row["places"]) != folders_of(message):
            trouble.append(f"folders of {key}: {sorted(row['places'])}, {sorted(message.labels)}")
        flags = {name: label in message.labels for name, label in _FLAGS.items()}
        flags["is_seen"] = "UNREAD" not in message.labels
        wrong = [name for name, value in flags.items() if bool(row[name]) != value]
        if wrong:
            trouble.append(f"flags of {key}: {wrong}, {sorted(message.labels)}")
    return trouble


def _single(store: Store) -> list[str]:
    """I2: one row a message."""
    seen = Counter(row["remote_id"] for row in store.rows)
    return [f"{count} rows for {key}" for key, count in seen.items() if count > 1]


def _files(store: Store) -> list[str]:
    """Never a row without its file, and the file is what its name promises."""
    trouble = []
    for row in store.rows:
        if row["raw_store"]:
            try:
                digest = hashlib.sha256(store.source(row)).hexdigest()
            except (OSError, zlib.error) as error:
                trouble.append(f"source of {row['remote_id']}: {error}")
                continue
            if digest != row["raw_sha256"]:
                trouble.append(f"source of {row['remote_id']} is another mail's")
        elif row["disposition"] == "stored":
            trouble.append(f"stored without a source: {row['remote_id']}")
    return trouble


def files(raw: Path) -> set[str]:
    """Keys of all files of a raw store."""
    found = (path for path in raw.glob("*/*") if path.is_file())
    return {f"{path.parent.name}/{path.name}" for path in found}


def _counted(store: Store) -> list[str]:
    """Every kept counter equals what counting gives."""
    real = Counter(row["disposition"] for row in store.rows)
    trouble = [
        f"{name} is {store.mailbox[name]}, counted {real[word]}"
        for name, word in _COUNTERS.items()
        if (store.mailbox[name] or 0) != real[word]
    ]
    stored = store.with_disposition("stored").values()
    for key, folder in store.folders.items():
        inside = [row for row in stored if key in row["places"]]
        unread = sum(not row["is_seen"] for row in inside)
        if (folder["messages"], folder["unread"]) != (len(inside), unread):
            kept = f"{folder['messages']}/{folder['unread']}"
            trouble.append(f"folder {key} counts {kept}, really {len(inside)}/{unread}")
    for line in store.conversations:
        inside = [row for row in stored if row["conversation_id"] == line["id"]]
        unread = sum(not row["is_seen"] for row in inside)
        if (line["message_count"] or 0, line["unread_count"] or 0) != (len(inside), unread):
            kept = f"{line['message_count']}/{line['unread_count']}"
            trouble.append(f"conversation {line['id']}: {kept}, really {len(inside)}/{unread}")
    return trouble


def _cursor(store: Store, account: Account) -> list[str]:
    """I4: a stored position covers nothing that is not in the ledger.

    Told by the change log: in phase *live* everything added up to the position must have its row.
    """
    trouble = []
    for stream in store.streams:
        position = _position(stream["cursor"]) if stream["phase"] == "live" else 0
        trouble += [
            f"position {position} covers {change.message_id}, which has no row"
            for change in list(account.log._changes)
            if change.kind == MESSAGE_ADDED
            and change.id <= position
            and change.message_id not in store.by_id
            and change.message_id in account.messages
        ]
    return trouble


def _position(cursor: str | None) -> int:
    """The history id in a stored cursor; the adapter's own text, read here for the check only."""
    digits = [part for part in (cursor or "").replace('"', " ").split() if part.isdigit()]
    return int(digits[0]) if digits else 0
