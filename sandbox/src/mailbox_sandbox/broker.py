"""Topics and subscriptions of Cloud Pub/Sub: what is published, to whom it is owed, what was acked.

No HTTP in here. All times are seconds of the sandbox clock.
"""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .backlog import Backlog, Note
from .clock import Clock
from .errors import Conflict, Invalid, NotFound

#: Who may publish to a topic when Gmail tests it (guides/push, "Grant publish rights").
GMAIL_PUBLISHER = "serviceAccount:gmail-api-push@system.gserviceaccount.com"
PUBLISHER_ROLES = ("roles/pubsub.publisher", "roles/pubsub.editor", "roles/pubsub.admin")
#: Who may pull from a subscription.
CONSUMER_ROLES = ("roles/pubsub.subscriber", "roles/pubsub.editor", "roles/pubsub.admin")
#: A subscription whose topic is gone stays and says so.
DELETED_TOPIC = "_deleted-topic_"
_NAME = re.compile(
    r"^projects/([a-z][a-z0-9.:-]*)/(topics|subscriptions)/([A-Za-z][\w.~+%-]{2,254})$"
)
_BAD_DEADLINE = "You have passed an invalid argument to the service (argument=ackDeadlineSeconds)."
MIN_ACK, MAX_ACK, DEFAULT_ACK = 10, 600, 10
MIN_RETENTION, MAX_RETENTION, DEFAULT_RETENTION = 600.0, 31 * 86400.0, 7 * 86400.0


@dataclass
class Oidc:
    """Whose token travels with a push; without an audience it is the endpoint."""

    email: str
    audience: str = ""


@dataclass
class PushConfig:
    """Where a push subscription delivers. ``unwrapped``: the bare data is the body."""

    endpoint: str
    oidc: Oidc | None = None
    unwrapped: bool = False
    write_metadata: bool = False


@dataclass
class RetryPolicy:
    """Seconds between the tries of one message."""

    minimum: float = 10.0
    maximum: float = 600.0


@dataclass
class Topic:
    """A named stream of messages; ``policy`` maps a role to its members."""

    name: str
    policy: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    published: int = 0


@dataclass
class Subscription:
    """Somebody's backlog of one topic, with what a person wants to know about its deliveries."""

    name: str
    topic: str
    backlog: Backlog
    ack_deadline: int = DEFAULT_ACK
    retention: float = DEFAULT_RETENTION
    push: PushConfig | None = None
    retry: RetryPolicy | None = None
    labels: dict[str, str] = field(default_factory=dict)
    policy: dict[str, list[str]] = field(default_factory=dict)
    # How the pusher stands with the endpoint
    backoff: float = 0.0
    resume_at: float = 0.0
    outstanding: int = 0
    window: int = 1
    acked: int = 0
    refused: int = 0
    last_answer: str = ""


