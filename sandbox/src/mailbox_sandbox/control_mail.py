"""The part of the control API that deals with accounts and mail."""

from __future__ import annotations

import base64
import binascii
import email.message
import email.policy
import email.utils
from typing import Any

from . import listing, search
from .account import Account
from .message import Message
from .world import World

Json = dict[str, Any]
MAX_WAIT = 25.0


class MailControl:
    """Accounts, delivery and the person's own actions in the web mail."""

    def __init__(self, world: World) -> None:
        self._world = world

    def accounts(self) -> list[Json]:
        """List accounts with their labels and totals."""
        return [self._account(account) for account in list(self._world.accounts.values())]

    def _account(self, account: Account) -> Json:
        with account.locked():
            return {
                "email": account.email,
                "name": account.name,
                "messages": len(account.messages),
                "threads": len(account.threads),
                "history_id": account.log.last_id(),
                "drafts": len(account.drafts),
                "labels": [
                    {"id": label.id, "name": label.name, "type": label.type,
                     "total": len(account.index(label.id)),
                     "unread": account.unread.get(label.id, 0)}
                    for label in account.labels.by_id.values()
                ],
                "watches": [vars_of(watch) for watch in account.watches.values()],
            }  # fmt: skip

    def add_account(self, data: Json) -> Json:
        """Create an account: ``email``, ``name``."""
        return self._account(self._world.add_account(data["email"], data.get("name", "")))

    def messages(self, data: Json) -> Json:
        """List messages: ``account``, ``label``, ``q``, ``limit``; newest first."""
        account = self._world.account(data["account"])
        label, text = data.get("label", ""), data.get("q", "").strip()
        query = search.parse(text, self._world.clock.now()) if text else None
        everywhere = label in ("", "ALL")
        selection = listing.Selection(() if everywhere else (label,), query)
        limit = min(int(data.get("limit", 50)), 1000)
        rows = []
        with account.locked():
            for message in listing.walk(account, selection):
                rows.append(_row(message))
                if len(rows) == limit:
                    break
        return {"messages": rows, "account": self._account(account)}

    def message(self, data: Json) -> Json:
        """Show one message: ``account``, ``id``; the raw in base64."""
        account = self._world.account(data["account"])
        message = account.get(data["id"])
        tree = message.tree
        texts = [part.text() for part in tree.walk()
                 if part.mime_type == "text/plain" and not part.filename]  # fmt: skip
        files = [{"name": part.filename, "type": part.mime_type, "size": len(part.content)}
                 for part in tree.walk() if part.filename]  # fmt: skip
        return {
            **_row(message), "to": message.header("To"), "text": "\n".join(texts) or "",
            "files": files, "sha256": message.sha256, "size": message.size,
            "history_id": message.history_id, "raw": base64.b64encode(message.raw).decode(),
        }  # fmt: skip

    def changes(self, data: Json) -> Json:
        """Wait (at most 25 s) for a change after ``since`` and tell the position."""
        account = self._world.account(data["account"])
        timeout = min(float(data.get("timeout", 20)), MAX_WAIT)
        return {"history_id": account.wait(int(data.get("since", 0)), timeout)}

    def deliver(self, data: Json) -> Json:
        """Deliver ``raw`` (base64) or a mail made of ``from``, ``to``, ``subject``, ``text``."""
        account = self._world.account(data["account"])
        raw = _unpack(data["raw"]) if "raw" in data else self._compose(account, data)
        message = account.deliver(
            raw, data.get("labels", ["INBOX", "UNREAD"]), data.get("date"), data.get("thread_id")
        )
        return _row(message)

    def _compose(self, account: Account, data: Json) -> bytes:
        mail = email.message.EmailMessage(policy=email.policy.SMTP)
        mail["From"] = data.get("from") or "Visitor <visitor@example.net>"
        mail["To"] = data.get("to") or account.email
        mail["Subject"] = data.get("subject", "")
        mail["Date"] = email.utils.formatdate(self._world.clock.now())
        mail["Message-ID"] = email.utils.make_msgid(domain="sandbox.example")
        if data.get("in_reply_to"):
            mail["In-Reply-To"] = mail["References"] = data["in_reply_to"]
        mail.set_content(data.get("text", ""))
        if data.get("html"):
            mail.add_alternative(data["html"], subtype="html")
        return mail.as_bytes()

    def modify(self, data: Json) -> Json:
        """Change labels: ``account``, ``id``, ``add``, ``remove``."""
        account = self._world.account(data["account"])
        return _row(account.modify(data["id"], data.get("add", ()), data.get("remove", ())))

    def trash(self, data: Json) -> Json:
        """Move to the bin, or back with ``undo``."""
        account = self._world.account(data["account"])
        return _row(account.untrash(data["id"]) if data.get("undo") else account.trash(data["id"]))

    def delete(self, data: Json) -> Json:
        """Delete for good."""
        self._world.account(data["account"]).delete(data["id"])
        return {}

    def add_label(self, data: Json) -> Json:
        """Create a label: ``account``, ``name``; or delete one: ``remove`` (id)."""
        account = self._world.account(data["account"])
        if "remove" in data:
            account.remove_label(data["remove"])
            return {}
        return {"id": account.add_label(data["name"])}


def _row(message: Message) -> Json:
    return {
        "id": message.id,
        "thread_id": message.thread_id,
        "from": message.header("From"),
        "subject": message.header("Subject"),
        "snippet": message.snippet,
        "date": message.internal_date / 1000,
        "labels": sorted(message.labels),
    }


def vars_of(item: Any) -> Json:
    """Return the fields of a slotted dataclass."""
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


def _unpack(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError(f"raw is not base64: {error}") from None
