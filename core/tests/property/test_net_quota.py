"""A budget never grants more than it was given, whoever asks, whenever, in whatever order."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mailbox_core.net.quota import RESERVES, LocalBudget, LocalProject, QuotaProfile

LANES = sorted(RESERVES)
calls = st.lists(
    st.tuples(
        st.sampled_from(LANES),
        st.integers(0, 60),
        st.floats(0, 20),
        st.booleans(),
        st.sampled_from([None, None, None, None, 0.5, 7.0]),
    ),
    max_size=120,
)


@settings(deadline=None)
@given(calls, st.integers(300, 3_000), st.sampled_from([None, 500, 900]), st.floats(12, 30))
def test_no_window_holds_more_than_the_limit(asked, minute, project_minute, burst):
    profile = QuotaProfile(minute, project_minute, None, burst_seconds=burst)
    now = [50_000.0]
    subject = LocalBudget(profile, LocalProject(profile, lambda: now[0], lambda: now[0]))
    grants: list[tuple[float, int]] = []
    silent = 0.0
    for lane, units, passed, obey, penalty in asked:
        now[0] += passed
        wait = subject.take(lane, units)
        if wait and obey:
            now[0] += wait
            wait = subject.take(lane, units)
            assert wait == 0, "the wait that was told must be enough"
        if wait == 0:
            assert now[0] >= silent
            grants.append((now[0], units))
        if penalty is not None:
            subject.penalize(penalty)
            silent = max(silent, now[0] + penalty)
    for limit in filter(None, (minute, project_minute)):
        rate = limit / 60
        for start, (began, _) in enumerate(grants):
            spent = 0
            for at, units in grants[start:]:
                spent += units
                assert spent <= rate * burst + rate * (at - began) + 0.01


@settings(deadline=None)
@given(st.sampled_from(LANES), st.integers(40, 600), st.integers(600, 20_000))
def test_a_lone_lane_is_as_fast_as_the_refill(lane, each, minute):
    profile = QuotaProfile(minute, None, None, burst_seconds=60)
    now = [0.0]
    subject = LocalBudget(profile, LocalProject(profile, lambda: now[0], lambda: now[0]))
    count = max(1, 3 * minute // each)
    for _ in range(count):
        while (wait := subject.take(lane, each)) > 0:
            now[0] += wait
    full = count * each / (minute / 60)
    reserve = 60 * RESERVES[lane]
    assert now[0] <= 1.02 * full + reserve
