"""A notification becomes durable: hint, wake-up job and subscription in one short transaction.

A transaction of its own at READ COMMITTED, with one advisory lock a mailbox: whoever waited sees
what the one before has enqueued, so that thousands of notifications leave one waiting job. No row
that the sync step writes is touched.
"""

import logging
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg2
from odoo import SUPERUSER_ID, api, sql_db

from .. import jobs, mapping
from ..push_desk import note_pace

_logger = logging.getLogger(__name__)
#: First key of the advisory locks around the wake-up of one stream.
_LOCK = 0x6D626F77

_TARGETS = """
    SELECT b.id, b.state, m.id, s.id
      FROM mailbox m
      JOIN mailbox_subscription b ON b.mailbox_id = m.id AND b.state != 'off'
      LEFT JOIN mailbox_stream s ON s.mailbox_id = m.id AND s.gate IN ('open', 'waiting')
     WHERE m.provider = %s AND m.address = %s AND m.active
       AND (%s::int IS NULL OR m.company_id = %s)
     ORDER BY m.id, s.id
"""
_HEARD = """
    UPDATE mailbox_subscription
       SET last_hint_at = clock_timestamp() AT TIME ZONE 'UTC', hint_count = hint_count + 1,
           state = CASE WHEN state = 'silent' THEN 'active' ELSE state END,
           silent_since = NULL, silence = NULL
     WHERE id = %s
"""
_HINT = """
    INSERT INTO mailbox_hint (stream_id, source, trigger, at, received_at, published_at)
    VALUES (%s, 'push', 'hint', clock_timestamp() AT TIME ZONE 'UTC', %s, %s)
"""
_REFUSED = """
    UPDATE mailbox_push_config
       SET refused_count = COALESCE(refused_count, 0) + %s, refused_reason = %s,
           refused_at = clock_timestamp() AT TIME ZONE 'UTC'
     WHERE provider = %s AND (%s OR id = ANY(%s))
"""
_WAITING = """
    SELECT FROM queue_job
     WHERE identity_key = %s AND state IN ('pending', 'enqueued') LIMIT 1
"""


@dataclass(frozen=True)
class Target:
    """A subscription that a notification is about, and the stream to wake, if it may run."""

    subscription_id: int
    state: str
    mailbox_id: int
    stream_id: int | None


def note(registry, provider, hint, company_id=None):
    """Make a hint durable and return how many mailboxes it concerned; none is no error.

    Commits before it returns. Raises what the database raises: then nothing was promised.
    """
    with cursor(registry) as cr:
        targets = _targets(cr, provider, hint.address, company_id)
        for target in targets:
            _note_one(api.Environment(cr, SUPERUSER_ID, {}), target, hint)
    return len({target.mailbox_id for target in targets})


@contextmanager
def cursor(registry):
    """A cursor for one short transaction that waits for others rather than fail."""
    with registry.cursor() as cr:
        # In tests the cursor is the test's own transaction, which has begun long ago.
        if isinstance(cr, sql_db.Cursor):
            cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        yield cr


def _targets(cr, provider, address, company_id):
    cr.execute(_TARGETS, [provider, address, company_id, company_id])
    return [Target(*row) for row in cr.fetchall()]


def _note_one(env, target, hint):
    cr = env.cr
    cr.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, target.mailbox_id])
    cr.execute(_HEARD, [target.subscription_id])
    if target.state == "silent":
        mailbox = env["mailbox"].browse(target.mailbox_id)
        mailbox._audit("push.heard_again")
        mailbox._clear_alerts("silent")
    if target.stream_id is None:
        return
    times = mapping.naive(hint.received_at), mapping.naive(hint.published_at)
    cr.execute(_HINT, [target.stream_id, *times])
    cr.execute(_WAITING, [jobs.sync_key(target.stream_id)])
    if not cr.rowcount:
        jobs.wake(env["mailbox.stream"].browse(target.stream_id), "new")


def note_refusal(registry, provider, unwelcome):
    """Count a refused notification where push is set up, so that the assistant can tell why none
    gets through. Nothing of the request is kept but the kind of refusal; the answer stays the same
    whether this works or not.
    """
    count = note_pace.take((provider, unwelcome.word)) if unwelcome.word else 0
    if not count:
        return
    ids = unwelcome.config_ids
    try:
        with cursor(registry) as cr:
            # Not by the ORM: a write there empties the caches of all workers.
            cr.execute(_REFUSED, [count, unwelcome.word, provider, not ids, ids])
    except psycopg2.Error:
        _logger.info("A refused notification could not be counted", exc_info=True)


def wake_leftovers(registry, stream_id):
    """Wake a stream again if hints have come while its step was under way.

    A notification that saw the job still waiting enqueues none; if that job then began before the
    notification was committed, it has not seen the hint either.
    """
    with registry.cursor() as cr:
        cr.execute("SELECT FROM mailbox_hint WHERE stream_id = %s LIMIT 1", [stream_id])
        if cr.rowcount:
            stream = api.Environment(cr, SUPERUSER_ID, {})["mailbox.stream"].browse(stream_id)
            jobs.wake(stream.exists(), "new")
