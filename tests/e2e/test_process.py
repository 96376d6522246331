"""Workers that meet a limit, meet each other, or meet another version or copy of their database."""

from random import Random

import pytest
from harness.provider import disturb, letter
from harness.stage import Databases, Stage
from harness.workers import Workers

from mailbox_tools import databases as tooling


@pytest.mark.parametrize(("limit", "amount"), [("CPU", 1), ("AS", 30_000_000)])
def test_f55_a_limit_of_the_worker_in_the_middle_keeps_what_was_done(
    stage: Stage, limit: str, amount: int
) -> None:
    # A second is the least that can be asked for, and hundreds of mails are read within it.
    stage.provider.fill(stage.account, 1_000 if limit == "CPU" else 400)
    for number in range(12):
        stage.account.deliver(letter(number, Random(number), "x" * 2_000_000))
    stage.connect()
    struck = 0
    for _ in range(4):
        result = stage.workers.run(
            "short_of", limit=limit, amount=amount, task="drain", arguments={}
        )
        struck += len(result["failed"])
        stage.rescue()
        stage.assert_sound()
        stage.pass_time(stage.waits() + 1)
        stage.call("mailbox.stream", "_cron_poll")
    assert struck, "the limit was never met"
    kept = len(stage.store().with_disposition("stored"))
    stage.settle()
    # The limit may strike while a mail is read: that one is kept raw, and tried again.
    stage.pass_time(3600)
    stage.call("mailbox.message", "_cron_retry")
    stage.settle()
    assert kept or limit == "AS"
    stage.assert_same()


def test_f56_two_workers_on_one_mailbox_do_the_work_once(stage: Stage) -> None:
    stage.provider.fill(stage.account, 300)
    stage.connect()
    stage.mine("_sync_now")
    tasks = [stage.begin() for _ in range(3)]
    for task in tasks:
        assert not task.wait()["failed"]
    stage.settle()
    stage.assert_same()
    assert stage.provider.downloads <= len(stage.account.messages), "nothing was fetched twice"


@pytest.mark.timeout(300)
def test_f57_the_addon_is_upgraded_during_the_import(stage: Stage, port: int) -> None:
    stage.databases.spoiled = True
    stage.provider.fill(stage.account, 120)
    stage.connect()
    stage.drain(limit=2)
    assert stage.died(stage.begin({"at": "commit", "nth": 4}))
    instance = stage.databases.instance(f"http://127.0.0.1:{port}")
    log = tooling.run_odoo(instance, ["-u", "mailbox_sync", "--stop-after-init", "--no-http"])
    assert log.returncode == 0 and " ERROR " not in log.stdout, log.stdout[-3000:]
    stage.assert_sound()
    # As after any upgrade, the workers are new; the old ones would load the registry for each task.
    stage.workers = Workers(instance).start()
    try:
        stage.account.deliver(letter(1, Random(1)))
        stage.settle()
        stage.assert_same()
    finally:
        stage.workers.stop()


@pytest.mark.parametrize("days", [1, 9])
def test_f58_an_older_copy_of_the_database_catches_up(stage: Stage, days: int) -> None:
    """After a day it follows the changes; after nine the provider has forgotten its position."""
    databases: Databases = stage.databases
    databases.spoiled = True
    backup = f"{databases.name}_backup"
    rng = Random(days)
    stage.provider.fill(stage.account, 80)
    stage.connect()
    stage.settle()
    try:
        databases.copy(databases.name, backup)
        for number in range(30):
            disturb(stage.account, rng, number)
        stage.look()
        stage.assert_same()
        stage.provider.sandbox.clock.advance(days * 86400)
        databases.copy(backup, databases.name)
    finally:
        tooling.drop_database(databases.server, backup)
    held = set(stage.store().with_disposition("stored"))
    new = len(set(stage.account.messages) - held)
    before = stage.provider.downloads
    stage.settle()
    stage.assert_same()
    assert stage.provider.downloads - before <= new, "what is held is not downloaded again"
    stage.assert_parity()


def test_f59_a_neutralised_copy_does_nothing(stage: Stage) -> None:
    stage.databases.spoiled = True
    stage.provider.fill(stage.account, 120)
    stage.connect()
    stage.drain(limit=2)
    stage.workers.run("neutralize")
    before = len(stage.provider.requests)
    stage.pass_time(86400)
    for model, method in (
        ("mailbox.stream", "_cron_poll"),
        ("mailbox.stream", "_cron_grace"),
        ("mailbox.message", "_cron_retry"),
        ("mailbox.parity", "_cron_verify"),
        ("mailbox", "_cron_token_health"),
    ):
        stage.call(model, method)
    stage.drain()
    stage.mine("_sync_resume")
    stage.mine("_sync_now")
    stage.drain()
    assert stage.provider.requests[before:] == []
    assert stage.value("SELECT count(*) FROM mailbox_credential WHERE secret IS NOT NULL") == 0


def test_f59_a_copy_with_another_identity_does_nothing(stage: Stage) -> None:
    """Duplicated by Odoo's database manager without neutralising: the identity is another."""
    stage.databases.spoiled = True
    stage.provider.fill(stage.account, 60)
    stage.connect()
    stage.drain(limit=2)
    stage.sql("UPDATE ir_config_parameter SET value = 'copied' WHERE key = 'database.uuid'")
    before = len(stage.provider.requests)
    stage.drain()
    stage.pass_time(7200)
    stage.call("mailbox.stream", "_cron_poll")
    stage.drain()
    assert stage.provider.requests[before:] == []
    assert stage.value("SELECT state FROM mailbox") == "reconnect"
