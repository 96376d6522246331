"""One-line failures."""

import sys
from collections.abc import Sequence

import pytest

from mailbox_tools import env


def test_the_error_line_is_found_in_much_output() -> None:
    output = "Collecting x\nERROR: No matching distribution found for x\nhint: see above\n"
    assert env.complaint(output) == "ERROR: No matching distribution found for x"
    assert env.complaint("one\ntwo\n\n") == "two"
    assert env.complaint("") == ""


def test_a_failing_command_names_the_step() -> None:
    code = "import sys; print('E: gone', file=sys.stderr); sys.exit(3)"
    with pytest.raises(env.ToolingError, match=r"^fetching: python\S* ended with 3: E: gone$"):
        env.run([sys.executable, "-c", code], why="fetching")


def test_a_missing_program_is_said() -> None:
    with pytest.raises(env.ToolingError, match="the program no-such-program is not installed"):
        env.run(["no-such-program"], why="trying")


def test_a_command_line_ends_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    @env.command_line
    def main(_arguments: Sequence[str]) -> int:
        raise env.ToolingError("PostgreSQL is missing: sudo apt-get install postgresql")

    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "error: PostgreSQL is missing: sudo apt-get install postgresql\n"
    )


def test_without_root_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env, "is_root", lambda: False)
    with pytest.raises(env.ToolingError, match="sudo apt-get install chromium"):
        env.need_debian_package("chromium", "the tours", command="no-such-program")
