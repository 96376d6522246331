"""Holds back history while the server is short of something. New mail is never held back."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass

from .. import conf

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Readings:
    """How much of each resource is in use: parts of 1 of the connections and of the memory, and the
    load average a core. None: not known on this system."""

    connections: float | None = None
    memory: float | None = None
    load: float | None = None


#: Parts in use from which history waits, and load a core. [mailbox] guard_connections, …, in
#: odoo.conf.
LIMITS = {"connections": 0.85, "memory": 0.92, "load": 4.0}


def shortage(env) -> str:
    """What the server is short of, as a word; empty when history may go on."""
    return assess(read(env.cr), limits())


def assess(readings: Readings, bounds: Mapping[str, float]) -> str:
    """The first resource at its limit; a bound of 0 switches that check off."""
    for name, bound in bounds.items():
        value = getattr(readings, name)
        if bound and value is not None and value >= bound:
            return name
    return ""


def limits() -> dict[str, float]:
    """The configured bounds. A bound that is no number is reported and the default holds."""
    bounds = {}
    for name, default in LIMITS.items():
        word = conf.option(f"guard_{name}", str(default))
        try:
            bounds[name] = float(word)
        except ValueError:
            _logger.error(
                "guard_%s in section [mailbox] is no number: %r; %s holds", name, word, default
            )
            bounds[name] = default
    return bounds


def read(cr) -> Readings:
    """Look at the database server and at this machine."""
    cr.execute(
        """SELECT count(*) / (current_setting('max_connections')::float
               - current_setting('superuser_reserved_connections')::float)
           FROM pg_stat_activity WHERE backend_type = 'client backend'"""
    )
    return Readings(cr.fetchone()[0], _memory(), _load())


def _memory() -> float | None:
    """Used part of the memory (Linux: proc(5), MemAvailable)."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            values = {
                name: int(rest.split()[0])
                for name, _, rest in (line.partition(":") for line in lines)
            }
        return 1.0 - values["MemAvailable"] / values["MemTotal"]
    except (OSError, KeyError, ValueError, IndexError, ZeroDivisionError):
        return None


def _load() -> float | None:
    try:
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    except OSError:
        return None
