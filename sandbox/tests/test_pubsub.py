"""The Pub/Sub REST surface, every answer checked against the published discovery document."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import googleapiclient
import pytest
import requests
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document

from mailbox_sandbox import Account, Sandbox

DOCUMENT = Path(googleapiclient.__file__).parent / "discovery_cache/documents/pubsub.v1.json"
SCOPE = "https://www.googleapis.com/auth/pubsub"
TOPIC = "projects/demo-project/topics/mail"
NAME = "projects/demo-project/subscriptions/mail"


class PubSub:
    """A plain client whose successes must fit their schema."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.schemas = json.loads(DOCUMENT.read_text())["schemas"]

    def call(self, verb: str, path: str, schema: str = "", **body: Any) -> Any:
        reply = self.session.request(verb, f"{self.url}/v1/{path}", json=body or None, timeout=30)
        data = reply.json()
        if reply.status_code != 200:
            error = data["error"]
            assert (
                set(error) == {"code", "message", "status"} and error["code"] == reply.status_code
            )
            return error["status"], error["message"]
        self.fits(data, schema)
        return data

    def fits(self, data: Any, schema: str) -> None:
        if not schema:
            assert data == {}
            return
        known = self.schemas[schema]["properties"]
        for name, value in data.items():
            assert name in known, f"{schema}.{name}"
            kind = known[name]
            for item in value if kind.get("type") == "array" else [value]:
                inner = kind.get("items", kind)
                if "$ref" in inner:
                    self.fits(item, inner["$ref"])
                elif inner["type"] == "string":
                    assert isinstance(item, str)
                    assert not inner.get("enum") or item in inner["enum"]

    def publish(self, *texts: str) -> list[str]:
        messages = [{"data": base64.b64encode(text.encode()).decode()} for text in texts]
        found: list[str] = self.call("POST", TOPIC + ":publish", "PublishResponse",
                                     messages=messages)["messageIds"]  # fmt: skip
        return found

    def pull(self, limit: int = 10) -> list[tuple[str, str]]:
        found = self.call("POST", NAME + ":pull", "PullResponse", maxMessages=limit,
                          returnImmediately=True)  # fmt: skip
        return [
            (line["ackId"], base64.b64decode(line["message"]["data"]).decode())
            for line in found.get("receivedMessages", [])
        ]


@pytest.fixture
def pubsub(sandbox: Sandbox, account: Account) -> Iterator[PubSub]:
    token = sandbox.grant("demo@example.com", "cid", [SCOPE])["access_token"]
    made = PubSub(sandbox.url, token)
    yield made
    made.session.close()


@pytest.fixture
def ready(pubsub: PubSub) -> PubSub:
    pubsub.call("PUT", TOPIC, "Topic")
    pubsub.call("PUT", NAME, "Subscription", topic=TOPIC)
    return pubsub


def test_topics_and_subscriptions_are_made_listed_and_deleted(pubsub: PubSub) -> None:
    assert pubsub.call("GET", TOPIC) == ("NOT_FOUND", "Resource not found (resource=mail).")
    assert pubsub.call("PUT", NAME, topic=TOPIC)[0] == "NOT_FOUND"
    assert pubsub.call("PUT", TOPIC, "Topic", labels={"a": "b"})["name"] == TOPIC
    assert pubsub.call("PUT", TOPIC)[0] == "ALREADY_EXISTS"
    made = pubsub.call("PUT", NAME, "Subscription", topic=TOPIC, retryPolicy={})
    assert made["ackDeadlineSeconds"] == 10 and made["messageRetentionDuration"] == "604800s"
    assert made["retryPolicy"] == {"minimumBackoff": "10s", "maximumBackoff": "600s"}
    assert made["pushConfig"] == {}
    assert pubsub.call("PUT", NAME, topic=TOPIC)[0] == "ALREADY_EXISTS"
    listed = pubsub.call("GET", "projects/demo-project/topics", "ListTopicsResponse")
    assert [topic["name"] for topic in listed["topics"]] == [TOPIC]
    inside = pubsub.call("GET", TOPIC + "/subscriptions", "ListTopicSubscriptionsResponse")
    assert inside["subscriptions"] == [NAME]
    assert pubsub.call("DELETE", TOPIC) == {}
    assert pubsub.call("GET", NAME, "Subscription")["topic"] == "_deleted-topic_"
    assert pubsub.call("DELETE", NAME) == {}
    assert pubsub.call("GET", "projects/demo-project/subscriptions") == {}


