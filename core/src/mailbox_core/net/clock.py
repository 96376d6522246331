"""How far a provider's clock is ahead of this machine's, by the ``Date`` of its answers.

Times that a provider gives its mail come from its clock, and the times of everything after from
ours: what lies between can only be told when the difference of the two is known.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import timezone
from email.utils import parsedate_to_datetime

#: Seconds after which what was heard before counts no more: clocks drift.
_MEMORY = 600.0
#: Answers in a row that contradict what is known, until it is given up: one may come from a cache.
_DOUBTS = 3

Span = tuple[float, float]


class ProviderClock:
    """One provider's clock. ``now`` answers Unix time. Thread-safe.

    ``Date`` counts whole seconds (RFC 9110 section 6.6.1), so that one answer tells little: sent at
    s and received at r with date d, the provider is ahead by d - r at least and d + 1 - s at most.
    What many answers allow in common is narrower: their calls begin at any part of a second.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._span: Span | None = None
        self._before: Span | None = None
        self._since = 0.0
        self._doubts = 0

    def note(self, headers: Mapping[str, str], sent: float, received: float) -> None:
        """Take in an answer: its headers, and the Unix times around it by our clock."""
        date = _seconds(headers.get("Date", ""))
        if date is None or headers.get("Age") or received < sent:
            return
        heard = (date - received, date + 1.0 - sent)
        with self._lock:
            if self._span is None or self._now() - self._since > _MEMORY:
                self._before, self._span, self._since = self._span, heard, self._now()
                return
            common = _common(self._span, heard)
            if common is not None:
                self._span, self._doubts = common, 0
                return
            self._doubts += 1
            if self._doubts >= _DOUBTS:
                self._before, self._span, self._since = None, heard, self._now()
                self._doubts = 0

    def ahead(self) -> float:
        """Seconds by which the provider's clock is certainly ahead, negative when it is behind;
        0.0 as long as the clocks may agree."""
        with self._lock:
            span = self._span
            if span is not None and self._before is not None:
                span = _common(span, self._before) or span
        if span is None:
            return 0.0
        low, high = span
        return max(low, 0.0) + min(high, 0.0)


def _common(one: Span, other: Span) -> Span | None:
    low, high = max(one[0], other[0]), min(one[1], other[1])
    return (low, high) if low <= high else None


def _seconds(value: str) -> float | None:
    try:
        found = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()
