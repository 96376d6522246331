"""Labels of an account: system set, user labels, palette and name rules."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from .errors import Conflict, Invalid, NotFound
from .palette import PALETTE

SYSTEM = (
    "INBOX",
    "SPAM",
    "TRASH",
    "UNREAD",
    "STARRED",
    "IMPORTANT",
    "SENT",
    "DRAFT",
    "CHAT",
    "CATEGORY_PERSONAL",
    "CATEGORY_SOCIAL",
    "CATEGORY_PROMOTIONS",
    "CATEGORY_UPDATES",
    "CATEGORY_FORUMS",
)
#: Set by the provider alone; applying or removing them by hand is refused.
AUTOMATIC = frozenset({"SENT", "DRAFT", "CHAT"})
#: Names that a user label may not take (as the web UI refuses them).
RESERVED = frozenset(
    {
        "inbox",
        "spam",
        "trash",
        "unread",
        "starred",
        "important",
        "sent",
        "draft",
        "drafts",
        "chat",
        "chats",
        "all mail",
        "muted",
        "scheduled",
        "snoozed",
    }
)
MAX_LABELS = 10_000
MAX_NAME = 225
MESSAGE_VISIBILITY = ("show", "hide")
LIST_VISIBILITY = ("labelShow", "labelShowIfUnread", "labelHide")


@dataclass(slots=True)
class Label:
    """One label; ``text_color``/``background_color`` are empty unless set (user labels only)."""

    id: str
    name: str
    type: str = "user"
    message_list_visibility: str = ""
    label_list_visibility: str = ""
    text_color: str = ""
    background_color: str = ""


@dataclass
class LabelBook:
    """All labels of one account by id."""

    rng: random.Random
    by_id: dict[str, Label] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in SYSTEM:
            self.by_id[name] = Label(name, name, "system", *_system_visibility(name))

    def get(self, label_id: str) -> Label:
        """Return a label. Raises NotFound."""
        try:
            return self.by_id[label_id]
        except KeyError:
            raise NotFound(label_id) from None

    def find(self, name: str) -> Label | None:
        """Return the label of this name (any case; ``-`` and space alike), if there is one."""
        label_id = self._names.get(_fold(name))
        if label_id is None and name.upper() in SYSTEM:
            label_id = name.upper()
        return self.by_id.get(label_id) if label_id else None

    def create(self, name: str) -> Label:
        """Add a user label. Raises Invalid (name) or Conflict (name taken, too many)."""
        name = self._check_name(name, "")
        if len(self.by_id) - len(SYSTEM) >= MAX_LABELS:
            raise Invalid("Too many labels")
        label_id = f"Label_{self.rng.randrange(1, 100)}"
        while label_id in self.by_id:
            label_id = f"Label_{self.rng.randrange(10**18, 9 * 10**18)}"
        label = Label(label_id, name, "user", "show", "labelShow")
        self.by_id[label_id] = label
        self._names[_fold(name)] = label_id
        return label

    def restore(
        self, label_id: str, name: str, message_list: str, label_list: str, text: str, back: str
    ) -> None:
        """Put a user label back as it was saved."""
        self.by_id[label_id] = Label(label_id, name, "user", message_list, label_list, text, back)
        self._names[_fold(name)] = label_id

    def rename(self, label: Label, name: str) -> None:
        """Rename a user label and everything nested below it. Raises Invalid or Conflict."""
        name = self._check_name(name, label.id)
        old = label.name
        for other in list(self.by_id.values()):
            if other.type == "user" and (other is label or other.name.startswith(old + "/")):
                self._names.pop(_fold(other.name), None)
                other.name = name + other.name[len(old) :]
                self._names[_fold(other.name)] = other.id

    def remove(self, label_id: str) -> Label:
        """Forget a user label. Raises NotFound, or Invalid for a system label."""
        label = self.get(label_id)
        if label.type == "system":
            raise Invalid("Invalid delete request")
        del self.by_id[label_id]
        self._names.pop(_fold(label.name), None)
        return label

    def paint(self, label: Label, text: str, background: str) -> None:
        """Set the colour. Raises Invalid for system labels and colours outside the palette."""
        if label.type == "system":
            raise Invalid("Cannot set color of system label")
        for colour in (text, background):
            if colour not in PALETTE:
                raise Invalid(
                    f"Label color {colour or '(none)'} is not on the allowed color palette"
                )
        label.text_color, label.background_color = text, background

    def _check_name(self, name: str, own_id: str) -> str:
        cleaned = name.strip()
        if not cleaned or len(cleaned) > MAX_NAME or cleaned.lower() in RESERVED:
            raise Invalid("Invalid label name")
        if any(not part.strip() for part in cleaned.split("/")) or cleaned.startswith("^"):
            raise Invalid("Invalid label name")
        if self._names.get(_fold(cleaned), own_id) != own_id:
            raise Conflict("Label name exists or conflicts")
        return cleaned


def _fold(name: str) -> str:
    return name.strip().lower().replace(" ", "-")


def _system_visibility(name: str) -> tuple[str, str]:
    if name in ("SPAM", "TRASH") or name.startswith("CATEGORY_"):
        return "hide", "labelHide"
    return "", ""
