"""Trouble between Odoo, its database server and its disk."""

from collections.abc import Iterator
from random import Random

import pytest
from harness import listening
from harness.provider import Provider, disturb, letter
from harness.small_disk import SmallDisk
from harness.stage import Databases, Stage, TaskFailed, dump, filestore

from mailbox_tools import odoo_config, paths, postgres_binaries
from mailbox_tools.odoo_config import Instance
from mailbox_tools.odoo_server import OdooServer
from mailbox_tools.postgres import PrivateInstance


@pytest.fixture(scope="module")
def instance() -> Iterator[PrivateInstance]:
    """A PostgreSQL server that nobody else uses, so that it may be restarted."""
    made = PrivateInstance(paths.workspace() / "postgres_e2e")
    if made.running():
        made.stop()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def lonely(
    instance: PrivateInstance, loaded: Databases, provider: Provider, port: int
) -> Iterator[Stage]:
    """A mailbox on that server."""
    server = instance.running()
    assert server is not None
    text = dump(loaded.server, loaded.fresh)
    for name in ("test_e2e_lonely", "test_e2e_lonely_fresh"):
        databases_of(server, name)
    made = Databases(server, "test_e2e_lonely", f"http://127.0.0.1:{port}", text)
    yield Stage(made, provider)
    made.close()


def databases_of(server, name: str) -> None:
    """Drop a database that an interrupted run has left."""
    connection = server.connect()
    with connection.cursor() as cr:
        cr.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    connection.close()


def restart(instance: PrivateInstance, mode: str) -> None:
    """Restart the server; ``immediate`` is a crash with recovery."""
    control(instance, "restart", "-m", mode)


def control(instance: PrivateInstance, *what: str) -> None:
    """Start, stop or restart the server and wait until that is done."""
    log = paths.workspace() / "postgres_e2e" / "private" / "server.log"
    instance._control(postgres_binaries.folder(), *what, "-w", "-t", "60", "-l", log)


@pytest.mark.timeout(300)
def test_f50_the_database_server_restarts_in_the_middle(
    lonely: Stage, instance: PrivateInstance
) -> None:
    stage = lonely
    stage.provider.fill(stage.account, 200)
    stage.connect()
    for mode, request in (("fast", 6), ("immediate", 3), ("immediate", 2)):
        task = stage.begin()
        stage.provider.at_request(request, lambda how=mode: restart(instance, how))
        with pytest.raises(TaskFailed) as failure:
            task.wait()
        assert failure.value.kind in ("OperationalError", "AdminShutdown", "InterfaceError")
        stage.rescue()
        stage.assert_sound()
        stage.pass_time(stage.waits() + 1)
        stage.call("mailbox.stream", "_cron_poll")
    stage.settle()
    stage.assert_same()


@pytest.mark.timeout(180)
def test_f50_a_listener_outlives_restarts_of_the_database_server(
    lonely: Stage, instance: PrivateInstance
) -> None:
    stage = lonely
    stage.provider.fill(stage.account, 5)
    stage.connect()
    stage.settle()
    listening.enable(stage)
    process = listening.Process(stage.databases, stage.provider.sandbox.url).start()
    try:
        listening.until(lambda: not listening.owed(stage), "the first notification")
        for number, mode in enumerate(("fast", "immediate")):
            restart(instance, mode)
            stage.account.deliver(letter(number, Random(number)), ["INBOX", "UNREAD"])
            listening.until(lambda: not listening.owed(stage), "acknowledged", 60)
            stage.rescue()
            stage.drain()
            stage.assert_same()
        code, seconds = process.terminate()
        assert (code, seconds < 5.0) == (0, True), seconds
    finally:
        if process.is_running():
            process.kill()


@pytest.fixture
def web(lonely: Stage) -> Iterator[OdooServer]:
    """An Odoo that serves the webhook of the mailbox, and no job."""
    stage = lonely
    http, gevent = odoo_config.free_ports(2)
    made = OdooServer(
        Instance(
            f"{stage.databases.name}_web",
            stage.databases.name,
            stage.databases.server,
            http,
            gevent,
            mailbox={"google_base_url": stage.provider.sandbox.url},
            options={"server_wide_modules": "base,rpc,web,mailbox_sync"},
        )
    )
    stage.provider.fill(stage.account, 5)
    stage.connect()
    stage.settle()
    with made:
        listening.enable_webhook(stage, f"{made.url}/mailbox/push/gmail")
        listening.until(lambda: not listening.owed(stage), "the first notification")
        stage.drain()
        yield made


