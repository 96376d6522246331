"""Rows C1 to C4: mail becoming chatter and leads, against Odoo's own gateway on the same mails in
the same process and database, in turn."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from mailbox_tools import odoo_config, paths
from mailbox_tools.bench.gates import Figure, figure
from mailbox_tools.bench.stage import Stage
from mailbox_tools.env import ToolingError, say

SCENES = {"C1": "replies", "C2": "leads", "C4": "nothing"}


@dataclass
class Routed:
    """Samples of each scene: one pair of ours and stock a round."""

    scenes: dict[str, list[dict[str, Any]]]

    def plain(self) -> dict[str, Any]:
        """As data for the report."""
        return dict(self.scenes)


def run(stage: Stage, mails: int, rounds: int) -> Routed:
    """Every scene in a database of its own. Raises ToolingError when an outcome differs from
    stock's: its time would mean nothing."""
    found = {}
    for row, scene in SCENES.items():
        say(f"routing of {mails} mails, {scene}, {rounds} rounds")
        # What nobody asks for goes by hundreds: fewer would measure the clock.
        found[scene] = _measure(stage, scene, mails * 10 if row == "C4" else mails, rounds)
    return Routed(found)


def _measure(stage: Stage, scene: str, mails: int, rounds: int) -> list[dict[str, Any]]:
    with stage.database("bench_routing") as database:
        instance = odoo_config.Instance(database, database, stage.server, 0, 0)
        configuration = odoo_config.write(instance)
        worker = [sys.executable, "-m", "mailbox_tools.bench.routing_worker"]
        arguments = [database, str(stage.postmaster), scene, str(mails), str(rounds)]
        done = subprocess.run(
            [*worker, str(configuration), *arguments],
            capture_output=True,
            text=True,
            cwd=paths.REPOSITORY,
            check=False,
        )
    if done.returncode:
        raise ToolingError(f"routing, {scene}: {done.stderr.strip()[-600:]}")
    result: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return result


def figures(routed: Routed) -> list[Figure]:
    """The rows; ratios are taken within each round."""
    scenes = routed.scenes
    made = [
        figure(
            row,
            [one["stock"]["seconds"] / one["ours"]["seconds"] for one in scenes[SCENES[row]]],
            _times(scenes[SCENES[row]]),
        )
        for row in ("C1", "C2")
    ]
    ours, stock = (
        {name: _statements(scenes[name], side) for name in ("replies", "leads")}
        for side in ("ours", "stock")
    )
    made.append(
        figure(
            "C3",
            [(one + other) / 2 for one, other in zip(*ours.values(), strict=True)],
            f"one reply {ours['replies'][0]:.1f}, stock {stock['replies'][0]:.0f}; one new lead "
            f"{ours['leads'][0]:.1f}, stock {stock['leads'][0]:.0f}; their mean counts",
        )
    )
    quiet = scenes["nothing"]
    made.append(
        figure(
            "C4",
            [one["ours"]["mails"] / one["ours"]["seconds"] for one in quiet],
            f"{quiet[0]['ours']['statements'] / quiet[0]['ours']['mails']:.2f} statements a mail",
        )
    )
    return made


def _times(rounds: list[dict[str, Any]]) -> str:
    middle = sorted(rounds, key=lambda one: one["ours"]["seconds"])[len(rounds) // 2]
    ours, stock = middle["ours"], middle["stock"]
    return (
        f"ours {_milliseconds(ours, 'seconds')} ms and {_milliseconds(ours, 'cpu')} CPU ms, stock "
        f"{_milliseconds(stock, 'seconds')} ms and {_milliseconds(stock, 'cpu')} CPU ms a mail"
    )


def _milliseconds(side: dict[str, Any], what: str) -> str:
    return f"{1000 * side[what] / side['mails']:.1f}"


def _statements(rounds: list[dict[str, Any]], side: str) -> list[float]:
    return [one[side]["statements"] / one[side]["mails"] for one in rounds]
