"""Enumeration of messages by key, newest first: restartable at any place without a page token.

``messages.list`` answers ids only, in order of ``internalDate``. A page token lives for a limited
time, so the place to go on is a date: the second of the oldest message of the page, inclusive.
Messages of that second are listed again and left out as far as they are remembered; repeats are
harmless. Only where more messages share one second than fit on a page the page token is part of the
place. Source: Gmail API ``messages.list``; operators ``after:``/``before:`` take epoch seconds
(dates would mean midnight Pacific time).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ...errors import NotFound, Refused, Unavailable
from ...types import MessageRef
from .client import Client, items, pages, text
from .cursor import Place

PAGE_LIMIT = 500
"""Messages a page; the most that ``messages.list`` and ``history.list`` answer."""


REMEMBERED = 50
"""Ids of a page's end that are left out of the next one. Of more messages in one second some are
told twice."""


@dataclass(frozen=True, slots=True)
class Window:
    """What to enumerate: Gmail's own filters and the oldest date wanted."""

    query: str = ""
    labels: tuple[str, ...] = ()
    trash_too: bool = True
    since: datetime | None = None

    def params(self, before: int | None, limit: int, page: str | None = None) -> dict[str, Any]:
        """Parameters of ``messages.list`` for messages older than ``before`` (epoch seconds)."""
        terms = [self.query] if self.query else []
        if self.since is not None:
            # One second less: whether "after" includes its second is not documented.
            terms.append(f"after:{max(0, int(self.since.timestamp()) - 1)}")
        if before is not None:
            terms.append(f"before:{before}")
        params: dict[str, Any] = {"maxResults": max(1, min(PAGE_LIMIT, limit))}
        if terms:
            params["q"] = " ".join(terms)
        if self.labels:
            params["labelIds"] = list(self.labels)
        if self.trash_too:
            params["includeSpamTrash"] = "true"
        if page is not None:
            params["pageToken"] = page
        return params


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page: its messages, where it began and the place of the next one, None at the end.

    ``oldest`` is the epoch second of its last message, None when that was not asked (last page).
    """

    refs: tuple[MessageRef, ...]
    start: Place
    oldest: int | None
    next: Place | None


def refs_of(data: dict[str, Any]) -> tuple[MessageRef, ...]:
    """The messages of a list answer; entries without a text id are passed over."""
    found = ((text(entry, "id"), text(entry, "threadId")) for entry in items(data, "messages"))
    return tuple(MessageRef(key, thread) for key, thread in found if key is not None)


def leaf(client: Client, window: Window, place: Place, limit: int, onward: bool = True) -> Leaf:
    """The page at ``place``; without ``onward`` the price of the next place is saved. An expired
    page token starts the second it stands in again."""
    try:
        data = client.list_messages(window.params(place.before, limit, place.page))
    except Refused:
        if place.page is None:
            raise
        return leaf(client, window, replace(place, page=None), limit, onward)
    listed, token = refs_of(data), text(data, "nextPageToken")
    refs = tuple(ref for ref in listed if ref.remote_id not in place.seen)
    if token is None or not onward:
        return Leaf(refs, place, None, None)
    oldest = _oldest_second(client, listed)
    seen = tuple(ref.remote_id for ref in listed[-REMEMBERED:])
    if oldest is not None and _moves(oldest, place):
        return Leaf(refs, place, oldest, Place(oldest + 1, None, seen))
    return Leaf(refs, place, oldest, Place(place.before, token, seen))


def all_ids(client: Client, params: dict[str, Any]) -> frozenset[str]:
    """The ids of a whole result, page after page."""
    answers = pages(client.list_messages, params)
    return frozenset(ref.remote_id for data in answers for ref in refs_of(data))


def _oldest_second(client: Client, refs: tuple[MessageRef, ...]) -> int | None:
    """The epoch second of the last message that still exists; None when there is none or no
    date."""
    for ref in reversed(refs):
        try:
            data = client.message(ref.remote_id, "minimal", fields="internalDate")
        except NotFound:
            continue
        return milliseconds(data) // 1000
    return None


def _moves(oldest: int, place: Place) -> bool:
    """Whether the second ``oldest`` is a bound further back; dates before 1970 cannot be one."""
    return oldest >= 0 and (place.before is None or oldest + 1 < place.before)


def milliseconds(data: dict[str, Any]) -> int:
    """``internalDate``: epoch milliseconds, sent as text. Raises Unavailable when it is missing."""
    try:
        return int(str(data.get("internalDate")))
    except ValueError:
        raise Unavailable("Gmail sent a message without a date.", reached=True) from None
