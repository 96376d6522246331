"""Push without a public address: a real listener process, killed, stopped, without its database."""

import time
from collections.abc import Iterator
from contextlib import closing
from random import Random

import pytest
from harness import listening
from harness.listening import until
from harness.provider import Provider, letter
from harness.stage import Stage

from mailbox_tools.databases import drop_database


@pytest.fixture
def process(stage: Stage, provider: Provider) -> Iterator[listening.Process]:
    """A listener, not started; the mailbox is imported, watched, and nothing is owed."""
    provider.fill(stage.account, 5)
    stage.connect()
    stage.settle()
    listening.enable(stage)
    made = listening.Process(stage.databases, provider.sandbox.url)
    yield made
    if made.is_running():
        made.kill()


def deliver(stage: Stage, number: int) -> None:
    """Mail that nobody but a notification tells of."""
    stage.account.deliver(letter(number, Random(number)), ["INBOX", "UNREAD"])


def hints(stage: Stage) -> int:
    """Notifications that wait to be looked at."""
    return int(stage.value("SELECT count(*) FROM mailbox_hint"))


def stored(stage: Stage) -> int:
    """How many messages are here."""
    return int(stage.value("SELECT count(*) FROM mailbox_message WHERE disposition = 'stored'"))


def quiet(stage: Stage) -> None:
    """Wait until everything published is durable and acknowledged, then look."""
    until(lambda: not listening.owed(stage), "the queue is empty")
    stage.drain()


@pytest.mark.timeout(120)
def test_mail_arrives_by_hint_and_sigterm_ends_it(stage: Stage, process: listening.Process) -> None:
    process.start()
    quiet(stage)  # the notification that a fresh watch begins with
    before = stored(stage)
    stage.sql("DELETE FROM mailbox_run")

    deliver(stage, 1)
    until(lambda: hints(stage), "the hint")
    quiet(stage)
    assert stored(stage) == before + 1
    assert stage.sql("SELECT DISTINCT trigger FROM mailbox_run") == [("hint",)]
    stage.assert_same()

    # While it waits at the provider it holds no connection; a heartbeat takes milliseconds.
    looks = [process.connections(stage) for _ in range(50) if not time.sleep(0.01)]
    assert looks.count(0) >= 40, looks
    heard = """SELECT count(*) FROM mailbox_listener WHERE stopped_at IS NULL
               AND last_error IS NULL AND pulled_at IS NOT NULL AND acknowledged_at IS NOT NULL"""
    until(lambda: stage.value(heard), "the heartbeat tells of it")
    (checks,) = [stage.call("mailbox.doctor", "_examine")["server"]]
    assert {found["level"] for found in checks if found["name"].startswith("listener")} == {"good"}

    code, seconds = process.terminate()
    assert (code, seconds < 5.0) == (0, True), seconds
    assert stage.value("SELECT stopped_at IS NOT NULL FROM mailbox_listener")
    assert "PRIVATE KEY" not in process.log and "Traceback" not in process.log


def kill_while_the_hint_is_on_its_way(stage: Stage, process: listening.Process) -> None:
    """Deliver mail, and kill the listener while the subscription's row is held: it cannot
    commit."""
    with closing(stage.databases.server.connect(stage.databases.name)) as blocker:
        with blocker.cursor() as cr:
            cr.execute("BEGIN; SELECT FROM mailbox_subscription FOR UPDATE")
        deliver(stage, 1)
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        until(lambda: stage.value(waiting), "the listener waits for the row")
        process.kill()


@pytest.mark.timeout(180)
def test_f49_kill_9_between_pull_and_acknowledgement_loses_and_doubles_nothing(
    stage: Stage, process: listening.Process, provider: Provider
) -> None:
    process.start()
    quiet(stage)
    before = stored(stage)
    kill_while_the_hint_is_on_its_way(stage, process)
    assert (hints(stage), listening.owed(stage)) == (0, 1)
    provider.sandbox.clock.advance(11)
    process.start()
    until(lambda: hints(stage), "the notification comes again")
    quiet(stage)
    assert stored(stage) == before + 1

    # Killed with the hint committed and the acknowledgement not carried out.
    provider.trouble("503", "acknowledge", face="pubsub", times=None)
    asked = len(provider.requests)
    deliver(stage, 2)
    until(
        lambda: any(one.endswith(":acknowledge") for one in provider.requests[asked:]),
        "the acknowledgement",
    )
    process.kill()
    assert (hints(stage), listening.owed(stage)) == (1, 1)
    provider.calm()
    provider.sandbox.clock.advance(11)
    process.start()
    until(lambda: hints(stage) >= 2, "the notification comes again")
    quiet(stage)
    assert stored(stage) == before + 2
    stage.assert_same()