@pytest.mark.timeout(240)
def test_f40_f49_the_webhook_without_its_database_and_killed_after_its_answer(
    lonely: Stage, web: OdooServer, instance: PrivateInstance
) -> None:
    stage = lonely
    hints = "SELECT hint_count FROM mailbox_subscription"
    before = stage.value(hints)
    control(instance, "stop", "-m", "fast")
    stage.account.deliver(letter(1, Random(1)), ["INBOX", "UNREAD"])
    try:
        listening.until(lambda: listening.last_answer(stage) == "503", "503 without a database")
        assert listening.owed(stage) == 1
    finally:
        restart(instance, "fast")
    listening.until(lambda: not listening.owed(stage), "accepted", 90)
    web.kill()
    assert listening.last_answer(stage) == "202"
    assert stage.value(hints) == before + 1, "what was promised is there"
    stage.rescue()
    stage.drain()
    stage.assert_same()

    # Nobody answers any more: nothing is promised, and delivered when somebody does.
    stage.account.deliver(letter(2, Random(2)), ["INBOX", "UNREAD"])
    listening.until(lambda: "refused" in listening.last_answer(stage).lower(), "no answer")
    web.start()
    listening.until(lambda: not listening.owed(stage), "accepted", 90)
    assert stage.value(hints) == before + 2
    stage.drain()
    stage.assert_same()


def test_a_database_connection_is_cut_in_the_middle_of_a_step(stage: Stage) -> None:
    stage.provider.fill(stage.account, 200)
    stage.connect()
    cut = []
    for request in (3, 8, 2, 5):
        stage.provider.at_request(request, lambda: cut.append(stage.connections(end=True)))
        try:
            stage.drain()
        except TaskFailed as failure:
            assert failure.kind in ("OperationalError", "AdminShutdown", "InterfaceError")
        stage.provider.calm()
        stage.rescue()
        stage.assert_sound()
        stage.pass_time(stage.waits() + 1)
        stage.call("mailbox.stream", "_cron_poll")
    assert len(cut) >= 3 and all(cut)
    stage.settle()
    stage.assert_same()


@pytest.mark.parametrize("how", ["serialization", "deadlock"])
def test_f51_every_tenth_commit_is_refused(stage: Stage, how: str) -> None:
    stage.provider.fill(stage.account, 100)
    stage.connect()
    refused = 0
    for _ in range(60):
        stage.rescue()
        result = stage.drain({"at": "commit", "nth": 10, "how": how, "every": True})
        refused += len(result["failed"]) + stage.value(
            "SELECT count(*) FROM queue_job WHERE retry > 0 AND state = 'pending'"
        )
        stage.assert_sound()
        if refused >= 8 or stage._is_quiet():
            break
        stage.pass_time(stage.waits() + 1)
        stage.call("mailbox.stream", "_cron_poll")
    assert refused, "no commit was refused"
    stage.settle()
    stage.assert_same()


@pytest.mark.parametrize("how", ["cut", "lose"])
def test_f52_the_outcome_of_a_commit_is_unknown(stage: Stage, how: str) -> None:
    """The connection ends at COMMIT: ``cut`` before it was carried out, ``lose`` after."""
    stage.provider.fill(stage.account, 120)
    stage.connect()
    rng = Random(3)
    at = {"cut": "commit", "lose": "committed"}[how]
    ended = 0
    for number in range(1, 13):
        try:
            result = stage.drain({"at": at, "nth": number, "how": how})
            ended += bool(result["failed"])
        except TaskFailed as failure:
            assert failure.kind in ("OperationalError", "AdminShutdown", "InterfaceError")
            ended += 1
        stage.rescue()
        stage.assert_sound()
        disturb(stage.account, rng, number)
        stage.pass_time(stage.waits() + 1)
        stage.mine("_sync_now")
    assert ended >= 8
    stage.settle()
    stage.assert_same()


def test_f53_the_disk_of_the_filestore_is_full(stage: Stage) -> None:
    stage.provider.fill(stage.account, 150)
    stage.connect()
    with SmallDisk(filestore(stage.databases.name) / "mailbox_raw", 120) as disk:
        task = "drain" if disk.mounted else "short_of"
        given = {} if disk.mounted else {
            "limit": "FSIZE", "amount": 1500, "task": "drain", "arguments": {},
        }  # fmt: skip
        for _ in range(3):
            result = stage.workers.run(task, **given)
            assert any("OSError" in line for line in result["failed"]), result
            stage.rescue()
            stage.assert_sound()
            stage.pass_time(stage.waits() + 1)
            stage.call("mailbox.stream", "_cron_poll")
        assert stage.value("SELECT state FROM mailbox") == "error", "a person can see it"
        disk.give_space()
        stage.settle()
        stage.assert_same()
    assert stage.value("SELECT state FROM mailbox") == "live"


def test_f53_the_disk_of_the_database_is_full(stage: Stage) -> None:
    stage.provider.fill(stage.account, 120)
    stage.connect()
    for nth in (3, 30, 60, 61, 90):
        stage.drain({"at": "statement", "nth": nth, "how": "full", "every": True})
        stage.rescue()
        stage.assert_sound()
        stage.pass_time(stage.waits() + 1)
        stage.call("mailbox.stream", "_cron_poll")
    stage.settle()
    stage.assert_same()


def test_f54_sources_of_a_rolled_back_page_are_cleaned_up(stage: Stage) -> None:
    stage.provider.fill(stage.account, 120)
    stage.connect()
    assert stage.died(stage.begin({"at": "renamed", "nth": 60}))
    stage.rescue()
    left = stage.orphans()
    assert left, "the page that died left files behind"
    stage.assert_sound()
    assert stage.workers.run("sweep_orphans") == len(left)
    assert not stage.orphans()
    stage.settle()
    stage.assert_same()
