"""The scope rules that need no provider."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mailbox_core.scope import admits, folder_rule
from mailbox_core.types import Content, Folder, MessageRef, Scope

NOON = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)
FOLDERS = (
    Folder("in", "Inbox", "inbox"),
    Folder("spam", "Spam", "junk"),
    Folder("work", "Work"),
    Folder("everything", "All mail", "all"),
)


def content(folders: set[str], size: int = 10, at: datetime = NOON) -> Content:
    return Content(MessageRef("1"), b"", True, at, size, frozenset(folders), frozenset())


@pytest.mark.parametrize(
    ("placed", "scope", "rule"),
    [
        ({"in"}, Scope(), None),
        ({"everything"}, Scope(), None),
        (set(), Scope(), None),
        ({"unknown"}, Scope(), None),
        ({"spam"}, Scope(), "folder"),
        ({"spam", "work"}, Scope(), "folder"),
        ({"spam"}, Scope(skip_roles=frozenset()), None),
        ({"everything"}, Scope(skip_roles=frozenset({"all"})), None),
        ({"in"}, Scope(folders=frozenset({"work"})), "folder"),
        ({"in", "work"}, Scope(folders=frozenset({"work"})), None),
        ({"spam", "work"}, Scope(folders=frozenset({"work"})), None),
        ({"in"}, Scope(folders=frozenset()), "folder"),
    ],
)
def test_folder_rule(placed: set[str], scope: Scope, rule: str | None) -> None:
    assert folder_rule(placed, scope, FOLDERS) == rule


def test_size_is_inclusive() -> None:
    scope = Scope(max_message_bytes=10)
    assert admits(content({"in"}, 10), scope, FOLDERS) is None
    assert admits(content({"in"}, 11), scope, FOLDERS) == "size"


def test_since_counts_whole_seconds() -> None:
    scope = Scope(since=NOON + timedelta(milliseconds=900))
    assert admits(content({"in"}), scope, FOLDERS) is None
    early = NOON - timedelta(milliseconds=1)
    assert admits(content({"in"}, at=early), scope, FOLDERS) == "since"


def test_folder_is_asked_last_and_exclude_never() -> None:
    scope = Scope(max_message_bytes=1, exclude="subject:x")
    assert admits(content({"spam"}), scope, FOLDERS) == "size"
    assert admits(content({"in"}, 1), scope, FOLDERS) is None
