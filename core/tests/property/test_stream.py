"""The stream under everything that can happen to it, as a Hypothesis state machine and as seeded
histories.

Three workers overlap: each step is split into its network half and its commit half, and may be
killed between them. Hints are lost and repeated, cursors expire at any moment, pages hold two to
four messages, messages come, go, move and change flags while they are listed. After every commit
the cursor must cover only rows that exist and nothing that was gone may be back; at the end the
store must equal the world.
"""

from __future__ import annotations

from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from mailbox_core.sync.stream import Hinted, Paused, Rescan, Resumed, Wish
from mailbox_core.testing.simulate import SHAPES, Simulation, main, simulate
from mailbox_core.types import StreamRef

WORKERS = 3
workers = st.integers(0, WORKERS - 1)
picks = st.integers(0, 10**6)
wishes = st.sampled_from([Hinted("push"), Hinted("poll"), Paused(), Resumed(), Rescan()])


class StreamMachine(RuleBasedStateMachine):
    """Rules are what can happen; the end of a run is the quiet after it."""

    simulation: Simulation

    @initialize(shape=st.sampled_from(SHAPES), seed=st.integers(0, 50))
    def begin(self, shape: object, seed: int) -> None:
        self.simulation = Simulation(shape, Random(seed))  # type: ignore[arg-type]
        self.simulation.replies = [None] * WORKERS

    def message(self, pick: int) -> str:
        keys = sorted(self.simulation.world.messages)
        return keys[pick % len(keys)]

    def stream(self, pick: int) -> StreamRef:
        streams = self.simulation.engine.streams
        return streams[pick % len(streams)]

    @property
    def has_mail(self) -> bool:
        return bool(self.simulation.world.messages)

    @rule()
    def deliver(self) -> None:
        self.simulation.deliver()

    @precondition(lambda self: self.has_mail)
    @rule(pick=picks, flag=st.sampled_from(["seen", "flagged"]), on=st.booleans())
    def flag(self, pick: int, flag: str, on: bool) -> None:
        key = self.message(pick)
        self.simulation.world.flag(key, [flag] if on else [], [] if on else [flag])

    @precondition(lambda self: self.has_mail)
    @rule(pick=picks, add=st.sampled_from(["inbox", "junk", "work"]), remove=st.booleans())
    def move(self, pick: int, add: str, remove: bool) -> None:
        key = self.message(pick)
        old = self.simulation.world.messages[key].folders if remove else ()
        self.simulation.world.place(key, [add], set(old) - {add})

    @precondition(lambda self: self.has_mail)
    @rule(pick=picks)
    def delete(self, pick: int) -> None:
        self.simulation.world.delete(self.message(pick))

    @rule(worker=workers, pick=picks)
    def network(self, worker: int, pick: int) -> None:
        if self.simulation.replies[worker] is None:
            self.simulation.replies[worker] = self.simulation.engine.ask(self.stream(pick))

    @rule(worker=workers)
    def commit(self, worker: int) -> None:
        reply, self.simulation.replies[worker] = self.simulation.replies[worker], None
        if reply is not None:
            self.simulation.engine.commit(reply)
            self.simulation.check_commit()

    @rule(worker=workers)
    def crash(self, worker: int) -> None:
        self.simulation.replies[worker] = None

    @rule(pick=picks, wish=wishes, times=st.integers(1, 3))
    def wish(self, pick: int, wish: Wish, times: int) -> None:
        for _ in range(times):
            self.simulation.engine.wish(self.stream(pick), wish)

    @rule()
    def expire(self) -> None:
        self.simulation.world.expire()

    @rule()
    def trouble(self) -> None:
        self.simulation.trouble()

    @rule()
    def wait(self) -> None:
        self.simulation.wait()

    def teardown(self) -> None:
        if hasattr(self, "simulation"):
            self.simulation.settle()


TestStream = StreamMachine.TestCase
TestStream.settings = settings(
    max_examples=120,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_a_hundred_seeded_histories(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "150", "--steps", "200"]) == 0
    assert "equals the world" in capsys.readouterr().out


def test_a_seed_is_replayable() -> None:
    first, second = simulate(7, 120), simulate(7, 120)
    assert first.engine.store == second.engine.store
    assert first.world.log == second.world.log
