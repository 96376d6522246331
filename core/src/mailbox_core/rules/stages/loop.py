"""Mail that comes back to where it came from, or from a sender who never stops (RFC 3834 section
2)."""

from __future__ import annotations

from ..facts import Facts
from .finding import LOOP_HEADER, Finding, History


def look(facts: Facts, history: History) -> Finding | None:
    """A mail that carries our own mark, one more of a sender who opened too much lately, or one
    more of a pair that does not stop."""
    if not facts.outgoing:
        for value in facts.header(LOOP_HEADER):
            if value.strip().strip("<>").lower() in facts.own:
                return Finding("loop", "ignore", ((LOOP_HEADER, value.strip()),))
    if history.limit and history.from_sender >= history.limit:
        counted = f"{history.from_sender} / {history.minutes} min"
        return Finding("loop", "ignore", (("rate", counted), ("from", facts.sender)))
    return _pair(facts, history)


def _pair(facts: Facts, history: History) -> Finding | None:
    """What the owner of the mailbox writes is no answer to it."""
    ours = facts.outgoing or facts.sender in facts.own
    if ours or not history.pair_limit or history.from_pair < history.pair_limit:
        return None
    counted = f"{history.from_pair} / {history.pair_minutes} min"
    pair = f"{facts.sender} → {facts.mailbox}"
    return Finding("loop", "ignore", (("rate", counted), ("pair", pair)))
