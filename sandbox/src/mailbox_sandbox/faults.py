"""Scripted trouble: which call, how often, after how many, what happens."""

from __future__ import annotations

import fnmatch
import itertools
import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

#: Happen to the connection or the bytes on it, so only to whole HTTP exchanges.
WIRE = frozenset(
    {"refused", "reset_midbody", "half_json", "half_gzip", "hang", "slow", "lose_reply"}
)
#: Replace the answer.
ANSWERS = frozenset(
    {
        "error_500", "502_html", "503", "rate_403_user", "rate_403_project", "rate_429",
        "rate_429_retry_after", "rate_retry_text", "daily_limit", "domain_policy",
        "failed_precondition", "service_disabled", "unauthorized_401", "history_expired",
        "page_token_expired", "missing_after_history", "batch_part_fail",
    }
)  # fmt: skip
#: Change what the answer says.
CONTENT = frozenset({"empty_history_page", "list_lag", "repeat_items"})
#: Token endpoint and consent.
OAUTH = frozenset({"invalid_grant", "token_500", "token_html", "revoked", "wrong_account"})
#: Happen to a notification between Gmail and its topic (face ``pubsub``, call ``notify``).
NOTICES = frozenset({"dropped", "duplicated", "delayed", "reordered"})
#: Happen to one delivery (face ``pubsub``, call ``push``).
PUSHES = frozenset({"forged"})
NAMES = WIRE | ANSWERS | CONTENT | OAUTH | NOTICES | PUSHES


@dataclass
class Fault:
    """One line of the plan. ``times`` None: until removed; ``args`` belong to the kind."""

    id: int
    face: str
    call: str
    fault: str
    times: int | None
    skip: int
    account: str | None
    probability: float
    args: dict[str, Any]
    hits: int = 0
    state: dict[str, float] = field(default_factory=dict)

    def matches(self, face: str, call: str, account: str | None) -> bool:
        """Tell whether a call is meant (names may hold ``*``)."""
        return (
            fnmatch.fnmatchcase(face, self.face)
            and fnmatch.fnmatchcase(call, self.call)
            and (self.account is None or account is None or self.account == account)
            and not (self.account is not None and account is None)
        )

    def describe(self) -> dict[str, Any]:
        """Return the line as plain data for the control API."""
        return {
            "id": self.id, "face": self.face, "call": self.call, "fault": self.fault,
            "times": self.times, "skip": self.skip, "account": self.account,
            "probability": self.probability, "hits": self.hits, "args": self.args,
        }  # fmt: skip


class FaultPlan:
    """The plan of one sandbox. Thread-safe; the first matching line wins and is used up by one."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._faults: list[Fault] = []

    def add(
        self,
        face: str = "gmail",
        call: str = "*",
        fault: str = "error_500",
        times: int | None = 1,
        skip: int = 0,
        account: str | None = None,
        probability: float = 1.0,
        **args: Any,
    ) -> int:
        """Plan a fault and return its number.

        *call* is a method such as ``messages.get`` or a pattern; the first *skip* matching calls go
        through, the next *times* are hit (None: all). Raises ValueError for an unknown fault name.
        """
        if fault not in NAMES:
            raise ValueError(f"unknown fault {fault!r}; known: {', '.join(sorted(NAMES))}")
        if times is not None and times < 1:
            raise ValueError("times is at least 1, or None for always")
        with self._lock:
            number = next(self._ids)
            self._faults.append(
                Fault(number, face, call, fault, times, skip, account, probability, args)
            )
            return number

    def take(
        self, face: str, call: str, account: str | None = None, among: Iterable[str] = NAMES
    ) -> Fault | None:
        """Return the fault that this call meets, if any, and count it."""
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults:
                if fault.fault in among and fault.matches(face, call, account):
                    if fault.skip > 0:
                        fault.skip -= 1
                    elif self._rng.random() < fault.probability:
                        return self._use(fault)
            return None

    def peek(self, face: str, call: str, account: str | None, name: str) -> Fault | None:
        """Return a standing fault of this name without using it up."""
        with self._lock:
            for fault in self._faults:
                if fault.fault == name and fault.matches(face, call, account):
                    return fault
            return None

    def _use(self, fault: Fault) -> Fault:
        fault.hits += 1
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self._faults.remove(fault)
        return fault

    def remove(self, number: int) -> bool:
        """Strike one line; False when it is not there (any more)."""
        with self._lock:
            before = len(self._faults)
            self._faults = [fault for fault in self._faults if fault.id != number]
            return len(self._faults) < before

    def clear(self) -> None:
        """Strike the whole plan."""
        with self._lock:
            self._faults.clear()

    def list(self) -> list[dict[str, Any]]:
        """Return what is still planned."""
        with self._lock:
            return [fault.describe() for fault in self._faults]
