"""A stored message as the facts that stages and rules ask about."""

from dataclasses import dataclass

from odoo.tools import email_normalize

from mailbox_core import registry
from mailbox_core.mime.parse import parse
from mailbox_core.rules import authenticity
from mailbox_core.rules.facts import Facts, facts_of
from mailbox_core.types import Email

from ..mapping import aware
from . import people, talk
from .who import who
from .who import words as who_words


@dataclass(frozen=True)
class Mail:
    """One message on its way to a record: the row, what was parsed, and the facts."""

    row: object
    email: Email
    source: bytes
    facts: Facts

    @property
    def sender(self):
        """The sender as ``Name <address>``, or the bare address."""
        name, address = self.facts.sender_name, self.facts.sender
        if not name or not address:
            return address
        return f'"{name.translate(_QUOTES)}" <{address}>'

    @property
    def ids(self):
        """Message-IDs this mail refers to, the nearest first; at most as many as were parsed."""
        chain = [*self.email.in_reply_to, *reversed(self.email.references)]
        return list(dict.fromkeys(chain))

    @property
    def key(self):
        """What is the same for every copy of this mail: its Message-ID, else its fingerprint."""
        return self.email.message_id or f"fingerprint:{self.email.fingerprint}"


_QUOTES = str.maketrans({'"': None, "\\": None})


def mail_of(message):
    """``message`` (superuser) as a ``Mail``. Raises RawMissing when its source cannot be had."""
    message.ensure_one()
    mailbox = message.mailbox_id
    source = message._source()
    email = parse(source)
    spec = registry.specs().get(mailbox.provider)
    author = email.from_[0] if email.from_ else email.sender
    sender = author.email.lower() if author else ""
    partner = people.partner_of(message.env, sender)
    facts = facts_of(
        email,
        mailbox=mailbox.address or "",
        own=own_addresses(mailbox),
        received_at=aware(message.date),
        size=message.size,
        folders=[(folder.name or "", folder.role or None) for folder in message.folder_ids],
        reply=_reply(message, email),
        authentic=authenticity.verdict(
            email.headers, sender, spec.authserv_ids if spec else frozenset()
        ),
        partner=people.words(message.env, sender) | who_words(partner),
        who=who(partner),
        conversation=talk.words(message)[message.id],
    )
    return Mail(message, email, source, facts)


def own_addresses(mailbox):
    """Addresses that are this mailbox: its own, and that of its owner's account when the same."""
    return [mailbox.address] if mailbox.address else []


def _reply(message, email):
    """Whether it answers something, and whether that was written in this mailbox."""
    ids = [*email.in_reply_to, *email.references]
    if not ids:
        return "new"
    ours = email_normalize(message.mailbox_id.address) or message.mailbox_id.address
    answered = message.search_count(
        [
            ("mailbox_id", "=", message.mailbox_id.id),
            ("message_id", "in", ids),
            ("from_email", "=ilike", ours),
        ],
        limit=1,
    )
    return "answer" if answered else "reply"
