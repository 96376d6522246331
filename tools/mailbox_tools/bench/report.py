"""The result for people and for machines: a table, and the raw samples with the commit."""

import json
import os
import platform
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from mailbox_tools import paths
from mailbox_tools.bench.gates import GATES, UNMEASURED, Figure

_FIELDS = tuple(field.name for field in fields(Figure))
VERDICTS = ("stretch", "met", "missed", "failed", "not measured")

_HEAD = """# Benchmarks

Made by `make bench` from [benchmarks.json](benchmarks.json), not written by hand. The gates and the
stretch goals were set before the product was built.

- Provider: the sandbox on loopback. Its own process is not counted, and runs on the same machine.
- Cost: user and system seconds of every process of Odoo and of PostgreSQL (a server of its own),
  from `/proc`, ended children included.
- Peers in the same run, on the same mails, in turn (A B B A): Debian's notmuch (`notmuch new`), and
  stock Odoo (`mail.thread.message_process` for new leads, one transaction a mail, on a sample).
- Before anything is divided, outcomes are compared: Message-IDs, SHA-256 of every source, threads
  and finds of rare words with notmuch, attachments by hash with stock Odoo. A difference voids the
  run.
- Mails: a deterministic mix, 20 % HTML newsletters, 8 % with files, up to 5 MB; threads of four.
- Durability: {durability}.
"""

#: A list of numbers, which may be thousands: they share a line.
_NUMBERS = re.compile(r"\[[-+\d.eE,\s]+\]")


def plain(
    figures: Sequence[Figure], samples: dict[str, Any], setting: dict[str, Any]
) -> dict[str, Any]:
    """All of a run as data."""
    return {
        "at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "load": os.getloadavg(),
            "python": platform.python_version(),
            "system": platform.platform(),
        },
        **setting,
        "figures": [one.plain() for one in figures],
        "samples": samples,
    }


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = [
        "| row | what | measured | spread | gate | stretch | verdict | when, commit, load |",
        "| --- | --- | ---: | --- | ---: | ---: | --- | --- |",
    ]
    for one in figures:
        gate = GATES[one.row]
        sign = ">=" if gate.least else "<="
        bounds = (f"{sign} {_number(value)}" for value in (gate.gate, gate.stretch))
        value = "–" if one.value is None else f"{_number(one.value)} {gate.unit}".strip()
        what = f"{gate.what} ({one.note})" if one.note else gate.what
        verdict = f"**{one.verdict}**" if one.verdict in ("missed", "failed") else one.verdict
        cells = [one.row, what, value, _spread(one.samples), *bounds, verdict, _facts(one)]
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines)


def page(result: dict[str, Any]) -> str:
    """The page of the documentation."""
    figures = [Figure(**{name: one[name] for name in _FIELDS}) for one in result["figures"]]
    durability = ", ".join(f"{name} {value}" for name, value in result["durability"].items())
    machine = result["machine"]
    sizes = ", ".join(f"{name} {size:,}" for name, size in result["sizes"].items())
    counts = Counter(one.verdict for one in figures)
    facts = [
        f"Last run {result['at']}, sizes {result['mode']} ({sizes}), {machine['cores']} cores,",
        f"Python {machine['python']}. A run of some rows leaves the others as they were: the last",
        "column says when each was taken, of which commit (with a plus: of changed files) and the",
        "load of the machine before and after.",
    ]
    words = ", ".join(f"{counts[word]} {word}" for word in VERDICTS if counts[word])
    missing = "\n".join(f"- {row}: {what}" for row, what in UNMEASURED.items())
    peers = "\n".join(f"- {line}" for line in _peers(result["samples"].get("backfill") or {}))
    return (
        f"{_HEAD.format(durability=durability)}\n{' '.join(facts)}\n\nOf the rows: {words}.\n\n"
        f"{table(figures)}\n\n"
        f"## Gates that nothing measures yet\n\nNeither met nor missed.\n\n{missing}\n\n"
        f"## Peers in the same run\n\n{peers or '- not measured'}\n"
    )


def publish(result: dict[str, Any], out: Path | None) -> None:
    """Write the JSON; without a place of its own, into the documentation together with the page,
    where rows that were not run stay as they were."""
    if out is not None:
        out.write_text(_text(result), encoding="utf-8")
        return
    folder = paths.REPOSITORY / "docs" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    published = folder / "benchmarks.json"
    if published.exists():
        result = merged(json.loads(published.read_text(encoding="utf-8")), result)
    published.write_text(_text(result), encoding="utf-8")
    (folder / "benchmarks.md").write_text(page(result), encoding="utf-8")


def merged(before: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """The new run, with the figures and samples of ``before`` that it did not take again. Figures
    of before they carried their commit are as old as their run."""
    old = {"at": before["at"], "commit": before.get("commit", ""), "load": (), "failed": False}
    figures = {one["row"]: {**old, **one} for one in before["figures"] if one["row"] in GATES}
    figures |= {one["row"]: one for one in result["figures"]}
    return {
        **result,
        "figures": [figures[row] for row in GATES if row in figures],
        "samples": {**before["samples"], **result["samples"]},
    }


def _text(result: dict[str, Any]) -> str:
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    return _NUMBERS.sub(lambda found: " ".join(found[0].split()), text)


def _facts(one: Figure) -> str:
    load = " to ".join(f"{value:.1f}" for value in one.load)
    changed = "+" if one.commit.endswith("+") else ""
    return ", ".join(filter(None, (one.at[:16], one.commit[:10] + changed, load)))


def _peers(samples: dict[str, Any]) -> list[str]:
    lines = []
    for name, word in (("ours", "ours"), ("notmuch", "notmuch"), ("stock", "stock Odoo")):
        for one in samples.get(name, []):
            count = one.get("mails") or samples["ours"][0]["mails"]
            lines.append(
                f"{word}: {count:,} mails, {one['cpu']:.1f} CPU s, {one['seconds']:.1f} s, "
                f"{1000 * one['cpu'] / count:.2f} CPU ms a mail"
            )
    return lines


def _spread(samples: Sequence[float]) -> str:
    if len(samples) < 2:
        return "one sample" if samples else ""
    return f"{_number(min(samples))} to {_number(max(samples))}, n = {len(samples)}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.2f}"
