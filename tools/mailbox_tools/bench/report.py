"""The result for people and for machines: a table, and the raw samples with the commit."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from mailbox_tools import paths
from mailbox_tools.bench.gates import GATES, Figure

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


def plain(
    figures: Sequence[Figure], samples: dict[str, Any], setting: dict[str, Any]
) -> dict[str, Any]:
    """All of a run as data."""
    return {
        "commit": _git("rev-parse", "HEAD"),
        "changed_files": len(_git("status", "--porcelain", "--untracked-files=no").splitlines()),
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
        "| row | what | measured | spread | gate | stretch | verdict |",
        "| --- | --- | ---: | --- | ---: | ---: | --- |",
    ]
    for one in figures:
        gate = GATES[one.row]
        sign = ">=" if gate.least else "<="
        bounds = (f"{sign} {_number(value)}" for value in (gate.gate, gate.stretch))
        value = "–" if one.value is None else f"{_number(one.value)} {gate.unit}".strip()
        what = f"{gate.what} ({one.note})" if one.note else gate.what
        cells = [one.row, what, value, _spread(one.samples), *bounds, one.verdict]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def page(result: dict[str, Any], figures: Sequence[Figure]) -> str:
    """The page of the documentation."""
    durability = ", ".join(f"{name} {value}" for name, value in result["durability"].items())
    dirty = f" with {result['changed_files']} changed files" if result["changed_files"] else ""
    machine = result["machine"]
    facts = [
        f"Commit `{result['commit'][:12]}`{dirty}, {result['at']}, {result['mode']} mode "
        f"({', '.join(f'{name} {size:,}' for name, size in result['sizes'].items())}),",
        f"{machine['cores']} cores, Python {machine['python']}, load {machine['load'][0]:.1f} at "
        "the end.",
    ]
    peers = "\n".join(f"- {line}" for line in _peers(result["samples"].get("backfill", {})))
    return (
        f"{_HEAD.format(durability=durability)}\n{' '.join(facts)}\n\n{table(figures)}\n\n"
        f"## Peers in the same run\n\n{peers or '- not measured'}\n"
    )


def publish(result: dict[str, Any], figures: Sequence[Figure], out: Path | None) -> None:
    """Write the JSON; without a place of its own, into the documentation together with the page."""
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    if out is not None:
        out.write_text(text, encoding="utf-8")
        return
    folder = paths.REPOSITORY / "docs" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "benchmarks.json").write_text(text, encoding="utf-8")
    (folder / "benchmarks.md").write_text(page(result, figures), encoding="utf-8")


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


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=paths.REPOSITORY, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
