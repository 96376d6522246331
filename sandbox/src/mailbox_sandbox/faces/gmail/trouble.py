"""Gmail's own ways to refuse, by fault name."""

from __future__ import annotations

import datetime
import email.utils
import threading
from collections.abc import Callable

from ...clock import Clock
from ...faults import Fault
from ..exchange import Outgoing
from . import problems

_PLAIN: dict[str, Callable[[], problems.ApiError]] = {
    "error_500": lambda: problems.backend(500),
    "503": lambda: problems.backend(503),
    "rate_403_user": problems.user_rate,
    "rate_403_project": problems.project_rate,
    "rate_429": problems.exhausted,
    "daily_limit": problems.daily_limit,
    "domain_policy": problems.domain_policy,
    "failed_precondition": problems.failed_precondition,
    "service_disabled": problems.service_disabled,
    "unauthorized_401": problems.unauthorized,
    "history_expired": problems.not_found,
    "missing_after_history": problems.not_found,
}
#: For batch_part_fail, by the status asked for.
_BY_STATUS: dict[int, Callable[[], problems.ApiError]] = {
    401: problems.unauthorized, 403: problems.user_rate, 404: problems.not_found,
    429: problems.exhausted, 500: problems.backend, 503: lambda: problems.backend(503),
}  # fmt: skip


class Penalties:
    """Users told to come back later; every early call pushes the time out. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[tuple[str, str], tuple[float, float]] = {}

    def start(self, project: str, user: str, seconds: float) -> problems.ApiError:
        """Put a user into the corner and return the answer for it."""
        until = self._clock.now() + seconds
        with self._lock:
            self._until[project, user] = (until, seconds)
        return problems.retry_after_text(stamp(until))

    def check(self, project: str, user: str) -> None:
        """Raise ApiError while the time is not over; the attempt itself prolongs it."""
        if not self._until:
            return
        with self._lock:
            until, seconds = self._until.get((project, user), (0.0, 0.0))
            now = self._clock.now()
            if now >= until:
                self._until.pop((project, user), None)
                return
            until = max(until, now) + seconds / 2
            self._until[project, user] = (until, seconds)
        raise problems.retry_after_text(stamp(until))


def stamp(moment: float) -> str:
    """Write a time as it appears in the rate limit text."""
    then = datetime.datetime.fromtimestamp(moment, datetime.timezone.utc)
    return then.strftime("%Y-%m-%dT%H:%M:%S.") + f"{then.microsecond // 1000:03d}Z"


def answer(fault: Fault, clock: Clock, penalties: Penalties, project: str, user: str) -> Outgoing:
    """Return the answer that stands in for the call's own."""
    if fault.fault == "502_html":
        return problems.html_page(502, "Server Error")
    if fault.fault == "rate_retry_text":
        return penalties.start(project, user, float(fault.args.get("seconds", 30))).outgoing()
    if fault.fault == "rate_429_retry_after":
        return problems.exhausted({"Retry-After": _advice(fault, clock)}).outgoing()
    if fault.fault == "batch_part_fail":
        status = int(fault.args.get("status", 429))
        return _BY_STATUS.get(status, problems.backend)().outgoing()
    return _PLAIN[fault.fault]().outgoing()


def _advice(fault: Fault, clock: Clock) -> str:
    seconds = int(fault.args.get("seconds", 5))
    if fault.args.get("form", "seconds") == "date":
        return email.utils.formatdate(clock.now() + seconds, usegmt=True)
    return str(seconds)
