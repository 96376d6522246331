"""Who counts as a user of a shared server."""

import subprocess
import sys
from pathlib import Path

from mailbox_tools.leases import Leases


def dead_process() -> int:
    """Return the id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    leases = Leases(tmp_path)
    mine, dead = Leases.of_this_process(), f"{dead_process()}-0"
    leases.take(mine)
    leases.take(dead)
    assert leases.live() == [mine]
    assert not (tmp_path / f"{dead}.lease").exists()


def test_a_standing_lease_outlives_its_process(tmp_path: Path) -> None:
    leases = Leases(tmp_path)
    leases.take(Leases.STANDING)
    assert leases.live() == [Leases.STANDING]
    leases.give_back(Leases.STANDING)
    leases.give_back(Leases.STANDING)
    assert leases.live() == []


def test_a_process_may_hold_several(tmp_path: Path) -> None:
    leases = Leases(tmp_path)
    first, second = Leases.of_this_process(), Leases.of_this_process()
    leases.take(first)
    leases.take(second)
    leases.give_back(first)
    assert leases.live() == [second]
