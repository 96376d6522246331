"""Every method of the face: name, verb, path, scopes and query parameters.

A test compares this table with Google's discovery document.
"""

from __future__ import annotations

from dataclasses import dataclass

P = "https://www.googleapis.com/auth/"
SHORT = {
    "M": "https://mail.google.com/",
    "mod": P + "gmail.modify",
    "ro": P + "gmail.readonly",
    "meta": P + "gmail.metadata",
    "comp": P + "gmail.compose",
    "send": P + "gmail.send",
    "ins": P + "gmail.insert",
    "lab": P + "gmail.labels",
    "sb": P + "gmail.settings.basic",
    "ss": P + "gmail.settings.sharing",
    "ac": P + "gmail.addons.current.action.compose",
    "am": P + "gmail.addons.current.message.action",
    "am-meta": P + "gmail.addons.current.message.metadata",
    "am-ro": P + "gmail.addons.current.message.readonly",
}
FORMATS = ("minimal", "full", "raw", "metadata")


@dataclass(frozen=True)
class Param:
    """A query parameter: ``kind`` is string, integer, uint64 or boolean."""

    name: str
    kind: str = "string"
    repeated: bool = False
    enum: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True)
class Method:
    """One method; ``path`` is a Werkzeug rule below ``/gmail/v1/users/<user_id>/``."""

    name: str
    verb: str
    path: str
    scopes: tuple[str, ...]
    params: tuple[Param, ...] = ()
    upload: int = 0
    body: tuple[str, ...] = ()


_FORMAT = Param("format", enum=FORMATS)
_META = Param("metadataHeaders", repeated=True)
_PAGE = (Param("maxResults", "integer"), Param("pageToken"))
_LIST = (
    *_PAGE, Param("q"), Param("labelIds", repeated=True), Param("includeSpamTrash", "boolean")
)  # fmt: skip
_SOURCE = Param("internalDateSource", enum=("receivedTime", "dateHeader"))
_DELETED = Param("deleted", "boolean")
_HISTORY_TYPES = ("messageAdded", "messageDeleted", "labelAdded", "labelRemoved")
SEND_MAX = 36_700_160
INSERT_MAX = 157_286_400

MESSAGE = (
    "id", "threadId", "labelIds", "snippet", "historyId", "internalDate", "payload",
    "sizeEstimate", "raw", "classificationLabelValues",
)  # fmt: skip
_CHANGE = (
    "addLabelIds", "removeLabelIds", "addClassificationLabels", "removeClassificationLabelIds"
)  # fmt: skip
LABEL = (
    "id", "name", "messageListVisibility", "labelListVisibility", "type", "messagesTotal",
    "messagesUnread", "threadsTotal", "threadsUnread", "color",
)  # fmt: skip
SEND_AS = (
    "sendAsEmail", "displayName", "replyToAddress", "signature", "isPrimary", "isDefault",
    "treatAsAlias", "smtpMsa", "verificationStatus",
)  # fmt: skip
_DRAFT = ("id", "message")


def _m(
    name: str, verb: str, path: str, scopes: str, *params: Param, upload: int = 0,
    body: tuple[str, ...] = (),
) -> Method:  # fmt: skip
    return Method(name, verb, path, tuple(SHORT[s] for s in scopes.split()), params, upload, body)


