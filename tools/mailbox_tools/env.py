"""Processes, prerequisites and the one-line failure that every command of the tooling ends with."""

import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any


class ToolingError(Exception):
    """Something the user has to fix; the message is one line that says what and how."""


def say(text: str) -> None:
    """Print one progress line, on standard error so that standard output stays data."""
    print(f"· {text}", file=sys.stderr, flush=True)


def command_line(main: Callable[[Sequence[str]], int]) -> Callable[[], None]:
    """Turn ``main(arguments) -> exit code`` into a console entry that fails with one line."""

    @functools.wraps(main)
    def entry() -> None:
        try:
            code = main(sys.argv[1:])
        except ToolingError as error:
            print(f"error: {error}", file=sys.stderr, flush=True)
            code = 2
        except KeyboardInterrupt:
            code = 130
        sys.exit(code)

    return entry


def run(
    command: Sequence[str | Path],
    *,
    why: str,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a command to its end and return what it printed on standard output.

    Raises ToolingError with the last line of its complaint when it fails; ``why`` names the step.
    """
    arguments = [str(part) for part in command]
    try:
        done = subprocess.run(
            arguments,
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        raise ToolingError(f"{why}: the program {arguments[0]} is not installed") from error
    if done.returncode:
        said = complaint(done.stderr) or complaint(done.stdout) or "no output"
        program = Path(arguments[0]).name
        raise ToolingError(f"{why}: {program} ended with {done.returncode}: {said}")
    return done.stdout


def complaint(output: str) -> str:
    """Return the line of a program's output that names the failure: its last error, if any."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(\w*Error|ERROR|E|FATAL|\S+: error): ?\S", line)]
    return (errors or lines or [""])[-1]


def is_root() -> bool:
    """Tell whether this process may install system packages."""
    return os.geteuid() == 0


def need_debian_package(package: str, purpose: str, *, command: str | None = None) -> None:
    """Make sure a program is there: install its Debian package as root, else say how to get it.

    ``command`` is the program the package brings; without it the package is installed in any case.
    """
    if command and shutil.which(command):
        return
    if not (is_root() and shutil.which("apt-get")):
        raise ToolingError(
            f"{purpose} needs the Debian package {package}: sudo apt-get install {package}"
        )
    say(f"installing the Debian package {package} ({purpose})")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run(
        ["apt-get", "-q", "update"],
        why=f"{purpose}: refreshing the package lists",
        environment=quiet,
    )
    run(
        ["apt-get", "-q", "-y", "--no-install-recommends", "install", package],
        why=f"{purpose}: installing {package}",
        environment=quiet,
    )


def run_as(
    command: Sequence[str | Path],
    options: Mapping[str, Any],
    environment: Mapping[str, str],
    given: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command, possibly as another user (``options`` go to subprocess), with few variables.

    ``given`` is what it reads from standard input.

    Standard output goes through a file: a server that the command leaves behind keeps it open,
    and a pipe would make us wait for that server's end.
    """
    keep = {key: os.environ[key] for key in ("PATH", "LANG", "TZ") if key in os.environ}
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        done = subprocess.run(
            [str(part) for part in command],
            cwd="/",
            env={**keep, **environment},
            input=given or "",
            text=True,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            **options,
        )
        output.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, output.read(), "")
