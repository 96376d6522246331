"""What each row must reach: the gates and stretch goals, and how a figure is judged."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Gate:
    """One bound. ``least``: larger is better."""

    what: str
    gate: float
    stretch: float
    unit: str = ""
    least: bool = False


GATES = {
    "A1": Gate("CPU of everything, ours / notmuch", 2.0, 1.0),
    "A2": Gate("mails a second, ours / stock", 15, 30, "", True),
    "A2 cpu": Gate("mails a CPU second, ours / stock", 15, 30, "", True),
    "A3": Gate("import time / (units needed / rate)", 1.05, 1.02),
    "A3 units": Gate("quota units a mail", 20.5, 14),
    "A3 refused": Gate("refused calls after the first minute", 0, 0),
    "A4": Gate("connect to newest 50 stored", 3.0, 1.5, "s"),
    "A4 500": Gate("newest 500 stored, beyond their quota time", 5.0, 2.0, "s"),
    "A5": Gate("SQL statements a mail", 1.0, 0.2),
    "A5 memory": Gate("growth of the largest Odoo process after 1,000 mails", 60, 20, "MB"),
    "B1 p50": Gate("change at the provider to row painted, half of the mails", 300, 150, "ms"),
    "B1 p95": Gate("change at the provider to row painted, 95 of 100 mails", 1000, 400, "ms"),
    "B2": Gate("webhook: p99 of the answers at 200 calls a second", 50, 15, "ms"),
    "B2 slow": Gate("webhook: answers over one second, or refused", 0, 0),
    "B2 sql": Gate("webhook: SQL statements a call", 14, 8),
    "B3": Gate("row painted with every push dropped, 95 of 100 mails", 60, 30, "s"),
    "C1": Gate("replies to chatter, ours / stock", 4, 8, "", True),
    "C2": Gate("new leads, ours / stock", 3, 6, "", True),
    "C3": Gate("SQL statements a routed mail", 16, 8),
    "C4": Gate("mails a second that no rule asks for", 1000, 2500, "", True),
    "D1": Gate("list page, p95 at 1 M mails / at 10,000", 1.3, 1.1),
    "D1 ms": Gate("list page, p95 at 1 M mails", 25, 12, "ms"),
    "D2 rare": Gate("search for a rare word, p95 at 1 M mails", 40, 15, "ms"),
    "D2 common": Gate("search for a common word, p95 at 1 M mails", 150, 60, "ms"),
    "D2 sender": Gate("search for a sender and a word, p95 at 1 M mails", 100, 40, "ms"),
    "D5": Gate("Odoo's list of mail.message at 1 M / our list page", 5, 15, "", True),
    "E1": Gate("CPU seconds a minute, idle mailboxes", 1.5, 0.3, "s"),
    "E1 sql": Gate("SQL statements a mailbox and minute", 0.5, 0.1),
    "E1 requests": Gate("provider requests a mailbox and hour", 5, 1),
    "E3": Gate("all mailboxes looked at again after a restart", 120, 60, "s"),
}

#: Gates that were set and that nothing measures yet: they are neither met nor missed.
UNMEASURED = {
    "A4 screen": "connect to the newest 50 on the screen (the row A4 ends when they are stored)",
    "D1 sql": "SQL time of a list page / bare keyset SQL (gate <= 5)",
    "D3": "key press to message painted, p95: warm, cold (gate <= 100 / 250 ms)",
    "D4": "scroll of 100,000 rows: frames over 50 ms, rows kept, heap (gate <= 2 %, 200, 30 MB)",
    "E2": "IMAP idle: memory a mailbox, 1,000 live / bare sockets (gate <= 150 KB, 2.0)",
    "E4": "CPU of stock fetchmail polling 1,000 servers / ours (gate >= 20)",
    "F1": "click to send acknowledged, and accepted (gate <= 100 ms; p95 <= 300 ms)",
    "F2": "mails accepted / quota ceiling (gate >= 95 %)",
    "F3": "CPU of a sent mail / stock mail.mail (gate <= 1.2)",
}


@dataclass(frozen=True)
class Figure:
    """A measured value: the median of its samples. ``note`` says what a reader must know, ``at``,
    ``commit`` and ``load`` (before and after) when, of what and beside what it was taken."""

    row: str
    value: float | None
    samples: tuple[float, ...] = ()
    note: str = ""
    failed: bool = False
    at: str = ""
    commit: str = ""
    load: tuple[float, ...] = ()

    @property
    def verdict(self) -> str:
        """``stretch``, ``met`` or ``missed``; ``failed`` or ``not measured`` without a value."""
        if self.value is None:
            return "failed" if self.failed else "not measured"
        gate = GATES[self.row]
        sign = -1 if gate.least else 1
        if sign * self.value <= sign * gate.stretch:
            return "stretch"
        return "met" if sign * self.value <= sign * gate.gate else "missed"

    def plain(self) -> dict[str, Any]:
        """As data for the report."""
        gate = GATES[self.row]
        return {**asdict(self), "verdict": self.verdict, **asdict(gate)}


def figure(row: str, samples: Sequence[float], note: str = "") -> Figure:
    """The figure of a row; without samples it is one that was not measured."""
    return Figure(row, median(samples) if samples else None, tuple(samples), note)


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The smallest of ``ordered`` values that is not below ``percent`` of them. Raises IndexError
    without values."""
    return ordered[max(0, ceil(percent / 100 * len(ordered)) - 1)]
