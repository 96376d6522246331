"""What a run of the benchmark is to measure, and in which size, from variables of the environment.

Usage: make bench [ROWS=A1,C2] [QUICK=1 | FULL=1] [LIMIT=1500] [OUT=FILE] [MAILS=2000 ...]

Runs of usual or full size are published in docs/reference, others only with the name of a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mailbox_tools.bench.gates import GATES
from mailbox_tools.env import ToolingError

ROWS = tuple(dict.fromkeys(key.split()[0] for key in GATES))
#: Parts that wait for polls or quotas in real time, or make many rows: left out of the quick mode
#: unless one of their rows is named.
_LONG = ("quota", "large", "screen", "lists")
#: Modes whose figures are comparable: only they go into the documentation.
PUBLISHED = ("usual", "full")
#: Seconds after which no part begins.
_LIMIT = 1500

#: In this order: mails, rounds against peers, mails of a sample, mails under the strict quota,
#: mails of the large import, mailboxes, seconds to watch them, mails that are routed, messages of
#: the long list.
SIZES = ("mails", "rounds", "sample", "limited", "large", "mailboxes", "window", "routed", "listed")
_QUICK = (1200, 1, 40, 100, 3000, 100, 20, 40, 50_000)
_USUAL = (4000, 3, 100, 600, 10_000, 1000, 90, 100, 1_000_000)
_FULL = (10_000, 5, 300, 600, 100_000, 1000, 180, 100, 1_000_000)


@dataclass(frozen=True)
class Options:
    """What to run. Sizes are counts of mails and mailboxes, ``window`` and ``limit`` are
    seconds (0: without limit); ``left_out`` are parts."""

    rows: tuple[str, ...]
    mode: str
    left_out: tuple[str, ...]
    limit: int
    out: Path | None
    mails: int
    rounds: int
    sample: int
    limited: int
    large: int
    mailboxes: int
    window: int
    routed: int
    listed: int

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes by name."""
        return {name: getattr(self, name) for name in SIZES}


def read(environment: Mapping[str, str]) -> Options:
    """The options of the environment. Raises ToolingError for a row that does not exist or a size
    that is no number."""
    quick, full = (environment.get(name, "") not in ("", "0") for name in ("QUICK", "FULL"))
    named = tuple(environment.get("ROWS", "").replace(",", " ").upper().split())
    unknown = sorted(set(named) - set(ROWS))
    if unknown:
        raise ToolingError(f"ROWS={unknown[0]} does not exist; there are {', '.join(ROWS)}")
    mode, usual = ("quick", _QUICK) if quick else ("full", _FULL) if full else ("usual", _USUAL)
    sizes = {
        name: _number(environment, name, size) for name, size in zip(SIZES, usual, strict=True)
    }
    if tuple(sizes.values()) != usual:
        mode = "other sizes"
    out = environment.get("OUT", "")
    return Options(
        named or ROWS,
        mode,
        _LONG if quick and not named else (),
        _number(environment, "limit", 0 if full or named else _LIMIT),
        Path(out).expanduser().resolve() if out else None,
        **sizes,
    )


def _number(environment: Mapping[str, str], name: str, usual: int) -> int:
    given = environment.get(name.upper(), "")
    if given and not given.isdecimal():
        raise ToolingError(f"{name.upper()}={given} is not a whole number")
    return int(given) if given else usual
