"""Entry of ``make bench``: runs the rows, prints the table, publishes JSON and page."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mailbox_tools.bench import options, parts, report
from mailbox_tools.bench.stage import Stage
from mailbox_tools.env import command_line, say


@command_line
def main(arguments: Sequence[str]) -> int:
    """Measure and publish. A missed gate is a result, not a failure of the benchmark; a part that
    broke is one (status 1), after the others have been measured and published."""
    chosen = options.read(os.environ)
    if chosen.mode not in options.PUBLISHED and chosen.out is None:
        # Such a run is for finding out whether something works, or has become better.
        chosen = replace(chosen, out=Path(tempfile.gettempdir()) / "bench.json")
    stage = Stage()
    try:
        durability = stage.settings()
        figures, samples = parts.measure(stage, chosen)
    finally:
        stage.close()
    setting = {"mode": chosen.mode, "sizes": chosen.sizes, "durability": durability}
    result = report.plain(figures, samples, setting)
    report.publish(result, chosen.out)
    print(report.table(figures))
    for word in report.VERDICTS:
        if rows := [one.row for one in figures if one.verdict == word]:
            say(f"{word}: {', '.join(rows)}")
    say(f"raw samples: {chosen.out or 'docs/reference/benchmarks.json'}")
    return 1 if any(one.failed for one in figures) else 0


if __name__ == "__main__":
    main()
