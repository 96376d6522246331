"""Sending once, and finding what was sent.

Gmail has no idempotency key and replaces the ``Message-ID`` of what it sends, so the builder of
messages repeats ours in ``X-Mailbox-Message-ID``; that is how a message is found whose answer got
lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...errors import NotFound, ProviderError, Refused, Unavailable
from ...mime.build import COPY_HEADER
from ...mime.fields import message_id as read_id
from ...mime.headers import split
from ...net.http import Response
from ...types import MessageRef, Receipt
from . import costs
from .batch import Call, segment
from .client import Client, Json, answer, items, pages, text
from .errors import names_thread
from .listing import refs_of

SIZE_LIMIT = 36_700_160
"""Bytes of a message (Gmail API, "Uploading attachments"; discovery document, ``maxSize``)."""

_LOOK_BACK = 25
"""Sent messages that are looked through when the search index does not know the message yet."""

_DRAFTS = 500


def send(client: Client, message: bytes, draft: MessageRef | None) -> Receipt:
    """Hand over a message; ``draft`` names the conversation and, with a ``remote_id``, the draft
    that it replaces.

    The draft is used up by the same call. A conversation that Gmail does not accept is left out:
    the recipients thread by headers anyway. Raises Refused with code ``size`` before anything is
    sent.
    """
    message = findable(message)
    if len(message) > SIZE_LIMIT:
        raise Refused(
            f"The message has {len(message)} bytes; Gmail takes at most {SIZE_LIMIT}.", "size"
        )
    sent = _hand_over(client, message, draft)
    message_id = text(sent, "id")
    if message_id is None:
        raise Unavailable("Gmail took the message without naming it.", reached=True)
    return Receipt(MessageRef(message_id, text(sent, "threadId")), _real_id(client, message_id))


def find_sent(client: Client, message_id: str) -> MessageRef | None:
    """The sent message that was handed over with this Message-ID; None when there is none.

    Asks the index first and then reads the newest sent messages, since the index lags and knows
    only the id that Gmail gave. Any failure is raised: "not found" would make the caller send
    again.
    """
    wanted = bare(message_id)
    params: Json = {"labelIds": ["SENT"], "includeSpamTrash": "true"}
    if wanted and not set(wanted) & set(' "(){}'):
        found = refs_of(client.list_messages({**params, "q": f"rfc822msgid:{wanted}"}))
        if found:
            return found[0]
    newest = refs_of(client.list_messages({**params, "maxResults": _LOOK_BACK}))
    size = costs.batch_parts(client.quota, client.quota.cost("messages.get"))
    for start in range(0, len(newest), size):
        for ref, own in _own_ids(client, newest[start : start + size]):
            if bare(own) == wanted:
                return ref
    return None


def _hand_over(client: Client, message: bytes, draft: MessageRef | None) -> Json:
    thread = draft.conversation_key if draft is not None else None
    key = _draft_id(client, draft.remote_id) if draft is not None and draft.remote_id else None
    while True:
        try:
            return client.send(message, thread, key)
        except NotFound:
            # The draft or the conversation went away meanwhile; nothing was sent.
            if thread is None and key is None:
                raise
            thread = key = None
        except Refused as refused:
            if thread is None or not names_thread(refused):
                raise
            thread = None


def _draft_id(client: Client, message_id: str) -> str | None:
    """The id of the draft whose present message this is. Drafts keep their id while every edit
    gives their message another one, so there is nothing to remember."""
    for data in pages(client.drafts, {"maxResults": _DRAFTS}):
        for entry in items(data, "drafts"):
            found = entry.get("message")
            if isinstance(found, dict) and found.get("id") == message_id:
                return text(entry, "id")
    return None


def _real_id(client: Client, message_id: str) -> str | None:
    """The Message-ID that Gmail gave; None when it cannot be had now. The message is sent in any
    case, so no failure may leave here."""
    try:
        data = client.message(message_id, "metadata", ["Message-ID"], "payload(headers)")
    except ProviderError:
        return None
    return _header(data, "message-id")


def _own_ids(client: Client, refs: Sequence[MessageRef]) -> Iterator[tuple[MessageRef, str]]:
    """Our own id of sent messages, where they carry one. Raises for any that could not be read."""
    params = (
        ("format", "metadata"),
        ("metadataHeaders", COPY_HEADER),
        ("fields", "payload(headers)"),
    )
    calls = [Call(f"messages/{segment(ref.remote_id)}", params) for ref in refs]
    for ref, found in zip(refs, client.batch(calls, "messages.get"), strict=True):
        if isinstance(found, Response):
            own = _header(answer(found), COPY_HEADER.lower())
            if own is not None:
                yield ref, own
        elif not isinstance(found, NotFound):
            raise found


def _header(data: Json, name: str) -> str | None:
    """A header value of a metadata answer; Gmail gives names in the sender's case."""
    found = data.get("payload")
    for entry in items(found, "headers") if isinstance(found, dict) else ():
        if (text(entry, "name") or "").lower() == name:
            return text(entry, "value")
    return None


def findable(message: bytes) -> bytes:
    """The message with its Message-ID repeated in our own header, unless that is there already. The
    builder writes it; a message from elsewhere must be found again just as well."""
    block, _ = split(message, 0, len(message))
    own, _ = read_id(block.all("message-id"))
    if own is None or block.all(COPY_HEADER.lower()):
        return message
    line_end = "\r\n" if b"\r\n" in message else "\n"
    return f"{COPY_HEADER}: {own}{line_end}".encode() + message


def bare(message_id: str) -> str:
    """A Message-ID without its angle brackets."""
    return message_id.strip().removeprefix("<").removesuffix(">").strip()
