"""Sets up the development environment: `make setup`. A second run only checks stamps.

Usage: python -m mailbox_tools.setup
"""

import fcntl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mailbox_tools import corpora, environments, odoo_source, paths
from mailbox_tools.env import command_line, say


@contextmanager
def _exclusive() -> Iterator[None]:
    """Let one set-up at a time touch the cache; a second one waits for the first."""
    with (paths.cache_root() / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ensure() -> None:
    """Bring Odoo, the environments, OCA's addons and mail for tests up to date.

    Raises ToolingError with one line that says what is missing and how to get it.
    """
    environments.open_to_all(paths.cache_root())
    with _exclusive():
        environments.ensure(odoo_source.ensure())
        corpora.ensure()


@command_line
def main(arguments: Sequence[str]) -> int:
    """Run the set-up and say where things are."""
    started = time.monotonic()
    ensure()
    seconds = time.monotonic() - started
    say(f"set up in {paths.cache_root()} ({seconds:.1f} s); Odoo: {paths.odoo_home()}")
    say(f"interpreter: {paths.python()}")
    return 0


if __name__ == "__main__":
    main()
