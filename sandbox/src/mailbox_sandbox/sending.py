"""What the provider does to a message on its way out, and how drafts come and go."""

from __future__ import annotations

import datetime
import email.utils
from collections.abc import Iterable

from . import headers, threading_rules
from .account import Account
from .errors import Invalid, NotFound
from .message import Message
from .world import World

MAX_RECIPIENTS = 500


def recipients(fields: headers.Fields) -> list[str]:
    """Return the addresses of To, Cc and Bcc, lower case, once each."""
    values = [value for name, value in fields if name.lower() in ("to", "cc", "bcc")]
    found = (address.strip().lower() for _name, address in email.utils.getaddresses(values))
    return list(dict.fromkeys(address for address in found if "@" in address))


def send(world: World, account: Account, raw: bytes, thread_id: str | None) -> Message:
    """Send *raw*: rewrite it, keep a copy under SENT, hand it to its recipients.

    Raises Invalid for no or too many recipients and for an unknown thread.
    """
    fields = headers.parse(raw)
    addresses = recipients(fields)
    if not addresses:
        raise Invalid("Recipient address required")
    if len(addresses) > MAX_RECIPIENTS:
        raise Invalid("Too many recipients")
    outgoing = stamp(world, account, raw, fields)
    with account.locked():
        joined = join(world, account, headers.parse(outgoing), thread_id)
        message = account.deliver(outgoing, ("SENT",), thread_id=joined)
    world.post(account, addresses, headers.rewrite(outgoing, drop=["Bcc"]), message.id)
    return message


def stamp(world: World, account: Account, raw: bytes, fields: headers.Fields) -> bytes:
    """Return *raw* with From, Message-ID, Date and Received as the provider leaves them."""
    now = datetime.datetime.fromtimestamp(world.clock.now(), datetime.timezone.utc)
    moment = email.utils.format_datetime(now)
    replace: dict[str, str] = {}
    if not _may_send_as(account, headers.get(fields, "From")):
        name = account.send_as[0].name
        replace["From"] = email.utils.formataddr((name, account.email))
    if world.settings.rewrite_message_id or not headers.get(fields, "Message-ID"):
        token = f"{account.rng.getrandbits(120):030x}"
        replace["Message-ID"] = f"<CA{token}@mail.gmail.com>"
    if not headers.get(fields, "Date"):
        replace["Date"] = moment
    received = f"from 764086051850 named unknown by gmailapi.google.com with HTTPREST; {moment}"
    return headers.rewrite(raw, prepend=[("Received", received)], replace=replace)


def _may_send_as(account: Account, sender: str) -> bool:
    return email.utils.parseaddr(sender)[1].lower() in account.addresses()


def join(
    world: World, account: Account, fields: headers.Fields, thread_id: str | None
) -> str | None:
    """Return the thread a given *thread_id* leads to. Raises Invalid for an unknown one."""
    if not thread_id:
        return None
    allowed = threading_rules.forced(account, fields, thread_id)
    return thread_id if world.settings.forced_thread == "lenient" else allowed


def insert(
    world: World,
    account: Account,
    raw: bytes,
    labels: Iterable[str],
    thread_id: str | None,
    *,
    date_header: bool,
) -> Message:
    """Put a message into the mailbox without sending it (messages.insert and import).

    A message whose From is the account itself gets SENT. Raises Invalid.
    """
    fields = headers.parse(raw)
    if not fields:
        raise Invalid("Invalid RFC822 payload")
    wanted = set(labels)
    if _may_send_as(account, headers.get(fields, "From")):
        wanted.add("SENT")
    moment = _date(fields) if date_header else None
    with account.locked():
        joined = join(world, account, fields, thread_id)
        return account.deliver(raw, wanted, moment, joined)


def _date(fields: headers.Fields) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(headers.get(fields, "Date")).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


def create_draft(world: World, account: Account, raw: bytes, thread_id: str | None) -> str:
    """Store a draft and return its id. Raises Invalid."""
    with account.locked():
        draft_id = f"r{account.rng.randrange(10**18, 9 * 10**18)}"
        _store_draft(world, account, draft_id, raw, thread_id)
        return draft_id


def _store_draft(
    world: World, account: Account, draft_id: str, raw: bytes, thread_id: str | None
) -> Message:
    joined = join(world, account, headers.parse(raw), thread_id)
    message = account.deliver(raw, ("DRAFT",), thread_id=joined)
    account.drafts[draft_id] = message.id
    account.draft_of[message.id] = draft_id
    return message


def draft(account: Account, draft_id: str) -> Message:
    """Return the message behind a draft. Raises NotFound."""
    if draft_id not in account.drafts:
        raise NotFound(draft_id)
    return account.get(account.drafts[draft_id])


def update_draft(
    world: World, account: Account, draft_id: str, raw: bytes, thread_id: str | None
) -> Message:
    """Replace a draft's message: the draft id stays, the message id changes."""
    with account.locked():
        old = draft(account, draft_id)
        join(world, account, headers.parse(raw), thread_id)
        del account.draft_of[old.id]
        alone = len(account.threads[old.thread_id]) == 1
        wanted = thread_id or old.thread_id
        # A thread ends with its last message, so a lonely draft begins another one.
        keep = None if alone and wanted == old.thread_id else wanted
        account.delete(old.id)
        return _store_draft(world, account, draft_id, raw, keep)


def delete_draft(account: Account, draft_id: str) -> None:
    """Delete a draft and its message. Raises NotFound."""
    with account.locked():
        account.delete(draft(account, draft_id).id)


def send_draft(world: World, account: Account, draft_id: str) -> Message:
    """Send a draft: it goes away, a new message under SENT appears. Raises NotFound, Invalid."""
    with account.locked():
        old = draft(account, draft_id)
        raw, thread_id = old.raw, old.thread_id
        if not recipients(headers.parse(raw)):
            raise Invalid("Recipient address required")
        alone = len(account.threads[thread_id]) == 1
        account.delete(old.id)
    return send(world, account, raw, None if alone else thread_id)
