"""Choosing tiers, the closing line and the exit code that follows from results."""

import pytest

from mailbox_tools import run_tests
from mailbox_tools.env import ToolingError
from mailbox_tools.tiers import Result, Tier, all_tiers


def test_counts_are_added_up() -> None:
    results = {"core": Result(10, 0, 0, 1.0), "odoo": Result(5, 2, 0, 2.0)}
    assert run_tests.closing_line(results) == "15 passed, 2 failed"


def test_skipped_tests_are_named_when_there_are_any() -> None:
    assert run_tests.closing_line({"e2e": Result(1, 0, 3)}) == "1 passed, 0 failed, 3 skipped"


def test_a_crashed_tier_counts_as_a_failure() -> None:
    results = {"core": Result(10), "odoo": Result(trouble="Odoo did not reach its closing count")}
    assert run_tests.closing_line(results) == "10 passed, 1 failed"
    assert not results["odoo"].good


def test_the_table_shows_the_trouble() -> None:
    shown = run_tests.table({"odoo": Result(1, 0, 0, 3.25, "ran no test")})
    assert shown.splitlines()[1].split() == ["odoo", "1", "0", "0", "3.2", "ran", "no", "test"]


def test_an_unknown_tier_is_refused() -> None:
    with pytest.raises(ToolingError, match="no tier nonsense; there are: architecture"):
        run_tests.choose(["nonsense"], all_tiers())


def test_tiers_are_chosen_in_their_order() -> None:
    chosen = run_tests.choose(["odoo", "core"], all_tiers())
    assert [tier.name for tier in chosen] == ["core", "odoo"]


def test_a_tier_without_tests_is_named_and_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    def explode(_server: object) -> Result:
        raise AssertionError("was run")

    empty = Tier("empty", lambda: "no tests in nowhere", explode)
    assert run_tests.run([empty]) == {}
    assert "empty: no tests in nowhere" in capsys.readouterr().err
