"""Faults of the provider and of the way to it, against the whole stack.

Each ends with the store equal to the world, besides what the test says itself. Faults with a test
closer to the code that handles them are not repeated here; FAULTS.md tells where each one is.
"""

from random import Random

import pytest
from harness.provider import letter
from harness.stage import Stage
from harness.workers import TaskFailed

#: An hour after Google's daily counters restart (midnight in California), in seconds of the day.
NINE_UTC = 9 * 3600.0


def imported(stage: Stage, messages: int = 60) -> None:
    """A mailbox that is up to date."""
    stage.provider.fill(stage.account, messages)
    stage.connect()
    stage.settle()


def arrive(stage: Stage, number: int = 1) -> str:
    """A new mail; returns its id."""
    return stage.account.deliver(letter(number, Random(number))).id


def stored(stage: Stage, key: str) -> bool:
    row = stage.store().by_id.get(key)
    return bool(row) and row["disposition"] == "stored"


def health(stage: Stage) -> tuple[str, str]:
    """What the mailbox's screen shows: state and words."""
    found = stage.mine("read", arguments=[["state", "health_text"]])[0]
    return found["state"], found["health_text"]


def test_f01_connections_are_refused_for_ten_minutes(stage: Stage) -> None:
    imported(stage)
    stage.provider.trouble("refused", face="*", times=None)
    new = arrive(stage)
    stage.look()
    assert health(stage)[0] == "waiting"
    start = stage.provider.sandbox.clock.now()
    stage.wait_out(600)
    late = [at for at in stage.provider.times if at > start + 300]
    assert 1 <= len(late) <= 5 * 2, "at the cap less than one try a minute, each sent twice at most"
    stage.provider.calm()
    stage.wait_out(300)
    assert stored(stage, new), "found within one interval, by itself"
    stage.settle()
    assert health(stage)[0] == "live"
    stage.assert_same()


@pytest.mark.parametrize(
    ("fault", "given"),
    [
        ("reset_midbody", {"share": 0.5}),
        ("half_json", {}),
        ("half_gzip", {}),
        ("502_html", {}),
        ("lose_reply", {}),
    ],
)
def test_f04_f05_damaged_answers_on_every_third_call(stage: Stage, fault: str, given: dict) -> None:
    stage.provider.fill(stage.account, 90)
    stage.connect()
    stage.provider.trouble(fault, times=None, probability=0.34, **given)
    for number in range(6):
        stage.drain()
        stage.assert_sound()
        arrive(stage, number)
        stage.pass_time(stage.waits() + 1)
        stage.call("mailbox.stream", "_cron_poll")
    stage.provider.calm()
    stage.settle()
    stage.heal()
    stage.assert_same()


def test_f06_a_call_that_hangs_does_not_delay_other_mailboxes(stage: Stage) -> None:
    stage.provider.fill(stage.account, 30)
    stage.connect()
    stage.provider.trouble("hang", seconds=40, account=stage.address)
    slow = stage.begin(limit=1)
    other = Stage(stage.databases, stage.provider, "other@example.com")
    other.account.deliver(letter(1, Random(1)))
    other.connect()
    began = stage.provider.sandbox.clock.now()
    other.drain(limit=8)
    assert stage.provider.sandbox.clock.now() - began < 5
    assert len(other.store().with_disposition("stored")) == 1
    slow.wait(70)
    assert stage.provider.sandbox.clock.now() - began < 60
    stage.provider.calm()
    stage.settle()
    stage.assert_same()


def test_f08_a_third_of_all_calls_fail(stage: Stage) -> None:
    stage.provider.fill(stage.account, 90)
    stage.connect()
    stage.provider.trouble("503", times=None, probability=0.15)
    stage.provider.trouble("error_500", times=None, probability=0.15)
    for number in range(8):
        stage.drain()
        stage.assert_sound()
        arrive(stage, number)
        stage.pass_time(stage.waits() + 1)
        stage.call("mailbox.stream", "_cron_poll")
    stage.provider.calm()
    stage.settle()
    stage.heal()
    stage.assert_same()


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_f09_nothing_is_asked_before_the_time_in_retry_after(stage: Stage, form: str) -> None:
    imported(stage)
    stage.provider.trouble("rate_429_retry_after", seconds=180, form=form)
    new = arrive(stage)
    stage.look()
    refused = stage.provider.sandbox.clock.now()
    count = len(stage.provider.times)
    for _ in range(3):
        stage.look()
    stage.wait_out(170)
    assert len(stage.provider.times) == count, "no call before the time"
    assert health(stage)[0] == "waiting"
    stage.wait_out(60)
    assert stage.provider.times[count] >= refused + 175
    assert stored(stage, new)
    stage.assert_same()


