"""Rows E1 and E3: many idle mailboxes, polled with the adaptive cadence."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import requests

from mailbox_tools import odoo_config, paths
from mailbox_tools.bench import fleet_provider
from mailbox_tools.bench.gates import Figure, figure
from mailbox_tools.bench.stage import Scene, Stage, folder, prepare_odoo
from mailbox_tools.env import ToolingError, run, say

_PATIENCE = 600.0
_GLANCE = 0.5
#: Statements that are told of.
_FREQUENT = 40
#: Work that a fresh database still has to do: jobs, and the daily tasks of all modules at once.
_BUSY = """
    SELECT (SELECT count(*) FROM queue_job WHERE state NOT IN ('done', 'failed', 'cancelled'))
         + (SELECT count(*) FROM ir_cron WHERE active AND nextcall <= now() AT TIME ZONE 'UTC')
"""


@dataclass
class Fleet:
    """The figures of one run; seconds."""

    mailboxes: int
    connected_seconds: float
    idle_seconds: float
    idle_cpu: float
    empty_cpu: float
    idle_statements: int | None
    idle_requests: int
    idle_polls: int
    restart_seconds: float
    restart_cpu: float
    #: The most frequent statements of the idle window, and how often each was sent.
    frequent: dict[str, int]

    def plain(self) -> dict[str, Any]:
        """As data for the report."""
        return asdict(self)


@contextmanager
def provider(count: int) -> Iterator[tuple[str, str]]:
    """The sandbox with ``count`` mailboxes: its address and the file with the grants."""
    port, grants = odoo_config.free_ports(1)[0], folder() / "grants.json"
    grants.unlink(missing_ok=True)
    command = [sys.executable, "-m", "mailbox_tools.bench.fleet_provider"]
    with (folder() / "fleet.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, str(port), str(count), str(grants)],
            cwd=paths.REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + _PATIENCE
        while not grants.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise ToolingError(f"the sandbox did not start: {folder() / 'fleet.log'}")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", str(grants)
    finally:
        process.terminate()
        process.wait(20)
        grants.unlink(missing_ok=True)


def measure(stage: Stage, count: int, window: float) -> Fleet:
    """Connect ``count`` mailboxes, watch them idle for ``window`` seconds, then restart Odoo."""
    say(f"{count:,} mailboxes: connecting")
    with provider(count) as (url, grants), stage.database("bench_fleet") as database:
        odoo = prepare_odoo(stage, database, {"google_base_url": url})
        scene = Scene(stage, database, odoo, url)
        configuration = odoo_config.write(odoo.instance)
        worker = [sys.executable, "-m", "mailbox_tools.bench.fleet_worker"]
        run([*worker, configuration, database, grants], why="connecting the mailboxes")
        try:
            odoo.start()
            connected = until(scene, "mailbox_stream WHERE phase = 'live'", count)
            idle, frequent = _idle(scene, window)
            odoo.stop()
            _deliver(url, count)
            _fall_due(scene)
            cpu, started = scene.cpu_of_database(), time.monotonic()
            odoo.start()
            until(scene, "mailbox_message WHERE disposition = 'stored'", count * 3)
            restart = time.monotonic() - started
            used = scene.cpu() - cpu
            return Fleet(count, connected, window, *idle, restart, used, frequent)
        finally:
            odoo.stop()


def _fall_due(scene: Scene) -> None:
    """Everything is due, the poll too: what an outage longer than the interval leaves."""
    scene.stage.query("UPDATE mailbox_stream SET due_at = now() AT TIME ZONE 'UTC'", scene.database)
    scene.stage.query(
        """UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' WHERE id = (
               SELECT res_id FROM ir_model_data
                WHERE module = 'mailbox_sync' AND name = 'ir_cron_poll')""",
        scene.database,
    )


def until(scene: Scene, rows: str, count: int) -> float:
    """Seconds until so many rows are there. Raises ToolingError when that does not happen."""
    say(f"waiting for {count:,} rows of {rows.split()[0]}")
    started = time.monotonic()
    connection = scene.stage.watch(scene.database)
    try:
        with connection.cursor() as cursor:
            while time.monotonic() - started < _PATIENCE:
                cursor.execute(f"SELECT count(*) FROM {rows}")
                if cursor.fetchone()[0] >= count:
                    return time.monotonic() - started
                time.sleep(_GLANCE)
    finally:
        connection.close()
    raise ToolingError(f"{count} rows did not come: {scene.odoo.log}")


def _idle(
    scene: Scene, window: float
) -> tuple[tuple[float, float, int | None, int, int], dict[str, int]]:
    """The cost of ``window`` seconds in the steady state, polls spread over their intervals, and
    the statements that were sent most often."""
    stage, database = scene.stage, scene.database
    # The poll runs once a minute: a minute's worth is due when the watch begins.
    stage.query(
        """UPDATE mailbox_stream
              SET due_at = now() AT TIME ZONE 'UTC' + poll_seconds * interval '1 second'""",
        database,
    )
    while scene.one(_BUSY):
        time.sleep(1)
    time.sleep(5)
    cpu, started = scene.cpu(), time.monotonic()
    time.sleep(window / 2)
    empty = (scene.cpu() - cpu) / (time.monotonic() - started)
    stage.query(
        """UPDATE mailbox_stream SET due_at = now() AT TIME ZONE 'UTC'
           + (random() * poll_seconds - 60) * interval '1 second'""",
        database,
    )
    say(f"watching idle mailboxes for {window:.0f} s")
    before = stage.by_statement(database) if stage.counts_statements else {}
    asked, cpu = _requests(scene.provider_url), scene.cpu()
    runs = scene.one("SELECT count(*) FROM queue_job")
    time.sleep(window)
    used = scene.cpu() - cpu
    polls = scene.one("SELECT count(*) FROM queue_job") - runs
    after = stage.by_statement(database) if stage.counts_statements else {}
    sent = Counter(after) - Counter(before)
    requests_made = _requests(scene.provider_url) - asked
    counted = sent.total() if after else None
    return (used, empty * window, counted, requests_made, polls), dict(sent.most_common(_FREQUENT))


def _requests(url: str) -> int:
    return int(requests.get(f"{url}/_sandbox/quota", timeout=60).json()["calls"])


def _deliver(url: str, count: int) -> None:
    """One new mail in every mailbox while Odoo is down."""
    with requests.Session() as session:
        for number in range(count):
            data = {
                "account": fleet_provider.address(number),
                "from": "Visitor <visitor@example.net>",
                "subject": "While you were away",
                "text": "New.\n",
            }
            session.post(f"{url}/_sandbox/deliver", json=data, timeout=60).raise_for_status()


def figures(one: Fleet) -> list[Figure]:
    """The rows."""
    minutes = one.idle_seconds / 60
    size = f"{one.mailboxes:,} mailboxes"
    counted = [] if one.idle_statements is None else [one.idle_statements / one.mailboxes / minutes]
    per_hour = one.idle_requests / one.mailboxes / minutes * 60
    base = one.empty_cpu / minutes
    return [
        figure(
            "E1",
            [one.idle_cpu / minutes],
            f"{size}, polled every 15 minutes as with healthy push, {one.idle_polls} jobs in "
            f"{one.idle_seconds:.0f} s; Odoo with nothing due uses {base:.2f} s of it",
        ),
        figure("E1 sql", counted, "Odoo's own statements included"),
        figure("E1 requests", [per_hour]),
        figure(
            "E3",
            [one.restart_seconds],
            f"{size}, one new mail in each, all due; from the start of the process",
        ),
    ]
