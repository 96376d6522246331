"""The one clock of a sandbox: tokens, history, quota buckets and dates all read it."""

from __future__ import annotations

import datetime
import threading
import time
import zoneinfo

#: Google's days begin at midnight in California: quota days and plain dates in searches.
PACIFIC: datetime.tzinfo
try:
    PACIFIC = zoneinfo.ZoneInfo("America/Los_Angeles")
except zoneinfo.ZoneInfoNotFoundError:  # a machine without time zone data: winter time all year
    PACIFIC = datetime.timezone(datetime.timedelta(hours=-8))


def pacific_day(moment: float) -> int:
    """Return the ordinal of the Californian day that *moment* (epoch seconds) falls in."""
    return datetime.datetime.fromtimestamp(moment, PACIFIC).toordinal()


class Clock:
    """Real time plus an offset that tests move forward; it can also be stopped.

    All times are seconds since the epoch (UTC) as floats.
    """

    def __init__(self) -> None:
        self._offset = 0.0
        self._frozen: float | None = None
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the sandbox's time in epoch seconds."""
        with self._lock:
            if self._frozen is not None:
                return self._frozen
            return time.time() + self._offset

    def advance(self, seconds: float) -> float:
        """Move the clock forward by *seconds* and return the new time.

        Raises ValueError when asked to go back: a change log cannot run backwards.
        """
        if seconds < 0:
            raise ValueError("the sandbox clock only moves forward")
        with self._lock:
            if self._frozen is not None:
                self._frozen += seconds
                return self._frozen
            self._offset += seconds
            return time.time() + self._offset

    def freeze(self) -> float:
        """Stop the clock where it is; only advance() moves it from now on."""
        now = self.now()
        with self._lock:
            self._frozen = now
        return now

    def unfreeze(self) -> None:
        """Let the clock run again from where it stands."""
        with self._lock:
            if self._frozen is not None:
                self._offset = self._frozen - time.time()
                self._frozen = None
