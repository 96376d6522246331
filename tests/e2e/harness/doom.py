"""Ends a worker, or its database connection, at a named point. Armed in the forked worker only.

The points are those where a crash could separate what must stay together: before and after a
COMMIT, at any SQL statement, before a file of the raw store gets its name.
"""

import functools
import os
import signal
from collections.abc import Callable
from contextlib import closing

import psycopg2
from odoo import sql_db


def arm(at: str, nth: int = 1, how: str = "die", every: bool = False) -> None:
    """Let ``how`` happen the ``nth`` time that ``at`` is reached (``every``: each nth time)."""
    point, act = POINTS[at], ACTS[how]
    point(_Counter(nth, every), act)


class _Counter:
    def __init__(self, nth: int, every: bool) -> None:
        self._nth, self._every, self._count = nth, every, 0

    def hit(self) -> bool:
        """Count one; tell whether this is the time."""
        self._count += 1
        return self._count % self._nth == 0 if self._every else self._count == self._nth


def _around(owner, name: str, counter: _Counter, act: Callable, after: bool) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def doomed(*arguments, **keywords):
        if not counter.hit():
            return original(*arguments, **keywords)
        if not after:
            act(*arguments)
        result = original(*arguments, **keywords)
        if after:
            act(*arguments)
        return result

    setattr(owner, name, doomed)


def die(*_arguments) -> None:
    """kill -9 of this process, by itself: no handler, no clean-up, no flush."""
    os.kill(os.getpid(), signal.SIGKILL)


def cut(cursor, *_arguments) -> None:
    """The database server ends the connection of a cursor; the next word on it fails as it really
    does."""
    _, info = sql_db.connection_info_for(cursor.dbname)
    backend = cursor._cnx.get_backend_pid()
    with closing(psycopg2.connect(**info)) as other, other.cursor() as cr:
        other.autocommit = True
        cr.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])


def lose(cursor, *_arguments) -> None:
    """The COMMIT was carried out, its answer never came: what a cut at that moment looks like."""
    cut(cursor)
    cursor._cnx.cursor().execute("SELECT 1")


def refuse(state: str) -> Callable:
    """The database server refuses with an SQLSTATE."""

    def act(cursor, *_arguments) -> None:
        cursor._cnx.cursor().execute(
            f"DO $$ BEGIN RAISE EXCEPTION 'planned trouble' USING ERRCODE = '{state}'; END $$"
        )

    return act


POINTS = {
    "commit": lambda counter, act: _around(sql_db.Cursor, "commit", counter, act, False),
    "committed": lambda counter, act: _around(sql_db.Cursor, "commit", counter, act, True),
    "statement": lambda counter, act: _around(sql_db.Cursor, "execute", counter, act, False),
    "rename": lambda counter, act: _around(os, "replace", counter, act, False),
    "renamed": lambda counter, act: _around(os, "replace", counter, act, True),
}
ACTS = {
    "die": die,
    "cut": cut,
    "lose": lose,
    "serialization": refuse("40001"),
    "deadlock": refuse("40P01"),
    "full": refuse("53100"),
}
