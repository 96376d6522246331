"""Changing calls: labels on messages and threads, bin, deletion."""

from __future__ import annotations

from typing import Any

from ...errors import NotFound
from . import problems, render
from .call import Call, check_id

Json = dict[str, Any]
MAX_LABELS_PER_CALL = 100
MAX_BATCH = 1000


def _labels(call: Call) -> tuple[list[str], list[str]]:
    for name in ("addClassificationLabels", "removeClassificationLabelIds"):
        if call.body.get(name):
            raise problems.failed_precondition("Classification labels need Google Workspace.")
    add = call.strings("addLabelIds", MAX_LABELS_PER_CALL)
    remove = call.strings("removeLabelIds", MAX_LABELS_PER_CALL)
    if not add and not remove:
        raise problems.invalid("No label add or removes specified")
    return add, remove


def modify(call: Call) -> Json:
    """``users.messages.modify``."""
    add, remove = _labels(call)
    return render.short(call.account.modify(check_id(call.path["id"]), add, remove))


def batch_modify(call: Call) -> None:
    """``users.messages.batchModify``: at most 1000 ids; unknown ones are ignored."""
    ids = call.strings("ids", MAX_BATCH)
    if not ids:
        raise problems.invalid("No message ids specified")
    add, remove = _labels(call)
    with call.account.locked():
        for message_id in ids:
            if check_id(message_id) in call.account.messages:
                call.account.modify(message_id, add, remove)


def batch_delete(call: Call) -> None:
    """``users.messages.batchDelete``: no promise that the ids existed."""
    ids = call.strings("ids", MAX_BATCH)
    with call.account.locked():
        for message_id in ids:
            if check_id(message_id) in call.account.messages:
                call.account.delete(message_id)


def trash(call: Call) -> Json:
    """``users.messages.trash``."""
    return render.short(call.account.trash(check_id(call.path["id"])))


def untrash(call: Call) -> Json:
    """``users.messages.untrash``."""
    return render.short(call.account.untrash(check_id(call.path["id"])))


def delete(call: Call) -> None:
    """``users.messages.delete``: at once and for good."""
    call.account.delete(check_id(call.path["id"]))


def _members(call: Call) -> list[str]:
    thread_id = check_id(call.path["id"])
    if thread_id not in call.account.threads:
        raise NotFound(thread_id)
    return list(call.account.threads[thread_id])


def _thread(call: Call) -> Json:
    found = call.account.thread(call.path["id"])
    return {
        "id": call.path["id"],
        "historyId": str(max(item.history_id for item in found)),
        "messages": [render.short(item) for item in found],
    }


def modify_thread(call: Call) -> Json:
    """``users.threads.modify``: every message there is now, none that comes later."""
    add, remove = _labels(call)
    for message_id in _members(call):
        if "DRAFT" not in call.account.messages[message_id].labels:
            call.account.modify(message_id, add, remove)
    return _thread(call)


def trash_thread(call: Call) -> Json:
    """``users.threads.trash``."""
    for message_id in _members(call):
        call.account.trash(message_id)
    return _thread(call)


def untrash_thread(call: Call) -> Json:
    """``users.threads.untrash``."""
    for message_id in _members(call):
        call.account.untrash(message_id)
    return _thread(call)


def delete_thread(call: Call) -> None:
    """``users.threads.delete``."""
    for message_id in _members(call):
        call.account.delete(message_id)
