"""Gmail's labels as folders, placements and flags; pure functions over label ids.

Source: Gmail API, "Manage labels" (which system labels exist and which can be applied by hand);
roles are those of RFC 6154. A label id is the identity of a folder, its name may change at any
time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from ...errors import Refused
from ...types import Delta, Folder, Role

ALL = "\\All"
"""The remote id of a folder that Gmail does not have: all messages outside trash and spam. Archived
mail without a label is found in no other. Named after the attribute of RFC 6154; it is never sent
to Gmail."""

_SYSTEM: Mapping[str, tuple[str, Role | None]] = MappingProxyType(
    {
        "INBOX": ("Inbox", "inbox"),
        "SENT": ("Sent", "sent"),
        "DRAFT": ("Drafts", "drafts"),
        "STARRED": ("Starred", "flagged"),
        "IMPORTANT": ("Important", "important"),
        "SPAM": ("Spam", "junk"),
        "TRASH": ("Trash", "trash"),
        "CATEGORY_PERSONAL": ("Primary", None),
        "CATEGORY_SOCIAL": ("Social", None),
        "CATEGORY_PROMOTIONS": ("Promotions", None),
        "CATEGORY_UPDATES": ("Updates", None),
        "CATEGORY_FORUMS": ("Forums", None),
    }
)
_NO_FOLDER = frozenset({"UNREAD", "CHAT"})
_STARS = ("_STAR", "_BANG", "_INFO", "_GUILLEMET", "_CHECK", "_QUESTION", "_CIRCLE")
"""Endings of the coloured stars some mailboxes list as system labels: decoration of STARRED."""

OUTSIDE = frozenset({"TRASH", "SPAM"})
"""Labels that take a message out of ``ALL``."""

_FLAGS: Mapping[str, str] = MappingProxyType(
    {"STARRED": "flagged", "IMPORTANT": "important", "DRAFT": "draft"}
)
FLAG_LABELS: Mapping[str, str] = MappingProxyType(
    {"flagged": "STARRED", "important": "IMPORTANT", "draft": "DRAFT"}
)
_AUTOMATIC = frozenset({"SENT", "DRAFT", "CHAT"})
"""Set by Gmail alone; a request to apply or remove one is refused."""

ROLE_LABELS: Mapping[Role, str] = MappingProxyType(
    {role: label for label, (_, role) in _SYSTEM.items() if role is not None}
)
SYSTEM_FOLDERS: tuple[Folder, ...] = tuple(
    Folder(label, name, role, path=name) for label, (name, role) in _SYSTEM.items()
)


def is_folder(label: str) -> bool:
    """Whether a label id is a folder to us. ``UNREAD`` is a flag, ``CHAT`` is no mail."""
    return label not in _NO_FOLDER and not label.endswith(_STARS)


def placements(labels: Iterable[str]) -> frozenset[str]:
    """The folders of a message with exactly these labels."""
    here = frozenset(labels)
    folders = frozenset(label for label in here if is_folder(label))
    return folders if here & OUTSIDE else folders | {ALL}


def flags(labels: Iterable[str]) -> frozenset[str]:
    """The flags of a message with exactly these labels."""
    here = frozenset(labels)
    found = frozenset(_FLAGS[label] for label in here if label in _FLAGS)
    return found if "UNREAD" in here else found | {"seen"}


def placement_delta(added: frozenset[str], removed: frozenset[str]) -> Delta | None:
    """What a change of labels means for placements; None when it means nothing."""
    plus = {label for label in added if is_folder(label)}
    minus = {label for label in removed if is_folder(label)}
    if added & OUTSIDE:
        minus.add(ALL)
    elif removed & OUTSIDE:
        plus.add(ALL)
    return Delta(frozenset(plus), frozenset(minus)) if plus or minus else None


def flag_delta(added: frozenset[str], removed: frozenset[str]) -> Delta | None:
    """What a change of labels means for flags; None when it means nothing."""
    plus = {_FLAGS[label] for label in added if label in _FLAGS}
    minus = {_FLAGS[label] for label in removed if label in _FLAGS}
    if "UNREAD" in added:
        minus.add("seen")
    if "UNREAD" in removed:
        plus.add("seen")
    return Delta(frozenset(plus), frozenset(minus)) if plus or minus else None


def folder_list(
    labels: Iterable[Mapping[str, Any]], counters: Mapping[str, Mapping[str, Any]]
) -> tuple[Folder, ...]:
    """Folders of a ``labels.list`` answer, parents first. ``counters`` are ``labels.get`` answers
    by label id; a folder without one has unknown counts.

    Labels without an id or a name are passed over. ``/`` nests only below a label that exists: of
    "Work/2026" without "Work" the whole is the name.
    """
    known = {}
    for label in labels:
        label_id, name = label.get("id"), label.get("name")
        if isinstance(label_id, str) and label_id and isinstance(name, str) and is_folder(label_id):
            known[label_id] = label
    by_name = {label["name"]: key for key, label in known.items() if key not in _SYSTEM}
    system = [
        replace(folder, **_counts(counters.get(folder.remote_id)))
        for folder in SYSTEM_FOLDERS
        if folder.remote_id in known
    ]
    own = [
        replace(_own_folder(key, label["name"], by_name), **_counts(counters.get(key)))
        for key, label in known.items()
        if key not in _SYSTEM
    ]
    own.sort(key=lambda folder: (folder.path.count("/"), folder.path, folder.remote_id))
    return (*system, Folder(ALL, "All mail", "all", path="All mail"), *own)


def label_changes(
    add: Iterable[str], remove: Iterable[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Label ids to send for a ``Place`` goal, without ``ALL``.

    Raises Refused for labels that Gmail sets itself.
    """
    plus, minus = frozenset(add) - {ALL}, frozenset(remove) - {ALL}
    automatic = sorted((plus | minus) & _AUTOMATIC)
    if automatic:
        names = " and ".join(automatic)
        raise Refused(
            f"Gmail sets {names} itself; a message cannot be put there or taken out.", "label"
        )
    return plus, minus


def flag_changes(
    set_: Iterable[str], clear: Iterable[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Label ids to add and to remove for a ``SetFlags`` goal. Raises Refused for flags Gmail
    lacks."""
    plus: set[str] = set()
    minus: set[str] = set()
    for wanted, add, remove in ((set_, plus, minus), (clear, minus, plus)):
        for flag in wanted:
            if flag == "seen":
                remove.add("UNREAD")
            elif flag in ("flagged", "important"):
                add.add(FLAG_LABELS[flag])
            else:
                raise Refused(f"Gmail has no flag “{flag}” that can be changed.", "flag")
    return frozenset(plus), frozenset(minus)


def _own_folder(label_id: str, path: str, by_name: Mapping[str, str]) -> Folder:
    parent = path
    while "/" in parent:
        parent = parent.rpartition("/")[0]
        if by_name.get(parent, label_id) != label_id:
            return Folder(label_id, path[len(parent) + 1 :], None, by_name[parent], path)
    return Folder(label_id, path, None, None, path)


def _counts(label: Mapping[str, Any] | None) -> dict[str, Any]:
    """``total`` and ``unread``; Gmail omits a counter that is zero."""
    if label is None:
        return {}
    return {
        "total": _count(label.get("messagesTotal")),
        "unread": _count(label.get("messagesUnread")),
    }


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
