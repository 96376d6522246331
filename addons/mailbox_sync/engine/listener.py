"""One subscription held open: pull, make the hints durable, acknowledge.

The order is the whole promise: a notification is acknowledged after the transaction with its hint
has been committed, by the same code as the webhook's (``notice.note``). Whatever dies in between,
the provider delivers again, and a hint twice is harmless. While a pull waits at the provider, no
connection to PostgreSQL is held.
"""

import logging
import random
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone

import psycopg2
from odoo import sql_db
from odoo.modules.registry import Registry

from mailbox_core import registry as providers
from mailbox_core.backoff import delay
from mailbox_core.errors import AuthorizationLost, NotFound, ProviderError, Refused, Throttled
from mailbox_core.net.service_account import ServiceAccount

from .. import conf
from . import notice

_logger = logging.getLogger(__name__)
#: Notifications taken at once; a backlog after an outage is worked off in such steps.
BATCH = 100
#: Seconds after which the provider is asked for more time, and how much.
_SLOW, _MORE = 5.0, 60
#: Longest waits in seconds after failures: what passes by itself, and what a person has to mend.
_PASSING, _STANDING = 60.0, 300.0


class Database:
    """One database for all threads: one at a time, and no connection kept between two uses."""

    def __init__(self, name):
        self.name = name
        self._lock = threading.Lock()

    @contextmanager
    def registry(self):
        """The registry, brought up to date; connections are closed afterwards."""
        with self._lock:
            try:
                yield Registry(self.name).check_signaling()
            finally:
                sql_db.close_db(self.name)


@dataclass(frozen=True)
class Order:
    """What to listen to: the push settings ``config_id`` as they stand."""

    config_id: int
    provider: str
    company_id: int | None
    queue: str
    account: ServiceAccount = field(repr=False)


@dataclass
class Status:
    """How a listener fares; times are naive UTC, as the database keeps them."""

    started_at: datetime
    pulled_at: datetime | None = None
    acknowledged_at: datetime | None = None
    received: int = 0
    failures: int = 0
    trouble: str = ""


class Listener:
    """A thread on one subscription. ``stop`` asks it to end; a pull that waits may outlive that by
    its own time limit, and takes nothing for itself any more."""

    def __init__(self, database, order):
        self.order = order
        self.status = Status(_now())
        self.busy = threading.Event()
        self._database = database
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"listen {order.queue}")

    def start(self):
        """Begin."""
        self._thread.start()
        return self

    def stop(self):
        """Take nothing more."""
        self._stopped.set()

    def is_alive(self):
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def _run(self):
        source = None
        rng = random.Random()
        while not self._stopped.is_set():
            try:
                source = source or self._open()
                self._round(source)
            except Exception as error:  # the thread must outlive whatever comes
                self._failed(error)
                advice = getattr(error, "retry_after", None)
                cap = _STANDING if _needs_a_person(error) else _PASSING
                self._stopped.wait(delay(self.status.failures, advice, 1.0, cap, rng))
            else:
                self.status.failures, self.status.trouble = 0, ""
        if source is not None:
            source.close()

    def _open(self):
        push = providers.spec(self.order.provider).push
        return push.pull(self.order.account, self.order.queue, conf.endpoints())

    def _round(self, source):
        batch = source.pull(BATCH)
        received = datetime.now(timezone.utc)
        self.status.pulled_at = received.replace(tzinfo=None)
        if not batch:
            return
        self.busy.set()
        try:
            self._take(source, batch, received)
        finally:
            self.busy.clear()

    def _take(self, source, batch, received):
        receipts = [pulled.receipt for pulled in batch]
        if self._stopped.is_set():
            _hand_back(source, receipts)
            return
        try:
            self._note(source, receipts, self._hints(batch, received))
        except Exception:
            _hand_back(source, receipts)
            raise
        source.acknowledge(receipts)
        self.status.acknowledged_at = _now()
        self.status.received += len(batch)

    def _hints(self, batch, received):
        """One hint an address, the latest published: after an outage thousands may wait for one
        mailbox, and one look finds all. What cannot be read would come again for days; it is
        acknowledged with the rest."""
        decode = providers.spec(self.order.provider).push.decode
        latest, illegible = {}, 0
        for pulled in batch:
            try:
                hint = decode(pulled.message, received)
            except Refused:
                illegible += 1
                continue
            known = latest.get(hint.address)
            if known is None or _published(known) <= _published(hint):
                latest[hint.address] = hint
        if illegible:
            _logger.warning("%s: %s notifications are not legible", self.order.queue, illegible)
        return latest.values()

    def _note(self, source, receipts, hints):
        began = time.monotonic()
        with self._database.registry() as registry:
            for hint in hints:
                if time.monotonic() - began > _SLOW:
                    source.extend(receipts, _MORE)
                    began = time.monotonic()
                notice.note(registry, self.order.provider, hint, self.order.company_id)

    def _failed(self, error):
        """Remember and log what went wrong: words of ours, never what a library quotes."""
        self.status.failures += 1
        if isinstance(error, ProviderError):
            words = error.detail
        elif isinstance(error, psycopg2.Error):
            words = f"The database {self._database.name} cannot be used now."
        else:
            words = f"{type(error).__name__} in the listener; see its log."
            _logger.exception("Listening to %s failed", self.order.queue)
        if words != self.status.trouble:
            _logger.warning("%s: %s", self.order.queue, words)
        self.status.trouble = words


def _hand_back(source, receipts):
    """Let notifications be delivered again at once rather than after their deadline."""
    with suppress(ProviderError):
        source.extend(receipts, 0)


def _needs_a_person(error):
    if isinstance(error, Throttled):
        return False
    return isinstance(error, (AuthorizationLost, NotFound, Refused))


def _published(hint):
    return hint.published_at or datetime.min.replace(tzinfo=timezone.utc)


def _now():
    return datetime.now(timezone.utc).replace(tzinfo=None)
