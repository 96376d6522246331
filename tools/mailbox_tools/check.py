"""Static checks: `make check`. Runs every checker, shows what each says, fails if one fails.

Usage: python -m mailbox_tools.check
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence

from mailbox_tools import paths
from mailbox_tools.env import command_line, say

#: The package has no module to run, only a console script that lies outside of our layer.
_LINT_IMPORTS = "from importlinter.cli import lint_imports_command as run; run()"

#: Rules of pylint-odoo that do not fit: a model is split over files by concern, on purpose;
#: READMEs are made from readme/ fragments when an addon is published.
_UNWANTED = "consider-merging-classes-inherited,missing-readme"

_LINTED = ("core", "sandbox", "addons", "tools", "tests")


def commands() -> list[tuple[str, list[str]]]:
    """Return (name, command) of every check that has something to look at."""
    python = str(paths.python())
    folders = [name for name in _LINTED if (paths.REPOSITORY / name).is_dir()]
    found = [
        ("ruff", [python, "-m", "ruff", "check", *folders]),
        ("mypy", [python, "-m", "mypy"]),
        ("import-linter", [python, "-c", _LINT_IMPORTS]),
        ("budgets", [python, "-m", "pytest", "-q", "tests/architecture"]),
    ]
    if paths.own_addons():
        addons = [f"addons/{name}" for name in paths.own_addons()]
        options = ["--load-plugins=pylint_odoo", "--valid-odoo-versions=19.0", "--score=n"]
        rules = ["--disable=all", "--enable=odoolint", f"--disable={_UNWANTED}"]
        pylint = [python, "-m", "pylint", "--jobs=2"]
        found.append(("pylint-odoo", [*pylint, *options, *rules, *addons]))
    return found


@command_line
def main(arguments: Sequence[str]) -> int:
    """Run the checks one after the other."""
    failed = []
    for name, command in commands():
        started = time.monotonic()
        done = subprocess.run(
            command,
            cwd=paths.REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(paths.TOOLS)},
            stdin=subprocess.DEVNULL,
            check=False,
        )
        sys.stdout.flush()
        say(f"{name}: {'failed' if done.returncode else 'ok'} ({time.monotonic() - started:.1f} s)")
        if done.returncode:
            failed.append(name)
    print("checks failed: " + ", ".join(failed) if failed else "all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    main()
