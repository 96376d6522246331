"""The provider's side of the memory provider: messages, one change log, and trouble on demand.

Everything is deterministic: the same calls give the same ids, times and bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser, BytesParser
from email.utils import format_datetime
from typing import Literal

from ..capabilities import Capabilities
from ..errors import NotFound, ProviderError, Unavailable
from ..types import Content, Delta, Depth, Folder, MessageRef

NOTHING = Delta()
EPOCH = datetime(2024, 1, 1, 8, 0, tzinfo=timezone.utc)

FOLDERS = (
    Folder("inbox", "Inbox", "inbox", path="Inbox"),
    Folder("sent", "Sent", "sent", path="Sent"),
    Folder("drafts", "Drafts", "drafts", path="Drafts"),
    Folder("archive", "Archive", "archive", path="Archive"),
    Folder("junk", "Junk", "junk", path="Junk"),
    Folder("trash", "Trash", "trash", path="Trash"),
    Folder("work", "Work", path="Work"),
    Folder("work-2024", "2024", parent_id="work", path="Work/2024"),
)


def capabilities(
    *,
    cursor_scope: Literal["mailbox", "folder"] = "mailbox",
    folders: Literal["labels", "exclusive"] = "labels",
    conversations: bool = True,
    stable_ids: bool = True,
    reports_removals: bool = True,
    baseline: bool = True,
    push: frozenset[Literal["webhook", "pull", "idle"]] = frozenset({"pull"}),
    saves_sent: bool = True,
    server_search: bool = True,
    page_limit: int = 100,
    fetch_limit: int = 50,
) -> Capabilities:
    """Capabilities of a memory world. Raises ValueError for combinations that no mail server
    has."""
    if folders == "labels" and (cursor_scope == "folder" or not reports_removals or not stable_ids):
        raise ValueError("Labels need a mailbox cursor, stable ids and reported removals.")
    return Capabilities(
        cursor_scope=cursor_scope,
        folders=folders,
        conversations=conversations,
        stable_ids=stable_ids,
        reports_removals=reports_removals,
        baseline=baseline,
        push=push,
        push_lifetime=timedelta(days=7) if push else None,
        saves_sent=saves_sent,
        server_search=server_search,
        page_limit=page_limit,
        fetch_limit=fetch_limit,
    )


@dataclass(frozen=True, slots=True)
class Stored:
    """A message at the provider. ``sent_as`` is the Message-ID it was handed over with."""

    ref: MessageRef
    raw: bytes
    received_at: datetime
    subject: str
    message_id: str | None
    folders: frozenset[str]
    flags: frozenset[str] = frozenset()
    sent_as: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the change log. ``added`` carries the complete sets, ``changed`` the
    differences."""

    seq: int
    kind: Literal["added", "changed", "removed"]
    ref: MessageRef
    folders: frozenset[str] | Delta = NOTHING
    flags: frozenset[str] | Delta = NOTHING


@dataclass(slots=True)
class _Fault:
    call: str
    skip: int
    times: int
    error: ProviderError


