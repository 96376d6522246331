"""Folding a history page: one truth per message, poison passed over."""

from __future__ import annotations

from typing import Any

import pytest

from mailbox_core.providers.gmail.history import fold
from mailbox_core.providers.gmail.labels import ALL
from mailbox_core.types import Delta, MessageRef, Removal

REF = MessageRef("a1", "t1")


def message(labels: list[str] | None = None, key: object = "a1") -> dict[str, Any]:
    found: dict[str, Any] = {"id": key, "threadId": "t1"}
    return found if labels is None else {**found, "labelIds": labels}


def added(labels: list[str] | None = None) -> dict[str, Any]:
    return {"messagesAdded": [{"message": message(labels)}]}


def deleted() -> dict[str, Any]:
    return {"messagesDeleted": [{"message": message()}]}


def labelled(*labels: str) -> dict[str, Any]:
    return {"labelsAdded": [{"message": message(), "labelIds": list(labels)}]}


def unlabelled(*labels: str) -> dict[str, Any]:
    return {"labelsRemoved": [{"message": message(), "labelIds": list(labels)}]}


def page(*records: object) -> dict[str, Any]:
    return {"history": list(records), "historyId": "9"}


def test_b15_b19_a_page_without_records_is_empty() -> None:
    for data in ({}, {"historyId": "9"}, {"nextPageToken": "x"}, {"history": None}):
        folded = fold(data)
        assert (folded.upserts, folded.removals, folded.news) == ((), (), frozenset())


def test_a_new_message_is_known_completely() -> None:
    (upsert,) = fold(page(added(["INBOX", "UNREAD", "STARRED"]))).upserts
    assert upsert.ref == REF
    assert upsert.folders == {"INBOX", "STARRED", ALL}
    assert upsert.flags == {"flagged"}


def test_a_new_message_without_labels_is_not_known() -> None:
    folded = fold(page(added()))
    assert folded.upserts[0].folders is None
    assert folded.upserts[0].flags is None
    assert folded.news == {"a1"}


def test_b22_add_and_label_changes_fold_in_order() -> None:
    folded = fold(page(added(["INBOX", "UNREAD"]), unlabelled("UNREAD"), labelled("Label_1"),
                       unlabelled("INBOX"), labelled("UNREAD")))  # fmt: skip
    (upsert,) = folded.upserts
    assert upsert.folders == {"Label_1", ALL}
    assert upsert.flags == frozenset()


def test_b22_added_and_deleted_in_one_page_is_only_gone() -> None:
    folded = fold(page(added(["INBOX"]), labelled("STARRED"), deleted()))
    assert folded.upserts == ()
    assert folded.removals == (Removal(REF),)
    assert folded.news == frozenset()


def test_b24_trash_is_a_label_and_no_deletion() -> None:
    folded = fold(page(labelled("TRASH"), unlabelled("INBOX")))
    assert folded.removals == ()
    assert folded.upserts[0].folders == Delta(frozenset({"TRASH"}), frozenset({"INBOX", ALL}))


def test_out_of_the_trash_is_back_in_all_mail() -> None:
    folded = fold(page(unlabelled("TRASH"), labelled("INBOX")))
    assert folded.upserts[0].folders == Delta(frozenset({"INBOX", ALL}), frozenset({"TRASH"}))


def test_from_spam_to_trash_stays_outside_all_mail() -> None:
    folded = fold(page(unlabelled("SPAM"), labelled("TRASH")))
    assert folded.upserts[0].folders == Delta(frozenset({"TRASH"}), frozenset({"SPAM", ALL}))


def test_reading_is_a_flag_and_no_placement() -> None:
    (upsert,) = fold(page(unlabelled("UNREAD"))).upserts
    assert upsert.folders is None
    assert upsert.flags == Delta(frozenset({"seen"}))


def test_the_last_of_opposite_changes_wins() -> None:
    (upsert,) = fold(page(labelled("STARRED"), unlabelled("STARRED"))).upserts
    assert upsert.flags == Delta(removed=frozenset({"flagged"}))
    assert upsert.folders == Delta(removed=frozenset({"STARRED"}))


def test_deltas_are_disjoint() -> None:
    (upsert,) = fold(page(labelled("A", "B"), unlabelled("B", "C"), labelled("C"))).upserts
    assert upsert.folders == Delta(frozenset({"A", "C"}), frozenset({"B"}))


def test_changes_that_mean_nothing_to_us_are_no_upsert() -> None:
    assert fold(page(labelled("CHAT", "YELLOW_STAR"))).upserts == ()


@pytest.mark.parametrize(
    "poison",
    [
        None,
        7,
        "x",
        [],
        {"id": "1"},
        {"id": "1", "messagesAdded": {"message": {}}},
        {"messagesAdded": [None, {}, {"message": None}, {"message": {}}, {"message": []}]},
        {"messagesAdded": [{"message": message(key=17)}, {"message": message(key="")}]},
        {"messagesAdded": [{"message": message(key=None)}]},
        {"messagesSnoozed": [{"message": message()}], "unknown": 1},
        {"labelsAdded": [{"message": message(), "labelIds": None}]},
        {"labelsAdded": [{"message": message(), "labelIds": [1, None, ""]}]},
    ],
)
def test_poison_entries_are_passed_over_one_by_one(poison: object) -> None:
    good = {"messagesAdded": [{"message": {"id": "b2", "threadId": "t2", "labelIds": ["INBOX"]}}]}
    folded = fold(page(poison, good, poison))
    assert [upsert.ref.remote_id for upsert in folded.upserts] == ["b2"]
    assert folded.removals == ()


def test_ids_stay_text_beyond_the_range_of_numbers() -> None:
    key = "99999999999999999999999999"
    (upsert,) = fold(page({"messagesAdded": [{"message": message(["INBOX"], key)}]})).upserts
    assert upsert.ref.remote_id == key
