"""What rules and stages may know about one mail: frozen, bounded, complete in itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal

from ..mime.layout import laid_out
from ..types import Address, Email

Reply = Literal["new", "reply", "answer"]
Verdict = Literal["pass", "fail", "none"]

#: Characters of a body that conditions look at: enough for any reason to file a mail, and it bounds
#: their cost.
MAX_BODY = 20_000
#: Characters of one header value that conditions look at.
MAX_VALUE = 2_000
_HTML = 100_000


@dataclass(frozen=True, slots=True)
class File:
    """An attachment as conditions see it. ``size`` is bytes."""

    name: str
    content_type: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Who:
    """What is kept here about the sender: each a few words for the same thing, so that a rule may
    use any. ``tags`` of the contact and its company; ``salesperson`` by name and login;
    ``country`` by code (ISO 3166) and name; ``company`` by name."""

    tags: tuple[str, ...] = ()
    salesperson: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    company: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """One mail with its placements and what the installation knows of its sender.

    ``folders`` are names, ``roles`` their roles (RFC 6154). ``automatic`` is the class of machine
    mail (``Email.automatic``). ``reply``: it opens a conversation (``new``), answers something
    (``reply``), or answers a mail of ours (``answer``). ``outgoing``: the owner of the mailbox
    wrote it. ``authentic``: what the provider says about the sender (``authenticity.verdict``).
    ``partner``: words for what the sender is here (``known``, ``customer``, ``company``,
    ``internal``, ``vip``); ``who``: more about him. ``conversation``: words for its place there
    (``first`` or ``later``, ``answered`` or ``unanswered``). ``received_at`` is aware.
    """

    mailbox: str = ""
    own: frozenset[str] = frozenset()
    message_id: str | None = None
    sender: str = ""
    sender_name: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    subject: str = ""
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    files: tuple[File, ...] = ()
    size: int = 0
    folders: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset()
    automatic: str | None = None
    reply: Reply = "new"
    outgoing: bool = False
    authentic: Verdict = "none"
    partner: frozenset[str] = frozenset()
    who: Who = Who()
    conversation: frozenset[str] = frozenset({"first", "unanswered"})
    received_at: datetime = field(default=datetime(1970, 1, 1, tzinfo=timezone.utc))

    def header(self, name: str) -> tuple[str, ...]:
        """All values of a header, in any case of its name."""
        wanted = name.lower()
        return tuple(value for key, value in self.headers if key.lower() == wanted)


_NOBODY = Who()


def facts_of(
    email: Email,
    *,
    mailbox: str,
    own: Iterable[str],
    received_at: datetime,
    size: int = 0,
    folders: Iterable[tuple[str, str | None]] = (),
    reply: Reply | None = None,
    authentic: Verdict = "none",
    partner: Iterable[str] = (),
    who: Who = _NOBODY,
    conversation: Iterable[str] = ("first", "unanswered"),
) -> Facts:
    """The facts of a parsed mail. ``own``: addresses of this mailbox and its aliases; ``folders``:
    pairs of name and role; ``reply`` if it is known better than the headers tell."""
    names, roles = _places(folders)
    author = (email.from_[0] if email.from_ else email.sender) or Address("", "")
    return Facts(
        mailbox=mailbox.lower(),
        own=frozenset(one.lower() for one in (mailbox, *own)),
        message_id=email.message_id,
        sender=author.email.lower(),
        sender_name=author.name,
        to=_lower(email.to),
        cc=_lower((*email.cc, *email.bcc)),
        subject=email.subject,
        body=_body(email),
        headers=tuple((name, value[:MAX_VALUE]) for name, value in email.headers),
        files=_files(email),
        size=size,
        folders=names,
        roles=roles,
        automatic=email.automatic,
        reply=reply or ("reply" if email.in_reply_to or email.references else "new"),
        outgoing="sent" in roles,
        authentic=authentic,
        partner=frozenset(partner),
        who=who,
        conversation=frozenset(conversation),
        received_at=received_at,
    )


def _places(folders: Iterable[tuple[str, str | None]]) -> tuple[tuple[str, ...], frozenset[str]]:
    places = tuple(folders)
    return tuple(name for name, _ in places), frozenset(role for _, role in places if role)


def _files(email: Email) -> tuple[File, ...]:
    attached = (part for part in email.parts if not part.inline)
    return tuple(File(part.filename, part.content_type, part.size) for part in attached)


def _lower(addresses: Iterable[Address]) -> tuple[str, ...]:
    return tuple(one.email.lower() for one in addresses)


def _body(email: Email) -> str:
    text = email.text
    if text is None and email.html:
        # As lines with marked quotations, so that analyses can leave out what was quoted.
        text = laid_out(email.html[:_HTML])
    return (text or "")[:MAX_BODY]