@pytest.mark.parametrize(
    "fault", ["rate_403_user", "rate_403_project", "rate_429", "rate_retry_text"]
)
def test_f10_f11_every_shape_of_a_rate_limit_waits_and_goes_on(stage: Stage, fault: str) -> None:
    stage.provider.fill(stage.account, 60)
    stage.connect()
    stage.provider.trouble(fault, call="messages.list")
    stage.drain()
    assert stage.value("SELECT gate FROM mailbox_stream") == "waiting"
    assert stage.value("SELECT gate_reason FROM mailbox_stream").startswith("throttled")
    stage.assert_sound()
    stage.settle()
    stage.assert_same()


@pytest.mark.parametrize("status", [404, 429, 500])
def test_f13_a_batch_with_one_failed_part(stage: Stage, status: int) -> None:
    stage.provider.fill(stage.account, 60)
    stage.connect()
    stage.provider.trouble("batch_part_fail", call="messages.get", skip=7, status=status)
    if status == 404:
        # Told to be gone although it is there: the verification finds and heals that.
        stage.settle()
        stage.assert_parity()
    stage.settle()
    stage.assert_same()


def test_f14_a_spent_daily_quota_pauses_and_says_so(stage: Stage) -> None:
    # Not in the minutes before the quota's day ends, when the pause is rightly a short one.
    clock = stage.provider.sandbox.clock
    clock.advance((NINE_UTC - clock.now()) % 86400)
    stage.provider.fill(stage.account, 60)
    stage.connect()
    stage.provider.trouble("daily_limit", skip=4, times=1)
    stage.drain()
    state, words = health(stage)
    assert state == "waiting" and words
    assert 22 * 3600 < stage.waits() < 24 * 3600
    count = len(stage.provider.requests)
    stage.wait_out(600)
    assert len(stage.provider.requests) == count
    stage.settle()
    stage.assert_same()


def test_f15_listed_and_deleted_before_it_is_fetched(stage: Stage) -> None:
    stage.provider.fill(stage.account, 160)
    stage.connect()
    # The first step fetches all that it lists; the second lists more.
    stage.drain(limit=2)
    waiting = sorted(stage.store().with_disposition("listed"))
    assert waiting
    for key in waiting[::3]:
        stage.account.delete(key)
    stage.settle()
    stage.assert_same()
    assert {stage.store().by_id[key]["disposition"] for key in waiting[::3]} == {"gone"}


def test_f16_mail_that_becomes_visible_late_is_found_later(stage: Stage) -> None:
    imported(stage)
    stage.provider.trouble("list_lag", times=None, seconds=120)
    new = arrive(stage)
    stage.look()
    assert not stored(stage, new)
    stage.provider.sandbox.clock.advance(121)
    stage.look()
    assert stored(stage, new)
    stage.provider.calm()
    stage.assert_same()


def test_f17_pages_change_while_they_are_listed(stage: Stage) -> None:
    stage.provider.fill(stage.account, 200)
    stage.connect()
    rng = Random(17)
    for number in range(14):
        victim = rng.choice(sorted(stage.account.messages))
        stage.provider.at_request(1, lambda key=victim: stage.account.delete(key))
        stage.provider.at_request(2, lambda number=number: arrive(stage, number))
        stage.drain(limit=1)
        stage.provider.calm()
    stage.settle()
    stage.assert_same()


def test_f18_an_id_on_two_pages_is_stored_once(stage: Stage) -> None:
    stage.provider.trouble("repeat_items", times=None)
    imported(stage, 120)
    stage.assert_same()


def test_f19_an_expired_page_token_resumes(stage: Stage) -> None:
    for number in range(130):
        # All in one second, so that Gmail's own page token is needed to get past it.
        stage.account.deliver(letter(number, Random(number)), date=1_700_000_000.0)
    stage.connect()
    stage.provider.trouble("page_token_expired", call="messages.list", times=2)
    stage.settle()
    stage.assert_same()
    assert stage.provider.downloads <= 130, "nothing was fetched again"


def test_f20_a_forgotten_position_costs_no_download(stage: Stage) -> None:
    imported(stage)
    stage.account.log.expire(stage.provider.sandbox.clock.now())
    deleted = sorted(stage.account.messages)[3]
    stage.account.delete(deleted)
    new = arrive(stage)
    stage.account.log.expire(stage.provider.sandbox.clock.now())
    before = stage.provider.downloads
    generation = stage.value("SELECT generation FROM mailbox_stream")
    stage.look()
    stage.settle()
    stage.assert_same()
    assert stage.value("SELECT generation FROM mailbox_stream") == generation + 1
    assert stage.provider.downloads - before == 1, "only the new one"
    assert stored(stage, new) and not stored(stage, deleted)


