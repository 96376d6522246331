"""Push: ``users.watch`` and the notifications that Pub/Sub delivers for it.

A watch lives seven days; calling again with the same topic renews it. A notification says only
"something changed": the history is read from the stored cursor, never from the id it carries.
Source: Gmail API, "Push notifications"; Cloud Pub/Sub, "Push subscriptions" (wrapped payload).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ...contract import PushTarget, Subscription
from ...errors import NotFound, ProviderError, Refused, Unavailable
from ...types import Hint
from .client import FULL_ACCESS, MODIFY, READ, Client, Json, decode64, text
from .cursor import Live
from .fetch import moment
from .labels import ROLE_LABELS

_TEXTS: Mapping[str, str] = {
    "push_permission": "Gmail may not publish to the topic {topic}. Grant gmail-api-push@system."
    "gserviceaccount.com the role Pub/Sub Publisher on it.",
    "push_project": "The topic {topic} must be in the Cloud project of the OAuth client.",
    "push_conflict": "Another topic is watched for this mailbox; it has to be stopped first.",
    "push_topic": "The topic {topic} does not exist.",
}


#: One of these is enough to watch (discovery document, ``users.watch``).
WATCH_SCOPES = frozenset({READ, MODIFY, FULL_ACCESS})


class GmailPush:
    """The ``contract.PushProvider`` half of a Gmail mailbox."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def subscribe(self, target: PushTarget) -> Subscription:
        """Watch the whole mailbox, or the folders that ``target`` names.

        Raises Refused with one of the codes ``push_permission``, ``push_project``,
        ``push_conflict`` and ``push_topic`` for what an administrator has to mend.
        """
        if not target.topic:
            raise Refused("Push needs the name of a Pub/Sub topic.", "push_topic")
        body: dict[str, Any] = {"topicName": target.topic}
        labels = sorted(ROLE_LABELS[role] for role in target.folders if role in ROLE_LABELS)
        if labels:
            body |= {"labelIds": labels, "labelFilterBehavior": "INCLUDE"}
        try:
            data = self._client.post("watch", "watch", body, READ)
        except ProviderError as failure:
            raise _explained(failure, target.topic) from None
        return _subscription(target, data)

    def renew(self, target: PushTarget, subscription: Subscription) -> Subscription:
        """Watch again; the same topic renews."""
        return self.subscribe(target)

    def cancel(self, subscription: Subscription) -> None:
        """End the watch. Notifications may still arrive for minutes."""
        self._client.post("stop", "stop", None, READ)


def decode(body: bytes | Mapping[str, Any], received_at: datetime) -> Hint:
    """The hint in a notification: a push request's body, wrapped or not, or its ``message`` from a
    pull.

    The history id comes as a number although the guide prints text; it becomes ``Hint.detail``.
    Raises Refused with code ``notification`` for anything else.
    """
    message = _object(body)
    inner = message.get("message")
    message = inner if isinstance(inner, dict) else message
    data = message if "emailAddress" in message else _content(message.get("data"))
    address, history = text(data, "emailAddress"), data.get("historyId")
    if address is None or isinstance(history, bool) or not isinstance(history, (str, int)):
        raise _unreadable()
    if not (str(history).isascii() and str(history).isdigit()):
        raise _unreadable()
    return Hint(address.lower(), received_at, str(history), _published(message))


def _published(message: Json) -> datetime | None:
    """When Pub/Sub took the message over; None when it does not say so legibly."""
    try:
        found = datetime.fromisoformat((text(message, "publishTime") or "").replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _content(data: object) -> Json:
    try:
        return _object(decode64(data))
    except Unavailable:
        raise _unreadable() from None


def _subscription(target: PushTarget, data: Json) -> Subscription:
    expiration = _number(data.get("expiration"))
    history = _number(data.get("historyId"))
    expires_at = None if expiration is None else moment(expiration)
    cursor = None if history is None else Live(str(history)).encode()
    return Subscription(target.topic, expires_at, cursor)


def _explained(failure: ProviderError, topic: str) -> ProviderError:
    """The refusals of ``watch`` in words; their reasons are the general ones, so the text
    decides."""
    said = failure.detail
    code = ""
    if isinstance(failure, NotFound):
        code = "push_topic"
    elif isinstance(failure, Refused):
        if "Only one user push notification client" in said:
            code = "push_conflict"
        elif "topicName" in said:
            code = "push_project"
        elif "Resource not found" in said:
            code = "push_topic"
        elif "not authorized" in said or "test message" in said:
            code = "push_permission"
    return Refused(_TEXTS[code].format(topic=topic), code) if code else failure


def _object(body: bytes | Mapping[str, Any]) -> Json:
    if not isinstance(body, bytes):
        return dict(body)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise _unreadable() from None
    if not isinstance(found, dict):
        raise _unreadable()
    return found


def _number(value: object) -> int | None:
    found = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    return int(found) if found.isascii() and found.isdigit() and len(found) <= 20 else None


def _unreadable() -> Refused:
    return Refused("The notification cannot be read.", "notification")