@dataclass(slots=True)
class MemoryWorld:
    """One mailbox at the provider.

    ``bare``: a snapshot lists ids only, as Gmail does. ``tells_filtered``: pages name the scope
    rule where folder or size decide. ``lag``: that many newest events are not yet visible in the
    log. ``rewrites_ids``: a sent message gets another Message-ID, as some servers do. ``poison``:
    ids whose fetch fails.
    """

    address: str
    capabilities: Capabilities = field(default_factory=capabilities)
    bare: bool = True
    tells_filtered: bool = True
    rewrites_ids: bool = False
    lag: int = 0
    messages: dict[str, Stored] = field(default_factory=dict)
    log: list[Event] = field(default_factory=list)
    poison: set[str] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    subscriptions: dict[str, datetime] = field(default_factory=dict)
    accepted: list[bytes] = field(default_factory=list)
    seq: int = 1
    oldest: int = 0
    _number: int = 0
    _faults: list[_Fault] = field(default_factory=list)

    # -- what happens to a mailbox -------------------------------------------------------------

    def deliver(
        self,
        subject: str = "",
        *,
        body: str = "",
        sender: str = "Grace Hopper <grace@example.com>",
        folders: Iterable[str] = ("inbox",),
        flags: Iterable[str] = (),
        attachments: Mapping[str, bytes] | None = None,
        in_reply_to: str | None = None,
        received_at: datetime | None = None,
        raw: bytes | None = None,
    ) -> str:
        """A message arrives; its remote id. ``raw`` replaces what would be composed."""
        number = self._number + 1
        at = received_at or EPOCH + timedelta(minutes=number)
        if raw is None:
            raw = self._compose(number, at, subject, body, sender, attachments or {}, in_reply_to)
        return self._add(raw, at, frozenset(folders), frozenset(flags)).ref.remote_id

    def flag(self, remote_id: str, set: Iterable[str] = (), clear: Iterable[str] = ()) -> None:
        """Flags are set and cleared. Raises NotFound."""
        old = self._get(remote_id)
        flags = (old.flags | frozenset(set)) - frozenset(clear)
        if flags != old.flags:
            self.messages[remote_id] = replace(old, flags=flags)
            delta = Delta(flags - old.flags, old.flags - flags)
            self._note("changed", old.ref, flags=delta)

    def place(self, remote_id: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> str:
        """Folders change; the remote id afterwards. Exclusive folders: a move to ``add``. Raises
        NotFound."""
        old = self._get(remote_id)
        if self.capabilities.folders == "exclusive":
            folders = frozenset(add) or old.folders
        else:
            folders = (old.folders | frozenset(add)) - frozenset(remove)
        if folders == old.folders:
            return remote_id
        if not self.capabilities.stable_ids:
            return self._rename(old, folders)
        self.messages[remote_id] = replace(old, folders=folders)
        self._note("changed", old.ref, Delta(folders - old.folders, old.folders - folders))
        return remote_id

    def delete(self, remote_id: str) -> None:
        """The message is gone for good. Raises NotFound."""
        old = self._get(remote_id)
        del self.messages[remote_id]
        self._note("removed", old.ref, Delta(removed=old.folders))

    def accept(self, raw: bytes) -> Stored:
        """A message is handed over for sending."""
        self.accepted.append(raw)
        headers = BytesHeaderParser().parsebytes(raw)
        own = headers["Message-ID"]
        if self.rewrites_ids:
            raw = raw.replace(str(own).encode(), f"<sent-{len(self.accepted)}@memory>".encode(), 1)
        at = EPOCH + timedelta(minutes=self._number + 1)
        if self.capabilities.saves_sent:
            sent = self._add(raw, at, frozenset({"sent"}), frozenset({"seen"}))
            sent = replace(sent, sent_as=own)
            self.messages[sent.ref.remote_id] = sent
            return sent
        ref = MessageRef(f"handed-over-{len(self.accepted)}")
        return Stored(ref, raw, at, str(headers["Subject"] or ""), own, frozenset(), sent_as=own)

    # -- trouble -------------------------------------------------------------------------------

    def expire(self) -> None:
        """Every cursor given out so far becomes too old."""
        self.seq += 1
        self.oldest = self.seq

    def fail(self, call: str, error: ProviderError, *, nth: int = 1, times: int = 1) -> None:
        """From the ``nth`` next call of this method on (``*``: any method), ``times`` calls
        fail."""
        self._faults.append(_Fault(call, nth - 1, times, error))

    def heal(self) -> None:
        """No more injected trouble."""
        self._faults.clear()
        self.poison.clear()
        self.lag = 0

    def called(self, call: str) -> ProviderError | None:
        """Count a call; the trouble it meets, if any. Raises it unless the call was carried out."""
        self.calls[call] += 1
        for fault in self._faults:
            if fault.call not in {call, "*"}:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
            if isinstance(fault.error, Unavailable) and fault.error.reached:
                return fault.error
            raise fault.error
        return None

    # -- inside --------------------------------------------------------------------------------

    @property
    def visible(self) -> int:
        """The newest sequence number the log admits to."""
        if not self.lag:
            return self.seq
        hidden = self.log[-self.lag :]
        return hidden[0].seq - 1 if hidden else self.seq

    def _compose(
        self,
        number: int,
        at: datetime,
        subject: str,
        body: str,
        sender: str,
        attachments: Mapping[str, bytes],
        in_reply_to: str | None,
    ) -> bytes:
        message = EmailMessage()
        message["Message-ID"] = f"<{number}.{self.address}>"
        message["Date"] = format_datetime(at)
        message["From"] = sender
        message["To"] = self.address
        message["Subject"] = subject or f"Message {number}"
        if in_reply_to:
            message["In-Reply-To"] = message["References"] = in_reply_to
        message.set_content(body or f"This is message {number}.\n")
        for name, data in attachments.items():
            message.add_attachment(
                data, maintype="application", subtype="octet-stream", filename=name
            )
        if message.is_multipart():
            message.set_boundary(f"=-memory-{number}")
        return message.as_bytes()

    def _get(self, remote_id: str) -> Stored:
        try:
            return self.messages[remote_id]
        except KeyError:
            raise NotFound(f"No message {remote_id}.") from None

    def _add(
        self, raw: bytes, at: datetime, folders: frozenset[str], flags: frozenset[str]
    ) -> Stored:
        self._number += 1
        headers = BytesHeaderParser().parsebytes(raw)
        ref = MessageRef(f"m{self._number:07d}")
        if self.capabilities.conversations:
            ref = replace(ref, conversation_key=self._conversation(headers["In-Reply-To"], ref))
        stored = Stored(
            ref, raw, at, str(headers["Subject"] or ""), headers["Message-ID"], folders, flags
        )
        self.messages[ref.remote_id] = stored
        self._note("added", ref, folders, flags)
        return stored

    def _rename(self, old: Stored, folders: frozenset[str]) -> str:
        self._number += 1
        new = replace(old.ref, remote_id=f"m{self._number:07d}")
        del self.messages[old.ref.remote_id]
        self._note("removed", old.ref, Delta(removed=old.folders))
        self.messages[new.remote_id] = replace(old, ref=new, folders=folders)
        self._note("added", new, folders, old.flags)
        return new.remote_id

    def _conversation(self, parent: str | None, ref: MessageRef) -> str:
        for other in self.messages.values():
            if parent and other.message_id == parent and other.ref.conversation_key:
                return other.ref.conversation_key
        return f"t{ref.remote_id}"

    def _note(
        self,
        kind: Literal["added", "changed", "removed"],
        ref: MessageRef,
        folders: frozenset[str] | Delta = NOTHING,
        flags: frozenset[str] | Delta = NOTHING,
    ) -> None:
        self.seq += 1
        self.log.append(Event(self.seq, kind, ref, folders, flags))


_WORLDS: dict[str, MemoryWorld] = {}


def create_world(address: str, **options: object) -> MemoryWorld:
    """A fresh world for this address, replacing an older one. ``options`` are fields of
    MemoryWorld."""
    world = MemoryWorld(address, **options)  # type: ignore[arg-type]
    _WORLDS[address] = world
    return world


def find_world(address: str) -> MemoryWorld | None:
    """The world made for this address, if any."""
    return _WORLDS.get(address)


def forget_worlds() -> None:
    """Drop all worlds, between tests."""
    _WORLDS.clear()


def content_of(stored: Stored, depth: Depth) -> Content:
    """What a fetch gives of it."""
    raw = stored.raw
    if depth == "headers":
        raw = raw.partition(b"\n\n")[0] + b"\n\n"
    return Content(
        ref=stored.ref,
        raw=raw,
        complete=depth != "headers",
        received_at=stored.received_at,
        size=len(stored.raw),
        folders=stored.folders,
        flags=stored.flags,
    )


def part_of(stored: Stored, path: str) -> bytes:
    """The decoded part at this path (RFC 3501 section 6.4.5). Raises NotFound."""
    message: Message = BytesParser().parsebytes(stored.raw)
    try:
        for step in path.split("."):
            if message.is_multipart():
                message = message.get_payload()[int(step) - 1]  # type: ignore[assignment,index]
            elif step != "1":
                raise IndexError(step)
    except (IndexError, ValueError):
        raise NotFound(f"No part {path}.") from None
    payload = message.get_payload(decode=True)
    if not isinstance(payload, bytes):
        raise NotFound(f"Part {path} has no content of its own.")
    return payload