def test_f29_moved_while_it_is_fetched(stage: Stage) -> None:
    imported(stage, 20)
    box = stage.account.add_label("Moved")
    for number in range(6):
        new = arrive(stage, number)
        stage.mine("_sync_now")
        move = lambda key=new: stage.account.modify(key, [box], ["INBOX"])  # noqa: E731
        stage.provider.at_request(1 + number // 2, move, answered=bool(number % 2))
        stage.drain()
        stage.provider.calm()
    stage.look()
    stage.assert_same()


def test_f30_the_providers_clock_is_a_day_ahead(stage: Stage) -> None:
    stage.provider.sandbox.clock.advance(86400)
    imported(stage)
    new = arrive(stage)
    stage.provider.trouble("rate_429_retry_after", seconds=60, form="date")
    stage.look()
    stage.wait_out(90)
    assert stored(stage, new), "advice is read on the provider's clock"
    stage.assert_same()


def test_f31_the_local_clock_jumps_back_two_hours(stage: Stage) -> None:
    """Every stored time lies two hours further ahead, which is what a jump back means."""
    imported(stage)
    for table, columns in {"mailbox_stream": ("due_at",), "queue_job": ("eta",)}.items():
        for column in columns:
            stage.sql(f"UPDATE {table} SET {column} = {column} + interval '2 hours'")
    stage.sql("UPDATE mailbox_bucket SET at = at + 7200")
    new = arrive(stage)
    stage.look()
    assert stored(stage, new)
    stage.provider.sandbox.clock.advance(7200)
    stage.settle()
    stage.assert_same()


def test_f41_an_access_token_that_ends_in_mid_batch(stage: Stage) -> None:
    stage.provider.fill(stage.account, 120)
    stage.connect()
    clock = stage.provider.sandbox.clock
    stage.provider.at_request(6, lambda: clock.advance(4000))
    stage.drain()
    refreshed = [line for line in stage.provider.requests if line.endswith("/token")]
    assert len(refreshed) == 1, "one refresh"
    stage.settle()
    stage.assert_same()


def test_f43_the_answer_of_a_refresh_is_lost(stage: Stage) -> None:
    imported(stage)
    new = arrive(stage)
    stage.pass_time(4000)
    stage.provider.trouble("lose_reply", face="oauth", call="token")
    stage.look()
    assert health(stage)[0] == "waiting", "out of reach is no lost grant"
    stage.wait_out(120)
    assert stored(stage, new)
    stage.assert_same()


def test_f44_a_withdrawn_grant_asks_once_and_calls_no_more(stage: Stage) -> None:
    imported(stage)
    stage.provider.sandbox.world.identity.revoke_grant(stage.address, "demo-project")
    new = arrive(stage)
    stage.look()
    assert health(stage)[0] == "reconnect"
    count = len(stage.provider.requests)
    stage.wait_out(600)
    stage.look()
    assert len(stage.provider.requests) == count, "no call until somebody signs in"
    activities = """SELECT count(*) FROM mail_activity a JOIN mail_activity_type t
        ON t.id = a.activity_type_id WHERE a.res_model = 'mailbox'"""
    assert stage.value(activities) == 1, "one notice"
    generation = stage.value("SELECT generation FROM mailbox_stream")
    grant = stage.provider.grant(stage.address)
    stage.workers.run("reconnect", mailbox=stage.mailbox, grant=grant)
    stage.drain()
    assert stored(stage, new)
    assert stage.value("SELECT generation FROM mailbox_stream") == generation
    assert stage.value(activities) == 0
    stage.settle()
    stage.assert_same()


def test_f47_a_mailbox_deleted_at_the_provider_keeps_its_mail(stage: Stage) -> None:
    imported(stage)
    kept = len(stage.store().with_disposition("stored"))
    stage.provider.sandbox.world.remove_account(stage.address)
    stage.look()
    stage.wait_out(300)
    count = len(stage.provider.requests)
    stage.wait_out(600)
    assert len(stage.provider.requests) - count <= 5, "no error loop"
    state, words = health(stage)
    assert state == "reconnect" and words
    assert len(stage.store().with_disposition("stored")) == kept
    stage.assert_sound()


def test_a_worker_that_fails_says_why(stage: Stage) -> None:
    """The harness itself: an error in a worker reaches the test."""
    with pytest.raises(TaskFailed, match="no_such_method"):
        stage.call("mailbox", "no_such_method")
