"""One row of a page on its way into the store."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailbox_core.sync.plan import Known

from ..mapping import Stored
from ..values import naive
from .ledger import Row

#: Waits between the tries of a quarantined message, the last one repeated until the count is spent.
_RETRY_AFTER = (timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
RETRIES = 8


@dataclass(slots=True)
class Line:
    """One row to write: how it was (None: new), how it will be, and its content if that came."""

    before: Row | None
    after: Known
    stored: Stored | None = None
    lane: str = "history"
    attempts: int = 0
    retry_at: datetime | None = None
    id: int = 0

    @property
    def remote_id(self) -> str:
        return self.after.ref.remote_id

    @property
    def visible(self) -> bool:
        return self.after.disposition == "stored"

    @property
    def dated(self) -> bool:
        """Whether its placements carry a date, which puts it into the lists."""
        return self.visible and (
            self.stored is not None or bool(self.before and self.before.known.held)
        )

    def postpone(self, now: datetime) -> None:
        """Count a failed try and set the time of the next one, if there shall be one."""
        wait = _RETRY_AFTER[min(self.attempts, len(_RETRY_AFTER) - 1)]
        self.attempts += 1
        self.retry_at = naive(now + wait) if self.attempts < RETRIES else None
