"""Rows B1 and B3: from a change at the provider to the row painted in an open list, in a real
browser; with notifications, and with every notification dropped."""

import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import requests
from playwright.sync_api import Page, sync_playwright

from mailbox_tools import odoo_config
from mailbox_tools.bench import fleet, fleet_provider
from mailbox_tools.bench.gates import Figure, figure, percentile
from mailbox_tools.bench.stage import Scene, Stage, folder, prepare_odoo
from mailbox_tools.demo.client import OdooClient
from mailbox_tools.env import ToolingError, need_debian_package, run, say

#: Mailboxes whose mail the open list shows while notifications are dropped, and mails a second that
#: one of them gets before.
MAILBOXES = 10
RATE = 10.0
#: Units a minute, as Google grants on request: ten mails a second cost 12,000, twice the strict
#: quota, under which the measure would be of our patience.
UNITS = 15_000
#: Seconds between two mails while notifications are dropped, and patience for the last one.
_LOST_GAP = 1.5
_PATIENCE = 150.0
_TOPIC, _SUBSCRIPTION = (
    f"projects/bench-project/{kind}/mailbox-gmail" for kind in ("topics", "subscriptions")
)
#: Notes when a row with a new subject has been painted: two frames after it came into the page.
_WATCH = """() => {
    window.painted = {};
    const look = () => {
        for (const row of document.querySelectorAll(".o_data_row")) {
            const found = /Painted \\w+-\\d+/.exec(row.textContent);
            if (found && !(found[0] in window.painted)) {
                window.painted[found[0]] = 0;
                requestAnimationFrame(() => requestAnimationFrame(() => {
                    window.painted[found[0]] = Date.now();
                }));
            }
        }
    };
    new MutationObserver(look).observe(document.body, {
        childList: true, subtree: true, characterData: true,
    });
}"""


#: Where the time went, from the product's own trace: half and 95 of 100 of each hop in
#: milliseconds, and the jobs that were run.
_HOPS = ("notice_ms", "verify_ms", "queue_ms", "fetch_ms", "show_ms", "total_ms")
_JOBS = """
    SELECT COALESCE(result, state), count(*) FROM queue_job
     WHERE method_name = '_job_sync' AND date_created >= %s GROUP BY 1
"""


@dataclass
class Screen:
    """Milliseconds from each change to its row, sorted. ``hops``: p50 and p95 of each hop of the
    notified mails; ``jobs``: how their looks ended, and how many of each."""

    pushed: list[float]
    lost: list[float]
    hops: dict[str, tuple[float | None, float | None]]
    jobs: dict[str, int]

    def plain(self) -> dict[str, Any]:
        """As data for the report."""
        return asdict(self)


def measure(stage: Stage, mails: int, lost: int) -> Screen:
    """Deliver ``mails`` with notifications and ``lost`` with every one of them dropped."""
    say(f"watching {mails} and {lost} mails arrive in an open list")
    with fleet.provider(MAILBOXES) as (url, grants), stage.database("bench_screen") as database:
        settings = {"google_base_url": url, "quota_units_per_minute": str(UNITS)}
        odoo = prepare_odoo(stage, database, settings)
        scene = Scene(stage, database, odoo, url)
        worker = [sys.executable, "-m", "mailbox_tools.bench.fleet_worker"]
        configuration = odoo_config.write(odoo.instance)
        run([*worker, configuration, database, grants, "adaptive"], why="connecting the mailboxes")
        try:
            odoo.start()
            fleet.until(scene, "mailbox_stream WHERE phase = 'live'", MAILBOXES)
            client = OdooClient(odoo.url, database)
            _register(client, url)
            fleet.until(scene, "mailbox_subscription WHERE last_hint_at IS NOT NULL", MAILBOXES)
            with _open_list(odoo.url) as page:
                # The push service's own time is none of ours: it tells every change at once.
                _control(url, "settings", {"push_drops_excess": False})
                began = scene.one("SELECT now() AT TIME ZONE 'UTC'")
                pushed = _paint(page, url, "pushed", mails, 1, 1 / RATE)
                hops, jobs = _hops(scene), dict(stage.query(_JOBS, database, began))
                late = []
                if lost:
                    _drop_everything(scene, url)
                    late = _paint(page, url, "lost", lost, MAILBOXES, _LOST_GAP)
            return Screen(pushed, late, hops, jobs)
        finally:
            odoo.stop()


