"""Loads Odoo and the registry of one database once, then forks a fresh worker for every task.

Usage: python -m harness.fork_server ODOO_CONF DATABASE SOCKET

A task is one connection to SOCKET with one line of JSON: {"action", "arguments", "doom"}. The
worker answers with a line that tells its process id, then one with its result or error. A worker
that is killed answers nothing more, which is the point: starting another costs milliseconds instead
of the seconds that loading Odoo takes.
"""

import gc
import importlib
import json
import os
import random
import signal
import socket
import sys
import traceback

from odoo import SUPERUSER_ID, api, sql_db
from odoo.modules.registry import Registry
from odoo.service.server import load_server_wide_modules
from odoo.tools import config

#: Imported once Odoo knows where its addons lie.
_LATE = ("harness.actions", "harness.doom")


def load(configuration: str, database: str) -> None:
    """Load the registry and fill its caches, then leave no connection behind for children."""
    config.parse_config(["-c", configuration], setup_logging=True)
    load_server_wide_modules()
    with Registry(database).cursor() as cr:
        api.Environment(cr, SUPERUSER_ID, {})["mailbox"].search([]).mapped("state")
    for name in _LATE:
        importlib.import_module(name)
    forget_connections()


def forget_connections() -> None:
    """Close all connections and forget the pools: processes must never share one."""
    sql_db.close_all()
    sql_db._Pool = None
    sql_db._Pool_readonly = None


def serve(database: str, path: str) -> None:
    """Accept tasks until the parent ends this process."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(16)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            os._exit(work(database, connection))
        connection.close()


def work(database: str, connection: socket.socket) -> int:
    """Do one task as a worker of its own; returns the exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    random.seed(os.urandom(16))
    stream = connection.makefile("rw", encoding="utf-8")
    tell(stream, {"pid": os.getpid()})
    task = json.loads(stream.readline())
    try:
        Registry(database).check_signaling()
        if task.get("doom"):
            sys.modules["harness.doom"].arm(**task["doom"])
        action = sys.modules["harness.actions"].ACTIONS[task["action"]]
        result = action(database, **task["arguments"])
    except BaseException as error:
        name = type(error).__name__
        tell(stream, {"error": name, "detail": str(error), "trace": traceback.format_exc()})
        return 1
    tell(stream, {"result": result})
    return 0


def tell(stream, message: dict) -> None:
    """Send one line."""
    stream.write(json.dumps(message, default=str) + "\n")
    stream.flush()


if __name__ == "__main__":
    load(sys.argv[1], sys.argv[2])
    serve(sys.argv[2], sys.argv[3])
