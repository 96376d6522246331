"""Lists, bulk mail and what machines send by themselves (RFC 2919, RFC 2369, RFC 8058)."""

from __future__ import annotations

from ..facts import Facts
from .finding import Finding, History

_CLASSES = ("list", "bulk", "auto-generated")
_TOLD_BY = (
    "List-Id",
    "List-Post",
    "List-Unsubscribe",
    "Precedence",
    "Feedback-ID",
    "Auto-Submitted",
)


def look(facts: Facts, history: History) -> Finding | None:
    """Such mail concerns only rules that ask for it."""
    if facts.automatic not in _CLASSES:
        return None
    told = tuple((name, value[:200]) for name in _TOLD_BY for value in facts.header(name)[:1])
    return Finding("machine", "machine", (("class", str(facts.automatic)), *told))
