"""Every numbered behaviour has a test of its number or is listed as left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mailbox_sandbox

FACES = Path(mailbox_sandbox.__file__).parent / "faces"
TESTS = "\n".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
ALL = ("gmail", "oauth", "pubsub")
TESTED = {int(number) for number in re.findall(r"def test_b(\d+)_", TESTS)}


def _numbers(face: str, heading: str) -> set[int]:
    text = (FACES / face / "FIDELITY.md").read_text()
    section = text.split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    found: set[int] = set()
    for first, last in re.findall(r"^\| (\d+)(?:–(\d+))? \|", section, re.MULTILINE):
        found.update(range(int(first), int(last or first) + 1))
    return found


@pytest.mark.parametrize("face", ALL)
def test_listed_behaviours_have_tests(face: str) -> None:
    listed = _numbers(face, "Behaviours with a test")
    assert listed and listed <= TESTED


def test_no_behaviour_is_forgotten() -> None:
    told = set().union(*(_numbers(face, "Behaviours with a test") for face in ALL))
    left_out = set().union(*(_numbers(face, "Knowingly left out") for face in ALL))
    assert told | left_out == set(range(1, 57))
    assert told == TESTED


def test_the_sandbox_knows_neither_the_core_nor_odoo() -> None:
    for path in Path(mailbox_sandbox.__file__).parent.rglob("*.py"):
        imports = re.findall(r"^\s*(?:from|import)\s+([\w.]+)", path.read_text(), re.MULTILINE)
        assert not {name.split(".")[0] for name in imports} & {"mailbox_core", "odoo"}, path
