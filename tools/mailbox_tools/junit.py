"""Reads the counts of a pytest run from its JUnit report."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path


def counts(report: Path) -> tuple[int, int, int]:
    """Return (passed, failed, skipped) of a report; errors in set-up count as failed.

    Raises OSError or ElementTree.ParseError when there is no complete report: the run crashed.
    """
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    total = failed = skipped = 0
    for suite in suites:
        total += int(suite.get("tests", "0"))
        failed += int(suite.get("failures", "0")) + int(suite.get("errors", "0"))
        skipped += int(suite.get("skipped", "0"))
    return total - failed - skipped, failed, skipped
