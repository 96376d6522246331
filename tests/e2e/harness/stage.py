"""One mailbox between a sandbox and forked Odoo workers, with time that a test can let pass."""

import os
import shutil
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from psycopg2 import sql

from harness import checks
from harness.provider import Provider
from harness.workers import Killed, Task, TaskFailed, Workers
from mailbox_tools import databases, odoo_config, postgres_binaries
from mailbox_tools.odoo_config import Instance
from mailbox_tools.postgres import Server

ADDRESS = "shop@example.com"
#: Points in time that are moved back to let time pass.
_CLOCKS = {
    "queue_job": ("eta",),
    "mailbox": ("breaker_until",),
    "mailbox_stream": ("gate_until", "look_at", "due_at"),
    "mailbox_message": ("retry_at", "absent_since"),
    "mailbox_credential": ("expires_at", "refresh_expires_at"),
}


class Databases:
    """A database that can be put back to its fresh state in half a second, and its workers.

    ``text``: a dump to make it from; without, it is copied from the template with our addon.
    """

    def __init__(self, server: Server, name: str, provider_url: str, text: str = "") -> None:
        self.server, self.name = server, name
        self.fresh = f"{name}_fresh"
        if text:
            restore(server, self.fresh, text)
        else:
            databases.create_database(server, self.fresh, ["mailbox_sync"])
        #: Set by tests that change more than mailboxes and jobs.
        self.spoiled = True
        self.reset()
        self.workers = Workers(self.instance(provider_url)).start()

    def instance(self, provider_url: str, **options: str) -> Instance:
        """How Odoo is configured: no guard against this machine's own load, sandbox as provider."""
        mailbox = {"google_base_url": provider_url, "guard_load": "0", "guard_memory": "0"}
        return Instance(self.name, self.name, self.server, 0, 0, mailbox=mailbox, options=options)

    def reset(self) -> None:
        """The database as installed, without a mailbox: emptied, or copied anew when spoiled."""
        if self.spoiled:
            self.copy(self.fresh, self.name)
            self.spoiled = False
            return
        with closing(self.server.connect(self.name)) as connection, connection.cursor() as cr:
            cr.execute(
                """SELECT string_agg(format('%I', relname), ', ') FROM pg_class
                   WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                     AND relname ~ '^(mailbox.*|queue_job|queue_job_lock|queue_job_.*_rel)$'"""
            )
            cr.execute(f"TRUNCATE {cr.fetchone()[0]}")
            for table, column in (("mail_activity", "res_model"), ("mail_message", "model")):
                cr.execute(f"DELETE FROM {table} WHERE {column} LIKE 'mailbox%'")
        shutil.rmtree(filestore(self.name) / "mailbox_raw", ignore_errors=True)

    def copy(self, source: str, target: str) -> None:
        """Replace ``target`` by a copy of ``source``, sources of mail included."""
        databases.drop_database(self.server, target)
        with closing(self.server.connect()) as connection, connection.cursor() as cr:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            cr.execute(statement.format(sql.Identifier(target), sql.Identifier(source)))
        if filestore(source).exists():
            shutil.copytree(filestore(source), filestore(target))

    def close(self) -> None:
        """End the workers and drop the databases."""
        self.workers.stop()
        for name in (self.name, self.fresh):
            databases.drop_database(self.server, name)


def filestore(database: str) -> Path:
    """Where Odoo keeps the files of a database."""
    return odoo_config.data_folder() / "filestore" / database


def dump(server: Server, database: str, *options: str) -> str:
    """The text of pg_dump."""
    program = postgres_binaries.folder() / "pg_dump"
    environment = server.environment() | postgres_binaries.variables(program.parent)
    done = subprocess.run(
        [str(program), "--no-owner", *options, database],
        env={**os.environ, **environment},
        capture_output=True,
        check=True,
    )
    return done.stdout.decode("utf-8", "replace")


def restore(server: Server, database: str, text: str) -> None:
    """Make a database of the text of a dump."""
    with closing(server.connect()) as connection, connection.cursor() as cr:
        cr.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    program = postgres_binaries.folder() / "psql"
    environment = server.environment() | postgres_binaries.variables(program.parent)
    subprocess.run(
        [str(program), "-q", "-v", "ON_ERROR_STOP=1", "-d", database],
        env={**os.environ, **environment},
        input=text.encode(),
        stdout=subprocess.DEVNULL,
        check=True,
    )


