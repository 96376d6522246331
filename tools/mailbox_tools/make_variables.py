"""Reads the variables of the `make` command that started us, repeated ones included.

make keeps only the last value of `make demo MAIL=one MAIL=two`, and the environment may hold a
MAIL of its own (the system's mail spool), so the command line itself is read.
"""

import os
from pathlib import Path


def given() -> list[tuple[str, str]]:
    """Return (name, value) pairs from the nearest `make` above this process, in order."""
    pid = os.getppid()
    while pid > 1:
        arguments = _command_line(pid)
        if arguments and Path(arguments[0]).name in ("make", "gmake"):
            return parse(arguments[1:])
        pid = _parent(pid)
    return []


def parse(arguments: list[str]) -> list[tuple[str, str]]:
    """Return the assignments among make's arguments (``NAME=value``, ``NAME:=value``)."""
    pairs = (argument.partition("=") for argument in arguments if not argument.startswith("-"))
    return [(name.rstrip(":"), value) for name, sign, value in pairs if sign]


def _command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def _parent(pid: int) -> int:
    try:
        # The name in brackets may itself contain spaces and brackets; the fields follow the last.
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    except OSError:
        return 0
    return int(after_name.split()[1])
