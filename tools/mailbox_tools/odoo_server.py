"""Starts and stops an Odoo server: HTTP workers, live channel, cron and the queue_job runner.

Usage: python -m mailbox_tools.odoo_server DATABASE [--workers N]

It runs as a process group of its own, so that stopping it reaches every worker and nothing else.
"""

import argparse
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence

from mailbox_tools import front, odoo_config, paths, postgres
from mailbox_tools.env import ToolingError, command_line, say
from mailbox_tools.odoo_config import Instance
from mailbox_tools.postgres import Server

#: Seconds that workers get to end their requests before they are killed.
_GRACE = 20.0


class OdooServer:
    """A running Odoo. Use it as a context manager, or call :meth:`start` and :meth:`stop`."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self._process: subprocess.Popen[bytes] | None = None
        self._front: front.Front | None = None

    @classmethod
    def prepare(
        cls,
        server: Server,
        database: str,
        *,
        workers: int = 4,
        mailbox: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
        http_port: int | None = None,
        jobs: bool = True,
    ) -> "OdooServer":
        """Return a server for a database, on free ports, with the job runner unless ``jobs`` says
        no, not started yet."""
        free_http, gevent = odoo_config.free_ports(2)
        return cls(
            Instance(
                name=database,
                database=database,
                server=server,
                http_port=http_port or free_http,
                gevent_port=gevent,
                workers=workers,
                jobs=jobs,
                mailbox=mailbox or {},
                options=options or {},
            )
        )

    @property
    def url(self) -> str:
        """The address for people and programs; it serves pages and the live channel alike."""
        port = self._front.port if self._front else self.instance.http_port
        return f"http://127.0.0.1:{port}"

    @property
    def pid(self) -> int:
        """The process that all others descend from; the id of their group, too."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def log(self) -> str:
        """The path of the server's log."""
        return str(self.instance.folder / "odoo.log")

    def start(self, *, timeout: float = 90.0, front_port: int = 0) -> "OdooServer":
        """Start it and wait until it answers.

        Raises ToolingError with the place of the log when it ends early or is not healthy within
        ``timeout`` seconds.
        """
        configuration = odoo_config.write(self.instance)
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                [str(paths.environment() / "bin" / "odoo-bin"), "-c", str(configuration)],
                # Odoo lets the PG* variables win over its configuration.
                env={**os.environ, **self.instance.server.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_healthy(time.monotonic() + timeout)
        except BaseException:
            self.stop()
            raise
        if self.instance.workers:
            ports = (self.instance.http_port, self.instance.gevent_port)
            self._front = front.Front(front_port, *ports).start()
        return self

    def stop(self) -> None:
        """Ask it to end, wait, then end what is left of its group. Harmless when not running."""
        if self._front:
            self._front.stop()
            self._front = None
        if self._process:
            self._signal(signal.SIGTERM)
            try:
                self._process.wait(_GRACE)
            except subprocess.TimeoutExpired:
                say("Odoo does not end by itself, killing it")
            self.kill()

    def kill(self) -> None:
        """End every process of it at once, as a crash would (kill -9)."""
        if self._process:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def wait(self) -> int:
        """Wait until it ends by itself and return its exit code."""
        return self._process.wait() if self._process else 0

    def __enter__(self) -> "OdooServer":
        return self.start()

    def __exit__(self, *details: object) -> None:
        self.stop()

    def _signal(self, number: signal.Signals) -> None:
        # The group is asked even after its leader ended: orphaned workers may outlive it.
        try:
            assert self._process is not None
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            pass

    def _wait_until_healthy(self, deadline: float) -> None:
        self._wait_for(f"http://127.0.0.1:{self.instance.http_port}/web/health", deadline)
        if self.instance.workers:
            live = f"http://127.0.0.1:{self.instance.gevent_port}/websocket/health"
            self._wait_for(live, deadline)

    def _wait_for(self, address: str, deadline: float) -> None:
        assert self._process is not None
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise ToolingError(f"Odoo ended with {self._process.returncode}: {self.log}")
            try:
                with urllib.request.urlopen(address, timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.2)
        raise ToolingError(f"Odoo does not answer at {address}: {self.log}")


@command_line
def main(arguments: Sequence[str]) -> int:
    """Serve a database until interrupted."""
    parser = argparse.ArgumentParser(prog="odoo_server")
    parser.add_argument("database")
    parser.add_argument("--workers", type=int, default=4)
    chosen = parser.parse_args(arguments)
    with postgres.server() as server:
        running = OdooServer.prepare(server, chosen.database, workers=chosen.workers)
        with running:
            say(f"{running.url} (admin / admin), log: {running.log}; Ctrl-C ends it")
            return running.wait()


if __name__ == "__main__":
    main()
