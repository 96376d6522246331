"""Every row of the table in ``sync.machine``."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbox_core.errors import (
    AuthorizationLost,
    CursorExpired,
    NotFound,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
)
from mailbox_core.sync.machine import (
    DAY_QUOTA_WAIT,
    ECHO_DELAYS,
    LOOKS_IN_A_ROW,
    REFUSALS,
    TRAILING_LOOK,
    generation,
    next_request,
    step,
)
from mailbox_core.sync.stream import (
    OPEN,
    Answer,
    Apply,
    Contents,
    Credentials,
    Drop,
    Effect,
    Failure,
    FetchAnswer,
    FetchPending,
    Gate,
    Hinted,
    List,
    Nothing,
    PageAnswer,
    Paused,
    Recent,
    Request,
    Rescan,
    Rest,
    Resumed,
    Spread,
    StreamState,
    Sweep,
    TellOwner,
    Wake,
    Wish,
)
from mailbox_core.testing import strategies
from mailbox_core.testing.world import EPOCH, capabilities
from mailbox_core.types import MessageRef, Page, Since, Snapshot, Start, Upsert

CAN = capabilities(page_limit=500, fetch_limit=50)
NEW = StreamState()
SNAPSHOT = StreamState("snapshot", OPEN, "c1", "r1", 1, 5, hints=2, answered=2)
LIVE = StreamState("live", OPEN, "c1", None, 1, 5, hints=2, answered=2)
FULL = Page(upserts=(Upsert(MessageRef("m1")),), cursor="c2")
NOW_HISTORY, NOW_NEW = Wake(0.0, "history"), Wake(0.0, "new")


def ask(state: StreamState, pending: int = 0, seconds: float = 0) -> Request:
    return next_request(state, EPOCH + timedelta(seconds=seconds), pending, CAN)


def move(state: StreamState, answer: Answer | Wish) -> tuple[StreamState, tuple[Effect, ...]]:
    return step(state, answer, EPOCH, Random(1))


def page(state: StreamState, page: Page, pending: int = 0, trouble: ProviderError | None = None):  # type: ignore[no-untyped-def]
    request = ask(state)
    assert isinstance(request, (List, Recent))
    return move(state, PageAnswer(request, page, pending, trouble))


def fail(state: StreamState, error: ProviderError) -> tuple[StreamState, tuple[Effect, ...]]:
    request = List(Start(), 500, 50, state.version, state.hints)
    return move(state, Failure(request, error))


def test_new_asks_for_the_first_page_and_becomes_snapshot() -> None:
    assert ask(NEW) == List(Start(), 50, 50, 0, 0), "no more is listed than is fetched at once"
    state, effects = page(NEW, replace(FULL, resume="r1", more=True))
    assert (state.phase, state.cursor, state.resume, state.generation) == (
        "snapshot",
        "c2",
        "r1",
        1,
    )
    assert effects == (Apply(1), NOW_HISTORY)
    assert generation(NEW) == 1 == generation(state)


def test_snapshot_goes_on_in_the_history_lane() -> None:
    assert ask(SNAPSHOT) == List(Snapshot("r1"), 500, 50, 5, 2)
    state, effects = page(SNAPSHOT, Page(resume="r2", more=True))
    assert (state.resume, state.cursor, state.version) == ("r2", "c1", 6)
    assert effects == (Apply(1), NOW_HISTORY)


def test_the_last_snapshot_page_sweeps_and_looks_once() -> None:
    state, effects = page(SNAPSHOT, Page())
    assert state.phase == "live"
    assert effects == (Apply(1), Sweep(1), NOW_NEW)
    assert ask(state) == List(Since("c1"), 500, 50, 6, 2)


def test_a_snapshot_must_end_with_a_cursor() -> None:
    with pytest.raises(ValueError, match="cursor"):
        page(replace(SNAPSHOT, cursor=None), Page())


def test_contents_go_before_the_next_page() -> None:
    state, effects = page(SNAPSHOT, Page(resume="r2"), pending=40)
    assert effects == (Apply(1), NOW_HISTORY)
    assert ask(state, pending=40) == FetchPending(50, 6, 2)
    after, effects = move(state, FetchAnswer(FetchPending(50, 6, 2), 40))
    assert effects == (Contents(), NOW_HISTORY)
    assert ask(after) == List(Snapshot("r2"), 500, 50, 7, 2)


def test_a_hint_during_a_snapshot_makes_one_look_go_first() -> None:
    state, effects = move(SNAPSHOT, Hinted())
    assert effects == (NOW_NEW,)
    assert state.version == SNAPSHOT.version
    assert ask(state, pending=3) == List(Since("c1"), 500, 50, 5, 3)
    state, effects = page(state, FULL)
    assert (state.phase, state.cursor, state.resume) == ("snapshot", "c2", "r1")
    assert effects == (Apply(1), NOW_HISTORY)


def test_without_a_baseline_recent_serves_the_hint() -> None:
    state, _ = move(replace(SNAPSHOT, cursor=None), Hinted("poll"))
    assert ask(state) == Recent(500, 50, 5, 3)
    state, effects = page(state, FULL)
    assert (state.cursor, state.resume, state.answered) == (None, "r1", 3)
    assert effects == (Apply(1), NOW_HISTORY)


def test_hints_without_end_do_not_starve_history() -> None:
    state, looks = SNAPSHOT, 0
    for _ in range(LOOKS_IN_A_ROW + 1):
        state, _ = move(state, Hinted())
        request = ask(state)
        if not (isinstance(request, List) and isinstance(request.position, Since)):
            break
        state, looks = page(state, FULL)[0], looks + 1
    assert looks == LOOKS_IN_A_ROW
    assert isinstance(ask(state, pending=1), FetchPending)
    assert ask(state) == List(Snapshot("r1"), 500, 50, state.version, state.hints)


def test_live_drains_then_rests() -> None:
    hinted, _ = move(LIVE, Hinted("poll"))
    state, effects = page(hinted, replace(FULL, more=True))
    assert effects == (Apply(1), NOW_NEW)
    state, effects = page(state, replace(FULL, cursor="c3"))
    assert effects == (Apply(1), Rest())
    assert ask(state) == Nothing()


def test_more_without_a_new_cursor_does_not_spin() -> None:
    hinted, _ = move(LIVE, Hinted("poll"))
    assert page(hinted, Page(cursor="c1", more=True))[1] == (Apply(1), Rest())


def test_an_empty_look_after_a_push_is_repeated_a_poll_is_not() -> None:
    state, _ = move(LIVE, Hinted("push"))
    for wait in ECHO_DELAYS:
        state, effects = page(replace(state, look_at=None, hints=3, answered=2), Page())
        assert effects == (Apply(1), Wake(wait, "new"))
        assert ask(state) == Nothing(EPOCH + timedelta(seconds=wait))
        assert isinstance(ask(state, seconds=wait), List)
    assert page(replace(state, look_at=EPOCH), Page())[1] == (Apply(1), Rest())
    polled, _ = move(LIVE, Hinted("poll"))
    assert page(polled, Page())[1] == (Apply(1), Rest())


def test_one_look_trails_a_push_that_found_something() -> None:
    pushed, _ = move(LIVE, Hinted("push"))
    state, effects = page(pushed, FULL)
    assert effects == (Apply(1), Wake(TRAILING_LOOK, "new"))
    assert page(replace(state, look_at=EPOCH), FULL)[1] == (Apply(1), Rest())
    more, _ = page(pushed, replace(FULL, more=True, cursor="c9"))
    assert more.look_at is None and more.echoes


def test_a_hint_under_way_is_not_answered_by_the_look_before_it() -> None:
    first, _ = move(LIVE, Hinted())
    request = ask(first)
    assert isinstance(request, List)
    second, _ = move(first, Hinted())
    state, effects = move(second, PageAnswer(request, FULL))
    assert (state.hints, state.answered) == (4, 3)
    assert effects == (Apply(1), NOW_NEW)


def test_an_answer_to_an_older_version_is_dropped() -> None:
    request = List(Snapshot("r1"), 500, 50, SNAPSHOT.version - 1, 2)
    answers: list[Answer] = [
        PageAnswer(request, Page()),
        Failure(request, CursorExpired()),
        FetchAnswer(FetchPending(50, 4, 2), 1),
    ]
    for answer in answers:
        state, effects = move(SNAPSHOT, answer)
        assert state == SNAPSHOT
        assert effects == (Drop(), NOW_HISTORY)


@pytest.mark.parametrize("state", [SNAPSHOT, LIVE, replace(LIVE, draining=True, look_at=EPOCH)])
def test_an_expired_cursor_enumerates_again(state: StreamState) -> None:
    after, effects = fail(state, CursorExpired())
    assert (after.phase, after.cursor, after.resume) == ("snapshot", None, None)
    assert after.generation == state.generation + 1
    assert effects == (NOW_NEW,)
    request = ask(after)
    assert isinstance(request, List)
    assert request.position == Start()
    again, _ = fail(after, CursorExpired())
    assert again.gate.kind == "waiting"
    rescanned, effects = move(state, Rescan())
    assert (rescanned.cursor, rescanned.generation) == (None, state.generation + 1)
    assert effects == (NOW_NEW,)


def test_throttled_waits_as_told_and_then_probes_once() -> None:
    state, effects = fail(SNAPSHOT, Throttled(retry_after=40))
    (wake,) = effects
    assert isinstance(wake, Wake)
    assert wake.seconds >= 40
    assert state.gate.until == EPOCH + timedelta(seconds=wake.seconds)
    assert ask(state, 3, seconds=39) == Nothing(state.gate.until)
    assert ask(state, 3, seconds=60) == FetchPending(1, 6, 2)
    probe = ask(state, 0, seconds=60)
    assert isinstance(probe, List)
    assert probe.downloads == 1
    state, _ = move(state, PageAnswer(probe, Page(resume="r2")))
    assert (state.attempts, state.gate) == (0, OPEN)


def test_failures_add_up_until_a_success() -> None:
    waits, state = [], LIVE
    for _ in range(4):
        state, (wake,) = fail(state, Unavailable())
        assert isinstance(wake, Wake)
        waits.append(wake.seconds)
    assert state.attempts == 4
    assert waits[-1] > waits[0]


def test_trouble_after_a_page_keeps_the_page() -> None:
    state, effects = page(SNAPSHOT, Page(resume="r2"), 40, Unavailable())
    assert (state.resume, state.gate.kind, state.attempts) == ("r2", "waiting", 1)
    assert effects[0] == Apply(1)
    assert isinstance(effects[1], Wake)
    request = FetchPending(50, state.version, 2)
    stuck, _ = move(state, FetchAnswer(request, 0, 40, Unavailable()))
    assert stuck.attempts == 2
    moving, _ = move(state, FetchAnswer(request, 7, 33, Unavailable()))
    assert moving.attempts == 1


def test_a_limit_of_the_project_is_told_to_siblings() -> None:
    state, effects = fail(LIVE, Throttled(scope="day"))
    assert state.gate.reason == "throttled_day"
    assert state.gate.until is not None
    assert state.gate.until >= EPOCH + timedelta(seconds=DAY_QUOTA_WAIT)
    assert effects[1] == Spread("day", state.gate.until)


def test_lost_authorization_blocks_until_somebody_signs_in() -> None:
    state, effects = fail(LIVE, AuthorizationLost("invalid_grant", "revoked"))
    assert state.gate == Gate("blocked", None, "invalid_grant")
    assert effects == (TellOwner("invalid_grant", "revoked"),)
    assert ask(state, 3) == Nothing()
    hinted, effects = move(state, Hinted())
    assert effects == ()
    opened, effects = move(hinted, Credentials())
    assert opened.gate == OPEN
    assert effects == (NOW_NEW,)


@pytest.mark.parametrize(
    ("error", "reason"), [(Refused("bad query"), "refused"), (NotFound(), "missing")]
)
def test_refusals_wait_first_then_ask_a_person(error: ProviderError, reason: str) -> None:
    state = LIVE
    for _ in range(REFUSALS - 1):
        state, _ = fail(state, error)
        assert state.gate.kind == "waiting"
    state, effects = fail(state, error)
    assert state.gate == Gate("blocked", None, reason)
    assert isinstance(effects[0], TellOwner)


def test_pause_holds_what_is_under_way_and_never_undercuts_the_provider() -> None:
    request = ask(SNAPSHOT)
    assert isinstance(request, List)
    paused, _ = move(SNAPSHOT, Paused("memory"))
    assert paused.gate == Gate("paused", None, "memory")
    assert move(paused, PageAnswer(request, Page()))[1] == (Drop(),)
    assert move(paused, Credentials())[0].gate.kind == "paused"
    assert move(paused, Resumed())[1] == (NOW_HISTORY,)
    waiting, _ = fail(SNAPSHOT, Throttled(retry_after=40))
    resumed, effects = move(move(waiting, Paused())[0], Resumed())
    assert resumed.gate.kind == "waiting"
    assert resumed.gate.until == waiting.gate.until
    assert isinstance(effects[0], Wake)
    assert effects[0].seconds >= 40


def test_a_hint_wakes_a_gate_whose_time_has_come() -> None:
    waiting = replace(LIVE, gate=Gate("waiting", EPOCH, "unavailable"), attempts=1)
    assert move(waiting, Hinted("poll"))[1] == (NOW_NEW,)
    later = replace(waiting, gate=Gate("waiting", EPOCH + timedelta(1), "unavailable"))
    assert move(later, Hinted("poll"))[1] == ()


errors = st.sampled_from(
    [
        Throttled(),
        Unavailable(),
        AuthorizationLost("policy"),
        CursorExpired(),
        NotFound(),
        Refused(),
    ]
)


@given(strategies.states, errors, st.integers(0, 3), st.booleans())
def test_the_table_is_total(
    state: StreamState, error: ProviderError, pending: int, current: bool
) -> None:
    """Any state answers any failure, and a step that may go on leaves a successor or a reason."""
    request = ask(state, pending)
    if isinstance(request, Nothing):
        assert state.gate != OPEN or pending == 0
        return
    if not current:
        request = replace(request, version=state.version + 1)
    after, effects = move(state, Failure(request, error, pending))
    assert after.version == state.version + (1 if current else 0)
    assert any(isinstance(effect, (Wake, TellOwner, Drop)) for effect in effects)
