"""The budget that all workers share: token buckets in PostgreSQL, arithmetic from the core.

The table is unlogged and written through a cursor of its own that commits at once: inside the job's
transaction the row would stay locked until the job ends, and other mailboxes of the project would
wait for it. After a crash of the server the buckets start full, which the margin of the provider's
own bucket bears.
"""

from collections.abc import Collection, Sequence

from odoo import sql_db
from odoo.tools import SQL
from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from mailbox_core.net.quota import QuotaProfile, TokenBucket, allot, quota_day

from ..store import sql

#: Times the units of one call that are taken ahead for history.
_AHEAD = 10

_STATE = {
    "tokens": "float8",
    "at": "float8",
    "day": "int4",
    "spent": "int8",
    "silent_until": "float8",
}


class PostgresBudget:
    """``mailbox_core.contract.Budget`` over ``mailbox_bucket``.

    ``mailbox`` and ``project`` name the buckets of one mailbox and of the provider project that its
    calls are booked on (the OAuth client).
    """

    def __init__(self, dbname: str, mailbox: str, project: str, profile: QuotaProfile) -> None:
        self._dbname = dbname
        self._limits = {
            mailbox: profile.units_per_minute_user,
            project: profile.units_per_minute_project,
        }
        self._mailbox = mailbox
        self._project = project
        self._profile = profile
        #: Units granted to this object, for the record of the run.
        self.spent = 0
        #: Units of history that were taken and are not spent yet.
        self._ahead = 0

    def take(self, lane: str, units: int) -> float:
        """Seconds to wait before these units may be spent; 0.0 when they are granted (and taken).

        History is taken ahead while the buckets are well filled: a job fetches many times, and each
        taking is a transaction. ``settle`` gives back what it did not need.
        """
        if lane == "history" and units <= self._ahead:
            self._ahead -= units
            return 0.0
        with self._cursor() as cr:
            now, rows = self._lock(cr, self._limits)
            if lane == "history" and self._has_plenty(rows, now, units * _AHEAD):
                self._grant(rows, now, lane, units * _AHEAD)
                self._ahead += units * (_AHEAD - 1)
                wait = 0.0
            else:
                wait = self._grant(rows, now, lane, units)
            if wait <= 0:
                self._store(cr, rows)
            return max(0.0, wait)

    def settle(self) -> None:
        """Give back what was taken ahead and not spent."""
        if not self._ahead:
            return
        with self._cursor() as cr:
            now, rows = self._lock(cr, self._limits)
            for key in self._limited():
                bucket = self._bucket(key, rows[key], now)
                level = min(bucket.capacity, bucket.level(now) + self._ahead)
                rows[key] |= {"tokens": level, "at": now}
            project = rows[self._project]
            project["spent"] = max(0, project["spent"] - self._ahead)
            self._store(cr, rows)
        self.spent -= self._ahead
        self._ahead = 0

    @classmethod
    def take_each(
        cls, budgets: Sequence["PostgresBudget"], lane: str, units: int
    ) -> list["PostgresBudget"]:
        """Take these units from each budget that has them now, in one transaction for all; returns
        those that had. They are of one database."""
        if not budgets:
            return []
        with budgets[0]._cursor() as cr:
            now, rows = cls._lock(cr, {key for one in budgets for key in one._limits})
            granted = [one for one in budgets if one._grant(rows, now, lane, units) <= 0]
            cls._store(cr, rows)
        return granted

    def penalize(self, seconds: float) -> None:
        """The provider asked for silence: no grants for this long, and none from savings after."""
        with self._cursor() as cr:
            now, rows = self._lock(cr, self._limits)
            row = rows[self._mailbox]
            row["silent_until"] = max(row["silent_until"], now + max(0.0, seconds))
            if self._limits[self._mailbox] is not None:
                bucket = self._bucket(self._mailbox, row, now).drained(now)
                row |= {"tokens": bucket.tokens, "at": bucket.at}
            self._store(cr, rows)

    def penalize_project(self, seconds: float) -> None:
        """The provider's limit of the whole project was hit: no grants to any of its mailboxes."""
        with self._cursor() as cr:
            now, rows = self._lock(cr, self._limits)
            row = rows[self._project]
            row["silent_until"] = max(row["silent_until"], now + max(0.0, seconds))
            self._store(cr, rows)

    # -- arithmetic ----------------------------------------------------------------------------

    def _limited(self) -> list[str]:
        return [key for key, limit in self._limits.items() if limit is not None]

    def _has_plenty(self, rows: dict, now: float, units: int) -> bool:
        """Whether so many units are a small part of what every bucket holds, with nobody silent and
        no limit of the day near."""
        buckets = [self._bucket(key, rows[key], now) for key in self._limited()]
        silent = max(rows[key]["silent_until"] for key in self._limits)
        day = self._day_wait(rows, now, units * 2)
        full = all(one.level(now) >= max(units * 2, one.capacity / 2) for one in buckets)
        return full and silent <= now and not day

    def _grant(self, rows: dict, now: float, lane: str, units: int) -> float:
        """Book the units in ``rows``, or change nothing and return the seconds to wait."""
        limited = self._limited()
        after, wait = allot(
            [self._bucket(key, rows[key], now) for key in limited], now, units, lane
        )
        silent = max(rows[key]["silent_until"] for key in self._limits) - now
        wait = max(wait, silent, self._day_wait(rows, now, units))
        if wait > 0:
            return wait
        for key, bucket in zip(limited, after, strict=True):
            rows[key] |= {"tokens": bucket.tokens, "at": bucket.at}
        self._book(rows[self._project], now, units)
        self.spent += units
        return 0.0

    def _bucket(self, key: str, row: dict, now: float) -> TokenBucket:
        full = TokenBucket.per_minute(self._limits[key], self._profile.burst_seconds, now)
        if row["tokens"] is None:
            return full
        return TokenBucket(full.capacity, full.rate, min(row["tokens"], full.capacity), row["at"])

    def _day_wait(self, rows: dict, now: float, units: int) -> float:
        limit = self._profile.units_per_day_project
        day, left = quota_day(now)
        row = rows[self._project]
        spent = row["spent"] if row["day"] == day else 0
        return left if limit is not None and spent + units > limit else 0.0

    def _book(self, row: dict, now: float, units: int) -> None:
        day, _ = quota_day(now)
        row["spent"] = (row["spent"] if row["day"] == day else 0) + units
        row["day"] = day

    # -- storage -------------------------------------------------------------------------------

    def _cursor(self):
        """A connection apart from the job's, committed when its block ends. Not the registry's
        cursor: in tests that one is the test's own transaction."""
        return sql_db.db_connect(self._dbname).cursor()

    @classmethod
    def _lock(cls, cr, names: Collection[str]) -> tuple[float, dict[str, dict]]:
        """The rows of these names, locked in a fixed order, and the time of the database server."""
        keys = sorted(names)
        # A waiter must see what the one before it wrote; the default isolation would refuse it
        # instead.
        cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
        found = cls._select(cr, keys)
        if len(found) < len(keys):
            cr.execute(
                "INSERT INTO mailbox_bucket (key) SELECT unnest(%s) ON CONFLICT DO NOTHING", [keys]
            )
            found = cls._select(cr, keys)
        rows = {row.pop("key"): row for row in found}
        return max(row.pop("now") for row in rows.values()), rows

    @staticmethod
    def _select(cr, keys: list[str]) -> list[dict]:
        cr.execute(
            """SELECT key, tokens, at, day, spent, silent_until,
                   extract(epoch FROM clock_timestamp())::float8 AS now
               FROM mailbox_bucket WHERE key = ANY(%s) ORDER BY key FOR UPDATE""",
            [keys],
        )
        return cr.dictfetchall()

    @staticmethod
    def _store(cr, rows: dict[str, dict]) -> None:
        values = [{"key": key, **rows[key]} for key in sorted(rows)]
        # Nobody waits for the disk: after a crash of the database server the spending of its last
        # second is forgotten, which the provider would answer with a short "too many" at worst.
        cr.execute(
            SQL(
                """SET LOCAL synchronous_commit TO off;
                   UPDATE mailbox_bucket b SET %s FROM %s WHERE b.key = v.key""",
                sql.assignments("v", _STATE),
                sql.unnest({"key": "varchar", **_STATE}, values),
            )
        )


class Prepaid:
    """``mailbox_core.contract.Budget`` over units that have been taken already; what costs more is
    taken from the budget they came from."""

    def __init__(self, budget: PostgresBudget, units: int) -> None:
        self._budget = budget
        self._left = units

    def take(self, lane: str, units: int) -> float:
        """Seconds to wait before these units may be spent; 0.0 when they are granted."""
        if units > self._left:
            return self._budget.take(lane, units)
        self._left -= units
        return 0.0

    def penalize(self, seconds: float) -> None:
        """As the budget itself."""
        self._budget.penalize(seconds)

    def penalize_project(self, seconds: float) -> None:
        """As the budget itself."""
        self._budget.penalize_project(seconds)
