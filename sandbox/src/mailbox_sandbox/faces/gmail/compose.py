"""Writing calls: send, insert, import, drafts."""

from __future__ import annotations

from typing import Any

from ... import sending
from ...message import Message
from . import mail, problems, render
from .call import Call

Json = dict[str, Any]


def _thread_id(call: Call) -> str | None:
    value = call.message_body().get("threadId")
    if value is not None and not isinstance(value, str):
        raise problems.bad_request("Invalid value at 'threadId' (TYPE_STRING)")
    return value or None


def send(call: Call) -> Json:
    """``users.messages.send``."""
    return render.short(sending.send(call.world, call.account, call.raw(), _thread_id(call)))


def _insert(call: Call, default: str) -> Json:
    source = call.params.get("internalDateSource", default)
    if call.params.get("deleted"):
        raise problems.failed_precondition("deleted=true needs Google Vault.")
    message = sending.insert(
        call.world, call.account, call.raw(), call.strings("labelIds", 100), _thread_id(call),
        date_header=source == "dateHeader",
    )  # fmt: skip
    return render.short(message)


def insert(call: Call) -> Json:
    """``users.messages.insert``: like IMAP APPEND."""
    return _insert(call, "receivedTime")


def import_(call: Call) -> Json:
    """``users.messages.import``: like delivery, dated by its Date header."""
    return _insert(call, "dateHeader")


def _draft(draft_id: str, message: Message) -> Json:
    return {"id": draft_id, "message": render.short(message)}


def list_drafts(call: Call) -> Json:
    """``users.drafts.list``, newest first."""
    call.params["labelIds"] = ["DRAFT"]
    listed = mail.list_messages(call)
    rows = listed.pop("messages", [])
    drafts = [{"id": call.account.draft_of[row["id"]], "message": row} for row in rows]
    return {"drafts": drafts, **listed} if drafts else listed


def get_draft(call: Call) -> Json:
    """``users.drafts.get``."""
    message = sending.draft(call.account, call.path["id"])
    return {"id": call.path["id"], "message": render.message(message, mail.view(call))}


def create_draft(call: Call) -> Json:
    """``users.drafts.create``."""
    if call.message_body().get("labelIds"):
        raise problems.invalid("Drafts cannot have labels")
    draft_id = sending.create_draft(call.world, call.account, call.raw(), _thread_id(call))
    return _draft(draft_id, sending.draft(call.account, draft_id))


def update_draft(call: Call) -> Json:
    """``users.drafts.update``: the message id changes."""
    message = sending.update_draft(
        call.world, call.account, call.path["id"], call.raw(), _thread_id(call)
    )
    return _draft(call.path["id"], message)


def send_draft(call: Call) -> Json:
    """``users.drafts.send``: a stored draft by id (with new content if a message is given)."""
    draft_id = call.body.get("id")
    if draft_id is None:
        return send(call)
    if not isinstance(draft_id, str):
        raise problems.bad_request("Invalid value at 'id' (TYPE_STRING)")
    if call.media is not None or call.message_body().get("raw"):
        sending.update_draft(call.world, call.account, draft_id, call.raw(), _thread_id(call))
    return render.short(sending.send_draft(call.world, call.account, draft_id))


def delete_draft(call: Call) -> None:
    """``users.drafts.delete``."""
    sending.delete_draft(call.account, call.path["id"])
