"""Mail that comes back to where it came from, or from a sender who never stops (RFC 3834 section
2)."""

from __future__ import annotations

from ..facts import Facts
from .finding import LOOP_HEADER, Finding, History


def look(facts: Facts, history: History) -> Finding | None:
    """A mail that carries our own mark, or one more of a sender who opened too much lately."""
    if not facts.outgoing:
        for value in facts.header(LOOP_HEADER):
            if value.strip().strip("<>").lower() in facts.own:
                return Finding("loop", "ignore", ((LOOP_HEADER, value.strip()),))
    if history.limit and history.from_sender >= history.limit:
        counted = f"{history.from_sender} / {history.minutes} min"
        return Finding("loop", "ignore", (("rate", counted), ("from", facts.sender)))
    return None
