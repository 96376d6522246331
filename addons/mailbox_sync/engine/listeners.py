"""All listeners of a process: who is wanted, who is alive, and a heartbeat in each database.

``odoo-bin mailbox listen`` runs one of these. Every few seconds each database is asked which
subscriptions are to be listened to, so that settings take effect without a restart, and told how
the listeners fare. A database that cannot be reached is asked again; its listeners go on trying.
"""

import logging
import os
import signal
import socket
import threading
import time

import psycopg2
from odoo import SUPERUSER_ID, api, sql_db
from odoo.service.db import list_dbs

from .listener import Database, Listener

_logger = logging.getLogger(__name__)
#: Seconds between two heartbeats, and between two looks for databases.
BEAT, SEARCH = 5.0, 60.0
#: Seconds that listeners get to finish what they have taken when the process ends.
PATIENCE = 3.0
_ENDINGS = {signal.SIGTERM, signal.SIGINT}


class Listeners:
    """Listens for the named databases, or for all that have pull settings."""

    def __init__(self, names=()):
        self._chosen = list(names)
        self._databases = {}
        self._known = {}
        self._searched = None
        self._stopping = threading.Event()
        self._name = f"{socket.gethostname()}:{os.getpid()}"

    def run(self):
        """Listen until SIGTERM or SIGINT.

        This thread only waits for them: a database that hangs must not delay the end.
        """
        # Every heartbeat closes its connection, which Odoo tells each time.
        logging.getLogger("odoo.sql_db").setLevel(logging.WARNING)
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
        _logger.info("Listening for %s", ", ".join(self._chosen) or "all databases")
        threading.Thread(target=self._beats, daemon=True, name="heartbeat").start()
        signal.sigwait(_ENDINGS)
        self.stop()

    def _beats(self):
        while not self._stopping.is_set():
            self.beat()
            self._stopping.wait(BEAT)

    def beat(self):
        """Look once at every database."""
        for name in self._names():
            database = self._databases.setdefault(name, Database(name))
            try:
                self._look(database)
            except psycopg2.Error as error:
                _logger.warning("The database %s cannot be used now: %s", name, _first_line(error))
            except Exception:
                _logger.exception("The database %s cannot be listened for", name)

    def stop(self):
        """End all listeners; what they have taken is finished within a few seconds, what they take
        from now on is handed back. Says so in the databases that answer."""
        self._stopping.set()
        listeners = [one for known in list(self._known.values()) for one in list(known.values())]
        for listener in listeners:
            listener.stop()
        deadline = time.monotonic() + PATIENCE
        while any(one.busy.is_set() for one in listeners) and time.monotonic() < deadline:
            time.sleep(0.02)
        farewell = threading.Thread(target=self._say_goodbye, daemon=True)
        farewell.start()
        farewell.join(1.0)
        _logger.info("Ended")

    def _say_goodbye(self):
        for database in list(self._databases.values()):
            try:
                self._write(database, stopped=True)
            except Exception:
                _logger.info("The end of listening could not be noted in %s", database.name)

    def _names(self):
        now = time.monotonic()
        if self._chosen:
            return self._chosen
        if self._searched is None or now - self._searched >= SEARCH:
            self._searched = now
            try:
                found = [name for name in list_dbs(force=True) if _is_wanted(name)]
            except psycopg2.Error as error:
                _logger.warning("No database can be reached: %s", _first_line(error))
                return list(self._databases)
            return sorted({*found, *self._databases})
        return list(self._databases)

    def _look(self, database):
        with database.registry() as registry, registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US"})
            orders = {order.config_id: order for order in env["mailbox.push.config"]._pull_orders()}
        self._follow(database, orders)
        self._write(database)

    def _follow(self, database, orders):
        """Start what is new, end what is gone or has changed."""
        known = self._known.setdefault(database.name, {})
        for config_id, listener in list(known.items()):
            if orders.get(config_id) != listener.order or not listener.is_alive():
                listener.stop()
                del known[config_id]
        for config_id, order in orders.items():
            if config_id not in known:
                _logger.info("%s: listening to %s", database.name, order.queue)
                known[config_id] = Listener(database, order).start()

    def _write(self, database, stopped=False):
        known = self._known.get(database.name)
        if not known:
            return
        with database.registry() as registry, registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            for config_id, listener in known.items():
                env["mailbox.listener"]._beat(config_id, self._name, listener.status, stopped)


def _is_wanted(name):
    """Whether a database has our addon, asked without loading its registry."""
    try:
        with sql_db.db_connect(name).cursor() as cr:
            cr.execute("SELECT to_regclass('mailbox_push_config') IS NOT NULL")
            return cr.fetchone()[0]
    except psycopg2.Error:
        return False
    finally:
        sql_db.close_db(name)


def _first_line(error):
    return str(error).strip().partition("\n")[0]
