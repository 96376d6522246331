"""The world by itself: history replays to the present, counters agree, nothing deadlocks."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from mailbox_sandbox import Account, Sandbox, sending
from mailbox_sandbox.errors import WorldError


def _replay(gmail: Any, start: str, labels: dict[str, set[str]]) -> None:
    token = None
    while True:
        more = {"pageToken": token} if token else {}
        data = gmail.get("history", startHistoryId=start, maxResults=37, **more)
        for record in data.get("history", []):
            for item in record.get("messagesAdded", []):
                labels[item["message"]["id"]] = set(item["message"].get("labelIds", []))
            for item in record.get("labelsAdded", []):
                labels[item["message"]["id"]] |= set(item["labelIds"])
            for item in record.get("labelsRemoved", []):
                labels[item["message"]["id"]] -= set(item["labelIds"])
            for item in record.get("messagesDeleted", []):
                del labels[item["message"]["id"]]
        token = data.get("nextPageToken")
        if token is None:
            return


@pytest.mark.parametrize("seed", range(5))
def test_history_replays_to_the_present(
    seed: int, sandbox: Sandbox, account: Account, gmail: Any, mail: Callable[..., bytes]
) -> None:
    rng = random.Random(seed)
    start = gmail.get("profile")["historyId"]
    for _ in range(300):
        _do_something(rng, sandbox, account, mail)
    replayed: dict[str, set[str]] = {}
    _replay(gmail, start, replayed)
    assert replayed == {m.id: m.labels for m in account.messages.values()}
    for label in account.labels.by_id:
        holders = [m for m in account.messages.values() if label in m.labels]
        counted = account.counters(label)
        assert counted["messagesTotal"] == len(holders)
        assert counted["messagesUnread"] == sum("UNREAD" in m.labels for m in holders)
        assert counted["threadsTotal"] == len({m.thread_id for m in holders})
    assert sum(len(ids) for ids in account.threads.values()) == len(account.messages)
    assert set(account.drafts.values()) == set(account.draft_of)


def _do_something(
    rng: random.Random, sandbox: Sandbox, account: Account, mail: Callable[..., bytes]
) -> None:
    ids = list(account.messages)
    user = [label for label in account.labels.by_id if label.startswith("Label_")]
    some = ["INBOX", "UNREAD", "STARRED", "IMPORTANT", *user]
    pick = rng.randrange(9)
    try:
        if pick <= 2 or not ids:
            account.deliver(mail(), labels=rng.sample(some, 2))
        elif pick == 3:
            account.modify(rng.choice(ids), rng.sample(some, 2), rng.sample(some, 1))
        elif pick == 4:
            rng.choice([account.trash, account.untrash, account.delete])(rng.choice(ids))
        elif pick == 5:
            account.add_label(f"L{rng.randrange(12)}")
        elif pick == 6 and user:
            account.remove_label(rng.choice(user))
        elif pick == 7:
            raw = mail(To=rng.choice(["demo@example.com", "x@outside.example"]))
            sending.send(sandbox.world, account, raw, None)
        elif account.drafts:
            draft = rng.choice(list(account.drafts))
            sending.update_draft(sandbox.world, account, draft, mail(), None)
        else:
            sending.create_draft(sandbox.world, account, mail(), None)
    except WorldError:
        return


def test_two_people_who_write_to_each_other_do_not_lock_up(
    sandbox: Sandbox, account: Account, connect: Any, mail: Callable[..., bytes]
) -> None:
    other = sandbox.world.add_account("other@example.com")
    clients = {account.email: connect(), other.email: connect(email=other.email)}

    def write(sender: str, receiver: str) -> None:
        for _ in range(25):
            raw = mail(To=receiver, From=sender)
            clients[sender].call(
                "POST", "/upload/gmail/v1/users/me/messages/send?uploadType=media", data=raw,
                headers={"Content-Type": "message/rfc822"},
            )  # fmt: skip

    pairs = [(account.email, other.email), (other.email, account.email)]
    threads = [threading.Thread(target=write, args=pair, daemon=True) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert len(account.messages) == len(other.messages) == 50


def test_account_rules(sandbox: Sandbox, account: Account, mail: Callable[..., bytes]) -> None:
    with pytest.raises(ValueError, match="exists already"):
        sandbox.world.add_account("DEMO@example.com")
    for odd in ("", "x", "@x", "x@", "a@b@c"):
        with pytest.raises(ValueError, match="not an address"):
            sandbox.world.add_account(odd)
    with pytest.raises(WorldError, match="Invalid label"):
        account.deliver(mail(), labels=["Nope"])
    with pytest.raises(WorldError, match="Invalid thread_id"):
        account.deliver(mail(), thread_id="123")
    assert not account.messages
    with pytest.raises(ValueError, match="forward"):
        sandbox.clock.advance(-1)


def test_clock_freezes_and_goes_on(sandbox: Sandbox) -> None:
    moment = sandbox.clock.freeze()
    assert sandbox.clock.now() == moment
    assert sandbox.clock.advance(5) == moment + 5
    sandbox.clock.unfreeze()
    assert sandbox.clock.now() >= moment + 5
