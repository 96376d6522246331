"""What a benchmark runs on: a PostgreSQL of its own, fresh databases, Odoo and the sandbox.

The database server is a private one that nobody else uses, so that its whole process tree belongs
to the measured work. fsync and synchronous_commit are at their defaults, and that is checked.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import requests
from psycopg2 import sql

from mailbox_tools import databases, modules, odoo_config, paths
from mailbox_tools.bench import cpu
from mailbox_tools.demo.client import OdooClient, give_consent
from mailbox_tools.demo.provider import ADDRESS, CLIENT_ID, CLIENT_SECRET, Provider
from mailbox_tools.env import ToolingError, say
from mailbox_tools.odoo_server import OdooServer
from mailbox_tools.postgres import PrivateInstance

#: Settings that must be as PostgreSQL ships them, or the figures are worth nothing.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
ADDONS = ("mailbox_sync", "crm")
#: As README.md has it: more than the jobs of mail may use, so that a screen finds one free.
_WORKERS = 4
#: More units a minute than any import can spend: rows that measure work must not measure waiting.
UNLIMITED = "100000000"


def folder() -> Path:
    """Where the benchmark keeps its mails, its database server and its logs."""
    found = paths.workspace() / "bench"
    found.mkdir(parents=True, exist_ok=True)
    return found


class Stage:
    """The database server and what is made on it."""

    def __init__(self) -> None:
        # Two at a time would use each other's databases and measure each other.
        self._lock = (folder() / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ToolingError("another benchmark of this checkout is running") from None
        self._instance = PrivateInstance(folder() / "postgres")
        self.server = self._instance.running() or self._instance.start()
        self._boss = replace(self.server, user="postgres")
        self.counts_statements = self._prepare_counting()
        self._made = ""

    def close(self) -> None:
        """Stop the database server."""
        self._instance.stop()
        self._lock.close()

    # -- database server -----------------------------------------------------------------------

    @property
    def postmaster(self) -> int:
        """The root of the database server's process tree."""
        lines = (folder() / "postgres" / "data" / "postmaster.pid").read_text(encoding="utf-8")
        return int(lines.split()[0])

    def settings(self) -> dict[str, str]:
        """The durability settings in force. Raises ToolingError when one is off."""
        found = {name: str(self.query(f"SHOW {name}")[0][0]) for name in DURABLE}
        if found != DURABLE:
            raise ToolingError(f"PostgreSQL is not durable: {found}; a benchmark needs {DURABLE}")
        return found

    def watch(self, database: str) -> Any:
        """A connection to look at a database with, as superuser."""
        return self._boss.connect(database)

    def query(self, statement: str, database: str = "postgres", *values: Any) -> list[Any]:
        """Rows of one statement, as superuser, committed at once."""
        connection = self._boss.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def _prepare_counting(self) -> bool:
        """Let PostgreSQL count statements, if its build has the extension that does."""
        name = "pg_stat_statements"
        if not self.query(
            "SELECT 1 FROM pg_available_extensions WHERE name = %s", "postgres", name
        ):
            return False
        if self.query("SHOW shared_preload_libraries")[0][0] != name:
            self.query(f"ALTER SYSTEM SET shared_preload_libraries = '{name}'")
            self._instance.stop()
            self.server = self._instance.start()
            self._boss = replace(self.server, user="postgres")
        self.query(f"CREATE EXTENSION IF NOT EXISTS {name}")
        return True

    def statements(self, database: str) -> int:
        """How many statements Odoo has sent to a database since it was made; those of the benchmark
        itself come from another role."""
        rows = self.query(
            """SELECT COALESCE(sum(s.calls), 0) FROM pg_stat_statements s
               JOIN pg_database d ON d.oid = s.dbid
               JOIN pg_roles r ON r.oid = s.userid AND r.rolname = %s WHERE d.datname = %s""",
            "postgres",
            self.server.user,
            database,
        )
        return int(rows[0][0])

    def by_statement(self, database: str) -> dict[str, int]:
        """How often Odoo has sent each statement to a database since it was made."""
        rows = self.query(
            r"""SELECT left(regexp_replace(s.query, '\s+', ' ', 'g'), 160), sum(s.calls)::int
                 FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
                 JOIN pg_roles r ON r.oid = s.userid AND r.rolname = %s WHERE d.datname = %s
                GROUP BY 1""",
            "postgres",
            self.server.user,
            database,
        )
        return dict(rows)

    # -- databases -----------------------------------------------------------------------------

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """A fresh database with the addons, dropped at the end."""
        # One template a run, even if somebody edits the addons meanwhile.
        self._made = self._made or self._template()
        self._copy(self._made, name)
        try:
            yield name
        finally:
            databases.drop_database(self._boss, name)

    def _template(self) -> str:
        fingerprint = modules.fingerprint([name for name in ADDONS if name in paths.own_addons()])
        name = f"bench_template_{fingerprint[:12]}"
        if self.query("SELECT 1 FROM pg_database WHERE datname = %s", "postgres", name):
            return name
        say(f"making a database with {', '.join(ADDONS)} (not measured)")
        for (old,) in self.query(
            "SELECT datname FROM pg_database WHERE starts_with(datname, 'bench_template_')"
        ):
            databases.drop_database(self._boss, old)
        working = f"building_{name}"
        databases.drop_database(self._boss, working)
        instance = odoo_config.Instance(working, working, self.server, 0, 0)
        arguments = ["-i", ",".join(ADDONS), "--stop-after-init", "--no-http", "--log-level=warn"]
        done = databases.run_odoo(instance, arguments)
        if done.returncode or " ERROR " in done.stdout:
            raise ToolingError(f"Odoo could not install {ADDONS}: {done.stdout[-500:]}")
        self._copy(working, name)
        databases.drop_database(self._boss, working)
        return name

    def _copy(self, source: str, target: str) -> None:
        databases.drop_database(self._boss, target)
        connection = self.server.connect()
        try:
            with connection.cursor() as cursor:
                statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
                cursor.execute(statement.format(sql.Identifier(target), sql.Identifier(source)))
        finally:
            connection.close()
        store = odoo_config.data_folder() / "filestore"
        if (store / source).exists():
            shutil.copytree(store / source, store / target, copy_function=os.link)


