"""kill -9 of workers at 110 seeded moments, in import and live changes: always the same end."""

import os

import pytest
from harness.deaths import live_through
from harness.stage import Stage

#: (seed, deaths in the import, deaths in live changes). MAILBOX_E2E_KILLS=n runs n further seeds.
ROUNDS = [(1, 30, 25), (2, 30, 25)]
ROUNDS += [(seed, 30, 25) for seed in range(3, 3 + int(os.environ.get("MAILBOX_E2E_KILLS", "0")))]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("seed", "importing", "living"), ROUNDS)
def test_f48_kill_9_at_any_moment_ends_the_same(
    stage: Stage, seed: int, importing: int, living: int
) -> None:
    stage.provider.fill(stage.account, 400)
    stage.connect()
    first = live_through(stage, seed, importing, changes=False)
    stage.settle()
    stage.assert_same()
    second = live_through(stage, seed, living, changes=True)
    stage.settle()
    print(f"seed {seed}: {first} {second}")
    stage.assert_same()
    assert first.deaths + second.deaths >= importing + living
    assert set(first.where + second.where) >= {"commit", "committed", "statement", "rename"}
    stage.assert_parity()
