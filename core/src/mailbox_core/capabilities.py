"""What a provider can do, declared once; screens and engine read this and never ask who it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Declared abilities of a provider; every field is proved by the contract suite.

    ``baseline``: the first answer carries a cursor from *before* the snapshot, so live changes can
    be followed while history loads. ``page_limit`` and ``fetch_limit`` are messages a call.
    """

    cursor_scope: Literal["mailbox", "folder"]
    folders: Literal["labels", "exclusive"]
    conversations: bool
    stable_ids: bool
    reports_removals: bool
    baseline: bool
    push: frozenset[Literal["webhook", "pull", "idle"]]
    push_lifetime: timedelta | None
    saves_sent: bool
    server_search: bool
    page_limit: int
    fetch_limit: int
