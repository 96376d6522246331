"""Resources as JSON, and JSON as resources, strictly."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ...backlog import Note
from ...broker import Oidc, PushConfig, RetryPolicy, Subscription, Topic
from ...pusher import timestamp
from . import problems

Json = dict[str, Any]
_DURATION = re.compile(r"^(\d{1,12}(?:\.\d{1,9})?)s$")


def topic(found: Topic) -> Json:
    """Return a Topic."""
    return _filled({"name": found.name, "labels": found.labels, "state": "ACTIVE"})


def subscription(found: Subscription) -> Json:
    """Return a Subscription."""
    return _filled({
        "name": found.name,
        "topic": found.topic,
        "pushConfig": push_config(found.push) if found.push else {},
        "ackDeadlineSeconds": found.ack_deadline,
        "messageRetentionDuration": _seconds(found.retention),
        "labels": found.labels,
        "expirationPolicy": {"ttl": "2678400s"},
        "retryPolicy": None if found.retry is None else {
            "minimumBackoff": _seconds(found.retry.minimum),
            "maximumBackoff": _seconds(found.retry.maximum),
        },
        "state": "ACTIVE",
    }, keep={"pushConfig"})  # fmt: skip


def push_config(push: PushConfig) -> Json:
    """Return a PushConfig."""
    data: Json = {"pushEndpoint": push.endpoint}
    if push.oidc:
        data["oidcToken"] = _filled(
            {"serviceAccountEmail": push.oidc.email, "audience": push.oidc.audience}
        )
    if push.unwrapped:
        data["noWrapper"] = _filled({"writeMetadata": push.write_metadata})
    return data


def received(ack_id: str, note: Note) -> Json:
    """Return a ReceivedMessage."""
    message = _filled({
        "data": base64.b64encode(note.data).decode(), "attributes": note.attributes,
        "messageId": note.id, "publishTime": timestamp(note.published),
    })  # fmt: skip
    return {"ackId": ack_id, "message": message}


def policy(members: Mapping[str, list[str]]) -> Json:
    """Return a Policy."""
    bindings = [{"role": role, "members": who} for role, who in members.items() if who]
    return _filled({"version": 1, "etag": "BwXhqDQ1Gxs=", "bindings": bindings})


def read_push(data: object) -> PushConfig | None:
    """Read a PushConfig; None for an empty one (pull). Raises Refusal."""
    given = check(data, {"pushEndpoint", "oidcToken", "noWrapper", "pubsubWrapper", "attributes"},
                  "push_config")  # fmt: skip
    endpoint = text(given, "pushEndpoint")
    if not endpoint:
        return None
    if urlsplit(endpoint).scheme not in ("http", "https") or not urlsplit(endpoint).hostname:
        raise problems.bad(f"Invalid push endpoint given (endpoint={endpoint}). Refer to "
                           "https://cloud.google.com/pubsub/docs/push.")  # fmt: skip
    oidc = None
    if "oidcToken" in given:
        token = check(given["oidcToken"], {"serviceAccountEmail", "audience"}, "oidc_token")
        oidc = Oidc(text(token, "serviceAccountEmail"), text(token, "audience"))
        if "@" not in oidc.email:
            raise problems.bad("Invalid service account email.")
    wrapper = check(given.get("noWrapper", {}), {"writeMetadata"}, "no_wrapper")
    bare = "noWrapper" in given
    return PushConfig(endpoint, oidc, bare, wrapper.get("writeMetadata") is True)


def read_retry(data: object) -> RetryPolicy:
    """Read a RetryPolicy. Raises Refusal."""
    given = check(data, {"minimumBackoff", "maximumBackoff"}, "retry_policy")
    minimum = duration(given, "minimumBackoff", 10.0)
    maximum = duration(given, "maximumBackoff", 600.0)
    if not 0 <= minimum <= maximum <= 600:
        raise problems.bad("Invalid retry policy: backoff is between 0 and 600 seconds.")
    return RetryPolicy(minimum, maximum)


def read_policy(data: object) -> dict[str, list[str]]:
    """Read a Policy. Raises Refusal."""
    given = check(data, {"version", "etag", "bindings"}, "policy")
    found: dict[str, list[str]] = {}
    for binding in items(given, "bindings"):
        line = check(binding, {"role", "members", "condition"}, "bindings")
        if "condition" in line:
            raise problems.left_out("A condition in a policy")
        found.setdefault(text(line, "role"), []).extend(strings(line, "members"))
    return found


def read_data(data: object) -> tuple[bytes, dict[str, str]]:
    """Read a PubsubMessage to publish. Raises Refusal."""
    given = check(data, {"data", "attributes", "orderingKey"}, "messages")
    attributes = given.get("attributes", {})
    if not isinstance(attributes, dict) or not all(isinstance(v, str) for v in attributes.values()):
        raise problems.bad("Invalid value at 'messages.attributes'")
    try:
        content = base64.b64decode(text(given, "data"), validate=True)
    except binascii.Error:
        raise problems.bad("Invalid value at 'messages.data' (TYPE_BYTES), Base64 decoding failed"
                           ) from None  # fmt: skip
    if not content and not attributes:
        raise problems.bad("Some messages in the batch are empty. Each message must contain either "
                           "non-empty data, or at least one attribute.")  # fmt: skip
    return content, attributes


def check(data: object, known: set[str], where: str) -> Json:
    """Return an object with known fields only. Raises Refusal."""
    if not isinstance(data, dict):
        raise problems.bad(f"Invalid value at '{where}'")
    for name in data:
        if name not in known:
            raise problems.bad(f"Invalid JSON payload received. Unknown name \"{name}\" at "
                               f"'{where}': Cannot find field.")  # fmt: skip
    return data


def text(data: Json, name: str) -> str:
    """Return a string field, empty when absent. Raises Refusal."""
    value = data.get(name, "")
    if not isinstance(value, str):
        raise problems.bad(f"Invalid value at '{name}' (TYPE_STRING)")
    return value


def whole(data: Json, name: str, default: int) -> int:
    """Return an integer field. Raises Refusal."""
    value = data.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise problems.bad(f"Invalid value at '{name}' (TYPE_INT32)")
    return value


def items(data: Json, name: str) -> list[Any]:
    """Return a list field. Raises Refusal."""
    value = data.get(name, [])
    if not isinstance(value, list):
        raise problems.bad(f"Invalid value at '{name}'")
    return value


def strings(data: Json, name: str) -> list[str]:
    """Return a list of strings. Raises Refusal."""
    found = items(data, name)
    if not all(isinstance(item, str) for item in found):
        raise problems.bad(f"Invalid value at '{name}' (TYPE_STRING)")
    return found


def duration(data: Json, name: str, default: float) -> float:
    """Return a protobuf duration in seconds. Raises Refusal."""
    value = data.get(name)
    if value is None:
        return default
    found = _DURATION.match(value) if isinstance(value, str) else None
    if not found:
        kind = "type.googleapis.com/google.protobuf.Duration"
        raise problems.bad(f"Invalid value at '{name}' ({kind})")
    return float(found.group(1))


def _seconds(value: float) -> str:
    return f"{value:g}s" if value < 1e6 else f"{int(value)}s"


def _filled(data: Json, keep: set[str] | None = None) -> Json:
    """Leave out what is empty, as protobuf's JSON does."""
    return {key: value for key, value in data.items() if value or key in (keep or ())}
