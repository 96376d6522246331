"""Many idle streams in one look: each provider is asked, and "nothing new" is written for all of
them with one statement.

An idle mailbox is asked hundreds of times for each time that it has something, and a job of its own
for every empty answer costs a hundred statements. A round finds out which streams have something;
whatever is not a plain "nothing new" (mail, trouble, a lost race, a grant that was refused) goes to
the stream's own job, which asks again and does with it what it always does.

The network comes first, in a few threads that touch neither the database nor the environment.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import psycopg2
from odoo.tools import SQL

from mailbox_core.errors import ProviderError
from mailbox_core.sync import machine
from mailbox_core.sync.stream import Apply, Hinted, List, PageAnswer, Rest, StreamState
from mailbox_core.types import Page, Since, StreamRef

from .. import mapping
from ..store import sql
from ..token_source import fixed_tokens
from .quota import PostgresBudget, Prepaid

_logger = logging.getLogger(__name__)

#: Calls under way at the same time: they wait for the network nearly all of the time.
_THREADS = 8
#: Seconds that a round waits for its answers. A provider that is slower is left to the job of its
#: own stream, so that it holds up nobody else.
_SECONDS = 15.0
#: Quota units of a look, booked for all streams of a round at once; what a look costs beyond them
#: is booked as ever.
_UNITS = 2

#: What a look that found nothing changes of a stream, and what of it a round needs to know.
_CHANGED = {
    "id": "int4",
    "was": "int4",
    "version": "int4",
    "hints": "int4",
    "answered": "int4",
    "looks": "int4",
    "cursor": "text",
    "poll_seconds": "int4",
    "due_at": "timestamp",
}
_WRITE = """
    WITH quiet AS (
        UPDATE mailbox_stream s SET version = v.version, hints = v.hints, answered = v.answered,
            looks = v.looks, cursor = v.cursor, poll_seconds = v.poll_seconds, due_at = v.due_at,
            last_success_at = %(now)s
          FROM %(rows)s
         WHERE s.id = v.id AND s.version = v.was AND s.gate = 'open'
           AND (SELECT bool_and(pg_try_advisory_xact_lock(%(lock)s, o.id))
                  FROM mailbox_stream o WHERE o.mailbox_id = s.mailbox_id)
        RETURNING s.id, s.mailbox_id
    ), synced AS (
        UPDATE mailbox m SET last_sync_at = %(now)s FROM quiet WHERE m.id = quiet.mailbox_id
    ), ran AS (
        UPDATE mailbox_run r SET ended_at = %(now)s, pages = r.pages + 1,
            units = r.units + %(units)s
          FROM quiet CROSS JOIN LATERAL (
              SELECT l.id FROM mailbox_run l WHERE l.mailbox_id = quiet.mailbox_id
               ORDER BY l.id DESC LIMIT 1) last
         WHERE r.id = last.id AND r.stream_id = quiet.id AND r.trigger = 'poll'
           AND r.outcome = 'ok' AND r.ended_at > %(since)s
        RETURNING r.stream_id
    ), begun AS (
        INSERT INTO mailbox_run (mailbox_id, stream_id, trigger, started_at, ended_at, outcome,
            pages, created, updated, gone, quarantined, units, create_uid, write_uid, create_date,
            write_date)
        SELECT mailbox_id, id, 'poll', %(now)s, %(now)s, 'ok', 1, 0, 0, 0, 0, %(units)s, %(uid)s,
            %(uid)s, %(now)s, %(now)s
          FROM quiet WHERE NOT EXISTS (SELECT FROM ran WHERE ran.stream_id = quiet.id)
    )
    SELECT id FROM quiet
"""


@dataclass(slots=True)
class Look:
    """One stream of a round: what is asked, and what came of it. ``after`` is the state that an
    answer without anything new leads to; None: the stream's own job must look."""

    stream: Any
    state: StreamState
    request: List
    provider: Any
    after: StreamState | None = None


