"""Gmail behaviours of history.list (numbers as in FIDELITY.md)."""

from __future__ import annotations

import itertools
from typing import Any

from mailbox_sandbox import Account, Sandbox

DAY = 86400


def _start(gmail: Any) -> str:
    return str(gmail.get("profile")["historyId"])


def _kinds(data: dict[str, Any]) -> list[str]:
    plain = {"id", "messages"}
    return [next(iter(set(record) - plain)) for record in data.get("history", [])]


def test_history_is_the_change_log_in_order(gmail: Any, account: Account, mail: Any) -> None:
    start = _start(gmail)
    message = account.deliver(mail())
    account.modify(message.id, add=["STARRED"], remove=["UNREAD"])
    account.delete(message.id)
    data = gmail.get("history", startHistoryId=start)
    assert _kinds(data) == ["messagesAdded", "labelsAdded", "labelsRemoved", "messagesDeleted"]
    ids = [int(record["id"]) for record in data["history"]]
    assert ids == sorted(set(ids)) and any(b - a > 1 for a, b in itertools.pairwise(ids))
    assert int(start) < ids[0] and ids[-1] <= int(data["historyId"])
    assert data["history"][1]["labelsAdded"][0]["labelIds"] == ["STARRED"]
    again = gmail.get("history", startHistoryId=data["historyId"])
    assert "history" not in again


def test_history_pages_and_filters(gmail: Any, account: Account, mail: Any) -> None:
    start = _start(gmail)
    made = [account.deliver(mail()).id for _ in range(5)]
    account.trash(made[0])
    seen, token = [], None
    while True:
        more = {"pageToken": token} if token else {}
        data = gmail.get("history", startHistoryId=start, maxResults=2, **more)
        seen += [record["messages"][0]["id"] for record in data.get("history", [])]
        token = data.get("nextPageToken")
        if token is None:
            break
    assert seen == [*made, made[0], made[0]]
    only = gmail.get("history", startHistoryId=start, historyTypes=["labelAdded"])
    assert _kinds(only) == ["labelsAdded"]
    in_bin = gmail.get("history", startHistoryId=start, labelId="TRASH")
    assert set(_kinds(in_bin)) == {"labelsAdded", "labelsRemoved"}


def test_b19_a_page_may_be_empty_and_still_go_on(
    gmail: Any, account: Account, mail: Any, sandbox: Sandbox
) -> None:
    start = _start(gmail)
    for _ in range(3):
        account.deliver(mail())
    account.delete(account.deliver(mail()).id)
    first = gmail.get("history", startHistoryId=start, maxResults=3, historyTypes="messageDeleted")
    assert "history" not in first and first["nextPageToken"]
    sandbox.faults.add(call="history.list", fault="empty_history_page")
    empty = gmail.get("history", startHistoryId=start)
    assert "history" not in empty
    rest = gmail.get("history", startHistoryId=start, pageToken=empty["nextPageToken"])
    assert len(rest["history"]) == 5


def test_b20_old_start_is_404_after_a_week_or_on_demand(
    gmail: Any, connect: Any, account: Account, mail: Any, sandbox: Sandbox
) -> None:
    start = _start(gmail)
    account.deliver(mail())
    sandbox.clock.advance(6 * DAY)
    gmail = connect()
    assert gmail.get("history", startHistoryId=start)["history"]
    sandbox.clock.advance(2 * DAY)
    gmail = connect()
    assert gmail.refused("GET", "history", params={"startHistoryId": start}) == (404, "notFound")
    fresh = _start(gmail)
    gmail.get("history", startHistoryId=fresh)
    sandbox.faults.add(call="history.list", fault="history_expired")
    assert gmail.refused("GET", "history", params={"startHistoryId": fresh})[0] == 404
    with account.locked():
        account.log.expire(sandbox.clock.now())
    assert gmail.refused("GET", "history", params={"startHistoryId": fresh})[0] == 404
    assert gmail.refused("GET", "history", params={"startHistoryId": 10**15})[0] == 404
    assert gmail.refused("GET", "history")[0] == 400


def test_b21_newest_message_of_a_quiet_mailbox_is_no_cursor_but_the_profile_is(
    connect: Any, account: Account, mail: Any, sandbox: Sandbox
) -> None:
    account.deliver(mail())
    sandbox.clock.advance(30 * DAY)
    gmail = connect()
    newest = gmail.get("messages")["messages"][0]["id"]
    seed = gmail.get(f"messages/{newest}", format="minimal")["historyId"]
    assert gmail.refused("GET", "history", params={"startHistoryId": seed})[0] == 404
    assert "history" not in gmail.get("history", startHistoryId=_start(gmail))


def test_a_client_that_polls_is_never_expired(
    connect: Any, account: Account, mail: Any, sandbox: Sandbox
) -> None:
    gmail = connect()
    cursor = _start(gmail)
    account.deliver(mail())
    for _ in range(20):
        cursor = gmail.get("history", startHistoryId=cursor)["historyId"]
        sandbox.clock.advance(DAY)
        gmail = connect()


def test_b22_same_message_several_times_added_and_deleted(
    gmail: Any, account: Account, mail: Any
) -> None:
    start = _start(gmail)
    message = account.deliver(mail())
    account.modify(message.id, remove=["UNREAD"])
    account.delete(message.id)
    records = gmail.get("history", startHistoryId=start)["history"]
    assert [record["messages"][0]["id"] for record in records] == [message.id] * 3
    assert all(set(record["messages"][0]) == {"id", "threadId"} for record in records)


def test_b24_trash_is_a_label_not_a_deletion(gmail: Any, account: Account, mail: Any) -> None:
    message = account.deliver(mail())
    start = _start(gmail)
    found = gmail.post(f"messages/{message.id}/trash")
    assert "TRASH" in found["labelIds"] and "INBOX" not in found["labelIds"]
    data = gmail.get("history", startHistoryId=start)
    assert _kinds(data) == ["labelsAdded", "labelsRemoved"]
    gmail.post(f"messages/{message.id}/untrash")
    assert "TRASH" not in message.labels


def test_b34_own_label_writes_come_back(gmail: Any, account: Account, mail: Any) -> None:
    message = account.deliver(mail())
    start = _start(gmail)
    gmail.post(f"messages/{message.id}/modify", {"removeLabelIds": ["UNREAD"]})
    gmail.post(f"messages/{message.id}/modify", {"removeLabelIds": ["UNREAD"]})
    assert _kinds(gmail.get("history", startHistoryId=start)) == ["labelsRemoved"]
