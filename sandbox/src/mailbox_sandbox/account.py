"""One account's mail: messages, threads, labels, drafts and the change log, all behind one lock."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from . import changelog, headers, threading_rules
from .changelog import Change, ChangeLog
from .clock import Clock
from .errors import Invalid, NotFound
from .labels import AUTOMATIC, LabelBook
from .message import Message, RawSource
from .ordering import NewestFirst


@dataclass(slots=True)
class SendAs:
    """An address the account may send as (Gmail settings.sendAs)."""

    email: str
    name: str = ""
    reply_to: str = ""
    signature: str = ""
    is_primary: bool = False
    is_default: bool = False
    treat_as_alias: bool = True
    verified: bool = True


@dataclass(slots=True)
class Watch:
    """A push registration as users.watch leaves it; ``expires`` in seconds of the sandbox clock."""

    topic: str
    project: str
    label_ids: tuple[str, ...]
    behavior: str
    expires: float


class Account:
    """A mailbox. Thread-safe: every public method takes the account's lock.

    ``messages`` maps id to Message; ``log`` is the only source of history answers; ``told`` is
    called with every change while the account is locked.
    """

    def __init__(
        self, email: str, name: str, clock: Clock, rng: random.Random,
        told: Callable[[Account, Change], None] | None = None,
    ) -> None:  # fmt: skip
        self.email = email
        self.name = name or email.split("@", 1)[0]
        self.sub = str(rng.randrange(10**20, 10**21))
        self.clock = clock
        self.rng = rng
        self.enabled = True
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.messages: dict[str, Message] = {}
        self.threads: dict[str, list[str]] = {}
        self.labels = LabelBook(rng)
        self.log = ChangeLog(rng)
        self.drafts: dict[str, str] = {}
        self.draft_of: dict[str, str] = {}
        self.send_as = [SendAs(email, self.name, is_primary=True, is_default=True)]
        self.watches: dict[str, Watch] = {}
        self.told = told
        self.everything = NewestFirst()
        self.by_label: dict[str, NewestFirst] = {}
        self.by_number: dict[int, Message] = {}
        self.by_rfc822_id: dict[str, list[str]] = {}
        self.unread: dict[str, int] = {}

    # -- arriving -----------------------------------------------------------------------------

    def deliver(
        self,
        raw: RawSource,
        labels: Iterable[str] = ("INBOX", "UNREAD"),
        date: float | None = None,
        thread_id: str | None = None,
        *,
        rfc822_id: str | None = None,
        logged_at: float | None = None,
    ) -> Message:
        """Store a message as if it had just come by SMTP and return it.

        *date* is the internal date in epoch seconds (default: now), *thread_id* forces a thread of
        this account. *rfc822_id* spares reading a generated source; *logged_at* back-dates the
        change (seeding only). Raises Invalid for an unknown label or thread.
        """
        with self.lock:
            wanted = self._known(labels)
            now = self.clock.now()
            moment = int((now if date is None else date) * 1000)
            fields: headers.Fields = []
            if rfc822_id is None:
                fields = headers.parse(raw if isinstance(raw, bytes) else raw())
                rfc822_id = next(iter(headers.message_ids(headers.get(fields, "Message-ID"))), "")
            message_id = self._new_id(min(moment, int(now * 1000)))
            if thread_id is None:
                thread_id = threading_rules.find(self, fields) or message_id
            elif thread_id not in self.threads:
                raise Invalid("Invalid thread_id value")
            message = Message(message_id, thread_id, raw, wanted, moment, now, rfc822_id)
            self._insert(message)
            self._log(changelog.MESSAGE_ADDED, message, at=logged_at)
            return message

    def restore(
        self, message_id: str, thread_id: str, raw: RawSource, labels: Iterable[str], date_ms: int
    ) -> None:
        """Put a saved message back under its old ids; nothing is logged."""
        with self.lock:
            source = raw if isinstance(raw, bytes) else raw()
            named = headers.message_ids(headers.get(headers.parse(source), "Message-ID"))
            rfc822_id = next(iter(named), "")
            arrived = date_ms / 1000
            message = Message(message_id, thread_id, raw, set(labels), date_ms, arrived, rfc822_id)
            message.history_id = self.log.last_id()
            self._insert(message)

    # -- changing -----------------------------------------------------------------------------

    def modify(
        self, message_id: str, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> Message:
        """Add and remove labels; only real changes are logged. Raises NotFound or Invalid."""
        with self.lock:
            message = self.get(message_id)
            added = self._by_hand(add, message)
            removed = self._by_hand(remove, message)
            self._relabel(message, added - message.labels, (removed - added) & message.labels)
            return message

    def trash(self, message_id: str) -> Message:
        """Move to the bin: TRASH is added, INBOX removed (no deletion event)."""
        with self.lock:
            message = self.get(message_id)
            self._relabel(message, {"TRASH"} - message.labels, message.labels & {"INBOX", "SPAM"})
            return message

    def untrash(self, message_id: str) -> Message:
        """Take out of the bin (back to archive, as the API does)."""
        with self.lock:
            message = self.get(message_id)
            self._relabel(message, set(), message.labels & {"TRASH"})
            return message

    def delete(self, message_id: str) -> None:
        """Delete for good. Raises NotFound."""
        with self.lock:
            message = self.get(message_id)
            del self.messages[message_id]
            del self.by_number[message.key[1]]
            self.everything.remove(message.key)
            self._unindex(message, message.labels)
            siblings = self.threads[message.thread_id]
            siblings.remove(message_id)
            if not siblings:
                del self.threads[message.thread_id]
            self.by_rfc822_id[message.rfc822_id].remove(message_id)
            draft_id = self.draft_of.pop(message_id, None)
            if draft_id:
                self.drafts.pop(draft_id, None)
            self._log(changelog.MESSAGE_DELETED, message)

    def attach(self, message_id: str, labels: Iterable[str]) -> Message:
        """Add labels including those the provider alone may set (SENT, DRAFT)."""
        with self.lock:
            message = self.get(message_id)
            self._relabel(message, self._known(labels) - message.labels, set())
            return message

    # -- labels -------------------------------------------------------------------------------

    def add_label(self, name: str) -> str:
        """Create a user label (``/`` nests) and return its id. Raises Invalid or Conflict."""
        with self.lock:
            return self.labels.create(name).id

    def remove_label(self, label_id: str) -> None:
        """Delete a user label and take it off every message. Raises NotFound or Invalid."""
        with self.lock:
            holders = [self.by_number[key[1]] for key in self.index(label_id).walk()]
            self.labels.remove(label_id)
            for message in holders:
                self._relabel(message, set(), {label_id})
            self.by_label.pop(label_id, None)

    def index(self, label_id: str) -> NewestFirst:
        """Return the ordered view of one label. The caller holds the lock while walking it."""
        found = self.by_label.get(label_id)
        if found is None:
            found = self.by_label[label_id] = NewestFirst()
        return found

    def counters(self, label_id: str) -> dict[str, int]:
        """Return messagesTotal, messagesUnread, threadsTotal, threadsUnread of a label."""
        with self.lock:
            held = [self.by_number[key[1]] for key in self.index(label_id).walk()]
            return {
                "messagesTotal": len(held),
                "messagesUnread": self.unread.get(label_id, 0),
                "threadsTotal": len({m.thread_id for m in held}),
                "threadsUnread": len({m.thread_id for m in held if "UNREAD" in m.labels}),
            }

    # -- reading ------------------------------------------------------------------------------

    def get(self, message_id: str) -> Message:
        """Return a message. Raises NotFound."""
        try:
            return self.messages[message_id]
        except KeyError:
            raise NotFound(message_id) from None

    def thread(self, thread_id: str) -> list[Message]:
        """Return a thread's messages, oldest first. Raises NotFound."""
        with self.lock:
            try:
                found = [self.messages[message_id] for message_id in self.threads[thread_id]]
            except KeyError:
                raise NotFound(thread_id) from None
            return sorted(found, key=lambda message: message.key)

    def position(self) -> int:
        """Return the mailbox's current history id."""
        with self.lock:
            return self.log.current(self.clock.now())

    def wait(self, after: int, timeout: float) -> int:
        """Block until a change with an id above *after* exists or *timeout* s are over (real)."""
        with self.changed:
            self.changed.wait_for(lambda: self.log.last_id() > after, timeout)
            return self.log.last_id()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the account still for a compound operation."""
        with self.lock:
            yield

    def addresses(self) -> set[str]:
        """Return the lower-case addresses this account may write From."""
        return {alias.email.lower() for alias in self.send_as if alias.verified}

    # -- inside -------------------------------------------------------------------------------

    def _new_id(self, moment_ms: int) -> str:
        while True:
            number = (moment_ms << 20) | self.rng.getrandbits(20)
            if number not in self.by_number:
                return f"{number:016x}"

    def _known(self, labels: Iterable[str]) -> set[str]:
        wanted = set(labels)
        for label_id in wanted:
            if label_id not in self.labels.by_id:
                raise Invalid(f"Invalid label: {label_id}")
        return wanted

    def _by_hand(self, labels: Iterable[str], message: Message) -> set[str]:
        wanted = self._known(labels)
        refused = wanted & AUTOMATIC
        if refused:
            raise Invalid(f"Invalid label: {sorted(refused)[0]}")
        if wanted and "DRAFT" in message.labels:
            raise Invalid("Drafts cannot have labels")
        return wanted

    def _insert(self, message: Message) -> None:
        self.messages[message.id] = message
        self.by_number[message.key[1]] = message
        self.threads.setdefault(message.thread_id, []).append(message.id)
        self.by_rfc822_id.setdefault(message.rfc822_id, []).append(message.id)
        self.everything.add(message.key)
        self._index(message, message.labels)

    def _relabel(self, message: Message, added: set[str], removed: set[str]) -> None:
        if added:
            self._unread(message, -1)
            message.labels |= added
            self._unread(message, 1)
            for label_id in added:
                self.index(label_id).add(message.key)
            self._log(changelog.LABEL_ADDED, message, added)
        if removed:
            self._unread(message, -1)
            message.labels -= removed
            self._unread(message, 1)
            for label_id in removed:
                self.index(label_id).remove(message.key)
            self._log(changelog.LABEL_REMOVED, message, removed)

    def _index(self, message: Message, labels: set[str]) -> None:
        for label_id in labels:
            self.index(label_id).add(message.key)
        self._unread(message, 1)

    def _unindex(self, message: Message, labels: set[str]) -> None:
        for label_id in labels:
            self.index(label_id).remove(message.key)
        self._unread(message, -1)

    def _unread(self, message: Message, step: int) -> None:
        if "UNREAD" in message.labels:
            for label_id in message.labels:
                self.unread[label_id] = self.unread.get(label_id, 0) + step

    def _log(
        self, kind: str, message: Message, labels: Iterable[str] = (), at: float | None = None
    ) -> None:
        moment = self.clock.now() if at is None else at
        message.history_id = self.log.append(
            kind, moment, message.id, message.thread_id, sorted(message.labels), sorted(labels)
        )
        self.changed.notify_all()
        if self.told is not None:
            self.told(self, self.log.newest())
