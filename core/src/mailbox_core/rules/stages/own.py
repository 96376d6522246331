"""Mail that the owner of the mailbox wrote, here or in another mail program."""

from __future__ import annotations

from ..facts import Facts
from .finding import Finding, History


def look(facts: Facts, history: History) -> Finding | None:
    """What lies among the sent mail is ours. What only claims to come from us is not: anybody can
    write that."""
    if facts.outgoing:
        return Finding("own", "join", (("folder", "sent"), ("from", facts.sender)))
    if facts.sender in facts.own and facts.authentic == "pass":
        return Finding("own", "join", (("authentic", "pass"), ("from", facts.sender)))
    return None
