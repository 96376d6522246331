"""What decides which conversation a message belongs to, as columns: written once, read for
candidates. Pure functions.

Candidates are found by *buckets*: numbers that two messages share whenever the core could say that
they are linked. A shared bucket proves nothing; the core judges the messages themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from mailbox_core.conversations import Keys, make_keys
from mailbox_core.types import Email

from .values import aware, clean

#: What a message is found by besides its ids: the provider's key, what it answers directly, its
#: subject and people, and the same for a reply that names no other message.
_PROVIDER, _ANSWERS, _SUBJECT, _LONELY = "p", "a", "s", "l"


@dataclass(frozen=True, slots=True)
class Thread:
    """The keys of a message that has come, and its buckets.

    ``kept`` goes into its row, that of its own id first (0 without one). ``wanted`` are those to
    look it up by; True: every message of the bucket may matter, because dates decide; else one
    with the same correspondents speaks for all.
    """

    keys: Keys
    kept: tuple[int, ...]
    wanted: Mapping[int, bool]

    @property
    def columns(self) -> dict[str, Any]:
        """What the row needs, besides the columns of the content, to be found and read back."""
        return {
            "correspondents": "\n".join(sorted(self.keys.correspondents)),
            "is_outgoing": self.keys.outgoing,
            "conversation_buckets": " ".join(map(str, self.kept)),
        }


def thread_of(
    columns: Mapping[str, Any],
    conversation_key: str | None,
    email: Email,
    mailbox_id: int,
    own: Sequence[str],
) -> Thread:
    """The thread of a message that has just come, its keys as they will be read back from its
    ``columns``. ``own``: the mailbox's addresses."""
    keys = _keys(
        columns,
        conversation_key,
        email.sender.email if email.sender else None,
        [one.email for some in (email.to, email.cc, email.bcc) for one in some],
        own,
    )
    people = "\n".join(keys.correspondents)
    kept = clean(people)
    if kept != people:
        keys = _with_people(keys, kept, keys.outgoing)
    return _thread(keys, mailbox_id)


def keys_of_row(row: Mapping[str, Any]) -> Keys:
    """The keys of a stored message."""
    keys = _keys(row, row["conversation_key"])
    return _with_people(keys, row["correspondents"], bool(row["is_outgoing"]))


def _thread(keys: Keys, mailbox_id: int) -> Thread:
    ids = [_number(mailbox_id, "", token) for token in keys.tokens]
    kept = ids if keys.own else [0, *ids]
    wanted = dict.fromkeys(ids, False)
    if keys.provider:
        kept.append(_number(mailbox_id, _PROVIDER, keys.provider))
        wanted[kept[-1]] = False
    if keys.direct and not keys.outgoing:
        kept.append(_number(mailbox_id, _ANSWERS, keys.direct))
    if keys.own and keys.outgoing:
        wanted[_number(mailbox_id, _ANSWERS, keys.own)] = False
    if keys.subject and keys.correspondents:
        topic = "\n".join([keys.subject, *sorted(keys.correspondents)])
        same, lonely = _number(mailbox_id, _SUBJECT, topic), _number(mailbox_id, _LONELY, topic)
        kept += [same, lonely] if keys.lonely else [same]
        wanted |= {same: True, lonely: True} if keys.lonely else {lonely: True}
    return Thread(keys, tuple(kept), wanted)


def _number(mailbox_id: int, kind: str, word: str) -> int:
    """A bucket: 64 bits of a hash, signed as PostgreSQL's ``int8``."""
    data = f"{mailbox_id}\n{kind}\n{word}".encode("utf-8", "replace")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big", signed=True)


def _keys(
    columns: Mapping[str, Any],
    conversation_key: str | None,
    sender: str | None = None,
    recipients: Sequence[str] = (),
    own: Sequence[str] = (),
) -> Keys:
    return make_keys(
        message_id=columns.get("message_id"),
        in_reply_to=(columns.get("in_reply_to") or "").split(),
        references=(columns.get("reference_ids") or "").split(),
        conversation_key=conversation_key,
        subject=columns.get("subject") or "",
        sender=sender,
        recipients=recipients,
        date=aware(columns.get("date")),
        own=own,
    )


def _with_people(keys: Keys, people: str | None, outgoing: bool) -> Keys:
    return replace(
        keys,
        correspondents=frozenset(people.split("\n")) if people else frozenset(),
        outgoing=outgoing,
    )
