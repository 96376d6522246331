"""The parts of the benchmark: what is measured together, each apart from the others.

A part that fails, or that takes far longer than it should, costs its own figures only: they are
published as failed, with the reason.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from types import FrameType
from typing import Any

from mailbox_tools import paths
from mailbox_tools.bench import backfill, fleet, lists, mails, quota, routing, screen, webhook
from mailbox_tools.bench.gates import Figure
from mailbox_tools.bench.options import Options
from mailbox_tools.bench.stage import Stage, folder
from mailbox_tools.env import say

#: Mailboxes that are notified of, and seconds of it, at most.
CALLED, CALLING = 50, 30

Result = tuple[list[Figure], Any]


@dataclass(frozen=True)
class Part:
    """``keys`` are the gates that it measures, ``seconds`` what it takes on a quiet machine with
    two cores in the usual size."""

    name: str
    keys: tuple[str, ...]
    seconds: int
    run: Callable[[Stage, Options], Result]

    @property
    def rows(self) -> set[str]:
        """The rows of its gates."""
        return {key.split()[0] for key in self.keys}


def _backfill(stage: Stage, chosen: Options) -> Result:
    mail = mails.maildir(folder(), chosen.mails)
    step = max(1, chosen.mails // chosen.sample)
    sample = range(0, min(step * chosen.sample, chosen.mails), step)
    rounds = backfill.run(stage, mail, chosen.rounds, sample)
    return backfill.figures(rounds), rounds.plain()


def _large(stage: Stage, chosen: Options) -> Result:
    large = backfill.grow(stage, mails.maildir(folder(), chosen.large))
    return [backfill.growth(large)], large.plain()


def _quota(stage: Stage, chosen: Options) -> Result:
    limited = quota.run(stage, mails.maildir(folder(), chosen.limited))
    return quota.figures(limited), limited.plain()


def _screen(stage: Stage, chosen: Options) -> Result:
    lost = chosen.window // 2 if "B3" in chosen.rows else 0
    painted = screen.measure(stage, 2 * chosen.window, lost)
    return screen.figures(painted), painted.plain()


def _webhook(stage: Stage, chosen: Options) -> Result:
    called = webhook.measure(stage, min(chosen.mailboxes, CALLED), min(chosen.window, CALLING))
    return webhook.figures(called), called.plain()


def _routing(stage: Stage, chosen: Options) -> Result:
    routed = routing.run(stage, chosen.routed, chosen.rounds)
    return routing.figures(routed), routed.plain()


def _lists(stage: Stage, chosen: Options) -> Result:
    found = lists.measure(stage, chosen.listed)
    return lists.figures(found), found.plain()


def _fleet(stage: Stage, chosen: Options) -> Result:
    found = fleet.measure(stage, chosen.mailboxes, chosen.window)
    return fleet.figures(found), found.plain()


PARTS = (
    Part("quota", ("A3", "A3 units", "A3 refused", "A4 500"), 140, _quota),
    Part("backfill", ("A1", "A2", "A2 cpu", "A4", "A5"), 340, _backfill),
    Part("large", ("A5 memory",), 120, _large),
    Part("screen", ("B1 p50", "B1 p95", "B3"), 170, _screen),
    Part("webhook", ("B2", "B2 slow", "B2 sql"), 90, _webhook),
    Part("routing", ("C1", "C2", "C3", "C4"), 130, _routing),
    Part("lists", ("D1", "D1 ms", "D2 rare", "D2 common", "D2 sender", "D5"), 200, _lists),
    Part("fleet", ("E1", "E1 sql", "E1 requests", "E3"), 220, _fleet),
)


class OutOfTime(Exception):
    """A part took far longer than it should."""


def measure(stage: Stage, chosen: Options) -> tuple[list[Figure], dict[str, Any]]:
    """Run the parts that the chosen rows need; the figures and the raw samples. No part begins
    after ``chosen.limit`` seconds, and none may take more than three times its usual time."""
    figures: list[Figure] = []
    samples: dict[str, Any] = {}
    started = time.monotonic()
    for part in PARTS:
        if not part.rows & set(chosen.rows) or part.name in chosen.left_out:
            continue
        passed = time.monotonic() - started
        if chosen.limit and passed + part.seconds > chosen.limit:
            reason = f"left out: {passed:.0f} of {chosen.limit} s were over; ROWS={part.keys[0]}"
            found: list[Figure] = [Figure(key, None, (), reason) for key in part.keys]
        else:
            found, plain = _one(stage, part, chosen)
            samples[part.name] = plain
        figures += [one for one in found if one.row.split()[0] in chosen.rows]
    return figures, samples


def _one(stage: Stage, part: Part, chosen: Options) -> Result:
    """One part, whatever becomes of it. Each figure carries when it was taken, of which commit, and
    how busy the machine was."""
    load, started = os.getloadavg()[0], time.monotonic()
    plain: Any = None
    try:
        with _at_most(3 * part.seconds if chosen.limit else 0):
            found, plain = part.run(stage, chosen)
    except Exception as error:  # pylint: disable=broad-except
        # Whatever went wrong is a result of this part; the others shall be measured all the same.
        say(f"{part.name}: failed: {error}")
        reason = f"{type(error).__name__}: {str(error).strip()[:200]}".replace("\n", " ")
        found = [Figure(key, None, (), reason, failed=True) for key in part.keys]
    say(f"{part.name}: {time.monotonic() - started:.0f} s")
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    busy = (round(load, 1), round(os.getloadavg()[0], 1))
    return [replace(one, commit=commit(), at=now, load=busy) for one in found], plain


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raises OutOfTime in the middle of the work after so many seconds; 0 is for ever."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise OutOfTime(f"not done after {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def commit() -> str:
    """What is measured: the commit, with a plus when files differ from it."""
    return git("rev-parse", "HEAD") + ("+" if changed_files() else "")


def changed_files() -> Sequence[str]:
    """The files that differ from the commit, the published figures themselves aside."""
    found = git("status", "--porcelain", "--untracked-files=no").splitlines()
    return [line for line in found if "docs/reference/benchmarks." not in line]


def git(*arguments: str) -> str:
    """What git says; empty outside a repository."""
    done = subprocess.run(
        ["git", *arguments], cwd=paths.REPOSITORY, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