@pytest.mark.parametrize(
    "name", ["projects/demo-project/topics/ab", "projects/demo-project/topics/1abc",
             "projects/demo-project/topics/google-x", "projects/Demo/topics/mail"],
)  # fmt: skip
def test_odd_names_are_refused(pubsub: PubSub, name: str) -> None:
    status, words = pubsub.call("PUT", name)
    assert status == "INVALID_ARGUMENT" and words.startswith("Invalid resource name given")


@pytest.mark.parametrize(
    "body",
    [
        {"ackDeadlineSeconds": 9}, {"ackDeadlineSeconds": 601}, {"ackDeadlineSeconds": "x"},
        {"messageRetentionDuration": "599s"}, {"messageRetentionDuration": "8 days"},
        {"pushConfig": {"pushEndpoint": "ftp://x/"}}, {"pushConfig": {"endpoint": "http://x/"}},
        {"pushConfig": {"pushEndpoint": "http://x/", "oidcToken": {"serviceAccountEmail": "x"}}},
        {"retryPolicy": {"minimumBackoff": "700s"}}, {"unknown": 1}, {"labels": 1, "pushConfig": 3},
    ],
)  # fmt: skip
def test_odd_subscriptions_are_refused(pubsub: PubSub, body: dict[str, Any]) -> None:
    pubsub.call("PUT", TOPIC, "Topic")
    assert pubsub.call("PUT", NAME, topic=TOPIC, **body)[0] == "INVALID_ARGUMENT"


def test_what_is_left_out_says_so(pubsub: PubSub) -> None:
    pubsub.call("PUT", TOPIC, "Topic")
    found = pubsub.call("PUT", NAME, topic=TOPIC, enableMessageOrdering=True)
    assert found == ("UNIMPLEMENTED", "enableMessageOrdering is not part of the sandbox")


def test_publish_pull_acknowledge(ready: PubSub) -> None:
    ids = ready.publish("one", "two")
    assert len(set(ids)) == 2 and all(number.isdigit() for number in ids)
    leased = ready.pull()
    assert [text for _, text in leased] == ["one", "two"] and ready.pull() == []
    assert ready.call("POST", NAME + ":acknowledge", ackIds=[leased[0][0], "unknown"]) == {}
    for bad in ({"messages": []}, {"messages": [{}]}, {"messages": [{"data": "*"}]}):
        assert ready.call("POST", TOPIC + ":publish", **bad)[0] == "INVALID_ARGUMENT"
    assert ready.call("POST", NAME + ":pull", maxMessages=0)[0] == "INVALID_ARGUMENT"


def test_a_lease_ends_and_late_acks_do_nothing(ready: PubSub, sandbox: Sandbox) -> None:
    sandbox.clock.freeze()
    ready.publish("one")
    [(first, _)] = ready.pull()
    sandbox.clock.advance(10.5)
    [(second, _)] = ready.pull()
    assert second != first
    ready.call("POST", NAME + ":acknowledge", ackIds=[first])
    ready.call("POST", NAME + ":modifyAckDeadline", ackIds=[second], ackDeadlineSeconds=60)
    sandbox.clock.advance(30)
    assert ready.pull() == []
    ready.call("POST", NAME + ":modifyAckDeadline", ackIds=[second], ackDeadlineSeconds=0)
    [(third, _)] = ready.pull()
    ready.call("POST", NAME + ":acknowledge", ackIds=[third])
    sandbox.clock.advance(700)
    assert ready.pull() == []


def test_unacked_messages_are_forgotten_after_the_retention(
    ready: PubSub, sandbox: Sandbox
) -> None:
    ready.publish("old")
    sandbox.clock.advance(7 * 86400 + 1)
    sandbox.world.broker.publish(TOPIC, b"new")
    fresh = sandbox.grant("demo@example.com", "cid", [SCOPE])["access_token"]
    ready.session.headers["Authorization"] = f"Bearer {fresh}"
    assert [text for _, text in ready.pull()] == ["new"]


def test_pull_waits_for_news(ready: PubSub, sandbox: Sandbox) -> None:
    threading.Timer(0.2, sandbox.world.broker.publish, (TOPIC, b"late")).start()
    found = ready.call("POST", NAME + ":pull", "PullResponse", maxMessages=1)
    assert base64.b64decode(found["receivedMessages"][0]["message"]["data"]) == b"late"


