"""Which messages a list shows, newest first, at the cost of the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .account import Account
from .errors import NotFound
from .message import Message
from .ordering import Key
from .search import Query

HIDDEN = frozenset({"SPAM", "TRASH"})


@dataclass(frozen=True)
class Selection:
    """What is asked for; ``until`` hides messages that arrived later (eventual consistency)."""

    label_ids: tuple[str, ...] = ()
    query: Query | None = None
    include_spam_trash: bool = False
    until: float = float("inf")


def walk(account: Account, selection: Selection, before: Key | None = None) -> Iterator[Message]:
    """Yield matching messages newest first, below *before*. The caller holds the account's lock.

    Raises NotFound for an unknown label. Walks the rarest label, or everything.
    """
    for label_id in selection.label_ids:
        if label_id not in account.labels.by_id:
            raise NotFound(label_id)
    query = selection.query
    wanted = set(selection.label_ids) | (query.labels(account) if query else set())
    hide = not (
        selection.include_spam_trash or wanted & HIDDEN or (query is not None and query.anywhere)
    )
    indexes = [account.index(label_id) for label_id in wanted]
    source = min(indexes, key=len, default=account.everything)
    before, oldest = _bounds(query, before)
    for key in source.walk(before, oldest):
        message = account.by_number[key[1]]
        if message.arrived > selection.until or (hide and message.labels & HIDDEN):
            continue
        if wanted <= message.labels and (query is None or query.matches(account, message)):
            yield message


def _bounds(query: Query | None, before: Key | None) -> tuple[Key | None, int | None]:
    if query is None:
        return before, None
    if query.before_ms is not None:
        limit = (query.before_ms, 0)
        before = limit if before is None else min(before, limit)
    return before, query.after_ms


def walk_threads(
    account: Account, selection: Selection, before: Key | None = None
) -> Iterator[Message]:
    """Yield for every matching thread its newest matching message, newest thread first."""
    for message in walk(account, selection, before):
        siblings = [account.messages[item] for item in account.threads[message.thread_id]]
        newer = [other for other in siblings if other.key > message.key]
        if not newer or not any(_shown(account, selection, other) for other in newer):
            yield message


def _shown(account: Account, selection: Selection, message: Message) -> bool:
    above = (message.key[0], message.key[1] + 1)
    return next(walk(account, selection, above), None) is message
