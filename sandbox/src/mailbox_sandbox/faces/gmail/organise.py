"""Labels, send-as addresses and push registrations."""

from __future__ import annotations

import re
from typing import Any

from ...account import SendAs, Watch
from ...broker import GMAIL_PUBLISHER, Broker
from ...errors import NotFound
from ...labels import LIST_VISIBILITY, MESSAGE_VISIBILITY, Label
from . import problems, render
from .call import Call

Json = dict[str, Any]
_TOPIC = re.compile(r"^projects/([a-z][a-z0-9.:-]*)/topics/([A-Za-z][\w.~+%-]{2,254})$")
WATCH_LIFETIME = 7 * 86400.0


def list_labels(call: Call) -> Json:
    """``users.labels.list``: without counters."""
    return {"labels": [render.label(item) for item in call.account.labels.by_id.values()]}


def get_label(call: Call) -> Json:
    """``users.labels.get``: with counters."""
    return render.counted(call.account, call.account.labels.get(call.path["id"]))


def create_label(call: Call) -> Json:
    """``users.labels.create``."""
    _check_label(call.body)
    with call.account.locked():
        label = call.account.labels.create(str(call.body.get("name", "")))
        try:
            _apply(call, label)
        except Exception:
            call.account.labels.remove(label.id)
            raise
        return render.label(label)


def change_label(call: Call) -> Json:
    """``users.labels.update`` and ``patch``: fields that are absent stay."""
    _check_label(call.body)
    with call.account.locked():
        label = call.account.labels.get(call.path["id"])
        if label.type == "system" and "name" in call.body and call.body["name"] != label.name:
            raise problems.invalid("Invalid update request")
        name = call.body.get("name", label.name)
        if name != label.name:
            call.account.labels.rename(label, name)
        _apply(call, label)
        return render.label(label)


def delete_label(call: Call) -> None:
    """``users.labels.delete``: taken off every message, with a history record for each."""
    call.account.remove_label(call.path["id"])


def _check_label(body: Json) -> None:
    visibility = {
        "messageListVisibility": MESSAGE_VISIBILITY,
        "labelListVisibility": LIST_VISIBILITY,
        "type": ("system", "user"),
    }
    for name, allowed in visibility.items():
        if name in body and body[name] not in allowed:
            raise problems.bad_request(f"Invalid value at 'label.{name}' (TYPE_ENUM)")
    if not isinstance(body.get("name", ""), str):
        raise problems.bad_request("Invalid value at 'label.name' (TYPE_STRING)")
    if not isinstance(body.get("color", {}), dict):
        raise problems.bad_request("Invalid value at 'label.color'")


def _apply(call: Call, label: Label) -> None:
    body = call.body
    label.message_list_visibility = body.get("messageListVisibility", label.message_list_visibility)
    label.label_list_visibility = body.get("labelListVisibility", label.label_list_visibility)
    color = body.get("color")
    if color:
        text, background = color.get("textColor", ""), color.get("backgroundColor", "")
        call.account.labels.paint(label, str(text), str(background))


def _alias(alias: SendAs) -> Json:
    data = {
        "sendAsEmail": alias.email,
        "displayName": alias.name,
        "replyToAddress": alias.reply_to,
        "signature": alias.signature,
        "isPrimary": alias.is_primary,
        "isDefault": alias.is_default,
    }
    if not alias.is_primary:
        data["treatAsAlias"] = alias.treat_as_alias
        data["verificationStatus"] = "accepted" if alias.verified else "pending"
    keep = {"displayName", "replyToAddress", "signature"}
    return {key: value for key, value in data.items() if value or key in keep}


def _find_alias(call: Call) -> SendAs:
    wanted = call.path["send_as_email"].lower()
    for alias in call.account.send_as:
        if alias.email.lower() == wanted:
            return alias
    raise NotFound(wanted)


def list_send_as(call: Call) -> Json:
    """``users.settings.sendAs.list``."""
    return {"sendAs": [_alias(alias) for alias in call.account.send_as]}


def get_send_as(call: Call) -> Json:
    """``users.settings.sendAs.get``."""
    return _alias(_find_alias(call))


def change_send_as(call: Call) -> Json:
    """``users.settings.sendAs.update`` and ``patch``."""
    alias = _find_alias(call)
    for name in ("displayName", "replyToAddress", "signature"):
        if not isinstance(call.body.get(name, ""), str):
            raise problems.bad_request(f"Invalid value at 'send_as.{name}' (TYPE_STRING)")
    alias.name = call.body.get("displayName", alias.name)
    alias.reply_to = call.body.get("replyToAddress", alias.reply_to)
    alias.signature = re.sub(
        r"(?is)<script.*?</script>", "", call.body.get("signature", alias.signature)
    )
    if call.body.get("isDefault"):
        for other in call.account.send_as:
            other.is_default = other is alias
    return _alias(alias)


def service_account_only(call: Call) -> Json:
    """``sendAs.create/delete/verify``: for service accounts with domain-wide delegation."""
    raise problems.ApiError(
        403, "Access restricted to service accounts that have been delegated domain-wide authority",
        "forbidden",
    )  # fmt: skip


def watch(call: Call) -> Json:
    """``users.watch``: tested, kept, and begun with a first notification."""
    project = call.token.client.project
    topic = call.body.get("topicName", "")
    found = _TOPIC.match(topic) if isinstance(topic, str) else None
    if not found or found.group(1) != project:
        raise problems.invalid(f"Invalid topicName does not match projects/{project}/topics/*")
    behavior = call.body.get("labelFilterBehavior") or call.body.get("labelFilterAction", "include")
    if str(behavior).lower() not in ("include", "exclude"):
        raise problems.bad_request("Invalid value at 'label_filter_behavior' (TYPE_ENUM)")
    labels = call.strings("labelIds", 100)
    for label_id in labels:
        if label_id not in call.account.labels.by_id:
            raise problems.invalid(f"Invalid label: {label_id}")
    now = call.world.clock.now()
    standing = call.account.watches.get(project)
    if standing and standing.expires > now and standing.topic != topic:
        raise problems.invalid("Only one user push notification client allowed per developer "
                               "(call /stop then try again)")  # fmt: skip
    _test_topic(call.world.broker, topic)
    expires = now + WATCH_LIFETIME
    started = Watch(topic, project, tuple(labels), str(behavior).lower(), expires)
    call.account.watches[project] = started
    position = call.account.position()
    call.world.notices.first(call.account, started)
    return {"historyId": str(position), "expiration": str(int(expires * 1000))}


def _test_topic(broker: Broker, topic: str) -> None:
    """Raise what Gmail answers when its test message does not get through."""
    failed = f"Error sending test message to Cloud PubSub {topic} : "
    try:
        allowed = broker.may_publish(topic, GMAIL_PUBLISHER)
    except NotFound as error:
        raise problems.ApiError(404, failed + str(error), "notFound") from None
    if not allowed:
        said = "User not authorized to perform this action."
        raise problems.ApiError(403, failed + said, "forbidden")


def stop(call: Call) -> None:
    """``users.stop``."""
    call.account.watches.pop(call.token.client.project, None)
