"""A notification becomes durable: hint, wake-up job and subscription in one short transaction.

At READ COMMITTED: the row of the subscription is the lock, and whoever waited for it sees in the
next statement what the one before has enqueued, so that thousands of notifications leave one
waiting job. No row that the sync step writes is touched.

A step that runs needs no second job beside it, which would only find it busy: when the step has
been committed it looks for hints of meanwhile (``wake_leftovers``). It takes the same lock for
that, so that a notification either sees the step ended, or is seen by it.
"""

import logging
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg2
from odoo import SUPERUSER_ID, api, sql_db
from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from .. import jobs
from ..push_desk import note_pace
from ..values import naive

_logger = logging.getLogger(__name__)

#: Everything but the job, for all mailboxes of the address: two statements, one round trip. The
#: first waits for others who note something of them, the second sees what they have enqueued. Jobs
#: are asked for twice: those that wait have a partial index of their own (OCA ``queue_job``).
_NOTE = """
    SELECT b.id FROM mailbox m
      JOIN mailbox_subscription b ON b.mailbox_id = m.id AND b.state != 'off'
     WHERE m.provider = %(provider)s AND m.address = %(address)s AND m.active
       AND (%(company)s::int IS NULL OR m.company_id = %(company)s)
     ORDER BY m.id FOR NO KEY UPDATE OF b;
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
           array(SELECT s.id FROM noted JOIN mailbox_stream s ON s.id = noted.stream_id
                  WHERE s.mailbox_id = target.mailbox_id
                    AND NOT EXISTS (SELECT FROM queue_job j
                                     WHERE j.identity_key = %(key)s || s.id
                                       AND j.state IN ('pending', 'enqueued'))
                    AND NOT EXISTS (SELECT FROM queue_job j
                                     WHERE j.identity_key = %(key)s || s.id
                                       AND j.state = 'started')
                  ORDER BY s.id)
      FROM target
"""
#: Hints that came while a step was under way. The first statement waits for who notes one now.
_LEFT = """
    SELECT b.id FROM mailbox_stream s JOIN mailbox_subscription b ON b.mailbox_id = s.mailbox_id
     WHERE s.id = %(stream)s FOR NO KEY UPDATE OF b;
    SELECT FROM mailbox_hint WHERE stream_id = %(stream)s LIMIT 1
"""
#: Hints that a step did not see when it began.
_CAME = """
    SELECT EXISTS (SELECT FROM mailbox_hint WHERE stream_id = %s AND NOT id = ANY(%s))
"""
_REFUSED = """
    UPDATE mailbox_push_config
       SET refused_count = COALESCE(refused_count, 0) + %s, refused_reason = %s,
           refused_at = clock_timestamp() AT TIME ZONE 'UTC'
     WHERE provider = %s AND (%s OR id = ANY(%s))
"""


@dataclass(frozen=True)
class Target:
    """A mailbox that a notification is about, and its streams that no job works on or will."""

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
        # Goes with the BEGIN, no statement of its own; the next cursor of this connection sets its
        # own (Odoo, ``sql_db.Cursor.__init__``).
        cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)


def _note(cr, provider, hint, company_id):
    targets = _targets(cr, provider, hint, company_id)
    for target in targets:
        if not (target.was_silent or target.stream_ids):
            continue
        env = api.Environment(cr, SUPERUSER_ID, {"company_id": target.company_id})
        if target.was_silent:
            mailbox = env["mailbox"].browse(target.mailbox_id)
            mailbox._audit("push.heard_again")
            mailbox._clear_alerts("silent")
        for stream in env["mailbox.stream"].browse(target.stream_ids):
            jobs.wake(stream, "new", address=hint.address)
    return len(targets)


def _targets(cr, provider, hint, company_id):
    """Note the hint wherever it belongs."""
    cr.execute(
        _NOTE,
        {
            "provider": provider,
            "address": hint.address,
            "company": company_id,
            "received": naive(hint.received_at),
            "published": naive(hint.published_at),
            "key": jobs.sync_key(""),
        },
    )
    return [Target(*rest, tuple(streams)) for *rest, streams in cr.fetchall()]


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


def came(dbname, stream_id, hint_ids):
    """Whether hints other than these were noted for a stream by now. In a transaction of its own:
    that of the step sees only what was there before it."""
    with sql_db.db_connect(dbname).cursor() as cr:
        cr.execute(_CAME, [stream_id, hint_ids])
        return cr.fetchone()[0]


def wake_leftovers(registry, stream_id):
    """Wake a stream again if hints have come while its step was under way: the notification that
    saw the job waiting or at work enqueued none, and the step may have read its hints before."""
    with cursor(registry) as cr:
        cr.execute(_LEFT, {"stream": stream_id})
        if cr.rowcount:
            stream = api.Environment(cr, SUPERUSER_ID, {})["mailbox.stream"].browse(stream_id)
            jobs.wake(stream.exists(), "new")