def prepare(streams, now: datetime) -> tuple[list[Look], Any]:
    """A look for each stream that can be asked now, and the streams whose own job must see to them.

    Streams whose quota has no room are in neither: they stay due.
    """
    ready, others = {}, streams.browse()
    tokens = fixed_tokens(streams.mailbox_id)
    for stream in streams:
        if isinstance(tokens.get(stream.mailbox_id.id), ProviderError):
            others |= stream
        else:
            ready[stream] = stream.mailbox_id._budget()
    paid = PostgresBudget.take_each(list(ready.values()), "new", _UNITS)
    looks = []
    for stream in (one for one, budget in ready.items() if budget in paid):
        look = _look(stream, tokens.get(stream.mailbox_id.id), now)
        if look is None:
            others |= stream
        else:
            looks.append(look)
    return looks, others


def _look(stream, token, now: datetime) -> Look | None:
    """The machine's own request; None when it would do something else than look."""
    mailbox = stream.mailbox_id
    try:
        provider = mailbox._provider("new", token, Prepaid(mailbox._budget(), _UNITS))
    except Exception:  # pylint: disable=broad-except
        # What is wrong with one mailbox is told by its own job; the others go on.
        _logger.info("Mailbox %s cannot be asked in a round", mailbox.id, exc_info=True)
        return None
    state, _effects = machine.step(stream._state(), Hinted("poll"), now, Random(0))
    request = machine.next_request(state, now, 0, provider.capabilities)
    if not (isinstance(request, List) and isinstance(request.position, Since)):
        return None
    return Look(stream, state, request, provider)


def ask(looks: Sequence[Look], now: datetime) -> None:
    """Ask every provider, some at the same time, and let the machine judge the answers."""
    if not looks:
        return
    pool = ThreadPoolExecutor(min(_THREADS, len(looks)))
    calls = [
        pool.submit(
            look.provider.changes,
            StreamRef(look.stream.kind, look.stream.folder_id.remote_id or None),
            look.request.position,
            look.request.limit,
        )
        for look in looks
    ]
    wait(calls, _SECONDS)
    pool.shutdown(wait=False, cancel_futures=True)
    for look, call in zip(looks, calls, strict=True):
        page = _page(call)
        if page is not None:
            look.after = _after(look, page, now)


def _page(call: Future) -> Page | None:
    """The answer if it says that there is nothing new. A failure is told by the stream's own job,
    which meets it again."""
    if not call.done() or call.cancelled() or call.exception() is not None:
        return None
    page = call.result()
    return None if page.upserts or page.removals or page.more or page.span else page


def _after(look: Look, page: Page, now: datetime) -> StreamState | None:
    after, effects = machine.step(
        look.state, PageAnswer(look.request, page, 0, None), now, Random(0)
    )
    return after if all(isinstance(one, (Apply, Rest)) for one in effects) else None


def write(
    env, looks: Sequence[Look], due: dict[int, tuple[int, datetime]], since: datetime, lock: int
) -> set[int]:
    """Write what the looks came to, unless a stream has moved on meanwhile or is being worked on;
    returns the ids of the streams that were written.

    ``due``: seconds of rest and end of it by stream id; a run that ended after ``since`` goes on.
    """
    rows = [_row(look, *due[look.stream.id]) for look in looks]
    # It fails when somebody has written to one of the rows since this transaction began.
    with suppress(psycopg2.errors.SerializationFailure), env.cr.savepoint(flush=False):
        return _write(env, rows, since, lock)
    written = set()
    for row in rows:
        try:
            with env.cr.savepoint(flush=False):
                written |= _write(env, [row], since, lock)
        except psycopg2.errors.SerializationFailure:
            continue
    return written


def _row(look: Look, seconds: int, due: datetime) -> dict[str, Any]:
    values = mapping.stream_values(look.after)
    plain = {name: values[name] for name in ("version", "hints", "answered", "looks", "cursor")}
    return {
        "id": look.stream.id,
        "was": look.request.version,
        "poll_seconds": seconds,
        "due_at": due,
        **plain,
    }


def _write(env, rows: Sequence[dict[str, Any]], since: datetime, lock: int) -> set[int]:
    if not rows:
        return set()
    env.cr.execute(
        SQL(
            _WRITE,
            rows=sql.unnest(_CHANGED, rows),
            now=SQL("(now() AT TIME ZONE 'UTC')"),
            lock=lock,
            units=_UNITS,
            since=since,
            uid=env.uid,
        ),
        log_exceptions=False,  # a lost race is expected
    )
    return {id_ for (id_,) in env.cr.fetchall()}
