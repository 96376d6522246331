"""Labels as folders, placements and flags."""

from __future__ import annotations

import pytest

from mailbox_core.errors import Refused
from mailbox_core.providers.gmail.labels import (
    ALL,
    flag_changes,
    flags,
    folder_list,
    label_changes,
    placements,
)

LISTED = [
    {"id": "INBOX", "name": "INBOX", "type": "system"},
    {"id": "SENT", "name": "SENT", "type": "system"},
    {"id": "DRAFT", "name": "DRAFT", "type": "system"},
    {"id": "TRASH", "name": "TRASH", "type": "system"},
    {"id": "SPAM", "name": "SPAM", "type": "system"},
    {"id": "STARRED", "name": "STARRED", "type": "system"},
    {"id": "IMPORTANT", "name": "IMPORTANT", "type": "system"},
    {"id": "UNREAD", "name": "UNREAD", "type": "system"},
    {"id": "CHAT", "name": "CHAT", "type": "system"},
    {"id": "YELLOW_STAR", "name": "YELLOW_STAR", "type": "system"},
    {"id": "CATEGORY_SOCIAL", "name": "CATEGORY_SOCIAL", "type": "system"},
    {"id": "Label_3", "name": "Work/2026/Q1", "type": "user"},
    {"id": "Label_1", "name": "Work", "type": "user"},
    {"id": "Label_2", "name": "Work/2026", "type": "user"},
    {"id": "Label_4", "name": "[Imap]/Old", "type": "user"},
    {"id": "Label_5", "name": "Work/Gap/Deep", "type": "user"},
]


def test_system_labels_have_roles() -> None:
    roles = {folder.role: folder.remote_id for folder in folder_list(LISTED, {}) if folder.role}
    assert roles == {
        "inbox": "INBOX",
        "sent": "SENT",
        "drafts": "DRAFT",
        "trash": "TRASH",
        "junk": "SPAM",
        "flagged": "STARRED",
        "important": "IMPORTANT",
        "all": ALL,
    }


def test_flags_chats_and_stars_are_no_folders() -> None:
    ids = {folder.remote_id for folder in folder_list(LISTED, {})}
    assert not ids & {"UNREAD", "CHAT", "YELLOW_STAR"}
    assert "CATEGORY_SOCIAL" in ids


def test_b35_nested_names_give_parents_by_id_parents_first() -> None:
    folders = folder_list(LISTED, {})
    own = {folder.remote_id: folder for folder in folders if folder.remote_id.startswith("Label_")}
    assert (own["Label_3"].name, own["Label_3"].parent_id) == ("Q1", "Label_2")
    assert (own["Label_2"].name, own["Label_2"].parent_id) == ("2026", "Label_1")
    assert own["Label_3"].path == "Work/2026/Q1"
    seen: set[str] = set()
    for folder in folders:
        assert folder.parent_id is None or folder.parent_id in seen
        seen.add(folder.remote_id)


def test_b35_a_slash_below_nothing_is_part_of_the_name() -> None:
    own = {folder.remote_id: folder for folder in folder_list(LISTED, {})}
    assert (own["Label_4"].name, own["Label_4"].parent_id) == ("[Imap]/Old", None)
    assert (own["Label_5"].name, own["Label_5"].parent_id) == ("Gap/Deep", "Label_1")


def test_b35_two_labels_of_one_name_stay_two() -> None:
    twins = [{"id": "Label_1", "name": "A"}, {"id": "Label_2", "name": "A"}]
    ids = [folder.remote_id for folder in folder_list(twins, {})]
    assert ids == [ALL, "Label_1", "Label_2"]


def test_counters_are_unknown_unless_asked_and_zero_when_omitted() -> None:
    found = folder_list(LISTED, {"INBOX": {"messagesTotal": 7}, "SENT": {"messagesTotal": "x"}})
    by_id = {folder.remote_id: folder for folder in found}
    assert (by_id["INBOX"].total, by_id["INBOX"].unread) == (7, 0)
    assert (by_id["SENT"].total, by_id["SENT"].unread) == (0, 0)
    assert (by_id["TRASH"].total, by_id["TRASH"].unread) == (None, None)


def test_unusable_labels_are_passed_over() -> None:
    odd = [{}, {"id": 7, "name": "x"}, {"id": "L"}, {"id": "", "name": "x"}, {"id": "K", "name": 1}]
    assert [folder.remote_id for folder in folder_list(odd, {})] == [ALL]


def test_all_mail_is_everything_outside_trash_and_spam() -> None:
    assert placements([]) == {ALL}
    assert placements(["INBOX", "UNREAD"]) == {"INBOX", ALL}
    assert placements(["TRASH", "Label_1"]) == {"TRASH", "Label_1"}
    assert placements(["SPAM"]) == {"SPAM"}


def test_flags_of_labels() -> None:
    assert flags([]) == {"seen"}
    assert flags(["UNREAD"]) == frozenset()
    assert flags(["UNREAD", "STARRED", "IMPORTANT", "DRAFT"]) == {"flagged", "important", "draft"}


def test_goals_as_labels() -> None:
    assert flag_changes(["seen"], ["flagged"]) == (frozenset(), {"UNREAD", "STARRED"})
    assert flag_changes(["important"], ["seen"]) == ({"IMPORTANT", "UNREAD"}, frozenset())
    assert label_changes({"Label_1", ALL}, {"INBOX"}) == ({"Label_1"}, {"INBOX"})
    assert label_changes({ALL}, {ALL}) == (frozenset(), frozenset())


@pytest.mark.parametrize("flag", ["draft", "answered", "nonsense"])
def test_flags_that_gmail_lacks_are_refused(flag: str) -> None:
    with pytest.raises(Refused) as caught:
        flag_changes([flag], [])
    assert caught.value.code == "flag"


@pytest.mark.parametrize("label", ["SENT", "DRAFT"])
def test_labels_that_gmail_sets_itself_are_refused(label: str) -> None:
    for add, remove in (({label}, set()), (set(), {label})):
        with pytest.raises(Refused, match=label):
            label_changes(add, remove)
