"""Delivers to push subscriptions over HTTP, with Pub/Sub's way of trying again.

Source: Cloud Pub/Sub, "Push subscriptions": success codes, acknowledgement deadline as time limit,
exponential backoff of the whole endpoint from 100 ms to 60 s, window that grows with success.
"""

from __future__ import annotations

import base64
import datetime
import http.client
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from . import push_token
from .backlog import Note
from .broker import Broker, PushConfig, Subscription
from .faults import PUSHES, FaultPlan
from .keys import KeyRing

log = logging.getLogger(__name__)
SUCCESS = frozenset({102, 200, 201, 202, 204})
FIRST_BACKOFF, LAST_BACKOFF = 0.1, 60.0
#: Pushes on their way at once, over all subscriptions and for one.
WORKERS, LARGEST_WINDOW = 16, 16
#: Seconds (real) between two looks while something is owed: the sandbox clock may have jumped.
_GLANCE = 0.02


@dataclass(frozen=True)
class _Push:
    subscription: Subscription
    config: PushConfig
    ack_id: str
    note: Note
    attempt: int


class Pusher:
    """A thread that looks for due messages and a pool that posts them."""

    def __init__(self, broker: Broker, faults: FaultPlan, ring: KeyRing) -> None:
        self._broker = broker
        self._faults = faults
        self._ring = ring
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="pubsub-push")
        self._thread = threading.Thread(target=self._run, daemon=True, name="pubsub-pusher")

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what is on its way may end, what is owed stays owed."""
        self._stopping.set()
        with self._broker.changed:
            self._broker.changed.notify_all()
        self._thread.join(5)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        while not self._stopping.is_set():
            for push in self._due():
                self._pool.submit(self._deliver, push)
            with self._broker.changed:
                if not any(self._is_due(one) for one in self._pushing()):
                    owed = any(len(one.backlog) for one in self._pushing())
                    self._broker.changed.wait(_GLANCE if owed else 1.0)

    def _pushing(self) -> list[Subscription]:
        return [one for one in self._broker.subscriptions.values() if one.push is not None]

    def _is_due(self, subscription: Subscription) -> bool:
        now = self._broker.clock.now()
        free = subscription.window > subscription.outstanding
        return free and subscription.resume_at <= now and subscription.backlog.due(now)

    def _due(self) -> list[_Push]:
        found = []
        with self._broker.changed:
            for one in self._pushing():
                if self._is_due(one) and one.push is not None:
                    leased = self._broker.lease(one, one.window - one.outstanding)
                    one.outstanding += len(leased)
                    found += [_Push(one, one.push, *lease) for lease in leased]
        return found

    def _deliver(self, push: _Push) -> None:
        status, words = 0, ""
        try:
            status = self._post(push)
        except (OSError, http.client.HTTPException) as error:
            words = f"{type(error).__name__}: {error}"
        except Exception:
            log.exception("push of %s failed", push.note.id)
            words = "the sandbox failed"
        self._settle(push, status, words or str(status))

    def _settle(self, push: _Push, status: int, words: str) -> None:
        one, now = push.subscription, self._broker.clock.now()
        with self._broker.changed:
            one.outstanding -= 1
            one.last_answer = words
            if status in SUCCESS:
                one.acked += one.backlog.acknowledge([push.ack_id])
                one.backoff = 0.0
                one.window = min(one.window * 2, LARGEST_WINDOW)
            else:
                one.refused += 1
                one.window = 1
                one.backoff = min(max(FIRST_BACKOFF, one.backoff * 2), LAST_BACKOFF)
                one.resume_at = now + (0.0 if one.retry else one.backoff)
                one.backlog.postpone([push.ack_id], now + _wait(one, push.attempt))
            self._broker.changed.notify_all()

    def _post(self, push: _Push) -> int:
        parts = urlsplit(push.config.endpoint)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=push.subscription.ack_deadline)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("POST", target, body(push.subscription.name, push.config, push.note),
                               self._headers(push))  # fmt: skip
            return connection.getresponse().status
        finally:
            connection.close()

    def _headers(self, push: _Push) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "APIs-Google; (+sandbox)"}
        config = push.config
        if config.unwrapped:
            headers["Content-Type"] = "application/octet-stream"
            if config.write_metadata:
                headers |= metadata(push.subscription.name, push.note)
        token = self._token(push)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def _token(self, push: _Push) -> str:
        oidc = push.config.oidc
        if oidc is None:
            return ""
        audience = oidc.audience or push.config.endpoint
        fault = self._faults.take("pubsub", "push", _account(push.note), PUSHES)
        if fault is not None:
            kind = str(fault.args.get("kind", "bad_signature"))
            return push_token.forged(self._ring, kind, oidc.email, audience)
        return push_token.good(self._ring, oidc.email, audience)


def _wait(one: Subscription, attempt: int) -> float:
    """Seconds until this message may go again; without a policy the whole endpoint rests."""
    if one.retry is None:
        return 0.0
    return min(one.retry.minimum * 2.0 ** min(attempt - 1, 30), one.retry.maximum)


def body(subscription: str, config: PushConfig, note: Note) -> bytes:
    """Return what a push carries; both spellings of id and time, as Google sends them."""
    if config.unwrapped:
        return note.data
    published = timestamp(note.published)
    message: dict[str, object] = {
        "data": base64.b64encode(note.data).decode(),
        "messageId": note.id, "message_id": note.id,
        "publishTime": published, "publish_time": published,
    }  # fmt: skip
    if note.attributes:
        message["attributes"] = note.attributes
    return json.dumps({"message": message, "subscription": subscription}).encode()


def metadata(subscription: str, note: Note) -> dict[str, str]:
    """Return the headers of an unwrapped push with ``writeMetadata``."""
    return {
        "x-goog-pubsub-subscription-name": subscription,
        "x-goog-pubsub-message-id": note.id,
        "x-goog-pubsub-publish-time": timestamp(note.published),
        **note.attributes,
    }


def timestamp(moment: float) -> str:
    """Return RFC 3339 with milliseconds in UTC."""
    when = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _account(note: Note) -> str | None:
    """Whose notification this is, for faults of one account."""
    try:
        found = json.loads(note.data)["emailAddress"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None
