"""The test's side of the fork server: start it, give tasks, kill workers."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from mailbox_tools import odoo_config, paths
from mailbox_tools.odoo_config import Instance

E2E = Path(__file__).resolve().parents[1]


class Killed(Exception):
    """The worker ended without an answer."""


class TaskFailed(Exception):
    """The worker answered with an error. ``kind`` is the name of its class."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(f"{answer['error']}: {answer['detail']}\n{answer['trace']}")
        self.kind = answer["error"]


class Task:
    """One forked worker at its task."""

    def __init__(self, path: str, request: dict[str, Any]) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._stream = self._socket.makefile("rw", encoding="utf-8")
        self.pid: int = json.loads(self._stream.readline())["pid"]
        self._stream.write(json.dumps(request) + "\n")
        self._stream.flush()

    def kill(self) -> None:
        """kill -9. Harmless when it has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float = 100.0) -> Any:
        """Return its result. Raises Killed, TaskFailed, or TimeoutError."""
        self._socket.settimeout(timeout)
        try:
            line = self._stream.readline()
        except ConnectionResetError:
            line = ""
        finally:
            self._stream.close()
            self._socket.close()
        if not line.endswith("\n"):
            raise Killed(str(self.pid))
        answer = json.loads(line)
        if "error" in answer:
            raise TaskFailed(answer)
        return answer["result"]


class Workers:
    """A fork server for one database."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._folder = tempfile.TemporaryDirectory(prefix="mailbox-e2e-")
        self._path = str(Path(self._folder.name, "tasks"))
        self._process: subprocess.Popen[str] | None = None

    @property
    def log(self) -> Path:
        """The log of Odoo in every worker."""
        return self._instance.folder / "workers.log"

    def start(self, timeout: float = 90.0) -> "Workers":
        """Load Odoo; returns when tasks are accepted. Raises RuntimeError with the log."""
        configuration = odoo_config.write(self._instance)
        search = os.pathsep.join([str(E2E), str(paths.TOOLS)])
        command = ["-m", "harness.fork_server", str(configuration), self._instance.database]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(paths.python()), *command, self._path],
                env={**os.environ, **self._instance.server.environment(), "PYTHONPATH": search},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        deadline = time.monotonic() + timeout
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line.strip() != "ready" or time.monotonic() > deadline:
            raise RuntimeError(f"the fork server did not start: {self.log.read_text()[-3000:]}")
        return self

    def stop(self) -> None:
        """End it and every worker."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
        self._folder.cleanup()

    def begin(self, action: str, doom: dict[str, Any] | None = None, **arguments: Any) -> Task:
        """Fork a worker for an action of ``harness.actions`` and return at once."""
        return Task(self._path, {"action": action, "arguments": arguments, "doom": doom})

    def run(self, action: str, **arguments: Any) -> Any:
        """Fork a worker for an action and return its result."""
        return self.begin(action, **arguments).wait()
