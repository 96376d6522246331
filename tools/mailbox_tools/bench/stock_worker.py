"""Runs inside Odoo's process: hands mails to the stock gateway and prints what it cost, as JSON.

Usage: python -m mailbox_tools.bench.stock_worker CONFIGURATION DATABASE POSTMASTER < paths.json
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import odoo
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from mailbox_tools.bench import cpu


def main(arguments: list[str]) -> None:
    """Process the mails named on standard input, warm-up first."""
    configuration, database, postmaster = arguments
    odoo.tools.config.parse_config(["-c", configuration, "--log-level=critical"])
    mails = [Path(name).read_bytes() for name in json.load(sys.stdin)]
    registry = Registry(database)
    # The first mail pays for caches and templates that a running server has long had.
    _process(registry, b"From: warm@up.example\nSubject: up\nMessage-ID: <warm@up>\n\nup\n")
    roots = [os.getpid(), int(postmaster)]
    before, started = cpu.seconds(roots), time.monotonic()
    counted = [_process(registry, mail) for mail in mails]
    seconds, used = time.monotonic() - started, cpu.seconds(roots) - before
    errors = [error for _statements, error in counted if error]
    figures = {
        "mails": len(mails),
        "seconds": seconds,
        "cpu": used,
        "statements": sum(statements for statements, _error in counted),
        "errors": len(errors),
        "error_kinds": sorted(set(errors)),
    }
    print(json.dumps({**figures, **_outcome(registry)}))


def _process(registry: Any, mail: bytes) -> tuple[int, str]:
    """One mail, one transaction; the number of statements and the kind of the error, if any."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"fetchmail_cron_running": True})
        before, error = cr.sql_log_count, ""
        try:
            env["mail.thread"].message_process("crm.lead", mail)
            env.flush_all()
        except Exception as trouble:
            error = type(trouble).__name__
            cr.rollback()
        return cr.sql_log_count - before, error


def _outcome(registry: Any) -> dict[str, Any]:
    with registry.cursor() as cr:
        cr.execute(
            "SELECT message_id FROM mail_message WHERE message_id LIKE '<bench.%%' ORDER BY 1"
        )
        ids = sorted(row[0].strip("<>") for row in cr.fetchall())
        cr.execute(
            """SELECT a.checksum FROM ir_attachment a
               JOIN message_attachment_rel r ON r.attachment_id = a.id
               JOIN mail_message m ON m.id = r.message_id
               WHERE m.message_id LIKE '<bench.%%'"""
        )
        return {"ids": ids, "files": sorted(row[0] for row in cr.fetchall())}


if __name__ == "__main__":
    main(sys.argv[1:])
