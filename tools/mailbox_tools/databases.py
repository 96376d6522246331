"""Makes Odoo databases quickly: each is a copy of a template that was initialised once.

Usage: python -m mailbox_tools.databases create NAME ADDON… | drop NAME | list

Two layers: a template with the upstream addons (kept while Odoo and OCA's addons stay), and on
top of it one with our own addons (made anew when a file of theirs changes).
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg2.errors
import psycopg2.extensions
from psycopg2 import sql

from mailbox_tools import modules, odoo_config, paths, postgres
from mailbox_tools.env import ToolingError, command_line, say
from mailbox_tools.postgres import Server

_PREFIX = "template_mailbox_"

#: Own-addon templates kept for other branches and addon sets; older ones are dropped.
_KEPT = 4

#: Seconds to wait for PostgreSQL's own housekeeping to leave a database.
_AUTOVACUUM = 30.0


def create_database(server: Server, name: str, names: Iterable[str], *, own: bool = True) -> None:
    """Make a database with the given addons installed, replacing one of that name.

    With ``own`` false, our own addons are left out and only what they need is installed, which is
    the start for a run that installs and tests them.
    """
    template = _template(server, list(names), own)
    drop_database(server, name)
    _copy(server, template, name)


def drop_database(server: Server, name: str) -> None:
    """Drop a database and its filestore; one that does not exist is no error."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    deadline = time.monotonic() + _AUTOVACUUM
    with _cursor(server) as cursor:
        while True:
            try:
                cursor.execute(statement)
                break
            except psycopg2.errors.InsufficientPrivilege:
                # Only a superuser may end an autovacuum worker; it ends by itself.
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
    shutil.rmtree(_filestore(name), ignore_errors=True)


def list_databases(server: Server) -> list[str]:
    """Return the databases that are neither PostgreSQL's own nor templates of ours."""
    with _cursor(server) as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY datname")
        names = [name for (name,) in cursor.fetchall()]
    return [name for name in names if name != "postgres" and not name.startswith(_PREFIX)]


def _template(server: Server, names: list[str], own: bool) -> str:
    upstream, ours = modules.split(names)
    base = f"{_PREFIX}base_{_digest([str(paths.odoo_home()), _upstream_state(), *upstream])}"
    with _exclusive():
        if not _exists(server, base):
            shown = sorted(set(upstream) & _visible(names))
            say(f"making a template database with {', '.join(shown)}")
            _build(server, base, None, upstream)
        if not (own and ours):
            return base
        full = f"{_PREFIX}own_{_digest([base, modules.fingerprint(ours), *ours])}"
        if not _exists(server, full):
            say(f"making a template database with {', '.join(ours)}")
            _build(server, full, base, ours)
            _drop_old(server)
        return full


def _visible(names: Iterable[str]) -> set[str]:
    """Return the addons worth naming: those asked for and the direct needs of ours."""
    direct: set[str] = set(names)
    for name in set(names) & set(paths.own_addons()):
        depends = modules.manifest(name).get("depends", [])
        assert isinstance(depends, list)
        direct.update(depends)
    return direct


def _upstream_state() -> str:
    """Return what changes when Odoo or OCA's addons were fetched anew."""
    stamp = paths.oca() / "complete"
    release = paths.odoo_home() / "odoo" / "release.py"
    return stamp.read_text(encoding="utf-8") + str(release.stat().st_mtime_ns)


def _build(server: Server, template: str, base: str | None, names: Sequence[str]) -> None:
    """Initialise a template under a working name, so that a broken one is never taken for done."""
    working = f"building_{template}"
    drop_database(server, working)
    if base:
        _copy(server, base, working)
    instance = odoo_config.Instance(working, working, server, 0, 0)
    arguments = ["-i", ",".join(names), "--stop-after-init", "--no-http", "--log-level=warn"]
    log = run_odoo(instance, arguments)
    if log.returncode or " CRITICAL " in log.stdout or " ERROR " in log.stdout:
        path = instance.folder / "failed.log"
        path.write_text(log.stdout, encoding="utf-8")
        drop_database(server, working)
        raise ToolingError(
            f"Odoo could not install {', '.join(names)}: {_trouble(log.stdout)} (all of it: {path})"
        )
    shutil.rmtree(instance.folder)
    with _cursor(server) as cursor:
        statement = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        cursor.execute(statement.format(sql.Identifier(working), sql.Identifier(template)))
    shutil.rmtree(_filestore(template), ignore_errors=True)
    if _filestore(working).exists():
        _filestore(working).rename(_filestore(template))


def run_odoo(
    instance: odoo_config.Instance, arguments: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    """Run odoo-bin to its end with the instance's configuration; its log is in ``stdout``."""
    configuration = odoo_config.write(instance)
    return subprocess.run(
        [str(paths.environment() / "bin" / "odoo-bin"), "-c", str(configuration), *arguments],
        # Odoo lets the PG* variables win over its configuration.
        env={**os.environ, **instance.server.environment()},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def _trouble(log: str) -> str:
    lines = [line for line in log.splitlines() if line.strip()]
    named = [line for line in lines if " CRITICAL " in line or " ERROR " in line]
    return f"{named[0]} … {lines[-1]}" if named else (lines or ["no output"])[-1]


def _copy(server: Server, source: str, target: str) -> None:
    with _cursor(server) as cursor:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        cursor.execute(statement.format(sql.Identifier(target), sql.Identifier(source)))
    shutil.rmtree(_filestore(target), ignore_errors=True)
    if _filestore(source).exists():
        # Odoo never rewrites a stored file (its name is the hash of its content), so links do.
        shutil.copytree(_filestore(source), _filestore(target), copy_function=os.link)


def _drop_old(server: Server) -> None:
    with _cursor(server) as cursor:
        cursor.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY oid DESC",
            (f"{_PREFIX}own_",),
        )
        names = [name for (name,) in cursor.fetchall()]
    for name in names[_KEPT:]:
        drop_database(server, name)


def _exists(server: Server, name: str) -> bool:
    with _cursor(server) as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        return cursor.fetchone() is not None


def _filestore(name: str) -> Path:
    return odoo_config.data_folder() / "filestore" / name


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


@contextmanager
def _cursor(server: Server) -> Iterator["psycopg2.extensions.cursor"]:
    connection = server.connect()
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


@contextmanager
def _exclusive() -> Iterator[None]:
    paths.workspace().mkdir(parents=True, exist_ok=True)
    with (paths.workspace() / "templates.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@command_line
def main(arguments: Sequence[str]) -> int:
    """Carry out create, drop or list."""
    with postgres.server() as server:
        if len(arguments) >= 3 and arguments[0] == "create":
            create_database(server, arguments[1], arguments[2:])
            say(f"database {arguments[1]} is ready")
        elif len(arguments) == 2 and arguments[0] == "drop":
            drop_database(server, arguments[1])
        elif arguments == ["list"]:
            print("\n".join(list_databases(server)))
        else:
            raise ToolingError(
                "usage: python -m mailbox_tools.databases create NAME ADDON… | drop NAME | list"
            )
    return 0


if __name__ == "__main__":
    main()
