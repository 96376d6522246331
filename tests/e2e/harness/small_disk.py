"""A disk that is full: a small file system, where the machine lets us mount one."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType


class SmallDisk:
    """Makes a folder a file system of ``kilobytes``; ``mounted`` tells whether it could."""

    def __init__(self, folder: Path, kilobytes: int) -> None:
        self._folder = folder
        self._kilobytes = kilobytes
        self.mounted = False

    def __enter__(self) -> "SmallDisk":
        self._folder.mkdir(parents=True, exist_ok=True)
        self.mounted = self._mount("-t", "tmpfs", "-o", f"size={self._kilobytes}k", "tmpfs")
        return self

    def give_space(self) -> None:
        """Somebody tidied up."""
        if self.mounted:
            assert self._mount("-o", "remount,size=512m")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self.mounted:
            return
        with tempfile.TemporaryDirectory() as kept:
            shutil.copytree(self._folder, kept, dirs_exist_ok=True)
            subprocess.run(["umount", str(self._folder)], check=True)
            shutil.copytree(kept, self._folder, dirs_exist_ok=True)

    def _mount(self, *arguments: str) -> bool:
        command = ["mount", *arguments, str(self._folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