@pytest.mark.timeout(120)
def test_a_provider_that_fails_is_asked_again(
    stage: Stage, process: listening.Process, provider: Provider
) -> None:
    provider.trouble("503", "pull", face="pubsub", times=2)
    provider.trouble("token_500", "token", face="oauth")
    process.start()
    before = stored(stage)
    deliver(stage, 1)
    quiet(stage)
    assert stored(stage) == before + 1
    assert process.is_running()


@pytest.fixture
def second(stage: Stage) -> Iterator[str]:
    """The name of another database, dropped at the end."""
    name = f"{stage.databases.name}_second"
    yield name
    drop_database(stage.databases.server, name)


def heard(stage: Stage, database: str) -> int:
    """How many notifications a database has been told of."""
    connection = stage.databases.server.connect(database)
    with closing(connection), connection.cursor() as cr:
        cr.execute("SELECT hint_count FROM mailbox_subscription")
        return int(cr.fetchone()[0])


def let_connect(stage: Stage, database: str, yes: bool) -> None:
    """Open a database to connections, or close it and end those there are."""
    connection = stage.databases.server.connect("postgres")
    with closing(connection), connection.cursor() as cr:
        cr.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS {yes}")
        cr.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
        )


@pytest.mark.timeout(180)
def test_one_process_serves_two_databases_and_one_in_trouble_holds_up_nobody(
    stage: Stage, process: listening.Process, provider: Provider, second: str
) -> None:
    listening.share(stage, second)
    name = stage.databases.name
    both = listening.Process(stage.databases, provider.sandbox.url, second).start()
    try:
        deliver(stage, 0)
        until(lambda: heard(stage, name) and heard(stage, second), "both hear of it", 60.0)
        until(lambda: not listening.owed(stage), "the first queue is empty")
        until(lambda: not listening.owed(stage, listening.SECOND), "the second queue is empty")
        before, other = heard(stage, name), heard(stage, second)

        let_connect(stage, second, False)
        deliver(stage, 1)
        until(lambda: heard(stage, name) > before, "the database that is well hears")
        until(lambda: not listening.owed(stage), "its queue is empty")
        assert listening.owed(stage, listening.SECOND), "what cannot be stored is not acknowledged"
        assert both.is_running()

        let_connect(stage, second, True)
        provider.sandbox.clock.advance(11)
        until(lambda: heard(stage, second) > other, "the other hears once it is back", 60.0)
        until(lambda: not listening.owed(stage, listening.SECOND), "its queue is empty")
        code, seconds = both.terminate()
        assert (code, seconds < 5.0) == (0, True), seconds
    finally:
        if both.is_running():
            both.kill()
    quiet(stage)
    stage.assert_same()


@pytest.mark.timeout(240)
def test_f36_ten_thousand_notifications_leave_at_most_two_runs(stage: Stage) -> None:
    stage.connect()
    stage.settle()
    listening.enable(stage)
    waiting = """SELECT count(*) FROM queue_job WHERE method_name = '_job_sync'
                 AND state IN ('pending', 'enqueued', 'started') AND eta IS NULL"""
    given = {"provider": "gmail", "address": stage.address, "count": 2500}
    tasks = [stage.workers.begin("announce", **given) for _ in range(4)]
    most = 0
    # A worker takes what is queued while the storm goes on, as the job runner does.
    while stage.value("SELECT hint_count FROM mailbox_subscription") < 9_000:
        most = max(most, stage.value(waiting))
        stage.drain(limit=1)
    for task in tasks:
        task.wait()
    assert stage.value("SELECT hint_count FROM mailbox_subscription") == 10_000
    assert max(most, stage.value(waiting)) <= 2
    stage.drain()
    assert (hints(stage), stage.value(waiting)) == (0, 0)
