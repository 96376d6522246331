"""Dataclasses of the core to field values and back. Pure functions, both directions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailbox_core.sync.machine import Gate, StreamState
from mailbox_core.types import Address, Content, Email, Folder

from .threads import Thread
from .values import aware, clean, naive

#: Flag of the core to column of the store.
FLAG_COLUMNS = {
    "seen": "is_seen",
    "flagged": "is_flagged",
    "answered": "is_answered",
    "draft": "is_draft",
    "important": "is_important",
}

#: The state of the machine that is a column of the same name.
_PLAIN = (
    "phase",
    "generation",
    "version",
    "attempts",
    "hints",
    "answered",
    "draining",
    "echoes",
    "looks",
)

#: The fields of a stream that the machine's state is made of.
STREAM_FIELDS = (*_PLAIN, "gate", "gate_until", "gate_reason", "cursor", "resume", "look_at")

#: PostgreSQL's largest integer column value; a size beyond it is only ever shown.
_INT4 = 2**31 - 1
#: Characters of a message that go into its full text index: PostgreSQL allows 1 MiB a vector.
SEARCH_CHARACTERS = 32_000
#: Characters of a header line that the store keeps.
HEADER_CHARACTERS = 2_000
_SNIPPET_CHARACTERS = 200


def stream_state(values: Mapping[str, Any]) -> StreamState:
    """The machine's state from the values of a stream."""
    plain = {name: values[name] or type(getattr(StreamState(), name))() for name in _PLAIN}
    return StreamState(
        gate=Gate(values["gate"], aware(values["gate_until"]), values["gate_reason"] or ""),
        cursor=values["cursor"] or None,
        resume=values["resume"] or None,
        look_at=aware(values["look_at"]),
        **plain,
    )


def stream_values(state: StreamState) -> dict[str, Any]:
    """The values of a stream from the machine's state."""
    return {
        **{name: getattr(state, name) for name in _PLAIN},
        "gate": state.gate.kind,
        "gate_until": naive(state.gate.until) or False,
        "gate_reason": state.gate.reason or False,
        "cursor": state.cursor or False,
        "resume": state.resume or False,
        "look_at": naive(state.look_at) or False,
    }


def flag_values(flags: Iterable[str] | None) -> dict[str, bool]:
    """One column a flag; flags without a column are not kept."""
    held = frozenset(flags or ())
    return {column: flag in held for flag, column in FLAG_COLUMNS.items()}


def flags_of(values: Mapping[str, Any]) -> frozenset[str]:
    """The flags whose columns are set."""
    return frozenset(flag for flag, column in FLAG_COLUMNS.items() if values[column])


def folder_values(folder: Folder) -> dict[str, Any]:
    """The values of a folder, its parent aside."""
    return {
        "remote_id": folder.remote_id,
        "name": clean(folder.name, HEADER_CHARACTERS) or folder.remote_id,
        "role": folder.role or False,
        "sequence": _SEQUENCES.get(folder.role or "", 50),
        "remote_total": min(folder.total or 0, _INT4),
        "remote_unread": min(folder.unread or 0, _INT4),
        "selectable": folder.selectable,
    }


_SEQUENCES = {
    "inbox": 1,
    "flagged": 5,
    "important": 6,
    "drafts": 10,
    "sent": 11,
    "archive": 20,
    "all": 21,
}
_SEQUENCES.update({"junk": 90, "trash": 91})


def address_line(addresses: Iterable[Address]) -> str | None:
    """Addresses as a person reads them, one line."""
    parts = [f"{one.name} <{one.email}>" if one.name else one.email for one in addresses]
    return clean(", ".join(parts), HEADER_CHARACTERS) or None


@dataclass(frozen=True, slots=True)
class Stored:
    """The columns of a message that come from its content, the parts that become attachment lines,
    the words of its search vector (``weighty``: subject and people), and what its conversation is
    found by."""

    columns: dict[str, Any]
    parts: tuple[dict[str, Any], ...] = ()
    weighty: str = ""
    words: str = ""
    thread: Thread | None = None


def source_columns(content: Content, sha256: str, key: str) -> dict[str, Any]:
    """What is known of a message before it is parsed: enough to keep it in quarantine."""
    return {
        "date": naive(content.received_at),
        "size": min(content.size, _INT4),
        "raw_sha256": sha256,
        "raw_complete": content.complete,
        "raw_store": key,
    }


def stored(content: Content, email: Email, sha256: str, key: str) -> Stored:
    """The values of a message from its content."""
    sender = email.from_[0] if email.from_ else email.sender
    to_text, cc_text = address_line(email.to), address_line(email.cc)
    columns = {
        **source_columns(content, sha256, key),
        "message_id": clean(email.message_id, HEADER_CHARACTERS),
        "in_reply_to": clean(" ".join(email.in_reply_to), HEADER_CHARACTERS) or None,
        "reference_ids": clean(" ".join(email.references)) or None,
        "fingerprint": email.fingerprint,
        "header_date": _storable(email.date),
        "from_name": clean(sender.name, HEADER_CHARACTERS) if sender else None,
        "from_email": clean(sender.email, HEADER_CHARACTERS) if sender else None,
        "to_text": to_text,
        "cc_text": cc_text,
        "subject": clean(email.subject, HEADER_CHARACTERS),
        "snippet": clean(email.snippet, _SNIPPET_CHARACTERS),
        "has_attachment": any(not part.inline for part in email.parts),
        "automatic": email.automatic,
        "defects": " ".join(email.defects) or None,
    }
    people = " ".join(filter(None, (columns["from_name"], columns["from_email"], to_text, cc_text)))
    return Stored(
        columns,
        tuple(part_values(part) for part in email.parts),
        # The parser of PostgreSQL keeps an address as one word; its parts must be found as well.
        f"{columns['subject'] or ''} {people} {people.replace('@', ' ').replace('.', ' ')}",
        clean(email.text, SEARCH_CHARACTERS) or "",
    )


def part_values(part: Any) -> dict[str, Any]:
    """The values of an attachment line."""
    return {
        "path": part.ref.path,
        "name": clean(part.filename, 255),
        "mimetype": clean(part.content_type, 255),
        "size": min(part.size, _INT4),
        "content_id": clean(part.content_id, HEADER_CHARACTERS),
        "inline": part.inline,
        "available": part.available,
    }


def _storable(moment: datetime | None) -> datetime | None:
    """A Date header as a column, None when conversion to UTC leaves the calendar."""
    try:
        return naive(moment)
    except (OverflowError, ValueError):
        return None
