"""When a push channel has been quiet for too long. Pure.

A notification may be lost on the way (Gmail's push guide: delays and drops are to be expected), and
a watch may end without a word. How long a silence is ordinary differs by mailbox and by time of
day: a shop's inbox at noon speaks every minute, a private one at night not at all. So the threshold
is learned from the mailbox itself: had the last notification come at this time of day on each of
the earlier days, how long would the next mail have taken?
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from .cadence import MEMORY


@dataclass(frozen=True, slots=True)
class Patience:
    """Bounds of the threshold. ``share`` of the earlier days must have had mail sooner; their
    waiting time counts ``factor`` times. Fewer than ``samples`` days teach nothing."""

    shortest: timedelta = timedelta(minutes=10)
    longest: timedelta = timedelta(hours=6)
    share: float = 0.9
    factor: float = 2.0
    samples: int = 3


def threshold(
    arrivals: Sequence[datetime], heard: datetime, patience: Patience = Patience()
) -> timedelta:
    """How long silence is ordinary after a notification at ``heard``.

    ``arrivals``: times of received mail in any order; only those before ``heard`` teach. All times
    are aware.
    """
    past = sorted(at for at in arrivals if at <= heard)
    waits = sorted(_waits(past, heard))
    if len(waits) < patience.samples:
        return patience.longest
    usual = waits[min(len(waits), ceil(patience.share * len(waits))) - 1] * patience.factor
    return min(patience.longest, max(patience.shortest, usual))


def _waits(past: Sequence[datetime], heard: datetime) -> list[timedelta]:
    """From this time of day on each earlier day until the next mail; days before the first mail and
    waits that have not ended yet teach nothing."""
    found = []
    day = timedelta(days=1)
    moment = heard - day
    while past and heard - moment <= MEMORY and moment >= past[0]:
        after = bisect_right(past, moment)
        if after < len(past):
            found.append(past[after] - moment)
        moment -= day
    return found


def poll_with_push(quiet: timedelta, slowest: float, fastest: float = 60.0) -> float:
    """Seconds until the poll while push is trusted: half of the threshold ``quiet``, so that a lost
    notification in a lively hour costs minutes, and at most ``slowest``."""
    return min(slowest, max(fastest, quiet.total_seconds() / 2))