METHODS = (
    _m("getProfile", "GET", "profile", "M comp meta mod ro"),
    _m("watch", "POST", "watch", "M meta mod ro",
       body=("topicName", "labelIds", "labelFilterAction", "labelFilterBehavior")),
    _m("stop", "POST", "stop", "M meta mod ro"),
    _m("history.list", "GET", "history", "M meta mod ro", *_PAGE,
       Param("startHistoryId", "uint64"), Param("labelId"),
       Param("historyTypes", repeated=True, enum=_HISTORY_TYPES)),
    _m("messages.list", "GET", "messages", "M meta mod ro", *_LIST),
    _m("messages.get", "GET", "messages/<id>", "M am-meta am-ro am meta mod ro", _FORMAT, _META),
    _m("messages.attachments.get", "GET", "messages/<message_id>/attachments/<id>",
       "M am-ro am mod ro"),
    _m("messages.modify", "POST", "messages/<id>/modify", "M mod", body=_CHANGE),
    _m("messages.batchModify", "POST", "messages/batchModify", "M mod", body=("ids", *_CHANGE)),
    _m("messages.batchDelete", "POST", "messages/batchDelete", "M", body=("ids",)),
    _m("messages.trash", "POST", "messages/<id>/trash", "M mod"),
    _m("messages.untrash", "POST", "messages/<id>/untrash", "M mod"),
    _m("messages.delete", "DELETE", "messages/<id>", "M"),
    _m("messages.send", "POST", "messages/send", "M ac comp mod send", upload=SEND_MAX,
       body=MESSAGE),
    _m("messages.insert", "POST", "messages", "M ins mod", _SOURCE, _DELETED, upload=INSERT_MAX,
       body=MESSAGE),
    _m("messages.import", "POST", "messages/import", "M ins mod", _SOURCE, _DELETED,
       Param("neverMarkSpam", "boolean"), Param("processForCalendar", "boolean"),
       upload=INSERT_MAX, body=MESSAGE),
    _m("threads.list", "GET", "threads", "M meta mod ro", *_LIST),
    _m("threads.get", "GET", "threads/<id>", "M am-meta am-ro am meta mod ro",
       Param("format", enum=("full", "metadata", "minimal")), _META),
    _m("threads.modify", "POST", "threads/<id>/modify", "M mod", body=_CHANGE[:2]),
    _m("threads.trash", "POST", "threads/<id>/trash", "M mod"),
    _m("threads.untrash", "POST", "threads/<id>/untrash", "M mod"),
    _m("threads.delete", "DELETE", "threads/<id>", "M"),
    _m("labels.list", "GET", "labels", "M lab meta mod ro"),
    _m("labels.get", "GET", "labels/<id>", "M lab meta mod ro"),
    _m("labels.create", "POST", "labels", "M lab mod", body=LABEL),
    _m("labels.update", "PUT", "labels/<id>", "M lab mod", body=LABEL),
    _m("labels.patch", "PATCH", "labels/<id>", "M lab mod", body=LABEL),
    _m("labels.delete", "DELETE", "labels/<id>", "M lab mod"),
    _m("drafts.list", "GET", "drafts", "M comp mod ro", *_PAGE, Param("q"),
       Param("includeSpamTrash", "boolean")),
    _m("drafts.get", "GET", "drafts/<id>", "M comp mod ro", _FORMAT),
    _m("drafts.create", "POST", "drafts", "M ac comp mod", upload=SEND_MAX, body=_DRAFT),
    _m("drafts.update", "PUT", "drafts/<id>", "M ac comp mod", upload=SEND_MAX, body=_DRAFT),
    _m("drafts.send", "POST", "drafts/send", "M ac comp mod", upload=SEND_MAX, body=_DRAFT),
    _m("drafts.delete", "DELETE", "drafts/<id>", "M ac comp mod"),
    _m("settings.sendAs.list", "GET", "settings/sendAs", "M mod ro sb"),
    _m("settings.sendAs.get", "GET", "settings/sendAs/<send_as_email>", "M mod ro sb"),
    _m("settings.sendAs.update", "PUT", "settings/sendAs/<send_as_email>", "sb ss", body=SEND_AS),
    _m("settings.sendAs.patch", "PATCH", "settings/sendAs/<send_as_email>", "sb ss", body=SEND_AS),
    _m("settings.sendAs.create", "POST", "settings/sendAs", "ss", body=SEND_AS),
    _m("settings.sendAs.delete", "DELETE", "settings/sendAs/<send_as_email>", "ss"),
    _m("settings.sendAs.verify", "POST", "settings/sendAs/<send_as_email>/verify", "ss"),
)  # fmt: skip
BY_NAME = {method.name: method for method in METHODS}
