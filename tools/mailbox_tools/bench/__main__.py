"""Entry of ``make bench``: runs the rows, prints the table, publishes JSON and page."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailbox_tools.bench import backfill, fleet, mails, quota, report, routing, screen, webhook
from mailbox_tools.bench.gates import Figure
from mailbox_tools.bench.stage import Stage, folder
from mailbox_tools.env import ToolingError, command_line, say

ROWS = ("A1", "A2", "A3", "A4", "A5", "B1", "B2", "B3", "C1", "C2", "C3", "C4", "E1", "E3")
#: Rows that wait for polls in real time: left out of the quick mode unless they are named.
_LONG = ("B1", "B3")

#: Mails, rounds, sample, mails under the strict quota, mails of the large import, mailboxes,
#: seconds to watch them, mails that are routed.
_SIZES = ("mails", "rounds", "sample", "limited", "large", "mailboxes", "window", "routed")
_QUICK = (1200, 1, 40, 100, 0, 100, 20, 40)
_FULL = (10_000, 5, 300, 600, 20_000, 1000, 180, 100)


#: Mailboxes that are notified of, and seconds of it, at most.
CALLED, CALLING = 50, 30


@dataclass(frozen=True)
class Options:
    """What to run. Sizes are counts of mails and mailboxes, ``window`` is seconds."""

    rows: tuple[str, ...]
    quick: bool
    out: Path | None
    mails: int
    rounds: int
    sample: int
    limited: int
    large: int
    mailboxes: int
    window: int
    routed: int


def read(environment: Mapping[str, str]) -> Options:
    """The options of the environment. Raises ToolingError for a row that does not exist."""
    quick = environment.get("QUICK", "") not in ("", "0")
    usual = tuple(row for row in ROWS if not (quick and row in _LONG))
    rows = tuple(environment.get("ROWS", "").replace(",", " ").upper().split()) or usual
    unknown = sorted(set(rows) - set(ROWS))
    if unknown:
        raise ToolingError(f"ROWS={unknown[0]} does not exist; there are {', '.join(ROWS)}")
    named = environment.get("OUT", "")
    sizes = dict(zip(_SIZES, _QUICK if quick else _FULL, strict=True))
    for name in _SIZES:
        given = environment.get(name.upper(), "")
        if given and not given.isdecimal():
            raise ToolingError(f"{name.upper()}={given} is not a whole number")
        sizes[name] = int(given) if given else sizes[name]
    out = Path(named).expanduser().resolve() if named else None
    return Options(rows, quick, out, **sizes)


def measure(stage: Stage, chosen: Options) -> tuple[list[Figure], dict[str, Any]]:
    """Run the chosen rows; the figures and the raw samples."""
    figures: list[Figure] = []
    samples: dict[str, Any] = {}
    if {"A1", "A2", "A4", "A5"} & set(chosen.rows):
        mail = mails.maildir(folder(), chosen.mails)
        step = chosen.mails // chosen.sample
        sample = range(0, step * chosen.sample, step)
        rounds = backfill.run(stage, mail, chosen.rounds, sample)
        figures += backfill.figures(rounds)
        samples["backfill"] = rounds.plain()
    if "A5" in chosen.rows and chosen.large:
        large = backfill.grow(stage, mails.maildir(folder(), chosen.large))
        figures.append(backfill.growth(large))
        samples["large"] = large.plain()
    if {"A3", "A4"} & set(chosen.rows):
        limited = quota.run(stage, mails.maildir(folder(), chosen.limited))
        figures += quota.figures(limited)
        samples["quota"] = limited.plain()
    if {"B1", "B3"} & set(chosen.rows):
        lost = chosen.window // 2 if "B3" in chosen.rows else 0
        painted = screen.measure(stage, 2 * chosen.window, lost)
        figures += screen.figures(painted)
        samples["screen"] = painted.plain()
    if "B2" in chosen.rows:
        called = webhook.measure(stage, min(chosen.mailboxes, CALLED), min(chosen.window, CALLING))
        figures += webhook.figures(called)
        samples["webhook"] = called.plain()
    if {"C1", "C2", "C3", "C4"} & set(chosen.rows):
        routed = routing.run(stage, chosen.routed, chosen.rounds)
        figures += routing.figures(routed)
        samples["routing"] = routed.plain()
    if {"E1", "E3"} & set(chosen.rows):
        found = fleet.measure(stage, chosen.mailboxes, chosen.window)
        figures += fleet.figures(found)
        samples["fleet"] = found.plain()
    wanted = [one for one in figures if one.row.split()[0] in chosen.rows]
    return wanted, samples


def mode(chosen: Options) -> str:
    """``full`` only for a run of every row in full size."""
    whole = tuple(getattr(chosen, name) for name in _SIZES) == _FULL and set(chosen.rows) == {*ROWS}
    return "full" if whole else "quick" if chosen.quick else "reduced"


@command_line
def main(arguments: Sequence[str]) -> int:
    """Measure and publish. A missed gate is a result, not a failure of the benchmark."""
    chosen = read(os.environ)
    if chosen.quick and chosen.out is None:
        # The published figures are those of a full run.
        chosen = Options(**{**vars(chosen), "out": Path(tempfile.gettempdir()) / "bench.json"})
    stage = Stage()
    try:
        durability = stage.settings()
        figures, samples = measure(stage, chosen)
    finally:
        stage.close()
    sizes = {name: getattr(chosen, name) for name in _SIZES}
    setting = {"mode": mode(chosen), "sizes": sizes, "durability": durability}
    result = report.plain(figures, samples, setting)
    report.publish(result, figures, chosen.out)
    print(report.table(figures))
    missed = [one.row for one in figures if one.verdict == "miss"]
    say(f"missed: {', '.join(missed)}" if missed else "every measured gate is met")
    say(f"raw samples: {chosen.out or 'docs/reference/benchmarks.json'}")
    return 0


if __name__ == "__main__":
    main()