class Stage:
    """The mailbox under test. ``mailbox`` is its id once :meth:`connect` has been called."""

    def __init__(self, databases_: Databases, provider: Provider, address: str = ADDRESS) -> None:
        self.databases, self.provider, self.address = databases_, provider, address
        self.workers: Workers = databases_.workers
        self.account = provider.account(address)
        self.mailbox = 0

    # -- the database --------------------------------------------------------------------------

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement on the mailbox's database."""
        connection = self.databases.server.connect(self.databases.name)
        with closing(connection), connection.cursor() as cr:
            cr.execute(query, values or None)
            return cr.fetchall() if cr.description else []

    def value(self, query: str, *values: Any) -> Any:
        """The first value of the first row."""
        return self.sql(query, *values)[0][0]

    def store(self) -> checks.Store:
        """What the database holds now."""
        raw = filestore(self.databases.name) / "mailbox_raw"
        with closing(self.databases.server.connect(self.databases.name)) as connection:
            return checks.read(connection, self.mailbox, raw)

    # -- work ----------------------------------------------------------------------------------

    def connect(self, **values: Any) -> int:
        """Make the mailbox and sign in; the import is enqueued, not begun."""
        values = {"provider": "gmail", "scope_profile": "two_way", "quota_profile": "v1", **values}
        clients = self.value("SELECT count(*) FROM mailbox_client")
        if not clients:
            self.provider_client()
        grant = self.provider.grant(self.address)
        self.mailbox = self.workers.run("connect", address=self.address, grant=grant, values=values)
        return self.mailbox

    def provider_client(self) -> None:
        """Register the sandbox's OAuth client."""
        app = {
            "provider": "gmail",
            "client_id": "mailbox-e2e.apps.example",
            "new_secret": "GOCSPX-e2e-planted-secret",
        }
        self.call("mailbox.client", "create", arguments=[[app]])

    def call(self, model: str, method: str, domain: Any = None, **given: Any) -> Any:
        """Call a method in a worker."""
        return self.workers.run("call", model=model, method=method, domain=domain, **given)

    def mine(self, method: str, **given: Any) -> Any:
        """Call a method of the mailbox."""
        return self.call("mailbox", method, [["id", "=", self.mailbox]], **given)

    def drain(self, doom: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
        """Run all due jobs in one worker."""
        result: dict[str, Any] = self.workers.begin("drain", doom, **given).wait()
        return result

    def begin(self, doom: dict[str, Any] | None = None, **given: Any) -> Task:
        """Run all due jobs in a worker, without waiting for it."""
        return self.workers.begin("drain", doom, **given)

    def connections(self, end: bool = False) -> int:
        """How many connections the workers hold; ``end`` terminates them, as administrators do."""
        what = "pg_terminate_backend(pid)" if end else "pid"
        return len(
            self.sql(
                f"""SELECT {what} FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid()"""
            )
        )

    def died(self, task: Task) -> bool:
        """Wait for a worker; tell whether it was killed. Errors of the action itself are raised."""
        try:
            task.wait()
        except Killed:
            return True
        return False

    def rescue(self) -> None:
        """What the runner does about dead workers; waits until their connections are gone."""
        deadline = time.monotonic() + 10
        while self.workers.run("rescue"):
            if time.monotonic() > deadline:
                raise AssertionError("jobs of dead workers are not requeued")
            time.sleep(0.05)

    def look(self) -> None:
        """Press *Sync now* and let it happen."""
        self.mine("_sync_now")
        self.drain()

    # -- time ----------------------------------------------------------------------------------

    def pass_time(self, seconds: float) -> None:
        """Let time pass for both sides: the sandbox's clock, and every stored time of Odoo."""
        self.provider.sandbox.clock.advance(seconds)
        for table, columns in _CLOCKS.items():
            moved = ", ".join(f"{name} = {name} - make_interval(secs => %s)" for name in columns)
            self.sql(f"UPDATE {table} SET {moved}", *[seconds] * len(columns))
        self.sql(
            "UPDATE mailbox_bucket SET at = at - %s, silent_until = silent_until - %s",
            seconds, seconds,
        )  # fmt: skip

    def waits(self) -> float:
        """Seconds until the next thing that happens by itself: a job for later, else the poll."""
        found = self.value(
            """SELECT extract(epoch FROM coalesce(
                   (SELECT min(eta) FROM queue_job
                       WHERE state = 'pending' AND channel LIKE 'root.mailbox%'),
                   (SELECT min(due_at) FROM mailbox_stream WHERE gate IN ('open', 'waiting'))
               ) - now() AT TIME ZONE 'utc')"""
        )
        return 60.0 if found is None else max(0.0, float(found))

    def settle(self, rounds: int = 60) -> None:
        """Let happen what happens by itself: dead jobs, waits, polls, until all is quiet."""
        for _ in range(rounds):
            self.rescue()
            self.drain()
            if self._is_quiet():
                break
            self.pass_time(self.waits() + 1.0)
            self.call("mailbox.stream", "_cron_poll")
        else:
            raise AssertionError(f"never quiet: {self.describe()}")
        for _ in range(2):
            self.look()

    def wait_out(self, seconds: float) -> None:
        """Let time pass as it really does: jobs run when they are due, the poll each minute."""
        left = seconds
        while left > 0:
            step = min(left, self.waits() + 0.1, 60.0)
            self.pass_time(step)
            self.call("mailbox.stream", "_cron_poll")
            self.rescue()
            self.drain()
            left -= step

    def _is_quiet(self) -> bool:
        busy = self.value(
            """SELECT count(*) FROM mailbox_stream s WHERE gate <> 'open' OR phase <> 'live'
                   OR EXISTS (SELECT FROM mailbox_message m WHERE m.stream_id = s.id
                       AND (m.disposition = 'listed' OR m.is_stale AND m.disposition = 'stored'))"""
        )
        return not busy

    def describe(self) -> str:
        """Where the streams stand and what the last jobs said, for a failed test."""
        streams = self.sql(
            "SELECT phase, gate, gate_reason, gate_until, attempts, generation FROM mailbox_stream"
        )
        jobs = self.sql(
            """SELECT method_name, state, eta, result, exc_name, exc_message FROM queue_job
               ORDER BY id DESC LIMIT 8"""
        )
        return f"streams {streams}\njobs {jobs}"

    def orphans(self) -> set[str]:
        """Files of the raw store that no row of any mailbox names."""
        named = {key for (key,) in self.sql("SELECT raw_store FROM mailbox_message")}
        return checks.files(filestore(self.databases.name) / "mailbox_raw") - named

    def heal(self) -> None:
        """Let the time pass after which what was put into quarantine is fetched again."""
        for _ in range(3):
            self.pass_time(400)
            self.call("mailbox.message", "_cron_retry")
            self.settle()
            if not self.store().with_disposition("quarantined"):
                break

    # -- verdicts ------------------------------------------------------------------------------

    def assert_sound(self) -> None:
        """What must hold at every moment holds."""
        trouble = checks.always(self.store(), self.account)
        assert not trouble, "\n".join(trouble[:20])

    def assert_same(self, quarantined: int = 0) -> None:
        """The store equals the world, and after a clean-up there is no file too many."""
        trouble = checks.at_rest(self.store(), self.account, quarantined)
        assert not trouble, "\n".join([*trouble[:20], self.describe()])
        self.workers.run("sweep_orphans")
        left = self.orphans()
        assert not left, f"files without a row: {sorted(left)[:5]}"

    def assert_parity(self, **expected: int) -> dict[str, Any]:
        """Odoo's own verification, over every source, explains all; returns its report."""
        self.mine("action_verify_completeness", keywords={"full": True})
        for _ in range(20):
            self.drain()
            if self.value("SELECT state FROM mailbox_parity ORDER BY id DESC LIMIT 1") != "running":
                break
            self.pass_time(10)
        report: dict[str, Any] = self.mine("mailbox_report")
        assert report["verified"], report
        found = {name: report[name] for name in ("unexplained", "duplicates", *expected)}
        assert found == {"unexplained": 0, "duplicates": 0, **expected}, report
        return report


__all__ = ["ADDRESS", "Databases", "Killed", "Stage", "TaskFailed", "dump", "filestore"]
