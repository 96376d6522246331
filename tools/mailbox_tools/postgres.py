"""The PostgreSQL server of development: the one PG* variables name, else a private instance.

Usage: python -m mailbox_tools.postgres start|stop|status|environment

The private instance lies in the cache, listens on 127.0.0.1 and a free port, and keeps fsync and
synchronous_commit at their defaults. It stops with its last user; a server named by PG* variables
is only used. Odoo refuses the database user postgres, so there is a role ``odoo`` with CREATEDB.
"""

import json
import os
import secrets
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from mailbox_tools import paths, postgres_binaries
from mailbox_tools.env import ToolingError, command_line, complaint, run_as, say
from mailbox_tools.leases import Leases

_ROLE = "odoo"

#: The longest path of a Unix socket (sun_path of unix(7), less the socket's own name).
_LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.65535.lock")


@dataclass(frozen=True)
class Server:
    """How to reach a server, as a role that may create databases."""

    host: str
    port: int
    user: str
    password: str

    def environment(self) -> dict[str, str]:
        """Return the PG* variables that make every client use this server."""
        values = {"PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": self.user}
        return {**values, **({"PGPASSWORD": self.password} if self.password else {})}

    def connect(self, database: str = "postgres") -> "psycopg2.extensions.connection":
        """Open a connection in autocommit mode. Raises psycopg2.OperationalError."""
        connection = psycopg2.connect(
            host=self.host, port=self.port, user=self.user, password=self.password, dbname=database
        )
        connection.autocommit = True
        return connection


def named_server() -> Server | None:
    """Return the server that PGHOST or PGPORT names, if they do.

    Raises ToolingError when it cannot be reached, or when its user cannot serve Odoo.
    """
    if not (os.environ.get("PGHOST") or os.environ.get("PGPORT")):
        return None
    user = os.environ.get("PGUSER", _ROLE)
    server = Server(
        os.environ.get("PGHOST", "localhost"),
        int(os.environ.get("PGPORT", "5432")),
        user,
        os.environ.get("PGPASSWORD", ""),
    )
    if user == "postgres":
        raise ToolingError(
            "Odoo refuses the database user postgres: createuser --createdb odoo, then PGUSER=odoo"
        )
    try:
        connection = server.connect()
    except psycopg2.OperationalError as error:
        raise ToolingError(
            f"the PostgreSQL that PG* variables name: {str(error).splitlines()[0]}"
        ) from error
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
        (may_create,) = cursor.fetchone()
    connection.close()
    if not may_create:
        raise ToolingError(
            f"the database user {user} may not create databases: ALTER ROLE {user} CREATEDB"
        )
    return server


