"""A page of ``history.list`` folded into what is true after it. Pure.

One message may be in several records of a page, added and deleted at once, in any mixture; the
records are chronological. Trash is a label; only ``messagesDeleted`` means gone. A record or entry
that makes no sense is passed over on its own. Source: Gmail API ``users.history.list``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...types import MessageRef, Removal, Upsert
from . import labels
from .client import items, text

_KINDS = ("messagesAdded", "labelsAdded", "labelsRemoved", "messagesDeleted")


@dataclass(slots=True)
class _Story:
    """What a page tells about one message. ``known`` are all labels of a message that was added."""

    thread: str | None = None
    new: bool = False
    gone: bool = False
    known: frozenset[str] | None = None
    added: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)

    def tell(self, kind: str, entry: Mapping[str, Any], message: Mapping[str, Any]) -> None:
        self.thread = text(dict(message), "threadId") or self.thread
        if kind == "messagesAdded":
            self.new, self.gone = True, False
            self.known = _labels(message)
        elif kind == "messagesDeleted":
            self.gone = True
        else:
            self._change(_labels(entry) or frozenset(), kind == "labelsAdded")

    def _change(self, named: frozenset[str], add: bool) -> None:
        plus, minus = (self.added, self.removed) if add else (self.removed, self.added)
        plus |= named
        minus -= named
        if self.known is not None:
            self.known = self.known | named if add else self.known - named


@dataclass(frozen=True, slots=True)
class Folded:
    """Upserts (unfiltered) and removals of a page; ``news`` are the ids that were added in it."""

    upserts: tuple[Upsert, ...]
    removals: tuple[Removal, ...]
    news: frozenset[str]


def fold(data: Mapping[str, Any]) -> Folded:
    """Fold the records of one answer."""
    stories: dict[str, _Story] = {}
    for kind, entry, message in _entries(data):
        message_id = text(dict(message), "id")
        if message_id is not None:
            stories.setdefault(message_id, _Story()).tell(kind, entry, message)
    upserts, removals = [], []
    for message_id, story in stories.items():
        ref = MessageRef(message_id, story.thread)
        if story.gone:
            removals.append(Removal(ref))
        elif (upsert := _upsert(ref, story)) is not None:
            upserts.append(upsert)
    new = frozenset(key for key, story in stories.items() if story.new and not story.gone)
    return Folded(tuple(upserts), tuple(removals), new)


def _upsert(ref: MessageRef, story: _Story) -> Upsert | None:
    if story.new and story.known is not None:
        return Upsert(ref, labels.placements(story.known), labels.flags(story.known))
    added, removed = frozenset(story.added), frozenset(story.removed)
    folders = labels.placement_delta(added, removed)
    flags = labels.flag_delta(added, removed)
    return Upsert(ref, folders, flags) if story.new or folders or flags else None


def _entries(
    data: Mapping[str, Any],
) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    for record in items(data, "history"):
        for kind in _KINDS:
            for entry in items(record, kind):
                message = entry.get("message")
                if isinstance(message, dict):
                    yield kind, entry, message


def _labels(data: Mapping[str, Any]) -> frozenset[str] | None:
    """The label ids of an entry, None when it names none: absent means unknown."""
    found = data.get("labelIds")
    if not isinstance(found, list):
        return None
    return frozenset(label for label in found if isinstance(label, str) and label)
