"""A mail provider in this process: every capability can be switched, every failure injected.

It passes the contract suite itself (``tests/contract/test_memory.py``); only therefore may tests of
the engine stand on it. ``world.MemoryWorld`` is the provider's side (deliver, flag, place, delete,
expire, fail), ``MemoryProvider`` the contract over it. Worlds are found by address, so that a test
can make one and code that only knows the registry reaches it::

    world = create_world("ada@example.org")
    world.deliver("Hello")
    provider = spec("memory").provider(ProviderConfig("ada@example.org", None, budget), Endpoints())
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from ..capabilities import Capabilities
from ..contract import ProviderConfig, PushTarget, Subscription
from ..errors import AuthorizationLost, CursorExpired, NotFound, Refused
from ..net.endpoints import Endpoints
from ..registry import ProviderSpec
from ..scope import folder_rule
from ..types import (
    Delete,
    Delta,
    Depth,
    Failed,
    Fetched,
    Folder,
    Gone,
    Listing,
    MessageRef,
    Mutation,
    Page,
    PartRef,
    Place,
    Position,
    Profile,
    Receipt,
    Removal,
    Scope,
    SetFlags,
    Since,
    Snapshot,
    Span,
    StreamRef,
    Upsert,
)
from .world import (
    EPOCH,
    FOLDERS,
    Event,
    MemoryWorld,
    Stored,
    content_of,
    create_world,
    find_world,
    forget_worlds,
    part_of,
)

__all__ = ["SPEC", "MemoryProvider", "MemoryWorld", "create_world", "find_world", "forget_worlds"]


class MemoryProvider:
    """``contract.MailProvider`` and ``contract.PushProvider`` over a MemoryWorld."""

    def __init__(self, world: MemoryWorld, scope: Scope | None = None) -> None:
        self.world = world
        self.scope = scope or Scope()
        self.capabilities: Capabilities = world.capabilities

    # -- reading -------------------------------------------------------------------------------

    def profile(self) -> Profile:
        """Whose mailbox this is."""
        self.world.called("profile")
        keys = {stored.ref.conversation_key for stored in self.world.messages.values()}
        return Profile(self.world.address, len(self.world.messages), len(keys - {None}))

    def folders(self) -> Sequence[Folder]:
        """All folders, parents before children."""
        self.world.called("folders")
        return FOLDERS

    def changes(self, stream: StreamRef, position: Position, limit: int) -> Page:
        """The page after ``position``. Raises CursorExpired."""
        self.world.called("changes")
        self._check(stream)
        limit = max(1, min(limit, self.capabilities.page_limit))
        if isinstance(position, Since):
            return self._since(stream.folder, position.cursor, limit)
        if isinstance(position, Snapshot):
            baseline, below = position.resume.split(":")
            return self._snapshot(stream.folder, int(baseline), below, limit)
        return self._snapshot(stream.folder, self.world.visible, "", limit)

    def recent(self, stream: StreamRef, limit: int) -> Page:
        """The newest messages."""
        self.world.called("recent")
        self._check(stream)
        newest = self._listed(stream.folder, "")[: max(1, min(limit, self.capabilities.page_limit))]
        return Page(upserts=tuple(self._row(stored, stream.folder) for stored in newest))

    def enumerate(self, within: str | None, resume: str | None, limit: int) -> Listing:
        """Refs by key, newest first, of a folder or flag or all."""
        self.world.called("enumerate")
        found = [
            stored
            for stored in self._below(resume or "")
            if within is None or within in stored.folders | stored.flags
        ]
        page = found[: max(1, min(limit, self.capabilities.page_limit))]
        more = len(found) > len(page)
        return Listing(
            tuple(stored.ref for stored in page), page[-1].ref.remote_id if more else None
        )

    def fetch(self, refs: Sequence[MessageRef], depth: Depth) -> Iterator[Fetched]:
        """One answer per ref. Raises Refused for more refs than ``fetch_limit``."""
        if len(refs) > self.capabilities.fetch_limit:
            raise Refused(f"At most {self.capabilities.fetch_limit} messages a call.", "limit")
        for ref in refs:
            self.world.called("fetch")
            stored = self.world.messages.get(ref.remote_id)
            if stored is None:
                yield Gone(ref)
            elif ref.remote_id in self.world.poison:
                yield Failed(ref, "The provider cannot read this message.")
            else:
                yield content_of(stored, depth)

    def attachment(self, ref: MessageRef, part: PartRef) -> Iterator[bytes]:
        """The decoded bytes of one part. Raises NotFound."""
        self.world.called("attachment")
        stored = self.world.messages.get(ref.remote_id)
        if stored is None:
            raise NotFound("The message is gone.")
        data = part_of(stored, part.path)
        for start in range(0, len(data), 65536):
            yield data[start : start + 65536]

    # -- writing -------------------------------------------------------------------------------

    def apply(self, mutation: Mutation) -> None:
        """Reach a goal."""
        self.world.called("apply")
        for ref in mutation.refs:
            if ref.remote_id not in self.world.messages:
                continue
            if isinstance(mutation, SetFlags):
                self.world.flag(ref.remote_id, mutation.set, mutation.clear)
            elif isinstance(mutation, Place):
                self.world.place(ref.remote_id, mutation.add, mutation.remove)
            elif isinstance(mutation, Delete):
                self.world.delete(ref.remote_id)

    def send(self, message: bytes, draft: MessageRef | None) -> Receipt:
        """Hand over a message once."""
        lost = self.world.called("send")
        sent = self.world.accept(message)
        if draft is not None and draft.remote_id in self.world.messages:
            self.world.delete(draft.remote_id)
        if lost is not None:
            raise lost
        return Receipt(sent.ref, sent.message_id)

    def find_sent(self, message_id: str) -> MessageRef | None:
        """The sent message handed over with this Message-ID."""
        self.world.called("find_sent")
        for stored in self.world.messages.values():
            if stored.sent_as == message_id:
                return stored.ref
        return None

    # -- push ----------------------------------------------------------------------------------

    def subscribe(self, target: PushTarget) -> Subscription:
        """Register for hints."""
        self.world.called("subscribe")
        lifetime = self.capabilities.push_lifetime
        if lifetime is None:
            raise Refused("This provider cannot push.", "push")
        expires = EPOCH + lifetime + timedelta(minutes=self.world.calls["subscribe"])
        key = target.topic or target.url
        self.world.subscriptions[key] = expires
        return Subscription(key, expires, str(self.world.visible))

    def renew(self, target: PushTarget, subscription: Subscription) -> Subscription:
        """Extend before it expires."""
        return self.subscribe(target)

    def cancel(self, subscription: Subscription) -> None:
        """End it; ending it twice is harmless."""
        self.world.called("cancel")
        self.world.subscriptions.pop(subscription.remote_id, None)

    # -- pages ---------------------------------------------------------------------------------

    def _check(self, stream: StreamRef) -> None:
        if (self.capabilities.cursor_scope == "folder") != (stream.folder is not None):
            raise Refused(f"Streams here are per {self.capabilities.cursor_scope}.", "stream")
        if stream.folder is not None and all(f.remote_id != stream.folder for f in FOLDERS):
            raise NotFound(f"No folder {stream.folder}.")

    def _below(self, key: str) -> list[Stored]:
        """Messages inside ``Scope.since``, newest first, below this key."""
        return [
            stored
            for stored in sorted(
                self.world.messages.values(), key=lambda s: s.ref.remote_id, reverse=True
            )
            if self._young(stored) and (not key or stored.ref.remote_id < key)
        ]

    def _listed(self, folder: str | None, key: str) -> list[Stored]:
        return [s for s in self._below(key) if folder is None or folder in s.folders]

    def _young(self, stored: Stored) -> bool:
        return self.scope.since is None or stored.received_at >= self.scope.since

    def _filtered(self, stored: Stored) -> str | None:
        wanted = self.scope.exclude
        if wanted and self.capabilities.server_search and wanted in stored.subject:
            return "exclude"
        if not self.world.tells_filtered:
            return None
        limit = self.scope.max_message_bytes
        if limit is not None and len(stored.raw) > limit:
            return "size"
        return folder_rule(stored.folders, self.scope, FOLDERS)

    def _row(self, stored: Stored, folder: str | None) -> Upsert:
        """How an enumeration names a message."""
        filtered = self._filtered(stored)
        if folder is not None:
            return Upsert(stored.ref, Delta(frozenset({folder})), stored.flags, filtered)
        if self.world.bare:
            return Upsert(stored.ref, filtered=filtered)
        return Upsert(stored.ref, stored.folders, stored.flags, filtered)

    def _snapshot(self, folder: str | None, baseline: int, below: str, limit: int) -> Page:
        """Keyed, newest first: a deletion mid-listing cannot hide an older message."""
        rest = self._listed(folder, below)
        page, more = rest[:limit], len(rest) > limit
        first = not below
        cursor = self._cursor(baseline, "") if not more else None
        if first and self.capabilities.baseline:
            cursor = self._cursor(baseline, "")
        elif self.capabilities.baseline:
            # The stored cursor may be further on by now: live pages are applied meanwhile.
            cursor = None
        return Page(
            upserts=tuple(self._row(stored, folder) for stored in page),
            cursor=cursor,
            resume=f"{baseline}:{page[-1].ref.remote_id}" if more else None,
            more=more,
        )

    def _cursor(self, seq: int, scan: str) -> str:
        return f"{seq}/{scan}" if not self.capabilities.reports_removals else str(seq)

    def _since(self, folder: str | None, cursor: str, limit: int) -> Page:
        number, _, scan = cursor.partition("/")
        seq = int(number)
        if seq < self.world.oldest:
            raise CursorExpired("This cursor is too old.")
        if scan:
            return self._scan(seq, scan, limit, folder)
        events = [e for e in self.world.log if seq < e.seq <= self.world.visible]
        page = events[:limit]
        more = len(events) > limit
        # Nothing more to tell: move over what was not a change of messages, too.
        end = page[-1].seq if more else max(seq, self.world.visible)
        upserts, removals = self._fold(page, folder)
        if not self.capabilities.reports_removals:
            first = folder or FOLDERS[0].remote_id
            scan = "" if more else f"{first}|"
            return Page(tuple(upserts), cursor=self._cursor(end, scan), more=True)
        return Page(tuple(upserts), tuple(removals), cursor=self._cursor(end, ""), more=more)

    def _scan(self, seq: int, scan: str, limit: int, only: str | None) -> Page:
        """What is present, folder by folder and span by span, where removals are not reported."""
        folder, _, low = scan.partition("|")
        present = sorted(
            (s for s in self._listed(folder, "") if s.ref.remote_id > low),
            key=lambda s: s.ref.remote_id,
        )
        page, more = present[:limit], len(present) > limit
        high = page[-1].ref.remote_id if more else "~"
        names = [f.remote_id for f in FOLDERS] if only is None else [only]
        after = names[names.index(folder) + 1 :]
        following = f"{folder}|{high}" if more else (f"{after[0]}|" if after else "")
        return Page(
            upserts=tuple(
                Upsert(s.ref, Delta(frozenset({folder})), s.flags, self._filtered(s)) for s in page
            ),
            span=Span(folder, f"{low}\0" if low else "", high),
            cursor=self._cursor(seq, following),
            more=bool(following),
        )

    def _fold(
        self, events: Iterable[Event], folder: str | None
    ) -> tuple[list[Upsert], list[Removal]]:
        """At most one upsert or removal per message: added and deleted on one page is deleted."""
        upserts: dict[str, Upsert] = {}
        removals: dict[str, Removal] = {}
        for event in events:
            key = event.ref.remote_id
            if event.kind == "removed" or _leaves(event, folder):
                upserts.pop(key, None)
                removals[key] = Removal(event.ref, folder)
            elif self._concerns(event, folder):
                removals.pop(key, None)
                upserts[key] = self._merge(upserts.get(key), event, folder)
        return list(upserts.values()), list(removals.values())

    def _concerns(self, event: Event, folder: str | None) -> bool:
        stored = self.world.messages.get(event.ref.remote_id)
        if stored is None:
            # Deleted since; named all the same, as real logs do, unless its folder is unknown.
            return folder is None or (
                isinstance(event.folders, frozenset) and folder in event.folders
            )
        return self._young(stored) and (folder is None or folder in stored.folders)

    def _merge(self, upsert: Upsert | None, event: Event, folder: str | None) -> Upsert:
        stored = self.world.messages.get(event.ref.remote_id)
        filtered = self._filtered(stored) if stored is not None else None
        if folder is not None:
            flags = stored.flags if stored is not None else None
            return Upsert(event.ref, Delta(frozenset({folder})), flags, filtered)
        if upsert is None or event.kind == "added":
            return Upsert(event.ref, event.folders, event.flags, filtered)
        return Upsert(
            event.ref,
            _join(upsert.folders, event.folders),
            _join(upsert.flags, event.flags),
            filtered,
        )


def _leaves(event: Event, folder: str | None) -> bool:
    return (
        folder is not None and isinstance(event.folders, Delta) and folder in event.folders.removed
    )


def _join(
    old: frozenset[str] | Delta | None, new: frozenset[str] | Delta
) -> frozenset[str] | Delta:
    if old is None or isinstance(new, frozenset):
        return new
    if isinstance(old, frozenset):
        return (old - new.removed) | new.added
    return Delta((old.added - new.removed) | new.added, (old.removed - new.added) | new.removed)


def _make(config: ProviderConfig, endpoints: Endpoints) -> MemoryProvider:
    world = find_world(config.address)
    if world is None:
        raise AuthorizationLost("mailbox_missing", f"No memory world for {config.address}.")
    return MemoryProvider(world, config.scope)


SPEC = ProviderSpec(name="memory", label="Memory (tests)", provider=_make, hidden=True)
