"""FAULTS.md names a test for every fault of the foundation and of push; `make docs` checks that
each is there."""

import re

import pytest
from harness.workers import E2E

from mailbox_tools import paths

#: F01–F11, F13–F20, F29–F59.
WANTED = [*range(1, 12), *range(13, 21), *range(29, 60)]

TEXT = (E2E / "FAULTS.md").read_text(encoding="utf-8")
ROWS = {
    int(number): cell
    for number, cell in re.findall(r"^\| F(\d+) \|[^|]*\|([^|]*)\|$", TEXT, re.MULTILINE)
}


@pytest.mark.parametrize("number", WANTED)
def test_every_fault_has_a_test(number: int) -> None:
    cell = ROWS.get(number, "")
    assert "::test_" in cell, f"F{number:02}: {cell}"


def test_the_machine_plays_a_hundred_histories_of_200_steps() -> None:
    """Issue: at least 100 seeded histories of 200 steps in `make test`."""
    source = paths.REPOSITORY / "core" / "tests" / "property" / "test_stream.py"
    found = re.search(r'"--seeds", "(\d+)", "--steps", "(\d+)"', source.read_text("utf-8"))
    assert found and int(found[1]) >= 100 and int(found[2]) >= 200
