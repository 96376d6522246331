"""A notification becomes durable: hint, wake-up job and subscription in one short transaction.

At READ COMMITTED: the row of the subscription is the lock, and whoever waited for it sees in the
next statement what the one before has enqueued, so that thousands of notifications leave one
waiting job. No row that the sync step writes is touched.
"""

import logging
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg2
from odoo import SUPERUSER_ID, api, sql_db

from .. import jobs, mapping
from ..push_desk import note_pace

_logger = logging.getLogger(__name__)

#: Everything but the job, for all mailboxes of the address: one statement however many there are.
_NOTE = """
    WITH target AS MATERIALIZED (
        SELECT b.id, b.state, m.id AS mailbox_id, m.company_id
          FROM mailbox m
          JOIN mailbox_subscription b ON b.mailbox_id = m.id AND b.state != 'off'
         WHERE m.provider = %(provider)s AND m.address = %(address)s AND m.active
           AND (%(company)s::int IS NULL OR m.company_id = %(company)s)
         ORDER BY m.id
    ), heard AS (
        UPDATE mailbox_subscription b
           SET last_hint_at = clock_timestamp() AT TIME ZONE 'UTC', hint_count = b.hint_count + 1,
               state = CASE WHEN b.state = 'silent' THEN 'active' ELSE b.state END,
               silent_since = NULL, silence = NULL
          FROM target WHERE b.id = target.id
        RETURNING b.mailbox_id
    ), noted AS (
        INSERT INTO mailbox_hint (stream_id, source, trigger, at, received_at, published_at)
        SELECT s.id, 'push', 'hint', clock_timestamp() AT TIME ZONE 'UTC', %(received)s,
               %(published)s
          FROM heard
          JOIN mailbox_stream s ON s.mailbox_id = heard.mailbox_id
               AND s.gate IN ('open', 'waiting')
        RETURNING stream_id
    )
    SELECT target.mailbox_id, target.company_id, target.state = 'silent',
           array(SELECT noted.stream_id FROM noted
                   JOIN mailbox_stream s ON s.id = noted.stream_id
                  WHERE s.mailbox_id = target.mailbox_id ORDER BY s.id)
      FROM target
"""
_REFUSED = """
    UPDATE mailbox_push_config
       SET refused_count = COALESCE(refused_count, 0) + %s, refused_reason = %s,
           refused_at = clock_timestamp() AT TIME ZONE 'UTC'
     WHERE provider = %s AND (%s OR id = ANY(%s))
"""
_SLEEPING = """
    SELECT key FROM unnest(%s) AS key
     WHERE NOT EXISTS (SELECT FROM queue_job j
                        WHERE j.identity_key = key AND j.state IN ('pending', 'enqueued'))
"""


@dataclass(frozen=True)
class Target:
    """A mailbox that a notification is about, and its streams that may run."""

    mailbox_id: int
    company_id: int
    was_silent: bool
    stream_ids: tuple[int, ...]


def note(registry, provider, hint, company_id=None):
    """Make a hint durable and return how many mailboxes it concerned; none is no error.

    Commits before it returns. Raises what the database raises: then nothing was promised.
    """
    with cursor(registry) as cr:
        return _note(cr, provider, hint, company_id)


def note_within(cr, provider, hint, company_id=None):
    """``note`` in the transaction of ``cr``, which has done nothing worth keeping yet: its owner
    commits."""
    cr.rollback()
    _wait_for_others(cr)
    return _note(cr, provider, hint, company_id)


@contextmanager
def cursor(registry):
    """A cursor for one short transaction that waits for others rather than fail."""
    with registry.cursor() as cr:
        _wait_for_others(cr)
        yield cr


def _wait_for_others(cr):
    # In tests the cursor is the test's own transaction, which has begun long ago.
    if isinstance(cr, sql_db.Cursor):
        cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")


def _note(cr, provider, hint, company_id):
    targets = _targets(cr, provider, hint, company_id)
    for target in targets:
        env = api.Environment(cr, SUPERUSER_ID, {"company_id": target.company_id})
        if target.was_silent:
            mailbox = env["mailbox"].browse(target.mailbox_id)
            mailbox._audit("push.heard_again")
            mailbox._clear_alerts("silent")
        _wake(env, target, hint.address)
    return len(targets)


def _targets(cr, provider, hint, company_id):
    """Note the hint wherever it belongs."""
    cr.execute(
        _NOTE,
        {
            "provider": provider,
            "address": hint.address,
            "company": company_id,
            "received": mapping.naive(hint.received_at),
            "published": mapping.naive(hint.published_at),
        },
    )
    return [Target(*rest, tuple(streams)) for *rest, streams in cr.fetchall()]


def _wake(env, target, address):
    """Enqueue the step of every stream that no job is about to take; nothing is read for it."""
    keys = {jobs.sync_key(stream_id): stream_id for stream_id in target.stream_ids}
    if not keys:
        return
    env.cr.execute(_SLEEPING, [list(keys)])
    for (key,) in env.cr.fetchall():
        jobs.wake(env["mailbox.stream"].browse(keys[key]), "new", address=address)


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
