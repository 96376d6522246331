"""Writes lines so that one the database refuses holds up no other."""

import logging
from collections.abc import Sequence
from datetime import datetime, timezone

import psycopg2

from mailbox_core.sync import plan

from .. import mapping
from .ledger import Ledger
from .line import Line
from .writer import Writer, Written

_logger = logging.getLogger(__name__)


def write_safely(stream, ledger: Ledger, lines: Sequence[Line]) -> Written:
    """Write all lines at once; when the database refuses the set, one by one, and quarantine who is
    to blame.

    Trouble of the database itself (a lost connection, a serialization failure) is not the message's
    fault and is raised.
    """
    try:
        with stream.env.cr.savepoint(flush=False):
            return Writer(stream, ledger).apply(lines)
    except psycopg2.OperationalError:
        raise
    except (psycopg2.Error, ValueError, TypeError, KeyError) as error:
        _logger.warning(
            "Stream %s: a page is written message by message (%s)", stream.id, _first_line(error)
        )
    whole = Written()
    for line in lines:
        part = _write_one(stream, ledger, line)
        whole.created += part.created
        whole.updated += part.updated
        whole.arrived += part.arrived
        whole.changed += part.changed
        whole.fresh += part.fresh
        whole.new_folders |= part.new_folders
        for disposition, count in part.dispositions.items():
            whole.dispositions[disposition] += count
    return whole


def _write_one(stream, ledger: Ledger, line: Line) -> Written:
    try:
        with stream.env.cr.savepoint(flush=False):
            return Writer(stream, ledger).apply([line])
    except psycopg2.OperationalError:
        raise
    except (psycopg2.Error, ValueError, TypeError, KeyError) as error:
        _logger.warning(
            "Stream %s: message %s is quarantined", stream.id, line.remote_id, exc_info=True
        )
        line.after = plan.quarantine(line.after, f"not storable: {_first_line(error)}"[:200])
        line.postpone(datetime.now(timezone.utc))
        ledger.read_folders()
        return _write_quarantined(stream, ledger, line)


def _write_quarantined(stream, ledger: Ledger, line: Line) -> Written:
    """The row of a message that cannot be stored: with the name of its source, else without
    anything."""
    if line.stored is not None:
        kept = ("raw_sha256", "raw_complete", "raw_store")
        line.stored = mapping.Stored({name: line.stored.columns[name] for name in kept})
    return Writer(stream, ledger).apply([line])


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0][:200]
