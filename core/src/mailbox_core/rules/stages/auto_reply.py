"""Answers that nobody wrote: out of office, "we have received your mail" (RFC 3834 section 5)."""

from __future__ import annotations

from ..facts import Facts
from .finding import Finding, History

_TOLD_BY = (
    "Auto-Submitted",
    "X-Autoreply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-Auto-Reply",
    "Precedence",
)


def look(facts: Facts, history: History) -> Finding | None:
    """An automatic answer is a note: it neither reopens nor answers, and it opens nothing."""
    if facts.automatic != "auto-reply":
        return None
    told = tuple((name, value) for name in _TOLD_BY for value in facts.header(name)[:1])
    return Finding("auto_reply", "note", told or (("Subject", facts.subject[:200]),))
