"""Builds the virtual environments: a shared one, and a thin layer of it for this checkout.

The layer sees the shared packages through a path file and adds what belongs to the checkout: the
core and the sandbox (editable), what the addons' manifests ask for, and the way to Odoo.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from mailbox_tools import paths, pins, requirements
from mailbox_tools.env import ToolingError, is_root, need_debian_package, run, say

#: Odoo 19.0 runs on these (odoo/release.py).
_OLDEST, _NEWEST = (3, 10), (3, 13)

_ODOO_COMMAND = """\
#!{python}
from odoo.cli import main

main()
"""


def ensure(home: Path) -> None:
    """Bring both environments and OCA's addons up to date; does nothing when they are."""
    if not _OLDEST <= sys.version_info[:2] <= _NEWEST:
        raise ToolingError(
            "Odoo 19 needs Python 3.10 to 3.13; name one with PYTHON=python3.12 make …"
        )
    wanted = pins.odoo_requirements(home)
    _ensure_base(wanted)
    _ensure_oca()
    _ensure_layer(home, wanted)


def _ensure_base(wanted: list[str]) -> None:
    development = (paths.DATA / "development.txt").read_text(encoding="utf-8")
    key = _key([sys.version, *wanted, development])
    folder = paths.base_environment()
    if is_current(folder, key):
        return
    say("building the shared environment (Odoo's requirements, test tools)")
    _create(folder)
    lines = _write(paths.cache_root() / "odoo-requirements.txt", wanted)
    pip = [str(folder / "bin" / "pip"), "install", "-q", "--prefer-binary"]
    run(
        [*pip, "-r", str(lines), "-r", str(paths.DATA / "development.txt")],
        why="installing Odoo's requirements and the test tools",
    )
    mark(folder, key)


def _create(folder: Path, *options: str) -> None:
    """Create a virtual environment, keeping one of the same Python: it may be in use."""
    lib = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    if lib.is_dir() and (folder / "complete").exists():
        (folder / "complete").unlink()
        return
    command = [sys.executable, "-m", "venv", "--clear", *options, str(folder)]
    try:
        run(command, why="creating a virtual environment")
    except ToolingError:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        need_debian_package(package, "a virtual environment")
        run(command, why="creating a virtual environment")


def _ensure_oca() -> None:
    lines = paths.DATA / "oca.txt"
    key = _key([lines.read_text(encoding="utf-8")])
    if not is_current(paths.oca(), key):
        install_apart(lines, paths.oca(), "OCA's addons queue_job and helpdesk_mgmt")
        mark(paths.oca(), key)


def install_apart(lines: Path, folder: Path, what: str) -> None:
    """Install packages into a folder of their own, without what they depend on."""
    say(f"installing {what}")
    shutil.rmtree(folder, ignore_errors=True)
    pip = paths.base_environment() / "bin" / "pip"
    run(
        [pip, "install", "-q", "--no-deps", "--target", folder, "-r", lines],
        why=f"installing {what}",
    )


def _ensure_layer(home: Path, wanted: list[str]) -> None:
    present = [name for name in paths.DISTRIBUTIONS if _can_be_built(paths.REPOSITORY / name)]
    metadata = [
        (paths.REPOSITORY / name / "pyproject.toml").read_text(encoding="utf-8") for name in present
    ]
    external = requirements.third_party(paths.ADDONS)
    base_stamp = (paths.base_environment() / "complete").read_text(encoding="utf-8")
    key = _key([base_stamp, str(home), _ODOO_COMMAND, *present, *metadata, *external])
    folder = paths.environment()
    for name in sorted(set(paths.DISTRIBUTIONS) - set(present)):
        say(f"note: {name}/ lacks pyproject.toml or README.md, so mailbox-{name} is not installed")
    if is_current(folder, key):
        return
    say("installing this checkout's own packages")
    _create(folder, "--without-pip")
    _link_layer(folder, home)
    editable = [
        part
        for name in present
        for part in ("-e", f"{paths.REPOSITORY / name}{requirements.EXTRAS.get(name, '')}")
    ]
    if editable or external:
        constraints = _write(paths.workspace() / "constraints.txt", wanted)
        pip = [str(paths.base_environment() / "bin" / "pip"), "--python", str(paths.python())]
        options = ["-q", "--prefer-binary", "-c", str(constraints)]
        run(
            [*pip, "install", *options, *editable, *external],
            why="installing this checkout's own packages",
        )
    mark(folder, key)


def _can_be_built(distribution: Path) -> bool:
    """Tell whether the two files that the build backend insists on are there."""
    return all((distribution / name).is_file() for name in ("pyproject.toml", "README.md"))


def _link_layer(folder: Path, home: Path) -> None:
    """Let the layer import the shared packages and Odoo, and give it an ``odoo-bin``."""
    shared = next((paths.base_environment() / "lib").glob("python3.*/site-packages"))
    own = next((folder / "lib").glob("python3.*/site-packages"))
    _write(own / "mailbox-shared.pth", [str(shared), str(home), str(paths.TOOLS)])
    command = folder / "bin" / "odoo-bin"
    command.write_text(_ODOO_COMMAND.format(python=folder / "bin" / "python"), encoding="utf-8")
    command.chmod(0o755)


def open_to_all(folder: Path) -> None:
    """As root, let the user that PostgreSQL runs as pass through the cache."""
    folder.mkdir(parents=True, exist_ok=True)
    if is_root():
        folder.chmod(0o755)


def _key(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def is_current(folder: Path, key: str) -> bool:
    stamp = folder / "complete"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == key


def mark(folder: Path, key: str) -> None:
    stamp = folder / "complete.partial"
    stamp.write_text(key, encoding="utf-8")
    os.replace(stamp, folder / "complete")


def _write(path: Path, lines: Iterable[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path
