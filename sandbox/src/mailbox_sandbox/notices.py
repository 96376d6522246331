"""Gmail's side of push: which change of a mailbox becomes a message on the watched topic.

Called while the account is locked, so it only hands over to the broker.
"""

from __future__ import annotations

import json
import threading

from .account import Account, Watch
from .broker import Broker
from .changelog import Change
from .errors import NotFound
from .faults import NOTICES, Fault, FaultPlan
from .settings import Settings

#: Google: "Each Gmail user being watched has a maximum notification rate of 1 event per second".
INTERVAL = 1.0


class Notices:
    """Publishes for every live watch; knows when each user was last told something."""

    def __init__(self, broker: Broker, settings: Settings, faults: FaultPlan) -> None:
        self._broker = broker
        self._settings = settings
        self._faults = faults
        self._lock = threading.Lock()
        self._last: dict[str, float] = {}
        self._held: list[tuple[str, bytes]] = []
        self.published = 0
        self.dropped = 0

    def changed(self, account: Account, change: Change) -> None:
        """Tell the watchers of an account about a change, unless the user had one just now."""
        now = account.clock.now()
        for watch in list(account.watches.values()):
            if watch.expires > now and concerns(watch, change):
                self._limited(account.email, watch.topic, change.id, now)

    def first(self, account: Account, watch: Watch) -> None:
        """Publish what a fresh watch begins with; it does not count against the rate."""
        self._publish(account.email, watch.topic, account.log.last_id())

    def announce(self, email: str, topic: str, history_id: int) -> None:
        """Publish any notification, for an account that may not exist. Raises NotFound."""
        self._broker.topic(topic)
        self._publish(email, topic, history_id)

    def _limited(self, email: str, topic: str, history_id: int, now: float) -> None:
        with self._lock:
            since = now - self._last.get(email, float("-inf"))
            if self._settings.push_drops_excess and since < INTERVAL:
                self.dropped += 1
                return
            self._last[email] = now
        self._publish(email, topic, history_id)

    def _publish(self, email: str, topic: str, history_id: int) -> None:
        written = str(history_id) if self._settings.push_history_id == "string" else history_id
        data = json.dumps({"emailAddress": email, "historyId": written}).encode()
        fault = self._faults.take("pubsub", "notify", email, NOTICES)
        if fault is not None and fault.fault == "dropped":
            self.dropped += 1
            return
        if fault is not None and fault.fault == "reordered":
            with self._lock:
                self._held.append((topic, data))
            return
        self._send(topic, data, fault)
        with self._lock:
            late, self._held = self._held, []
        for held in late:
            self._send(*held)

    def _send(self, topic: str, data: bytes, fault: Fault | None = None) -> None:
        kind, args = (fault.fault, fault.args) if fault else ("", {})
        copies = int(args.get("copies", 2)) if kind == "duplicated" else 1
        delay = float(args.get("seconds", 60)) if kind == "delayed" else 0.0
        try:
            self._broker.publish(topic, data, copies=copies, delay=delay)
            self.published += 1
        except NotFound:
            self.dropped += 1  # the topic was deleted: Gmail says nothing


def concerns(watch: Watch, change: Change) -> bool:
    """Tell whether a change touches the labels that a watch asks for."""
    if not watch.label_ids:
        return True
    touched = bool({*change.labels, *change.changed} & set(watch.label_ids))
    return touched if watch.behavior == "include" else not touched
