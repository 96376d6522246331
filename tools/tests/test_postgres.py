"""A private PostgreSQL through a whole life, a crash included."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from mailbox_tools import paths, postgres
from mailbox_tools.env import ToolingError
from mailbox_tools.leases import Leases
from mailbox_tools.postgres import PrivateInstance, Server


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place for an instance; as root, pytest's own folders are closed to PostgreSQL's user."""
    for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD"):
        monkeypatch.delenv(name, raising=False)
    place = paths.workspace() / f"postgres-test-{os.getpid()}"
    monkeypatch.setattr(postgres, "instance_folder", lambda: place)
    yield place
    instance = PrivateInstance(place)
    if instance.running():
        instance.stop()
    shutil.rmtree(place, ignore_errors=True)


def ask(server: Server, question: str) -> object:
    """Return the only value of the only row of an answer."""
    connection = server.connect()
    with connection.cursor() as cursor:
        cursor.execute(question)
        row = cursor.fetchone()
    connection.close()
    return row[0] if row else None


def postmaster(folder: Path) -> int:
    """Return the process id of the running server."""
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def test_life_of_a_private_instance(folder: Path) -> None:
    with postgres.server() as server:
        assert ask(server, "SHOW fsync") == "on"
        assert ask(server, "SHOW synchronous_commit") == "on"
        assert ask(server, "SELECT current_user") == "odoo"
        assert ask(server, "SELECT rolsuper FROM pg_roles WHERE rolname = 'odoo'") is False
        connection = server.connect()
        connection.cursor().execute("CREATE DATABASE kept")
        connection.close()

        os.kill(postmaster(folder), signal.SIGKILL)
        deadline = time.monotonic() + 10
        while PrivateInstance(folder).running() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert (folder / "data" / "postmaster.pid").exists(), "a crash leaves its pid file behind"
        # The pid file may by now name a process that is no server at all.
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
        (folder / "data" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]))
        again = PrivateInstance(folder).start()
        assert ask(again, "SELECT count(*) FROM pg_database WHERE datname = 'kept'") == 1
    assert PrivateInstance(folder).running() is None


def test_a_server_in_use_by_another_process_stays_up(folder: Path) -> None:
    postgres.acquire(Leases.STANDING)
    with postgres.server() as server:
        assert ask(server, "SELECT 1") == 1
    assert PrivateInstance(folder).running() is not None
    assert postgres.release(Leases.STANDING) == []
    assert PrivateInstance(folder).running() is None


def test_a_named_server_is_used_and_never_stopped(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = postgres.acquire(Leases.STANDING)
    for key, value in running.environment().items():
        monkeypatch.setenv(key, value)
    with postgres.server() as server:
        assert server == running
    assert ask(running, "SELECT 1") == 1


def test_the_user_postgres_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGUSER", "postgres")
    with pytest.raises(ToolingError, match="createuser --createdb odoo"):
        postgres.named_server()


def test_a_named_server_that_is_down_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGUSER", "odoo")
    with pytest.raises(ToolingError, match=r"PG\* variables name: .*refused"):
        postgres.named_server()


def test_connections_without_the_password_are_refused(folder: Path) -> None:
    with postgres.server() as server:
        stranger = Server(server.host, server.port, "odoo", "wrong")
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            stranger.connect()
