"""Row B2: the address that providers call, under load."""

import base64
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mailbox_tools import odoo_config, paths
from mailbox_tools.bench import fleet, fleet_provider
from mailbox_tools.bench.gates import Figure, figure, percentile
from mailbox_tools.bench.stage import Scene, Stage, folder
from mailbox_tools.env import ToolingError, run, say
from mailbox_tools.odoo_server import OdooServer

RATE = 200
#: Calls before the watch: every worker has loaded its registry and caches by then.
_WARM_SECONDS = 4
#: Scheduled tasks that are due, and how long they are waited for.
_TASKS = "SELECT count(*) FROM ir_cron WHERE active AND nextcall <= now() AT TIME ZONE 'UTC'"
_TASKS_SECONDS = 60.0


@dataclass
class Calls:
    """The figures of one load. ``milliseconds`` are sorted."""

    calls: int
    statuses: dict[str, int]
    milliseconds: list[float]
    noted: int
    cpu: float
    statements: int | None

    def plain(self) -> dict[str, Any]:
        """As data for the report."""
        return {**asdict(self), "milliseconds": [round(one, 1) for one in self.milliseconds]}


@dataclass
class Webhook:
    """The same load twice: with the job runner at work on the same cores, and without it."""

    mailboxes: int
    busy: Calls
    alone: Calls

    def plain(self) -> dict[str, Any]:
        """As data for the report."""
        return {
            "mailboxes": self.mailboxes,
            "busy": self.busy.plain(),
            "alone": self.alone.plain(),
        }


def measure(stage: Stage, count: int, seconds: float) -> Webhook:
    """Connect ``count`` mailboxes and call for ``seconds``, first with the job runner, then
    without."""
    say(f"{count} mailboxes whose notifications come {RATE} times a second")
    with fleet.provider(count) as (url, grants), stage.database("bench_webhook") as database:
        odoo = _odoo(stage, database, url, jobs=True)
        worker = [sys.executable, "-m", "mailbox_tools.bench.fleet_worker"]
        configuration = odoo_config.write(odoo.instance)
        run([*worker, configuration, database, grants, "push"], why="connecting the mailboxes")
        scene = Scene(stage, database, odoo, url)
        push = json.loads(Path(grants).with_name("push.json").read_text(encoding="utf-8"))
        try:
            odoo.start()
            fleet.until(scene, "mailbox_stream WHERE phase = 'live'", count)
            busy = _load(scene, push, count, seconds)
        finally:
            odoo.stop()
        scene = Scene(stage, database, _odoo(stage, database, url, jobs=False), url)
        try:
            scene.odoo.start()
            return Webhook(count, busy, _load(scene, push, count, seconds))
        finally:
            scene.odoo.stop()


def _odoo(stage: Stage, database: str, url: str, jobs: bool) -> OdooServer:
    """Odoo with four workers. Without ``dbfilter``, as for any server of one database: with it
    Odoo asks PostgreSQL for the list of databases in every call without a session."""
    return OdooServer.prepare(
        stage.server,
        database,
        workers=4,
        mailbox={"guard_load": "0", "google_base_url": url},
        options={"dbfilter": ""},
        jobs=jobs,
    )


def _load(scene: Scene, push: Mapping[str, str], count: int, seconds: float) -> Calls:
    _let_tasks_end(scene)
    _call(scene, push, count, _WARM_SECONDS)
    stage, database = scene.stage, scene.database
    heard = "SELECT sum(hint_count) FROM mailbox_subscription"
    noted, cpu = scene.one(heard), scene.cpu()
    before = stage.statements(database) if stage.counts_statements else 0
    found = _call(scene, push, count, seconds)
    counted = stage.statements(database) - before if stage.counts_statements else None
    noted = scene.one(heard) - noted
    accepted = found["statuses"].get("202", 0)
    if noted < accepted:
        raise ToolingError(f"{accepted} calls were accepted and {noted} noted: the run is void")
    milliseconds = sorted(1000 * one for one in found["seconds"])
    total = len(milliseconds)
    return Calls(total, found["statuses"], milliseconds, noted, scene.cpu() - cpu, counted)


def _let_tasks_end(scene: Scene) -> None:
    """A fresh database has the daily tasks of all modules due at once, which no other minute of its
    life has; they are not what is measured."""
    deadline = time.monotonic() + _TASKS_SECONDS
    while scene.one(_TASKS) and time.monotonic() < deadline:
        time.sleep(1)


def _call(scene: Scene, push: Mapping[str, str], count: int, seconds: float) -> dict[str, Any]:
    order = folder() / "order.json"
    order.write_text(
        json.dumps(
            {
                "host": "127.0.0.1",
                "port": scene.odoo.instance.http_port,
                "path": "/mailbox/push/gmail",
                "headers": {"Authorization": f"Bearer {push['token']}"},
                "bodies": [_body(number) for number in range(count)],
                "rate": RATE,
                "seconds": seconds,
            }
        ),
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "mailbox_tools.bench.load", str(order)],
        cwd=paths.REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    order.unlink()
    if done.returncode:
        raise ToolingError(f"the load could not be made: {done.stderr.strip()[-300:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _body(number: int) -> str:
    data = {"emailAddress": fleet_provider.address(number), "historyId": 7}
    packed = base64.b64encode(json.dumps(data).encode()).decode()
    message = {"data": packed, "messageId": "1", "publishTime": "2026-01-01T00:00:00.5Z"}
    return json.dumps({"message": message, "subscription": "projects/p/subscriptions/s"})


def figures(one: Webhook) -> list[Figure]:
    """The rows."""
    alone, busy = one.alone, one.busy
    slow = sum(1 for ms in alone.milliseconds if ms > 1000)
    refused = alone.calls - alone.statuses.get("202", 0)
    per_call = [] if alone.statements is None else [alone.statements / alone.calls]
    return [
        figure(
            "B2",
            [percentile(alone.milliseconds, 99)],
            f"{alone.calls:,} calls to {one.mailboxes} mailboxes at {RATE} a second, p50 "
            f"{percentile(alone.milliseconds, 50):.0f} ms, {1000 * alone.cpu / alone.calls:.1f} "
            f"CPU ms a call; the job runner is on another machine. With it on the same cores: p50 "
            f"{percentile(busy.milliseconds, 50):.0f} ms, p99 "
            f"{percentile(busy.milliseconds, 99):.0f} ms",
        ),
        figure("B2 slow", [slow + refused], "answers over 1 s or other than 202"),
        figure("B2 sql", per_call, "Odoo's own and transaction control included"),
    ]
