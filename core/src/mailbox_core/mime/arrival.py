"""When a mail really arrived: what the server that took it last wrote at its top."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from . import fields


def arrived_at(headers: Iterable[tuple[str, str]]) -> datetime | None:
    """The time in the newest ``Received`` field (RFC 5321 section 4.4), aware UTC; None when there
    is none that can be read.

    Unlike Date it is not the sender's word, and unlike the time a provider gives it stays what it
    was when somebody puts an old mail into a mailbox (IMAP APPEND, an import).
    """
    value = next((text for name, text in headers if name.lower() == "received"), None)
    if value is None:
        return None
    stamp = value.rpartition(";")[2].encode("ascii", "replace")
    return fields.date([stamp])[0]
