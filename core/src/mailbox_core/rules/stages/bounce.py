"""Delivery reports: undelivered, delayed, delivered, read (RFC 3464, RFC 8098)."""

from __future__ import annotations

from ..facts import Facts
from .finding import Finding, History

_CLASSES = ("bounce", "delay", "report")


def look(facts: Facts, history: History) -> Finding | None:
    """A report belongs to the mail it reports on and opens nothing."""
    if facts.automatic in _CLASSES:
        return Finding("bounce", "note", (("class", str(facts.automatic)), ("from", facts.sender)))
    return None