class Broker:
    """All topics and subscriptions of a world. Thread-safe; ``changed`` wakes the pusher."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self.clock = clock
        self.topics: dict[str, Topic] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.changed = threading.Condition(threading.RLock())
        self._rng = rng
        self._next_id = rng.randrange(10**15, 9 * 10**15)

    # -- administration ------------------------------------------------------------------------

    def create_topic(self, name: str, labels: Mapping[str, str] | None = None) -> Topic:
        """Create a topic. Raises Invalid for an odd name, Conflict when it exists."""
        check_name(name, "topics")
        with self.changed:
            if name in self.topics:
                raise Conflict(f"Resource already exists in the project (resource={short(name)}).")
            topic = self.topics[name] = Topic(name, labels=dict(labels or {}))
            return topic

    def open_topic(self, name: str) -> Topic:
        """Return a topic that Gmail may publish to, made if need be. Raises Invalid."""
        with self.changed:
            topic = self.topics.get(name) or self.create_topic(name)
            if not self.may_publish(name, GMAIL_PUBLISHER):
                topic.policy.setdefault(PUBLISHER_ROLES[0], []).append(GMAIL_PUBLISHER)
            return topic

    def topic(self, name: str) -> Topic:
        """Return a topic. Raises NotFound."""
        try:
            return self.topics[name]
        except KeyError:
            raise NotFound(f"Resource not found (resource={short(name)}).") from None

    def delete_topic(self, name: str) -> None:
        """Delete a topic; its subscriptions keep their backlog and lose their source."""
        with self.changed:
            del self.topics[self.topic(name).name]
            for subscription in self.subscriptions.values():
                if subscription.topic == name:
                    subscription.topic = DELETED_TOPIC

    def create_subscription(
        self, name: str, topic: str, *, ack_deadline: int = DEFAULT_ACK,
        retention: float = DEFAULT_RETENTION, push: PushConfig | None = None,
        retry: RetryPolicy | None = None, labels: Mapping[str, str] | None = None,
    ) -> Subscription:  # fmt: skip
        """Create a subscription: it gets what is published from now on.

        Raises NotFound for an unknown topic, Conflict when it exists, Invalid for odd values.
        """
        check_name(name, "subscriptions")
        with self.changed:
            self.topic(topic)
            if name in self.subscriptions:
                raise Conflict(f"Resource already exists in the project (resource={short(name)}).")
            subscription = Subscription(
                name, topic, Backlog(self._rng), check_ack(ack_deadline),
                check_retention(retention), push, retry, dict(labels or {}),
            )  # fmt: skip
            self.subscriptions[name] = subscription
            return subscription

    def subscription(self, name: str) -> Subscription:
        """Return a subscription. Raises NotFound."""
        try:
            return self.subscriptions[name]
        except KeyError:
            raise NotFound(f"Resource not found (resource={short(name)}).") from None

    def delete_subscription(self, name: str) -> None:
        """Delete a subscription with its backlog. Raises NotFound."""
        with self.changed:
            del self.subscriptions[self.subscription(name).name]

    def set_push(self, name: str, push: PushConfig | None) -> None:
        """Turn to another endpoint, or to pulling (None). Raises NotFound."""
        with self.changed:
            subscription = self.subscription(name)
            subscription.push = push
            subscription.backoff, subscription.resume_at, subscription.window = 0.0, 0.0, 1
            self.changed.notify_all()

    def may_publish(self, topic: str, member: str) -> bool:
        """Tell whether a topic's policy lets a member publish. Raises NotFound."""
        policy = self.topic(topic).policy
        return any(member in policy.get(role, ()) for role in PUBLISHER_ROLES)

    def may_consume(self, subscription: str, member: str) -> bool:
        """Tell whether a subscription's policy lets a member pull. Raises NotFound."""
        policy = self.subscription(subscription).policy
        return any(member in policy.get(role, ()) for role in CONSUMER_ROLES)

    # -- messages ------------------------------------------------------------------------------

    def publish(
        self, topic: str, data: bytes, attributes: Mapping[str, str] | None = None,
        *, copies: int = 1, delay: float = 0.0,
    ) -> str:  # fmt: skip
        """Hand a message to every subscription of a topic and return its id.

        *copies* above 1 deliver it again under the same id (at least once), *delay* holds it back
        by seconds. Raises NotFound.
        """
        now = self.clock.now()
        with self.changed:
            found = self.topic(topic)
            found.published += 1
            self._next_id += self._rng.randint(1, 9)
            note = Note(str(self._next_id), data, dict(attributes or {}), now)
            for subscription in self.subscriptions.values():
                if subscription.topic == topic:
                    for _copy in range(copies):
                        subscription.backlog.add(note, now + delay)
            self.changed.notify_all()
            return note.id

    def lease(self, subscription: Subscription, limit: int) -> list[tuple[str, Note, int]]:
        """Take at most *limit* due messages for the ack deadline: (ack id, message, attempt)."""
        now = self.clock.now()
        with self.changed:
            subscription.backlog.forget(now - subscription.retention)
            return subscription.backlog.lease(now, limit, subscription.ack_deadline)

    def acknowledge(self, name: str, ack_ids: Iterable[str]) -> int:
        """Finish messages; ids whose lease is over do nothing. Returns how many counted."""
        with self.changed:
            subscription = self.subscription(name)
            done = subscription.backlog.acknowledge(ack_ids)
            subscription.acked += done
            return done

    def modify_deadline(self, name: str, ack_ids: Iterable[str], seconds: int) -> None:
        """Move the end of leases to *seconds* from now; 0 hands the messages back at once."""
        if not 0 <= seconds <= MAX_ACK:
            raise Invalid(_BAD_DEADLINE)
        with self.changed:
            self.subscription(name).backlog.postpone(ack_ids, self.clock.now() + seconds)
            self.changed.notify_all()


def check_name(name: str, kind: str) -> None:
    """Raise Invalid unless *name* is a full resource name of this kind."""
    found = _NAME.match(name)
    if not found or found.group(2) != kind or found.group(3).lower().startswith("goog"):
        raise Invalid(f"Invalid resource name given (name={name}). Refer to "
                      "https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names for more "
                      "information.")  # fmt: skip


def short(name: str) -> str:
    """Return the last part of a resource name, as Google's refusals show it."""
    return name.rpartition("/")[2]


def check_ack(seconds: int) -> int:
    """Return an ack deadline (0 means the default). Raises Invalid."""
    if seconds == 0:
        return DEFAULT_ACK
    if not MIN_ACK <= seconds <= MAX_ACK:
        raise Invalid(_BAD_DEADLINE)
    return seconds


def check_retention(seconds: float) -> float:
    """Return a retention time. Raises Invalid."""
    if not MIN_RETENTION <= seconds <= MAX_RETENTION:
        raise Invalid("The value for message_retention_duration is out of bounds.")
    return seconds
