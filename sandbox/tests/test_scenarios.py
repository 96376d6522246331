"""Scenarios are deterministic, varied and big mailboxes stay quick."""

from __future__ import annotations

import collections
import time
import tracemalloc
from typing import Any

import pytest

from mailbox_sandbox import Account, Sandbox
from mailbox_sandbox.scenario import SCENARIOS


def _fingerprint(sandbox: Sandbox, name: str, messages: int) -> list[tuple[str, str, str, Any]]:
    account = sandbox.world.add_account("demo@example.com", "Demo Shop")
    sandbox.load_scenario(name, account, messages)
    return [(m.id, m.thread_id, m.sha256, sorted(m.labels)) for m in account.messages.values()]


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_same_seed_same_mailbox(name: str) -> None:
    first, second, other = Sandbox(seed=5), Sandbox(seed=5), Sandbox(seed=6)
    moment = first.clock.freeze()
    for sandbox in (second, other):
        sandbox.clock.freeze()
        sandbox.clock._frozen = moment
    found = _fingerprint(first, name, 120)
    assert found == _fingerprint(second, name, 120)
    assert found != _fingerprint(other, name, 120)
    assert len(found) == len({row[0] for row in found}) == 120


def test_small_shop_has_everything(sandbox: Sandbox, account: Account) -> None:
    summary = sandbox.load_scenario("small_shop", account)
    messages = list(account.messages.values())
    assert summary["messages"] == len(messages) == 2000
    assert 900 < len(account.threads) < 1600
    now = sandbox.clock.now()
    ages = [now - m.internal_date / 1000 for m in messages]
    assert min(ages) < 10 * 86400 and 700 * 86400 < max(ages) < 731 * 86400
    assert min(ages) >= 0
    kinds: collections.Counter[str] = collections.Counter()
    charsets: set[str] = set()
    for message in messages:
        for part in message.tree.walk():
            kinds[part.mime_type] += 1
            charsets.add(part.charset.lower())
    wanted = {
        "text/html", "application/pdf", "image/png", "text/calendar", "application/ms-tnef",
        "message/delivery-status", "message/rfc822", "application/zip", "text/csv",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    }  # fmt: skip
    assert wanted <= set(kinds)
    odd = {"iso-8859-1", "koi8-r", "iso-2022-jp", "gb18030", "windows-1256", "x-unknown-99"}
    assert odd <= charsets
    subjects = " ".join(m.header("Subject") for m in messages)
    assert any("\u0590" <= c <= "\u05ff" for c in subjects)
    assert any("\u0600" <= c <= "\u06ff" for c in subjects)
    assert any("\u4e00" <= c <= "\u9fff" for c in subjects)
    used = {label for m in messages for label in m.labels}
    nested = [x for x in account.labels.by_id.values() if "/" in x.name and x.id in used]
    assert len(nested) > 5 and {"SPAM", "SENT", "STARRED", "UNREAD", "INBOX"} <= used
    assert max(m.size for m in messages) > 500_000
    headers = {name.lower() for m in messages for name, _ in m.fields}
    assert {"list-id", "auto-submitted", "list-unsubscribe-post"} <= headers


def test_every_small_shop_message_passes_the_published_schema(
    sandbox: Sandbox, account: Account, gmail: Any
) -> None:
    sandbox.quota.use("off")
    sandbox.load_scenario("small_shop", account, 400)
    for message_id in account.messages:
        gmail.get(f"messages/{message_id}")


def test_hundred_thousand_fits_and_pages_cost_the_page(
    sandbox: Sandbox, account: Account, gmail: Any
) -> None:
    sandbox.quota.use("off")
    other = sandbox.world.add_account("small@example.com")
    tracemalloc.start()
    sandbox.load_scenario("hundred_thousand", other, 4000)
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert used / 4000 < 2500
    sandbox.load_scenario("hundred_thousand", account)
    assert len(account.messages) == 100_000
    page = gmail.get("messages", maxResults=500)
    start, before = time.process_time(), account.position()
    for _ in range(20):
        page = gmail.get("messages", maxResults=500, pageToken=page["nextPageToken"])
        gmail.get("threads", maxResults=20, fields="threads(id),nextPageToken")
        account.modify(page["messages"][0]["id"], add=["STARRED"])
        gmail.get("history", startHistoryId=before)
    assert time.process_time() - start < 6
    assert gmail.get("messages", q="is:starred")["resultSizeEstimate"] == 20
    oldest = min(account.messages.values(), key=lambda m: m.key)
    assert gmail.get("messages", q=f"before:{oldest.internal_date // 1000 + 1}")["messages"]
