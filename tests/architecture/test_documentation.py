"""The documentation leads where it says, and the threat model leaves no check out."""

import re

import pytest

from mailbox_tools import docs, paths

PAGES = [str(page.relative_to(paths.REPOSITORY)) for page in docs.pages()]
THREATS = (paths.REPOSITORY / "docs/explanation/threat-model.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_links_examples_and_named_tests_hold(name: str) -> None:
    page = paths.REPOSITORY / name
    assert list(docs.problems(page, page.read_text(encoding="utf-8"))) == []


def test_every_security_check_is_answered() -> None:
    told = {int(number) for number in re.findall(r"\bS(\d\d)\b", THREATS)}
    assert sorted(set(range(1, 31)) - told) == []