class PrivateInstance:
    """A server of our own in ``folder``: created once, started and stopped by us."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._state = folder / "state.json"
        self._owner = postgres_binaries.owner()

    def running(self) -> Server | None:
        """Return how to reach it if it runs. A left-over pid file of a dead server is no server."""
        lines = self._pid_file()
        if not lines or not self._is_ours(lines[0]):
            return None
        password = json.loads(self._state.read_text(encoding="utf-8"))["password"]
        return Server("127.0.0.1", int(lines[3]), _ROLE, password)

    def start(self) -> Server:
        """Start it, creating it first when needed; returns how to reach it."""
        programs = postgres_binaries.folder()
        if not self._fits(programs):
            self._create(programs)
        if self._pid_file():
            (self._data / "postmaster.pid").unlink()
        options = {"listen_addresses": "127.0.0.1", "port": _free_port(), "max_connections": 200}
        options["unix_socket_directories"] = self._socket_folder()
        settings = " ".join(f"-c {key}='{value}'" for key, value in options.items())
        log = self._folder / "private" / "server.log"
        self._control(programs, "start", "-w", "-t", "60", "-l", log, "-o", settings)
        server = self.running()
        if server is None:
            raise ToolingError(f"PostgreSQL started but left no readable pid file, see {log}")
        return server

    def stop(self) -> None:
        """Stop it, letting running transactions roll back."""
        self._control(postgres_binaries.folder(), "stop", "-m", "fast", "-w", "-t", "60")

    def _fits(self, programs: Path) -> bool:
        """Tell whether there is a complete instance that these programs can serve."""
        try:
            made_by = (self._data / "PG_VERSION").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return False
        return self._state.exists() and made_by == postgres_binaries.major_version(programs)

    def _create(self, programs: Path) -> None:
        say("creating a private PostgreSQL instance")
        shutil.rmtree(self._data, ignore_errors=True)
        password = secrets.token_urlsafe(24)
        self._folder.mkdir(parents=True, exist_ok=True)
        private = self._folder / "private"
        for folder in (private, self._data):
            self._owner.take(folder)
        secret = private / "superuser"
        secret.write_text(f"{password}\n", encoding="utf-8")
        secret.chmod(0o644)
        options = ["-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256"]
        self._run([programs / "initdb", "-D", self._data, *options, f"--pwfile={secret}"])
        secret.unlink()
        # Single-user mode needs no running server, so the role exists before anyone can connect.
        statement = f"CREATE ROLE {_ROLE} LOGIN CREATEDB PASSWORD '{password}'\n"
        self._run([programs / "postgres", "--single", "-D", self._data, "postgres"], statement)
        self._state.touch(mode=0o600)
        self._state.write_text(json.dumps({"password": password}), encoding="utf-8")

    def _control(self, programs: Path, *arguments: str | Path) -> None:
        self._run([programs / "pg_ctl", "-D", self._data, *arguments])

    def _run(self, command: Sequence[str | Path], given: str | None = None) -> None:
        variables = postgres_binaries.variables(Path(command[0]).parent)
        environment = {"HOME": str(self._folder), **variables}
        done = run_as(command, self._owner.subprocess_options(), environment, given)
        if done.returncode:
            raise ToolingError(
                f"PostgreSQL: {Path(command[0]).name} failed: {complaint(done.stdout)}"
            )

    def _pid_file(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _is_ours(self, pid: str) -> bool:
        """Tell whether a process is a server on our data folder (a pid may be given anew)."""
        try:
            command = Path("/proc", pid, "cmdline").read_bytes().decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return str(self._data) in command

    def _socket_folder(self) -> str:
        folder = self._folder / "private"
        return str(folder) if len(str(folder)) <= _LONGEST_SOCKET_FOLDER else ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def instance_folder() -> Path:
    """Return where this checkout's private instance lies."""
    return paths.workspace() / "postgres"


def acquire(lease: str) -> Server:
    """Return a server that stays up while the lease is held, starting a private one if needed."""
    server = named_server()
    if server:
        return server
    leases = Leases(instance_folder())
    with leases.exclusive():
        instance = PrivateInstance(instance_folder())
        server = instance.running() or instance.start()
        leases.take(lease)
        return server


def release(lease: str) -> list[str]:
    """Give the lease back and stop the private server if it was the last; returns those left."""
    leases = Leases(instance_folder())
    with leases.exclusive():
        leases.give_back(lease)
        left = leases.live()
        instance = PrivateInstance(instance_folder())
        if not left and instance.running():
            instance.stop()
        return left


@contextmanager
def server() -> Iterator[Server]:
    """Provide a server for the duration of a block; a private one stops with its last user."""
    named = named_server()
    if named:
        yield named
        return
    lease = Leases.of_this_process()
    try:
        yield acquire(lease)
    finally:
        release(lease)


@command_line
def main(arguments: Sequence[str]) -> int:
    """Carry out start, stop, status or environment."""
    action = arguments[0] if arguments else ""
    if action == "start":
        _print_environment(acquire(Leases.STANDING))
    elif action == "stop":
        users = release(Leases.STANDING)
        say(f"still used by {', '.join(users)}" if users else "stopped")
    elif action in ("status", "environment"):
        found = named_server() or PrivateInstance(instance_folder()).running()
        if found is None:
            say("not running")
            return 3
        _print_environment(found)
    else:
        raise ToolingError("usage: python -m mailbox_tools.postgres start|stop|status|environment")
    return 0


def _print_environment(found: Server) -> None:
    for key, value in found.environment().items():
        print(f"export {key}={value}")


if __name__ == "__main__":
    main()
