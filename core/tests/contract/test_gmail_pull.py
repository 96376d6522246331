"""Pulling notifications from the sandbox's Pub/Sub with a service account."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from mailbox_core.errors import AuthorizationLost, NotFound, Refused, Unavailable
from mailbox_core.net.endpoints import Endpoints
from mailbox_core.net.service_account import ServiceAccount
from mailbox_core.providers.gmail import SPEC

TOPIC = "projects/demo-project/topics/mail"
NAME = "projects/demo-project/subscriptions/mail"
DATA = b'{"emailAddress": "Ada@example.com", "historyId": 7}'


@pytest.fixture
def account(sandbox):
    return ServiceAccount.parse(json.dumps(sandbox.add_pull()))


@pytest.fixture
def connect(sandbox):
    made = []

    def start(account, name=NAME):
        assert SPEC.push is not None and SPEC.push.pull is not None
        made.append(SPEC.push.pull(account, name, Endpoints.google_at(sandbox.url)))
        return made[-1]

    yield start
    for one in made:
        one.close()


def backlog(sandbox):
    return len(sandbox.world.broker.subscription(NAME).backlog)


def test_pulled_decoded_acknowledged(sandbox, account, connect):
    source = connect(account)
    source.check()
    sandbox.world.broker.publish(TOPIC, DATA)
    (found,) = source.pull(10)
    now = datetime.now(timezone.utc)
    hint = SPEC.push.decode(found.message, now)
    assert (hint.address, hint.detail) == ("ada@example.com", "7")
    assert hint.published_at is not None and abs((hint.published_at - now).total_seconds()) < 60
    assert backlog(sandbox) == 1
    source.acknowledge([found.receipt])
    assert backlog(sandbox) == 0


def test_what_is_not_acknowledged_comes_again(sandbox, account, connect):
    source = connect(account)
    sandbox.world.broker.publish(TOPIC, DATA)
    (first,) = source.pull(10)
    sandbox.clock.advance(11)
    (second,) = source.pull(10)
    assert second.receipt != first.receipt
    source.extend([second.receipt], 600)
    sandbox.clock.advance(500)
    source.extend([second.receipt], 0)
    (third,) = source.pull(10)
    source.acknowledge([first.receipt, third.receipt])
    assert backlog(sandbox) == 0


def test_refusals_are_told_apart(sandbox, account, connect):
    with pytest.raises(NotFound):
        connect(account, NAME + "-gone").check()
    with pytest.raises(NotFound):
        connect(account, NAME + "-gone").pull(1)
    sandbox.world.broker.subscription(NAME).policy.clear()
    for call in (lambda: connect(account).check(), lambda: connect(account).pull(1)):
        with pytest.raises(Refused) as raised:
            call()
        assert raised.value.code == "pull_permission"
    sandbox.world.service_accounts.get(account.email).keys.clear()
    with pytest.raises(AuthorizationLost) as lost:
        connect(account).check()
    assert lost.value.reason == "invalid_grant"


def test_a_subscription_that_pushes_cannot_be_pulled(sandbox, account, connect):
    sandbox.add_push("http://127.0.0.1:1/", account.email, subscription=NAME)
    sandbox.add_pull()
    with pytest.raises(Refused) as raised:
        connect(account).pull(1)
    assert raised.value.code == "pull_type"


def test_a_token_that_was_withdrawn_is_renewed_once(sandbox, account, connect):
    source = connect(account)
    source.check()
    sandbox.world.identity.access_tokens.clear()
    source.check()


def test_trouble_passes(sandbox, account, connect):
    source = connect(account)
    sandbox.faults.add("pubsub", "pull", "503")
    with pytest.raises(Unavailable):
        source.pull(1)
    sandbox.world.broker.publish(TOPIC, DATA)
    assert len(source.pull(1)) == 1
