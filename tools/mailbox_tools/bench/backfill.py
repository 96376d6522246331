"""Rows A1, A2, A4 and A5: importing a mailbox at full speed, against notmuch and stock Odoo."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailbox_tools.bench import imports, mails, peers
from mailbox_tools.bench.gates import Figure, figure
from mailbox_tools.bench.imports import Import
from mailbox_tools.bench.stage import Stage
from mailbox_tools.env import ToolingError, say


@dataclass
class Rounds:
    """The samples of all rounds, in the order in which they were taken."""

    ours: list[Import] = field(default_factory=list)
    notmuch: list[dict[str, Any]] = field(default_factory=list)
    stock: list[dict[str, Any]] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """As data for the report, without the lists of ids."""
        return {
            "ours": [one.plain() for one in self.ours],
            "notmuch": [_short(one) for one in self.notmuch],
            "stock": [_short(one) for one in self.stock],
        }


def run(stage: Stage, mail: Path, rounds: int, sample: Sequence[int]) -> Rounds:
    """Ours and the peers in turn, A B B A, so that a slow minute of the machine hits both."""
    result = Rounds()
    for number in range(rounds):
        say(f"import of {len(mails.files(mail)):,} mails, round {number + 1} of {rounds}")
        if number % 2 == 0:
            result.ours.append(imports.measure(stage, mail, "off", sample))
        result.notmuch.append(peers.notmuch(mail))
        result.stock.append(peers.stock(stage, mail, sample))
        if number % 2:
            result.ours.append(imports.measure(stage, mail, "off", sample))
    check(result, mail, sample)
    return result


def check(rounds: Rounds, mail: Path, sample: Sequence[int]) -> None:
    """Equal outcome first. Raises ToolingError when a result differs: its time would mean
    nothing."""
    files = mails.files(mail)
    sources = sorted(hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
    ids = sorted(f"bench.{number}@mail.example" for number in range(len(files)))
    wanted = sorted(f"bench.{number}@mail.example" for number in sample)
    first = rounds.stock[0]
    for ours in rounds.ours:
        _same("Message-IDs, ours", ours.outcome["ids"], ids)
        _same("sources, ours", ours.outcome["sources"], sources)
        _same("sample, ours", ours.outcome["sample"]["ids"], wanted)
        _same("bodies that open", ours.outcome["sample"]["readable"], len(sample))
        _same("attachments, ours and stock", ours.outcome["sample"]["files"], first["files"])
    for peer in rounds.notmuch:
        _same("Message-IDs, notmuch", peer["ids"], ids)
        _same("threads", rounds.ours[0].outcome["threads"], peer["threads"])
        _same("finds of rare words", rounds.ours[0].outcome["needles"], peer["needles"])
    for peer in rounds.stock:
        _same("Message-IDs, stock", len(peer["ids"]) + peer["errors"], len(sample))


def _same(what: str, one: Any, other: Any) -> None:
    if one != other:
        shown = (str(one)[:80], str(other)[:80])
        raise ToolingError(f"unequal outcome, the run is void: {what}: {shown[0]} / {shown[1]}")


def figures(rounds: Rounds) -> list[Figure]:
    """The rows, as ratios within each round."""
    pairs = list(zip(rounds.ours, rounds.notmuch, rounds.stock, strict=True))
    ours = rounds.ours
    bodies = [(one.cpu + one.mails * (one.body_cpu or 0.0)) / peer["cpu"] for one, peer, _ in pairs]
    counted = [one.statements / one.mails for one in ours if one.statements is not None]
    stock_sql = rounds.stock[0]["statements"] / rounds.stock[0]["mails"]
    return [
        figure(
            "A1",
            [one.cpu / peer["cpu"] for one, peer, _ in pairs],
            "bodies are made when opened; with every one of them opened at once the ratio is "
            f"{sorted(bodies)[len(bodies) // 2]:.2f}",
        ),
        figure("A2", [_rate(one) / _stock_rate(peer, "seconds") for one, _, peer in pairs]),
        figure(
            "A2 cpu",
            [one.mails / one.cpu / _stock_rate(peer, "cpu") for one, _, peer in pairs],
            "Gmail's own limits allow 5 (v2) or 50 (v1) mails a second and mailbox",
        ),
        figure("A4", [one.marks[50] for one in ours], "with the walk over the consent page"),
        figure("A5", counted, f"every statement of every process; stock {stock_sql:.0f}"),
    ]


def _rate(one: Import) -> float:
    return one.mails / one.seconds


def _stock_rate(peer: dict[str, Any], what: str) -> float:
    return float(peer["mails"] / peer[what])


def _short(one: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name not in ("ids", "files", "needles")}


def grow(stage: Stage, mail: Path) -> Import:
    """One larger import, for the growth of memory only."""
    say(f"import of {len(mails.files(mail)):,} mails, watching memory")
    return imports.measure(stage, mail, "off")


def growth(large: Import) -> Figure:
    """Row A5, second part, over a larger mailbox."""
    return figure("A5 memory", [large.memory_growth], f"1,000 to {large.mails:,} mails")
