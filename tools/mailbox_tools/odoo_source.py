"""Fetches Odoo 19 as Debian packages and unpacks it into the cache, without root.

Debian's package replaces bundled fonts and scripts with links into other packages, so these are
unpacked into the same tree. The system's apt state is not touched (``apt_source.private``).
"""

import os
import shutil
from pathlib import Path

from mailbox_tools import apt_source, paths
from mailbox_tools.env import ToolingError, run, say

#: Packages that the Odoo package's links point into. The newer Font Awesome has other files, so
#: that one comes from the stable suite, which still has 4.7.
LINKED_PACKAGES = (
    "fonts-montserrat",
    "fonts-ocr-b",
    "fonts-roboto-unhinted",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
)
FONT_PACKAGE = "fonts-font-awesome"

#: A script Debian leaves out although a bundle of ``mail`` lists it; an empty file keeps the
#: bundle whole (it is only used to blur the background of video calls).
MISSING_SCRIPT = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"


def ensure() -> Path:
    """Return the folder that holds the ``odoo`` package, fetching it first when needed.

    Raises ToolingError when ODOO_HOME is no Odoo 19, or when the packages cannot be had.
    """
    home = paths.odoo_home()
    if "ODOO_HOME" not in os.environ and not (paths.unpacked_odoo() / "complete").exists():
        _fetch(paths.unpacked_odoo())
    release = home / "odoo" / "release.py"
    if not release.is_file() or "version_info = (19, 0" not in release.read_text(encoding="utf-8"):
        raise ToolingError(f"{home} holds no Odoo 19.0 (no odoo/release.py that says so)")
    return home


def _fetch(target: Path) -> None:
    say("fetching Odoo 19 (Debian package odoo-19, about 130 MB)")
    work = paths.cache_root() / "apt"
    shutil.rmtree(work, ignore_errors=True)
    (work / "packages").mkdir(parents=True)
    derived = apt_source.of_machine()
    apt = apt_source.private(work, derived.text)
    run([*apt, "update"], why="reading the package lists for Odoo")
    wanted = [
        f"odoo-19/{derived.odoo_suite}",
        f"{FONT_PACKAGE}/{derived.font_suite}",
        *LINKED_PACKAGES,
    ]
    run([*apt, "download", *wanted], why="fetching Odoo 19", cwd=work / "packages")

    unpacked = target.with_name(f"{target.name}.partial")
    shutil.rmtree(unpacked, ignore_errors=True)
    for package in sorted((work / "packages").glob("*.deb")):
        run(["dpkg-deb", "-x", package, unpacked], why=f"unpacking {package.name}")
    _finish_tree(unpacked)
    shutil.rmtree(target, ignore_errors=True)
    unpacked.rename(target)
    shutil.rmtree(work)


def _finish_tree(tree: Path) -> None:
    """Make every link resolve inside the tree and add the placeholder for the missing script."""
    for folder, names, files in os.walk(tree):
        for name in names + files:
            link = Path(folder, name)
            if link.is_symlink() and link.readlink().is_absolute():
                inside = tree / link.readlink().relative_to("/")
                link.unlink()
                link.symlink_to(os.path.relpath(inside, link.parent))
    script = tree / "usr/lib/python3/dist-packages/odoo/addons" / MISSING_SCRIPT
    if not script.exists():
        script.parent.mkdir(parents=True, exist_ok=True)
        script.touch()
    broken = dangling_links(tree)
    for link in broken:
        say(f"note: {link.relative_to(tree)} points to nothing in the fetched packages")
    (tree / "complete").touch()


def dangling_links(tree: Path) -> list[Path]:
    """Return the links in a tree whose target does not exist."""
    candidates = (
        Path(folder, name) for folder, names, files in os.walk(tree) for name in names + files
    )
    return sorted(path for path in candidates if path.is_symlink() and not path.exists())
