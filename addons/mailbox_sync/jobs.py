"""Which job runs where: channels, priorities and identity keys.

An identity key merges wake-ups that wait and deliberately not one that runs: a hint that lands
while a page is under way leaves one successor behind. New mail and history have keys of their own,
so that a hint never merges into a history job far back in its channel; a job for later has another,
so that a hint is never put off until the next poll.

Fairness: a history job does one page and its successor goes to the end of the channel (queue_job
takes jobs by priority, then age), so that every mailbox with history gets one page in turn.
"""

import time
from datetime import timedelta
from math import ceil

from odoo import SUPERUSER_ID

SYNC = "root.mailbox.sync"
BACKFILL = "root.mailbox.backfill"
OUTBOX = "root.mailbox.outbox"
ROUTE = "root.mailbox.route"
CARE = "root.mailbox.care"

#: Smaller is sooner, across channels that share workers.
PRIORITY = {SYNC: 10, BACKFILL: 50, OUTBOX: 5, ROUTE: 20, CARE: 30}

#: Seconds below which a wait is none: the runner itself takes about a second.
_AT_ONCE = 0.5
#: Seconds that one round stands for.
_SLOT = 5


def sync_key(stream_id: int | str, name: str = "sync") -> str:
    """Identity key of the next step of a stream, to be taken at once; of an empty id, what all of
    them begin with."""
    return f"{name}:{stream_id}"


def wake(stream, lane: str, seconds: float = 0.0, address: str = "") -> None:
    """Enqueue the next step of a stream, ``seconds`` from now, for new mail or for history.

    ``address``: of its mailbox, if that is known without reading."""
    channel = BACKFILL if lane == "history" else SYNC
    name = "backfill" if lane == "history" else "sync"
    later = seconds > _AT_ONCE
    # By the second it is due, so that who asks again for the same moment gets the same job.
    due = ceil(time.time() + seconds)
    key = f"{name}-later:{stream.id}:{due}" if later else sync_key(stream.id, name)
    _delayable(
        stream,
        channel,
        key,
        timedelta(seconds=seconds) if later else None,
        stream.env._("Sync %s", address or stream.mailbox_id.address),
    )._job_sync()


def wake_round(streams, seconds: float = 0.0) -> None:
    """Enqueue a look at all idle streams that are due ``seconds`` from now, with one job for all
    that are due at about the same time."""
    key, later = "round", seconds > _AT_ONCE
    if later:
        slot = ceil((time.time() + seconds) / _SLOT)
        key, seconds = f"round-later:{slot}", slot * _SLOT - time.time()
    eta = timedelta(seconds=seconds) if later else None
    _delayable(streams.browse(), SYNC, key, eta, streams.env._("Look for new mail"))._job_round()


def enqueue(
    record,
    channel: str,
    key: str,
    seconds: float = 0.0,
    description: str = "",
    sooner: bool = False,
):
    """A delayable for ``record``, to call the job method on. ``sooner``: before those of the same
    channel that wait already."""
    eta = timedelta(seconds=seconds) if seconds > _AT_ONCE else None
    return _delayable(record, channel, key, eta, description, PRIORITY[channel] - sooner)


def _delayable(record, channel, key, eta, description, priority=None):
    # Jobs act for the mailbox, not for the person whose click woke them; nobody follows a job.
    system = record.with_user(SUPERUSER_ID).with_context(tracking_disable=True)
    return system.with_delay(
        channel=channel,
        priority=PRIORITY[channel] if priority is None else priority,
        identity_key=key,
        eta=eta,
        description=description or None,
    )