def test_push_and_pull_can_be_exchanged(ready: PubSub) -> None:
    push = {"pushEndpoint": "http://127.0.0.1:9/x", "noWrapper": {"writeMetadata": True},
            "oidcToken": {"serviceAccountEmail": "a@b.example", "audience": "me"}}  # fmt: skip
    assert ready.call("POST", NAME + ":modifyPushConfig", pushConfig=push) == {}
    assert ready.call("GET", NAME, "Subscription")["pushConfig"] == push
    assert ready.call("POST", NAME + ":pull", maxMessages=1)[0] == "INVALID_ARGUMENT"
    changed = ready.call("PATCH", NAME, "Subscription", updateMask="pushConfig,ackDeadlineSeconds",
                         subscription={"ackDeadlineSeconds": 30})  # fmt: skip
    assert changed["pushConfig"] == {} and changed["ackDeadlineSeconds"] == 30
    assert ready.call("PATCH", NAME, updateMask="topic")[0] == "INVALID_ARGUMENT"


def test_policies(ready: PubSub, sandbox: Sandbox) -> None:
    member = "serviceAccount:gmail-api-push@system.gserviceaccount.com"
    assert "bindings" not in ready.call("GET", TOPIC + ":getIamPolicy", "Policy")
    policy = {"bindings": [{"role": "roles/pubsub.publisher", "members": [member]}]}
    ready.call("POST", TOPIC + ":setIamPolicy", "Policy", policy=policy)
    shown = ready.call("GET", TOPIC + ":getIamPolicy", "Policy")
    assert shown["bindings"] == policy["bindings"]
    assert sandbox.world.broker.may_publish(TOPIC, member)
    asked = ready.call("POST", TOPIC + ":testIamPermissions", "TestIamPermissionsResponse",
                       permissions=["pubsub.topics.publish"])  # fmt: skip
    assert asked == {"permissions": ["pubsub.topics.publish"]}


def test_a_token_with_the_scope_is_needed(sandbox: Sandbox, account: Account) -> None:
    address = f"{sandbox.url}/v1/{TOPIC}"
    assert requests.get(address, timeout=5).status_code == 401
    mail_only = sandbox.grant("demo@example.com", "cid", ["https://mail.google.com/"])
    head = {"Authorization": "Bearer " + mail_only["access_token"]}
    assert requests.get(address, headers=head, timeout=5).status_code == 403
    assert requests.get(sandbox.url + "/v1/projects/x/unknown", timeout=5).status_code == 404


def test_faults_strike_calls(ready: PubSub, sandbox: Sandbox) -> None:
    sandbox.faults.add("pubsub", "pull", "503")
    assert ready.call("POST", NAME + ":pull", maxMessages=1)[0] == "UNAVAILABLE"
    sandbox.faults.add("pubsub", "acknowledge", "lose_reply")
    ready.publish("one")
    [(ack_id, _)] = ready.pull()
    with pytest.raises(requests.ConnectionError):
        ready.call("POST", NAME + ":acknowledge", ackIds=[ack_id])
    assert not len(sandbox.world.broker.subscriptions[NAME].backlog)


def test_googles_own_client_runs(sandbox: Sandbox, account: Account) -> None:
    token = sandbox.grant("demo@example.com", "cid", [SCOPE])["access_token"]
    document = json.loads(DOCUMENT.read_text())
    document["rootUrl"] = document["baseUrl"] = sandbox.url + "/"
    with build_from_document(document, credentials=Credentials(token)) as service:  # type: ignore[no-untyped-call]
        projects = service.projects()
        projects.topics().create(name=TOPIC, body={}).execute()
        projects.subscriptions().create(name=NAME, body={"topic": TOPIC}).execute()
        body = {"messages": [{"data": base64.b64encode(b"hello").decode()}]}
        [sent] = projects.topics().publish(topic=TOPIC, body=body).execute()["messageIds"]
        pulled = projects.subscriptions().pull(subscription=NAME, body={"maxMessages": 5}).execute()
        [line] = pulled["receivedMessages"]
        assert line["message"]["messageId"] == sent
        acked = {"ackIds": [line["ackId"]]}
        projects.subscriptions().acknowledge(subscription=NAME, body=acked).execute()
        assert not len(sandbox.world.broker.subscriptions[NAME].backlog)