@dataclass
class Scene:
    """A running Odoo with a provider, before anything is connected."""

    stage: Stage
    database: str
    odoo: OdooServer
    provider_url: str

    def cpu(self) -> float:
        """CPU seconds of every process of Odoo and of PostgreSQL so far."""
        return cpu.seconds([self.odoo.pid, self.stage.postmaster])

    def cpu_of_database(self) -> float:
        """CPU seconds of PostgreSQL alone, for the time before Odoo is started."""
        return cpu.seconds([self.stage.postmaster])

    def memory(self) -> dict[int, float]:
        """Resident megabytes of every process of Odoo."""
        return cpu.resident([self.odoo.pid])

    def one(self, statement: str, *values: Any) -> Any:
        """The first value that a query of the database answers, None without rows."""
        rows = self.stage.query(statement, self.database, *values)
        return rows[0][0] if rows else None


def prepare_odoo(
    stage: Stage, database: str, mailbox: Mapping[str, str], port: int | None = None
) -> OdooServer:
    """Odoo for a database with the job runner, not started. The guard of the machine's load is off:
    the load is the benchmark's own."""
    return OdooServer.prepare(
        stage.server,
        database,
        workers=_WORKERS,
        mailbox={"guard_load": "0", **mailbox},
        http_port=port,
    )


@contextmanager
def connected_scene(
    stage: Stage, database: str, mail: Path, quota: str
) -> Iterator[tuple[Scene, Provider, OdooClient]]:
    """A fresh database, a provider that holds ``mail`` and a running, warm Odoo.

    ``quota`` is a profile of the sandbox; with ``off`` Odoo's own budget has no limit either.
    """
    front = odoo_config.free_ports(1)[0]
    callback = f"http://127.0.0.1:{front}/mail/oauth2callback"
    provider = Provider(callback, quota, ["--mail", str(mail)])
    with stage.database(database), provider:
        provider.start(folder() / "sandbox.log", timeout=600)
        settings = {"google_base_url": provider.url}
        if quota == "off":
            settings["quota_units_per_minute"] = UNLIMITED
        odoo = prepare_odoo(stage, database, settings)
        try:
            odoo.start(front_port=front)
            client = OdooClient(odoo.url, database)
            _warm(odoo.url)
            yield Scene(stage, database, odoo, provider.url), provider, client
        finally:
            odoo.stop()


def _warm(url: str) -> None:
    """Let every worker load what it loads once in its life."""
    with ThreadPoolExecutor(2 * _WORKERS) as pool:
        pages = [f"{url}/web/login"] * (4 * _WORKERS)
        for answer in pool.map(lambda page: requests.get(page, timeout=120), pages):
            answer.raise_for_status()


def connect(client: OdooClient, quota: str) -> int:
    """Make a mailbox and walk the provider's consent page; returns its id."""
    app = {"provider": "gmail", "client_id": CLIENT_ID, "new_secret": CLIENT_SECRET}
    client.call("mailbox.client", "create", [app])
    values = {"name": "Bench", "provider": "gmail", "address": ADDRESS}
    values["quota_profile"] = "v1" if quota == "off" else quota
    mailbox: int = client.call("mailbox", "create", [values])[0]
    action = client.call("mailbox", "action_connect", [mailbox])
    give_consent(client.web, client.url + action["url"])
    return mailbox
