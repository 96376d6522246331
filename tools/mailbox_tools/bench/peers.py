"""The peers, measured in the same run on the same mails: notmuch, and Odoo's own mail gateway."""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mailbox_tools import odoo_config, paths
from mailbox_tools.bench import mails
from mailbox_tools.bench.stage import Stage
from mailbox_tools.env import ToolingError, need_debian_package


def notmuch(mail: Path) -> dict[str, Any]:
    """Index a Maildir with ``notmuch new``: CPU and wall seconds, and what the index holds.

    The index lies on the same disk as everything else, and is complete (all words, threads).
    """
    need_debian_package("notmuch", "the peer of row A1", command="notmuch")
    with tempfile.TemporaryDirectory(dir=mail.parent) as place:
        home = Path(place)
        shutil.copytree(mail, home / "mail", copy_function=os.link)
        environment = {"HOME": place, "NOTMUCH_CONFIG": str(home / "config"), "LC_ALL": "C.UTF-8"}
        (home / "config").write_text(f"[database]\npath={home / 'mail'}\n[new]\ntags=inbox\n")
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        _notmuch(environment, "new", "--quiet")
        seconds = time.monotonic() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        ids = _notmuch(environment, "search", "--output=messages", "*").split()
        needles = [
            int(_notmuch(environment, "count", f"needle{number}q"))
            for number in range(mails.NEEDLES)
        ]
        return {
            "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "seconds": seconds,
            "ids": sorted(name.removeprefix("id:") for name in ids),
            "threads": int(_notmuch(environment, "count", "--output=threads", "*")),
            "needles": needles,
        }


def _notmuch(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        ["notmuch", *arguments],
        env={**environment, "PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ToolingError(f"notmuch {arguments[0]} failed: {done.stderr.strip()[-200:]}")
    return done.stdout


def stock(stage: Stage, mail: Path, sample: Sequence[int]) -> dict[str, Any]:
    """Give mails of a Maildir to ``mail.thread.message_process`` for new leads, as Odoo's fetch job
    does: one process, one transaction a mail."""
    with stage.database("bench_stock") as database:
        instance = odoo_config.Instance(database, database, stage.server, 0, 0)
        configuration = odoo_config.write(instance)
        files = mails.files(mail)
        given = json.dumps([str(files[number]) for number in sample])
        worker = [sys.executable, "-m", "mailbox_tools.bench.stock_worker"]
        done = subprocess.run(
            [*worker, str(configuration), database, str(stage.postmaster)],
            input=given,
            capture_output=True,
            text=True,
            cwd=paths.REPOSITORY,
            check=False,
        )
        if done.returncode:
            raise ToolingError(f"the stock peer failed: {done.stderr.strip()[-300:]}")
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return result
