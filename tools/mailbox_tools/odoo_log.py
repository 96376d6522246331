"""Reads the outcome of Odoo's tests from its log, test by test.

Odoo counts in its last line, but that counts a failing subtest as a failure of its own and says
nothing about skipped tests; so the lines about single tests are read (odoo/tests/result.py).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_HEAD = r"^\S+ \S+ \d+ (?P<level>[A-Z]+) \S+ (?P<logger>\S+): "
_LINE = re.compile(_HEAD + r"(?P<message>.*)$")
#: Odoo ends each line with a blank and, in a request, figures about it; hence no end anchors.
_STARTING = re.compile(r"Starting (\S+) \.\.\.")
_SKIPPED = re.compile(r"skipped (\S+)(?: \(([\w.]+)\))? : ")
_FAILED = re.compile(r"(?:FAIL|ERROR): (?:Subtest )?(\S+)(?: \(([\w.]+)\))?")
_TOTAL = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests when loading database")

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass
class Outcome:
    """What one run of Odoo's tests came to."""

    tests: dict[str, str] = field(default_factory=dict)
    finished: bool = False
    troubles: list[str] = field(default_factory=list)

    def count(self, status: str) -> int:
        """Return how many tests ended as PASSED, FAILED or SKIPPED."""
        return sum(1 for found in self.tests.values() if found == status)


def read(lines: Iterable[str]) -> Outcome:
    """Return the outcome of a run from its log lines.

    ``tests`` maps "module.Class.method" to its status; ``finished`` says whether Odoo reached its
    closing count; ``troubles`` are errors logged outside of tests (a broken bundle, a traceback).
    """
    outcome = Outcome()
    for line in lines:
        match = _LINE.match(line.rstrip("\n"))
        if match:
            _note(outcome, match)
    return outcome


def _note(outcome: Outcome, match: re.Match[str]) -> None:
    message, logger = match["message"], match["logger"]
    started, skipped = _STARTING.match(message), _SKIPPED.match(message)
    failed = _FAILED.match(message)
    if started and ".tests." in logger:
        outcome.tests.setdefault(_name(logger, started[1]), PASSED)
    elif skipped:
        outcome.tests[_name(logger, skipped[1], skipped[2])] = SKIPPED
    elif failed and match["level"] == "ERROR":
        outcome.tests[_name(logger, failed[1], failed[2])] = FAILED
    elif _TOTAL.search(message):
        outcome.finished = True
    elif match["level"] in ("ERROR", "CRITICAL"):
        outcome.troubles.append(match.string.strip())


def _name(logger: str, test: str, class_path: str | None = None) -> str:
    """Return "module.Class.method"; failures of class set-up come with the class in brackets."""
    where = class_path or logger
    module = re.match(r"odoo\.addons\.(\w+)", where)
    owner = f"{class_path.rsplit('.', 1)[-1]}." if class_path else ""
    return f"{module[1] if module else where}.{owner}{test}"


def interesting(log: str) -> str:
    """Return the warnings and errors of a log with their tracebacks, without the chatter."""
    kept: list[str] = []
    keeping = False
    for line in log.splitlines():
        match = _LINE.match(line)
        if match:
            keeping = match["level"] not in ("INFO", "DEBUG")
        if keeping or (match is None and not kept):
            kept.append(line)
    return "".join(f"{line}\n" for line in kept)
