"""Reading calls: profile, messages, attachments, threads, history."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ... import listing, search
from ...account import Account
from ...changelog import (
    LABEL_ADDED,
    LABEL_REMOVED,
    MESSAGE_ADDED,
    MESSAGE_DELETED,
    Change,
)
from ...message import Message
from ...ordering import Key
from . import paging, problems, render
from .call import Call, check_id

Json = dict[str, Any]
Walker = Callable[[Account, listing.Selection, Key | None], Iterator[Message]]
_HISTORY_KEY = {
    MESSAGE_ADDED: "messagesAdded",
    MESSAGE_DELETED: "messagesDeleted",
    LABEL_ADDED: "labelsAdded",
    LABEL_REMOVED: "labelsRemoved",
}


def get_profile(call: Call) -> Json:
    """``users.getProfile``: the only safe starting cursor is its historyId."""
    account = call.account
    return {
        "emailAddress": account.email,
        "messagesTotal": len(account.messages),
        "threadsTotal": len(account.threads),
        "historyId": str(account.position()),
    }


@dataclass
class Page:
    """Part of a list; ``resume`` is where the next one starts, or None at the end."""

    items: list[Message]
    resume: list[int] | None


def list_messages(call: Call) -> Json:
    """``users.messages.list``: ids only, newest first, with a useless estimate."""
    page = _page(call, listing.walk)
    return _listed(call, "messages", [render.reference(item) for item in page.items], page)


def list_threads(call: Call) -> Json:
    """``users.threads.list``."""
    page = _page(call, listing.walk_threads)
    rows = [
        {
            "id": item.thread_id,
            "snippet": item.snippet,
            "historyId": str(max(m.history_id for m in call.account.thread(item.thread_id))),
        }
        for item in page.items
    ]
    return _listed(call, "threads", rows, page)


def _listed(call: Call, name: str, rows: list[Json], page: Page) -> Json:
    more = page.resume is not None
    data: Json = {"resultSizeEstimate": 201 if more else min(201, len(rows))}
    if rows:
        data = {name: rows, **data}
    if more:
        data["nextPageToken"] = paging.make(call, page.resume)
    return data


def _page(call: Call, walker: Walker) -> Page:
    selection, start, size = _selection(call), paging.position(call), paging.size(call)
    before: Key | None = (start[0], start[1]) if start else None
    shown = skip = int(start[2]) if start else 0
    if call.world.settings.list_paging == "offset":
        before = None
    else:
        skip = 0
    if start and _repeats(call):
        before = (before[0], before[1] + 1) if before else None
        skip = max(0, skip - 1)
    items = list(itertools.islice(walker(call.account, selection, before), skip, skip + size + 1))
    if len(items) <= size:
        return Page(items, None)
    return Page(items[:size], [*items[size - 1].key, shown + size])


def _repeats(call: Call) -> bool:
    """The last item of the page before comes again (fault ``repeat_items``)."""
    faults = call.services.faults
    return bool(faults.take("gmail", call.method.name, call.account.email, {"repeat_items"}))


def _selection(call: Call) -> listing.Selection:
    text = call.params.get("q", "")
    if text and call.only_metadata():
        raise problems.ApiError(403, "Metadata scope does not support 'q' parameter", "forbidden")
    query = search.parse(text, call.world.clock.now()) if text.strip() else None
    labels = tuple(dict.fromkeys(call.params.get("labelIds", ())))
    for label_id in labels:
        if label_id not in call.account.labels.by_id:
            raise problems.invalid(f"Invalid label: {label_id}")
    return listing.Selection(labels, query, call.params.get("includeSpamTrash", False), call.lag())


def view(call: Call) -> render.View:
    """Return how this call wants messages shown. Raises ApiError for a format above the scope."""
    wanted = frozenset(name.lower() for name in call.params.get("metadataHeaders", ()))
    default = "metadata" if call.only_metadata() and "format" not in call.params else "full"
    shape = call.params.get("format", default)
    if shape in ("full", "raw") and call.only_metadata():
        text = f"Metadata scope doesn't allow format {shape.upper()}"
        raise problems.ApiError(403, text, "forbidden")
    return render.View(shape, wanted, call.world.clock.now())


def get_message(call: Call) -> Json:
    """``users.messages.get``."""
    found = call.account.get(check_id(call.path["id"]))
    if found.arrived > call.lag():
        raise problems.not_found()
    call.services.quota.fetched(call.token.client.project, call.account.email, [found.id])
    return render.message(found, view(call))


def get_attachment(call: Call) -> Json:
    """``users.messages.attachments.get``: ids are those of a recent get, no others."""
    found = call.account.get(check_id(call.path["message_id"]))
    part = render.open_attachment_id(
        call.path["id"], found, call.world.clock.now(), call.world.settings.attachment_id_ttl
    )
    if part is None:
        raise problems.invalid("Invalid attachment token")
    return {"size": len(part.content), "data": render.b64(part.content)}


def get_thread(call: Call) -> Json:
    """``users.threads.get``: all messages, oldest first."""
    found = call.account.thread(check_id(call.path["id"]))
    shape = view(call)
    ids = [item.id for item in found]
    call.services.quota.fetched(call.token.client.project, call.account.email, ids)
    return {
        "id": call.path["id"],
        "historyId": str(max(item.history_id for item in found)),
        "messages": [render.message(item, shape) for item in found],
    }


def list_history(call: Call) -> Json:
    """``users.history.list``: one record per change; a page may hold none and still go on."""
    account, log, now = call.account, call.account.log, call.world.clock.now()
    log.prune(now)
    start = call.params.get("startHistoryId")
    if start is None:
        raise problems.invalid("Missing startHistoryId")
    if start < log.floor or start > log.last_id():
        raise problems.not_found()
    label_id = call.params.get("labelId")
    if label_id is not None and label_id not in account.labels.by_id:
        raise problems.invalid(f"Invalid label: {label_id}")
    until = call.lag()
    after, size = paging.position(call) or start, paging.size(call)
    data: Json = {"historyId": str(log.visible_position(until, now))}
    if _empty_page(call):
        return {**data, "nextPageToken": paging.make(call, after)}
    changes, more = log.read(after, size, until)
    rows = [_record(change) for change in changes if _wanted(change, call)]
    if rows:
        data["history"] = rows
    if more:
        data["nextPageToken"] = paging.make(call, _next_history(call, changes))
    return data


def _next_history(call: Call, changes: Any) -> int:
    """Resume after the page; with ``repeat_items`` its last record comes again."""
    again = _repeats(call) and len(changes) > 1
    return int(changes[-2].id if again else changes[-1].id)


def _empty_page(call: Call) -> bool:
    faults = call.services.faults
    return bool(faults.take("gmail", call.method.name, call.account.email, {"empty_history_page"}))


def _wanted(change: Change, call: Call) -> bool:
    kinds, label_id = call.params.get("historyTypes"), call.params.get("labelId")
    return (not kinds or change.kind in kinds) and (
        label_id is None or label_id in change.labels or label_id in change.changed
    )


def _record(change: Change) -> Json:
    ids = {"id": change.message_id, "threadId": change.thread_id}
    item: Json = {"message": render.compact({**ids, "labelIds": render.ordered(change.labels)})}
    if change.changed:
        item["labelIds"] = list(change.changed)
    return {"id": str(change.id), "messages": [ids], _HISTORY_KEY[change.kind]: [item]}
