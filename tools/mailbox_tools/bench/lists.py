"""Rows D1, D2 and D5: the list of mail and its search at two sizes, and Odoo's own list of messages
at the larger one, called as the web client calls them."""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import Any

from mailbox_tools import odoo_config, paths
from mailbox_tools.bench.gates import Figure, figure, percentile
from mailbox_tools.bench.stage import Stage
from mailbox_tools.env import ToolingError, say


@dataclass
class Lists:
    """Milliseconds of every call by kind, sorted; ``small`` is ten thousand messages."""

    messages: int
    small: dict[str, list[float]]
    large: dict[str, list[float]]
    stock: list[float]

    def plain(self) -> dict[str, Any]:
        """As data for the report."""
        return asdict(self)


def measure(stage: Stage, messages: int) -> Lists:
    """Fill a mailbox and call. Raises ToolingError when a call finds nothing."""
    say(f"lists of 10,000 and of {messages:,} messages")
    with stage.database("bench_lists") as database:
        instance = odoo_config.Instance(database, database, stage.server, 0, 0)
        worker = [sys.executable, "-m", "mailbox_tools.bench.lists_worker"]
        done = subprocess.run(
            [*worker, str(odoo_config.write(instance)), database, str(messages)],
            capture_output=True,
            text=True,
            cwd=paths.REPOSITORY,
            check=False,
        )
    if done.returncode:
        raise ToolingError(f"lists: {done.stderr.strip()[-600:]}")
    return Lists(messages, **json.loads(done.stdout.splitlines()[-1]))


def figures(one: Lists) -> list[Figure]:
    """The rows, from the 95th of a hundred calls."""
    small, large = (
        {kind: percentile(times, 95) for kind, times in some.items()}
        for some in (one.small, one.large)
    )
    size = f"{one.messages:,} messages"
    inbox = f"folder Inbox {large['inbox']:.0f} ms"
    return [
        figure("D1", [large["page"] / small["page"]], f"{size} / 10,000"),
        figure("D1 ms", [large["page"]], f"{size}, in Odoo's process, without HTTP; {inbox}"),
        figure("D2 rare", [large["rare"]], size),
        figure("D2 common", [large["common"]], f"{size}, the word in one of eight"),
        figure("D2 sender", [large["sender"]], size),
        figure(
            "D5",
            [percentile(one.stock, 50) / percentile(one.large["page"], 50)],
            f"medians; stock {percentile(one.stock, 50):.0f} ms",
        ),
    ]
