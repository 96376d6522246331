"""The tiers of `make test`: where each one's tests lie and how it is run."""

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mailbox_tools import databases, junit, odoo_log, odoo_tests, paths
from mailbox_tools.postgres import Server

#: The database that the Odoo tier leaves for the tours, which need the addons installed.
_DATABASE = "test_tiers"


@dataclass(frozen=True)
class Result:
    """What one tier came to. ``trouble`` says why it counts as failed beyond single tests."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    trouble: str = ""

    @property
    def good(self) -> bool:
        """Tell whether nothing failed and something ran."""
        return not self.failed and not self.trouble


@dataclass(frozen=True)
class Tier:
    """A named set of tests; ``absent`` says why it has none, if it has none."""

    name: str
    absent: Callable[[], str]
    run: Callable[[Server | None], Result]
    needs_server: bool = False
    needs_browser: bool = False


def pytest_tier(
    name: str, folder: str, *options: str, needs_server: bool = False, needs_browser: bool = False
) -> Tier:
    """Return a tier that pytest runs."""
    tests = paths.REPOSITORY / folder

    def absent() -> str:
        return "" if any(tests.rglob("test_*.py")) else f"no tests in {folder}"

    def run(server: Server | None) -> Result:
        environment = server.environment() if server else {}
        return _run_pytest([str(tests), *options], environment)

    return Tier(name, absent, run, needs_server, needs_browser)


def _run_pytest(arguments: list[str], environment: Mapping[str, str]) -> Result:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
        done = subprocess.run(
            command,
            cwd=paths.REPOSITORY,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            check=False,
        )
        seconds = time.monotonic() - started
        try:
            passed, failed, skipped = junit.counts(report)
        except (OSError, ElementTree.ParseError):
            return Result(
                seconds=seconds, trouble=f"pytest ended with {done.returncode} and no report"
            )
    trouble = "" if passed + failed else "ran no test"
    if done.returncode not in (0, 1) and not failed:
        trouble = f"pytest ended with {done.returncode}"
    return Result(passed, failed, skipped, seconds, trouble)


def odoo_tier() -> Tier:
    """Return the tier of our addons' tests, run by Odoo while it installs them."""

    def absent() -> str:
        return "" if _addons_with_tests("") else "no tests in addons/*/tests"

    def run(server: Server | None) -> Result:
        assert server is not None
        addons = paths.own_addons()
        started = time.monotonic()
        databases.create_database(server, _DATABASE, addons, own=False)
        tags = odoo_tests.default_tags(addons)
        outcome = odoo_tests.run(server, _DATABASE, tags, install=addons)
        return _odoo_result(outcome, started)

    return Tier("odoo", absent, run, needs_server=True)


def tour_tier() -> Tier:
    """Return the tier of the tests that drive a browser, on a database with our addons."""

    def absent() -> str:
        tagged = _addons_with_tests(odoo_tests.BROWSER_TAG)
        return "" if tagged else f"no tests tagged {odoo_tests.BROWSER_TAG} in addons/*/tests"

    def run(server: Server | None) -> Result:
        assert server is not None
        started = time.monotonic()
        databases.create_database(server, _DATABASE, paths.own_addons())
        outcome = odoo_tests.run(server, _DATABASE, odoo_tests.BROWSER_TAG)
        databases.drop_database(server, _DATABASE)
        return _odoo_result(outcome, started)

    return Tier("tours", absent, run, needs_server=True, needs_browser=True)


def _odoo_result(outcome: odoo_log.Outcome, started: float) -> Result:
    trouble = ""
    if not outcome.finished:
        trouble = "Odoo did not reach its closing count"
    elif outcome.count(odoo_log.SKIPPED) == len(outcome.tests):
        trouble = "ran no test"
    elif outcome.troubles:
        trouble = outcome.troubles[0]
    return Result(
        outcome.count(odoo_log.PASSED),
        outcome.count(odoo_log.FAILED),
        outcome.count(odoo_log.SKIPPED),
        time.monotonic() - started,
        trouble,
    )


def _addons_with_tests(text: str) -> list[str]:
    """Return our addons whose test files contain a text."""
    return [
        name
        for name in paths.own_addons()
        if any(
            text in path.read_text(encoding="utf-8")
            for path in (paths.ADDONS / name / "tests").glob("test_*.py")
        )
    ]


def all_tiers() -> list[Tier]:
    """Return every tier, in the order in which they run: quick ones first."""
    two = ("-n", "2")
    return [
        pytest_tier("architecture", "tests/architecture"),
        pytest_tier("tools", "tools/tests"),
        pytest_tier("core", "core/tests", f"--ignore={paths.REPOSITORY}/core/tests/contract", *two),
        pytest_tier("sandbox", "sandbox/tests", *two),
        pytest_tier("contract", "core/tests/contract", *two),
        odoo_tier(),
        tour_tier(),
        pytest_tier("e2e", "tests/e2e", needs_server=True, needs_browser=True),
    ]
