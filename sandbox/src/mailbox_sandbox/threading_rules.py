"""Which thread a message belongs to: references must resolve and the subject must agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from . import headers
from .errors import Invalid
from .message import Message


class Threads(Protocol):
    """What the rules need to see of an account."""

    @property
    def messages(self) -> Mapping[str, Message]:
        """Messages by id."""

    @property
    def threads(self) -> Mapping[str, Sequence[str]]:
        """Message ids by thread id."""

    @property
    def by_rfc822_id(self) -> Mapping[str, Sequence[str]]:
        """Message ids by Message-ID (with brackets)."""


def _references(fields: headers.Fields) -> list[str]:
    named = headers.message_ids(headers.get(fields, "In-Reply-To"))
    return named + headers.message_ids(headers.get(fields, "References"))[::-1]


def _parents(account: Threads, fields: headers.Fields) -> list[Message]:
    return [
        account.messages[message_id]
        for reference in _references(fields)
        for message_id in account.by_rfc822_id.get(reference, ())
    ]


def find(account: Threads, fields: headers.Fields) -> str | None:
    """Return the thread a message with these fields joins by itself, if any.

    Source: Gmail guide "Managing threads" (references and the same subject).
    """
    subject = headers.base_subject(headers.get(fields, "Subject"))
    for parent in _parents(account, fields):
        if headers.base_subject(headers.get(parent.fields, "Subject")) == subject:
            return parent.thread_id
    return None


def forced(account: Threads, fields: headers.Fields, thread_id: str) -> str | None:
    """Return *thread_id* if the message may join it, None if it goes its own way.

    All three must hold: the thread exists, References or In-Reply-To name one of its messages, the
    subject agrees. Raises Invalid for a thread that does not exist here.
    """
    if thread_id not in account.threads:
        raise Invalid("Invalid thread_id value")
    named = any(parent.thread_id == thread_id for parent in _parents(account, fields))
    first = account.messages[account.threads[thread_id][0]]
    subject = headers.base_subject(headers.get(fields, "Subject"))
    same = headers.base_subject(headers.get(first.fields, "Subject")) == subject
    return thread_id if named and same else None