def _register(client: OdooClient, url: str) -> None:
    """Switch push on for every mailbox, as the set-up assistant does."""
    push = json.loads((folder() / "push.json").read_text(encoding="utf-8"))
    settings = {
        "name": _SUBSCRIPTION,
        "topic": _TOPIC,
        "endpoint": f"{client.url}/mailbox/push/gmail",
        "signer": push["signer"],
        "audience": push["audience"],
    }
    _control(url, "push/subscription", settings)
    for mailbox in client.call("mailbox", "search", []):
        answer = client.call("mailbox", "action_push_enable", [mailbox])["params"]
        if answer["type"] != "success":
            raise ToolingError(f"push was refused: {answer['message']}")


def _hops(scene: Scene) -> dict[str, tuple[float | None, float | None]]:
    """p50 and p95 of each hop of the mails that a notification told of."""
    marks = ", ".join(
        f"percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY {hop})" for hop in _HOPS
    )
    row = scene.stage.query(
        f"SELECT {marks} FROM mailbox_trace WHERE hint_at IS NOT NULL", scene.database
    )[0]
    return {hop: tuple(found or (None, None)) for hop, found in zip(_HOPS, row, strict=True)}


def _drop_everything(scene: Scene, url: str) -> None:
    """No notification comes through any more, and none has come for a long time: the push channel
    is known to be silent."""
    fault = {"face": "pubsub", "call": "notify", "fault": "dropped", "times": None}
    _control(url, "faults", fault)
    time.sleep(3)
    scene.stage.query(
        """UPDATE mailbox_subscription SET state = 'silent', silence = 'quiet',
               silent_since = now() AT TIME ZONE 'UTC'""",
        scene.database,
    )
    scene.stage.query("UPDATE mailbox_stream SET due_at = now() AT TIME ZONE 'UTC'", scene.database)


@contextmanager
def _open_list(url: str) -> Iterator[Page]:
    """The list of messages in a browser, of the administrator, who owns the mailboxes."""
    need_debian_package("chromium", "the rows with a browser", command="chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        try:
            page = browser.new_page()
            page.goto(f"{url}/web/login", timeout=120_000)
            page.fill("input[name=login]", "admin")
            page.fill("input[name=password]", "admin")
            page.press("input[name=password]", "Enter")
            page.wait_for_load_state()
            page.goto(f"{url}/odoo/mailbox-messages", timeout=120_000)
            page.wait_for_selector(".o_data_row", timeout=120_000)
            page.evaluate(_WATCH)
            # The live channel is open a moment after the page.
            page.wait_for_timeout(5000)
            yield page
        finally:
            browser.close()


def _paint(page: Page, url: str, word: str, count: int, mailboxes: int, gap: float) -> list[float]:
    """Deliver mails to some mailboxes in turn, one every ``gap`` seconds; milliseconds from each to
    its row, sorted."""
    sent: dict[str, float] = {}
    started = time.monotonic()
    with requests.Session() as session:
        for number in range(count):
            page.wait_for_timeout(max(0.0, 1000 * (started + number * gap - time.monotonic())))
            subject = f"Painted {word}-{number}"
            mail = {
                "account": fleet_provider.address(number % mailboxes),
                "from": "Visitor <visitor@example.net>",
                "subject": subject,
                "text": "New.\n",
            }
            sent[subject] = 1000 * time.time()
            session.post(f"{url}/_sandbox/deliver", json=mail, timeout=60).raise_for_status()
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        painted = page.evaluate("() => window.painted")
        if all(painted.get(subject) for subject in sent):
            return sorted(painted[subject] - moment for subject, moment in sent.items())
        page.wait_for_timeout(200)
    missing = sum(1 for subject in sent if not painted.get(subject))
    raise ToolingError(f"{missing} of {count} mails were not painted")


def _control(url: str, call: str, data: dict[str, Any]) -> None:
    requests.post(f"{url}/_sandbox/{call}", json=data, timeout=60).raise_for_status()


def figures(one: Screen) -> list[Figure]:
    """The rows."""
    note = (
        f"{len(one.pushed)} mails to one inbox, {RATE:.0f} a second, every change told at once "
        f"(Gmail tells one a second), {UNITS:,} units a minute"
    )
    hops = ", ".join(
        f"{name.removesuffix('_ms')} {half:.0f}/{most:.0f}"
        for name, (half, most) in one.hops.items()
        if half is not None and most is not None
    )
    lost = f"{len(one.lost)} mails, polls of lively mailboxes only"
    late = [percentile(one.lost, 95) / 1000] if one.lost else []
    return [
        figure("B1 p50", [percentile(one.pushed, 50)], note),
        figure(
            "B1 p95",
            [percentile(one.pushed, 95)],
            f"p50/p95 of the hops in ms: {hops}; {sum(one.jobs.values())} looks",
        ),
        figure("B3", late, lost),
    ]
