"""What processes cost: CPU seconds and memory of process trees, read from /proc (proc(5))."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class _Process:
    pid: int
    parent: int
    group: int
    ticks: int
    resident: int


def _read(pid: int) -> _Process | None:
    """One process; ``ticks`` are its own and those of its children that have ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses may hold anything, spaces and parentheses included.
    fields = text[text.rindex(")") + 2 :].split()
    ticks = sum(int(fields[index]) for index in (11, 12, 13, 14))
    return _Process(pid, int(fields[1]), int(fields[2]), ticks, int(fields[21]) * _PAGE)


def _all() -> list[_Process]:
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [found for pid in pids if (found := _read(pid)) is not None]


def tree(roots: Iterable[int]) -> list[int]:
    """The processes with these ids, their descendants, and all that share a process group with
    one of the roots (orphans of a group have another parent)."""
    processes = _all()
    wanted = set(roots)
    wanted |= {one.pid for one in processes if one.group in wanted}
    size = -1
    while size != len(wanted):
        size = len(wanted)
        wanted |= {one.pid for one in processes if one.parent in wanted}
    return sorted(wanted & {one.pid for one in processes})


def seconds(roots: Iterable[int]) -> float:
    """CPU seconds (user and system) that the trees have used so far, ended children included."""
    found = (_read(pid) for pid in tree(roots))
    return sum(one.ticks for one in found if one is not None) / _TICKS


def resident(roots: Iterable[int]) -> dict[int, float]:
    """Resident memory of every process of the trees, in megabytes."""
    found = (_read(pid) for pid in tree(roots))
    return {one.pid: one.resident / _MEGABYTE for one in found if one is not None}
