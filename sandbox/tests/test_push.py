"""Push as Google does it (b49 to b56): notifications, deliveries, tokens, refusals."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
import requests

from mailbox_sandbox import Account, Sandbox
from mailbox_sandbox.push_token import FORGERIES

TOPIC = "projects/demo-project/topics/mail"
SIGNER = "pusher@demo-project.iam.gserviceaccount.com"
DAY = 86400
Receiver = Any  #: The fixture of conftest.


@pytest.fixture
def watched(sandbox: Sandbox, account: Account, gmail: Any, receiver: Receiver) -> Any:
    """A mailbox with a watch whose first notification has arrived."""
    sandbox.add_push(receiver.url, SIGNER)
    gmail.post("watch", {"topicName": TOPIC, "labelIds": ["INBOX"]})
    receiver.wait(1)
    settled(sandbox)
    receiver.got.clear()
    return gmail


def settled(sandbox: Sandbox, timeout: float = 20.0) -> None:
    """Wait until nothing is owed."""
    deadline = time.monotonic() + timeout
    while any(len(one.backlog) for one in sandbox.world.broker.subscriptions.values()):
        assert time.monotonic() < deadline, "still owed"
        time.sleep(0.005)


def test_b49_watch_begins_with_a_notification_of_the_present_position(
    sandbox: Sandbox, account: Account, gmail: Any, receiver: Receiver
) -> None:
    sandbox.add_push(receiver.url, SIGNER)
    answer = gmail.post("watch", {"topicName": TOPIC, "labelIds": ["INBOX"]})
    [first] = receiver.wait(1)
    assert first == {"emailAddress": "demo@example.com", "historyId": int(answer["historyId"])}


def test_b49_duplicates_and_wrong_order(
    sandbox: Sandbox, account: Account, watched: Any, receiver: Receiver, mail: Callable[..., bytes]
) -> None:
    sandbox.faults.add("pubsub", "notify", "duplicated", copies=3)
    account.deliver(mail())
    assert len({body["historyId"] for body in receiver.wait(3)}) == 1
    assert len({json.loads(body)["message"]["messageId"] for _, _, body in receiver.got}) == 1
    settled(sandbox)
    receiver.got.clear()
    sandbox.faults.add("pubsub", "notify", "reordered")
    for _ in range(2):
        sandbox.clock.advance(2)
        account.deliver(mail())
    settled(sandbox)
    receiver.wait(2)
    # Several pushes are on their way at once; the ids tell the order of publication.
    sent = sorted((json.loads(body)["message"]["messageId"], body) for _, _, body in receiver.got)
    late, early = [receiver.notification(body)["historyId"] for _, body in sent]
    assert late > early


def test_b50_the_history_may_come_after_its_notification(
    sandbox: Sandbox, account: Account, watched: Any, receiver: Receiver, mail: Callable[..., bytes]
) -> None:
    start = watched.get("profile")["historyId"]
    sandbox.faults.add("gmail", "history.list", "list_lag", times=None, seconds=3)
    account.deliver(mail())
    receiver.wait(1)
    assert "history" not in watched.get("history", startHistoryId=start)
    sandbox.clock.advance(4)
    assert watched.get("history", startHistoryId=start)["history"]


def test_b51_one_a_second_and_any_may_be_lost(
    sandbox: Sandbox, account: Account, watched: Any, receiver: Receiver, mail: Callable[..., bytes]
) -> None:
    sandbox.clock.freeze()
    for _ in range(20):
        account.deliver(mail())
    settled(sandbox)
    assert len(receiver.wait(1)) == 1 and sandbox.world.notices.dropped == 19
    sandbox.clock.advance(1.0)
    account.deliver(mail())
    assert len(receiver.wait(2)) == 2
    sandbox.faults.add("pubsub", "notify", "dropped", times=None)
    sandbox.clock.advance(5)
    account.deliver(mail())
    time.sleep(0.1)
    assert len(receiver.got) == 2
    sandbox.faults.clear()
    sandbox.world.settings.update({"push_drops_excess": False})
    for _ in range(20):
        account.deliver(mail())
    receiver.wait(22)


def test_b52_a_watch_ends_silently_after_seven_days(
    sandbox: Sandbox, account: Account, watched: Any, receiver: Receiver, mail: Callable[..., bytes]
) -> None:
    sandbox.clock.advance(7 * DAY - 60)
    account.deliver(mail())
    receiver.wait(1)
    sandbox.clock.advance(61)
    account.deliver(mail())
    time.sleep(0.1)
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    ("topic", "status", "words"),
    [
        ("projects/demo-project/topics/other", 400, "Only one user push notification client"),
        ("projects/else/topics/mail", 400, "does not match projects/demo-project/topics/*"),
    ],
)
def test_b53_one_topic_of_the_own_project(
    watched: Any, topic: str, status: int, words: str
) -> None:
    reply = watched.call("POST", "watch", json={"topicName": topic})
    assert reply.status_code == status and words in reply.json()["error"]["message"]


def test_b53_topic_and_publisher_grant_must_be_there(
    sandbox: Sandbox, account: Account, gmail: Any
) -> None:
    body = {"topicName": TOPIC}
    missing = gmail.call("POST", "watch", json=body)
    said = f"Error sending test message to Cloud PubSub {TOPIC} : "
    assert missing.status_code == 404
    assert missing.json()["error"]["message"] == said + "Resource not found (resource=mail)."
    sandbox.world.broker.create_topic(TOPIC)
    refused = gmail.call("POST", "watch", json=body)
    assert refused.status_code == 403
    assert refused.json()["error"]["message"] == (
        said + "User not authorized to perform this action."
    )
    assert not account.watches
    sandbox.add_topic()
    gmail.post("watch", body)


def test_b54_refusals_come_back_with_growing_pauses(
    sandbox: Sandbox, account: Account, watched: Any, receiver: Receiver, mail: Callable[..., bytes]
) -> None:
    receiver.statuses = [500, 403, 302]
    account.deliver(mail())
    assert len({body["historyId"] for body in receiver.wait(4)}) == 1
    moments = [moment for moment, _, _ in receiver.got]
    pauses = [later - earlier for earlier, later in itertools.pairwise(moments)]
    for pause, least in zip(pauses, (0.1, 0.2, 0.4), strict=True):
        assert least <= pause < least + 0.4
    [subscription] = sandbox.world.broker.subscriptions.values()
    settled(sandbox)
    assert subscription.refused == 3 and subscription.backoff == 0.0


def test_b54_the_pause_ends_at_a_minute_and_the_backlog_comes_at_once(
    sandbox: Sandbox, account: Account, watched: Any, receiver: Receiver, mail: Callable[..., bytes]
) -> None:
    receiver.status = 503
    sandbox.world.settings.update({"push_drops_excess": False})
    sandbox.clock.freeze()
    [subscription] = sandbox.world.broker.subscriptions.values()
    for _ in range(30):
        account.deliver(mail())
    deadline = time.monotonic() + 20
    while subscription.backoff < 60 and time.monotonic() < deadline:
        sandbox.clock.advance(61)
        time.sleep(0.03)
    assert subscription.backoff == 60.0
    assert len(subscription.backlog) == 30
    receiver.status = 200
    while len(subscription.backlog) and time.monotonic() < deadline:
        sandbox.clock.advance(61)
        time.sleep(0.03)
    assert not len(subscription.backlog)


def test_b54_a_closed_port_is_a_refusal_and_a_week_is_kept(
    sandbox: Sandbox, account: Account, watched: Any, receiver: Receiver, mail: Callable[..., bytes]
) -> None:
    [subscription] = sandbox.world.broker.subscriptions.values()
    assert subscription.push is not None
    good, subscription.push.endpoint = subscription.push.endpoint, "http://127.0.0.1:9/"
    account.deliver(mail())
    deadline = time.monotonic() + 5
    while not subscription.refused and time.monotonic() < deadline:
        time.sleep(0.005)
    assert "refused" in subscription.last_answer.lower()
    sandbox.clock.advance(6 * DAY)
    subscription.push.endpoint = good
    receiver.wait(1)
    settled(sandbox)
    subscription.push.endpoint = "http://127.0.0.1:9/"
    sandbox.world.settings.update({"push_drops_excess": False})
    account.deliver(mail())
    sandbox.clock.advance(8 * DAY)
    subscription.push.endpoint = good
    settled(sandbox)
    assert len(receiver.got) == 1


@pytest.mark.parametrize("status", [102, 200, 201, 202, 204])
def test_b54_these_answers_acknowledge(
    sandbox: Sandbox, watched: Any, account: Account, receiver: Receiver, status: int,
    mail: Callable[..., bytes],
) -> None:  # fmt: skip
    receiver.status = status
    account.deliver(mail())
    settled(sandbox)
    assert len(receiver.got) == 1


def verify(sandbox: Sandbox, token: str, audience: str) -> dict[str, Any]:
    keys = jwt.PyJWKSet.from_dict(requests.get(sandbox.url + "/oauth2/v3/certs", timeout=5).json())
    kid = jwt.get_unverified_header(token)["kid"]
    [key] = [one for one in keys.keys if one.key_id == kid]
    found: dict[str, Any] = jwt.decode(
        token, key.key, algorithms=["RS256"], audience=audience,
        issuer="https://accounts.google.com",
    )  # fmt: skip
    return found


def bearer(receiver: Receiver, index: int = -1) -> str:
    return receiver.got[index][1].get("Authorization", "").removeprefix("Bearer ")


def test_b55_a_signed_token_and_rotating_keys(
    sandbox: Sandbox, account: Account, watched: Any, receiver: Receiver, mail: Callable[..., bytes]
) -> None:
    account.deliver(mail())
    receiver.wait(1)
    settled(sandbox)
    claims = verify(sandbox, bearer(receiver), receiver.url)
    assert claims["email"] == SIGNER and claims["email_verified"] is True
    assert claims["exp"] - claims["iat"] == 3600 and claims["sub"] == claims["azp"]
    assert len(claims["sub"]) == 21 and claims["sub"].isdigit()
    old = bearer(receiver)
    sandbox.app.keys.rotate()
    verify(sandbox, old, receiver.url)
    sandbox.clock.advance(2)
    account.deliver(mail())
    receiver.wait(2)
    headers = [jwt.get_unverified_header(token)["kid"] for token in (old, bearer(receiver))]
    assert headers[0] != headers[1]
    verify(sandbox, bearer(receiver), receiver.url)
    sandbox.app.keys.rotate()
    with pytest.raises(ValueError, match="not enough values"):
        verify(sandbox, old, receiver.url)


@pytest.mark.parametrize("kind", FORGERIES)
def test_b55_forged_tokens_of_every_kind(
    sandbox: Sandbox, account: Account, watched: Any, receiver: Receiver, kind: str,
    mail: Callable[..., bytes],
) -> None:  # fmt: skip
    sandbox.faults.add("pubsub", "push", "forged", kind=kind)
    receiver.statuses = [403]
    account.deliver(mail())
    receiver.wait(2)
    settled(sandbox)
    if kind == "no_token":
        assert bearer(receiver, 0) == ""
    else:
        with pytest.raises((jwt.PyJWTError, ValueError, AssertionError)):
            claims = verify(sandbox, bearer(receiver, 0), receiver.url)
            assert claims["email"] == SIGNER and claims["email_verified"] is True
    assert verify(sandbox, bearer(receiver), receiver.url)["email"] == SIGNER


def test_b56_a_valid_push_may_name_a_mailbox_nobody_knows(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    sandbox.add_push(receiver.url, SIGNER)
    data = {"account": "nobody@example.com", "topic": TOPIC, "history_id": 7}
    reply = requests.post(sandbox.url + "/_sandbox/push/notify", json=data, timeout=5)
    assert reply.status_code == 200
    assert receiver.wait(1) == [{"emailAddress": "nobody@example.com", "historyId": 7}]
    verify(sandbox, bearer(receiver), receiver.url)


def test_wrapped_body_has_both_spellings(
    sandbox: Sandbox, account: Account, watched: Any, receiver: Receiver, mail: Callable[..., bytes]
) -> None:
    account.deliver(mail())
    receiver.wait(1)
    body = json.loads(receiver.got[0][2])
    assert set(body) == {"message", "subscription"}
    message = body["message"]
    assert message["messageId"] == message["message_id"]
    assert message["publishTime"] == message["publish_time"] and message["publishTime"][-1] == "Z"


def test_unwrapped_body_and_metadata(
    sandbox: Sandbox, account: Account, watched: Any, receiver: Receiver, mail: Callable[..., bytes]
) -> None:
    [subscription] = sandbox.world.broker.subscriptions.values()
    assert subscription.push is not None
    subscription.push.unwrapped = subscription.push.write_metadata = True
    sandbox.world.settings.update({"push_history_id": "string"})
    account.deliver(mail())
    deadline = time.monotonic() + 5
    while not receiver.got and time.monotonic() < deadline:
        time.sleep(0.005)
    _, headers, body = receiver.got[0]
    assert json.loads(body) == {
        "emailAddress": "demo@example.com", "historyId": str(account.log.last_id())
    }  # fmt: skip
    assert headers["x-goog-pubsub-subscription-name"] == subscription.name


def test_label_filters_and_stop(
    sandbox: Sandbox, account: Account, watched: Any, receiver: Receiver, mail: Callable[..., bytes]
) -> None:
    account.deliver(mail(), labels=["SPAM"])
    time.sleep(0.05)
    assert not receiver.got
    message = account.deliver(mail())
    receiver.wait(1)
    for number, change in enumerate(({"add": ["STARRED"]}, {"remove": ["INBOX"]}), 2):
        sandbox.clock.advance(2)
        account.modify(message.id, **change)
        receiver.wait(number)
    sandbox.clock.advance(2)
    account.modify(message.id, remove=["UNREAD"])
    watched.call("POST", "stop")
    account.deliver(mail())
    time.sleep(0.05)
    assert len(receiver.got) == 3


def test_delayed(
    sandbox: Sandbox, account: Account, watched: Any, receiver: Receiver, mail: Callable[..., bytes]
) -> None:
    sandbox.clock.freeze()
    sandbox.faults.add("pubsub", "notify", "delayed", seconds=1800)
    account.deliver(mail())
    time.sleep(0.05)
    assert not receiver.got
    sandbox.clock.advance(1801)
    receiver.wait(1)


def test_the_control_api_shows_what_goes_on(
    sandbox: Sandbox, account: Account, watched: Any, receiver: Receiver
) -> None:
    shown = requests.get(sandbox.url + "/_sandbox/push", timeout=5).json()
    [watch], [line] = shown["watches"], shown["subscriptions"]
    assert watch["topic"] == TOPIC and watch["account"] == "demo@example.com"
    assert line["endpoint"] == receiver.url and line["signer"] == SIGNER and line["acked"] == 1
    data = {"name": line["name"], "topic": TOPIC}
    reply = requests.post(sandbox.url + "/_sandbox/push/subscription", json=data, timeout=5)
    assert reply.json()["endpoint"] == ""
    for name in ("subscription", "topic"):
        known = {"subscription": line["name"], "topic": TOPIC}[name]
        address = f"{sandbox.url}/_sandbox/push/{name}"
        assert requests.post(address, json={"remove": known}, timeout=5).status_code == 200
    gone = requests.get(sandbox.url + "/_sandbox/push", timeout=5).json()
    assert not gone["topics"] and not gone["subscriptions"]
