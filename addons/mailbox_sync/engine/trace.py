"""The way of live mail, written down: one statement a page, and one after the commit.

Which notification told of a message? The first that the provider published after it had the
message; a notification of before tells of something else. Times of the provider and of this server
come from two clocks: what its answers tell of the difference is taken off its times, and where they
contradict each other all the same, the message is left out of the figures.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL

from .. import provider_clock
from ..store import sql
from ..store.line import Line
from ..values import naive
from . import notice

#: Clocks of two machines that keep time agree so far, and providers round theirs to seconds.
TOLERANCE = timedelta(seconds=2)
#: The machines of one provider agree better.
_ALIKE = timedelta(milliseconds=250)
#: What was at the provider so long before the last look had been there in another place.
_MARGIN = timedelta(hours=1)
#: A notification speaks for the repeated looks that follow it for so long.
_ECHOES = timedelta(minutes=2)
_TYPES = {
    "message_id": "int4",
    "provider_at": "timestamp",
    "clock_ms": "int4",
    "hint_at": "timestamp",
    "verified_at": "timestamp",
    "stored_at": "timestamp",
    "exempt": "varchar",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """A push notification that a run has read: received, verified (and durable), and published by
    the provider, in naive UTC."""

    received: datetime
    verified: datetime
    published: datetime | None = None

    def tells_of(self, provider_at: datetime, ahead: timedelta = timedelta(0)) -> bool:
        """Whether it may be about a message that the provider got then by its own clock, which is
        ``ahead`` of ours."""
        if self.published:
            return self.published >= provider_at - _ALIKE
        return self.received + ahead >= provider_at - TOLERANCE

    def to_json(self) -> list[str | None]:
        """As it waits on the stream for the looks that repeat this one."""
        moments = (self.received, self.verified, self.published)
        return [moment.isoformat() if moment else None for moment in moments]

    @classmethod
    def from_json(cls, kept: Sequence[str | None]) -> "Notice":
        """What ``to_json`` has made."""
        return cls(*(datetime.fromisoformat(word) if word else None for word in kept))


@dataclass(frozen=True, slots=True)
class Run:
    """What a step knows for the trace: when it began, what it has heard, what the stream has been
    through, and how far the provider's clock is ahead."""

    mailbox_id: int
    began: datetime
    notices: tuple[Notice, ...]
    first_at: datetime | None
    last_at: datetime | None
    live: bool
    ahead: timedelta = timedelta(0)

    @classmethod
    def of(cls, stream: Any, hints: Any, began: datetime) -> "Run":
        """To be made before the stream's row changes and its hints go."""
        began = naive(began)
        notices = [
            Notice(hint.received_at or hint.at, hint.at, hint.published_at or None)
            for hint in hints
            if hint.source == "push"
        ]
        if not notices and stream.last_notice:
            kept = Notice.from_json(stream.last_notice)
            notices = [kept] if kept.verified >= began - _ECHOES else []
        return cls(
            stream.mailbox_id.id,
            began,
            tuple(sorted(notices, key=lambda one: one.received)),
            stream.mailbox_id.import_started_at or None,
            stream.last_success_at or None,
            stream.phase == "live",
            provider_clock.ahead(stream.mailbox_id._provider_clock()),
        )

    def values(self) -> dict[str, Any]:
        """What the stream keeps of it."""
        return {"last_notice": self.notices[-1].to_json()} if self.notices else {}

    def notice_of(self, provider_at: datetime | None) -> Notice | None:
        """The notification that told of a message; None when it was found without."""
        if provider_at is None:
            return next(iter(self.notices), None)
        return next((one for one in self.notices if one.tells_of(provider_at, self.ahead)), None)


def record(cr, run: Run, lines: Iterable[Line]) -> list[int]:
    """Write down the way of the messages that a page brought, and return their ids."""
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    rows = [row for line in lines if (row := _row(line, run, now))]
    if rows:
        cr.execute(
            SQL(
                """INSERT INTO mailbox_trace AS t (mailbox_id, sync_at, create_date, write_date, %s)
                   SELECT %s, %s, %s, %s, %s FROM %s
                   ON CONFLICT (message_id) DO UPDATE SET
                       provider_at = COALESCE(t.provider_at, EXCLUDED.provider_at),
                       clock_ms = COALESCE(t.clock_ms, EXCLUDED.clock_ms),
                       stored_at = COALESCE(t.stored_at, EXCLUDED.stored_at),
                       exempt = COALESCE(t.exempt, EXCLUDED.exempt)""",
                sql.identifiers(_TYPES),
                run.mailbox_id,
                run.began,
                now,
                now,
                sql.columns("v", _TYPES),
                sql.unnest(_TYPES, rows),
            )
        )
    return [row["message_id"] for row in rows if row["stored_at"]]


def _row(line: Line, run: Run, now: datetime) -> dict[str, Any] | None:
    """The first stations of one message; None when it is history."""
    stored = line.stored if line.visible else None
    told = stored.columns["date"] if stored else None
    provider_at = told and told - run.ahead
    if not stored and not run.live:
        return None
    if provider_at and run.first_at and provider_at < run.first_at:
        return None
    heard = run.notice_of(told)
    return {
        "message_id": line.id,
        "provider_at": provider_at,
        "clock_ms": round(run.ahead.total_seconds() * 1000) if told and run.ahead else None,
        "hint_at": heard and heard.received,
        "verified_at": heard and heard.verified,
        "stored_at": now if stored else None,
        "exempt": _exempt(line, run, heard, provider_at, now),
    }


def _exempt(
    line: Line,
    run: Run,
    heard: Notice | None,
    provider_at: datetime | None,
    now: datetime,
) -> str | None:
    """Why a message says nothing about speed; None when it does."""
    if provider_at is None:
        return None
    thread = line.stored.thread if line.stored else None
    if (thread and thread.keys.outgoing) or "draft" in (line.after.flags or ()):
        return "own"
    if provider_at > min(heard.received if heard else now, now) + TOLERANCE:
        return "clock"
    return "late" if run.last_at and provider_at < run.last_at - _MARGIN else None


def shown(registry, message_ids: Sequence[int]) -> None:
    """The page is committed and the screens have been told: a short transaction of its own."""
    with notice.cursor(registry) as cr:
        # A crash of the database server in this very moment may lose a figure, and nothing else.
        cr.execute(
            "SET LOCAL synchronous_commit TO off;"
            " UPDATE mailbox_trace SET shown_at = clock_timestamp() AT TIME ZONE 'UTC'"
            " WHERE message_id = ANY(%s) AND shown_at IS NULL",
            [list(message_ids)],
        )
        api.Environment(cr, SUPERUSER_ID, {})["mailbox.trace"].invalidate_model(flush=False)
