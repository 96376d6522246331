"""The nouns every provider, the sync engine and the Odoo shell share: frozen data, no behaviour.

Words follow RFC 6154 and RFC 8621: a *folder* has a *role*, a message has *placements* (the
folders it is in) and *flags*. An absent (``None``) field always means *unknown*, never *empty*.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Role = Literal["inbox", "sent", "drafts", "archive", "trash", "junk", "all", "flagged", "important"]
Flag = Literal["seen", "flagged", "answered", "draft", "important"]
StreamKind = Literal["mail"]
Depth = Literal["headers", "text", "raw"]


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of an address header (RFC 5322 section 3.4), decoded."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Whose mailbox the credentials open, and how much is in it."""

    address: str
    messages: int | None = None
    conversations: int | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """A named container. ``parent_id`` is a remote id; ``name`` is the last path segment."""

    remote_id: str
    name: str
    role: Role | None = None
    parent_id: str | None = None
    path: str = ""
    total: int | None = None
    unread: int | None = None
    selectable: bool = True


@dataclass(frozen=True, slots=True)
class StreamRef:
    """The unit that owns one cursor: a whole mailbox (``folder`` is None) or one folder."""

    kind: StreamKind = "mail"
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A message at its provider. ``conversation_key`` is the provider's own thread id, if any."""

    remote_id: str
    conversation_key: str | None = None
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class PartRef:
    """A MIME part by its path in the tree ("1.2", RFC 3501 section 6.4.5 numbering): stable,
    unlike ids."""

    path: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What the owner wants copied. Handed to a provider when it is made.

    ``exclude`` is a query in the provider's own syntax; sizes are bytes; None means no limit and,
    for ``folders``, every folder but those in ``skip_roles``.
    """

    since: datetime | None = None
    folders: frozenset[str] | None = None
    skip_roles: frozenset[Role] = frozenset({"junk"})
    exclude: str = ""
    max_message_bytes: int | None = None
    max_attachment_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Position before the first call: the provider answers with a baseline cursor if it has one."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Position inside an enumeration, newest first; ``resume`` came from the page before."""

    resume: str


@dataclass(frozen=True, slots=True)
class Since:
    """Position after a snapshot: everything newer than this opaque cursor."""

    cursor: str


Position = Start | Snapshot | Since


@dataclass(frozen=True, slots=True)
class Delta:
    """A change to a set whose complete value is not known. ``removed`` and ``added`` are
    disjoint."""

    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Upsert:
    """A message that exists, as far as this page knows. ``filtered`` names the scope rule that
    keeps its content out (``exclude``, ``size``, ``folder``), found without downloading it."""

    ref: MessageRef
    folders: frozenset[str] | Delta | None = None
    flags: frozenset[str] | Delta | None = None
    filtered: str | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """A placement that ended; with ``folder`` None the message is gone everywhere."""

    ref: MessageRef
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A page that lists what is *present*: known messages of ``folder`` with a key in
    [``low``, ``high``] that are not among its upserts are gone from that folder."""

    folder: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Page:
    """One bounded answer to "what changed?". May be empty, repeat items and come unordered.

    ``cursor``, if given, replaces the stored one together with the rows. ``resume``, if given, is
    the next snapshot position; None on the last snapshot page. ``more`` says that the next page
    can be asked for at once.
    """

    upserts: tuple[Upsert, ...] = ()
    removals: tuple[Removal, ...] = ()
    span: Span | None = None
    cursor: str | None = None
    resume: str | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of an enumeration by key, for the audit: refs and the place to go on, None at the
    end."""

    refs: tuple[MessageRef, ...]
    resume: str | None


@dataclass(frozen=True, slots=True)
class Content:
    """A fetched message.

    ``raw`` is RFC 5322 bytes. If ``complete``, exactly the bytes the provider holds; otherwise
    parts that were left at the provider stand as ``message/external-body`` (RFC 2046 section
    5.2.3) with access-type ``x-mailbox-part`` and the parameters ``path``, ``size``, ``type`` and
    ``name``. ``received_at`` is the provider's own time, UTC and aware. ``size`` is bytes.
    """

    ref: MessageRef
    raw: bytes
    complete: bool
    received_at: datetime
    size: int
    folders: frozenset[str]
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Gone:
    """A listed message that is no longer there: ordinary, somebody deleted it meanwhile."""

    ref: MessageRef


@dataclass(frozen=True, slots=True)
class Failed:
    """One message that could not be fetched although its neighbours could. ``retry`` tells whether
    later tries may succeed."""

    ref: MessageRef
    detail: str
    retry: bool = True


Fetched = Content | Gone | Failed


@dataclass(frozen=True, slots=True)
class SetFlags:
    """Goal: these flags are set or cleared on all messages. Repeating it is harmless."""

    refs: tuple[MessageRef, ...]
    set: frozenset[str] = frozenset()
    clear: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """Goal: all messages are in ``add`` and not in ``remove`` (remote folder ids)."""

    refs: tuple[MessageRef, ...]
    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Delete:
    """Goal: the messages are gone for good (not merely in the trash)."""

    refs: tuple[MessageRef, ...]


Mutation = SetFlags | Place | Delete


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a sent message. ``message_id`` is the one the provider really uses."""

    ref: MessageRef
    message_id: str | None


@dataclass(frozen=True, slots=True)
class Hint:
    """ "Something changed", without content. Times are UTC and aware; ``published_at`` is when the
    provider handed the notification over, if it says so."""

    address: str
    received_at: datetime
    detail: str = ""
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """OAuth grant of one mailbox. ``refresh_token`` None in an answer means: keep the one you
    have."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False, default=None)
    expires_at: datetime | None = None
    scopes: frozenset[str] = frozenset()
    identity: str | None = None
    refresh_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A non-body MIME part. ``available`` is False when its bytes stayed at the provider; ``size``
    is decoded bytes as far as known."""

    ref: PartRef
    filename: str
    content_type: str
    size: int
    content_id: str | None = None
    inline: bool = False
    available: bool = True


@dataclass(frozen=True, slots=True)
class Email:
    """A parsed message. ``headers`` keeps order, case and duplicates (values decoded and capped).

    ``date`` is the Date header as aware UTC, None when missing or unreadable. ``defects`` are
    short stable words (``charset``, ``depth``, ``date`` …) telling what had to be guessed or cut.
    ``fingerprint`` is a SHA-256 hex digest over sender, subject, date and content that survives
    transport changes. ``automatic`` classifies machine mail: ``bounce``, ``delay``, ``report``,
    ``auto-reply``, ``auto-generated``, ``list``, ``bulk``, ``calendar`` or None.
    """

    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    date: datetime | None
    subject: str
    from_: tuple[Address, ...]
    sender: Address | None
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    headers: tuple[tuple[str, str], ...]
    text: str | None
    html: str | None
    snippet: str
    parts: tuple[Part, ...]
    fingerprint: str
    automatic: str | None = None
    defects: tuple[str, ...] = ()
