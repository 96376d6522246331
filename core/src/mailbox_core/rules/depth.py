"""How much of a mail a condition asks about, so that a mail is read no further than needed."""

from __future__ import annotations

from .syntax import Node, fields_of

#: What the header and the installation tell. A field that is not named here needs the whole mail.
_OF_HEADER = frozenset(
    {
        "sender",
        "sender_name",
        "domain",
        "to",
        "cc",
        "recipients",
        "subject",
        "header",
        "size",
        "folder",
        "role",
        "automatic",
        "list",
        "reply",
        "conversation",
        "direction",
        "authentic",
        "partner",
        "partner_tag",
        "salesperson",
        "country",
        "company",
        "time",
    }
)


def needs_body(node: Node) -> bool:
    """Whether the answer can depend on anything but the header (``mime.parse.parse_head``)."""
    return not set(fields_of(node)) <= _OF_HEADER


def needs_zone(node: Node) -> bool:
    """Whether the answer can depend on whose times of day are meant."""
    return "time" in fields_of(node)
