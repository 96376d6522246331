"""Counts of a pytest run."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from mailbox_tools import junit


def test_errors_in_set_up_are_failures(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite tests="9" failures="1" errors="2" skipped="3"/></testsuites>'
    )
    assert junit.counts(report) == (3, 3, 3)


def test_a_torn_report_is_an_error(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text('<testsuites><testsuite tests="9"')
    with pytest.raises(ElementTree.ParseError):
        junit.counts(report)
