"""Counts who uses a shared server, so that the last one to leave stops it and nobody else does.

A lease is a file whose name begins with a process id; the lease of a process that no longer lives
counts for nothing, so a crashed run leaves no server behind for long.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Leases:
    """The leases in one folder. Change them only inside :meth:`exclusive`."""

    #: The lease of `start` on the command line, which outlives its process.
    STANDING = "standing"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock under which a server is started or stopped."""
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @staticmethod
    def of_this_process() -> str:
        """Return a new lease name that counts as long as this process lives."""
        return f"{os.getpid()}-{secrets.token_hex(4)}"

    def take(self, name: str) -> None:
        """Add a lease: one of this process, or STANDING."""
        (self._folder / f"{name}.lease").touch()

    def give_back(self, name: str) -> None:
        """Remove a lease; one that is not there is no error."""
        (self._folder / f"{name}.lease").unlink(missing_ok=True)

    def live(self) -> list[str]:
        """Return the leases that count, removing those of dead processes."""
        names = sorted(path.stem for path in self._folder.glob("*.lease"))
        for name in (name for name in names if not self._counts(name)):
            self.give_back(name)
        return [name for name in names if self._counts(name)]

    def _counts(self, name: str) -> bool:
        return name == self.STANDING or is_alive(int(name.partition("-")[0]))


def is_alive(pid: int) -> bool:
    """Tell whether a process exists (also one of another user)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
