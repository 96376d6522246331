"""A provider's clock by the Date of its answers."""

from __future__ import annotations

from email.utils import formatdate
from random import Random

import pytest

from mailbox_core.net.clock import ProviderClock


class World:
    """Our time, a provider whose clock is ``ahead`` of it, and answers on the way."""

    def __init__(self, ahead: float) -> None:
        self.time, self.ahead = 1_700_000_000.25, ahead
        self.clock = ProviderClock(lambda: self.time)
        self.rng = Random(7)

    def answer(self, headers: dict[str, str] | None = None) -> None:
        """One call that takes up to 0.2 s, at any part of a second."""
        self.time += self.rng.uniform(0.0, 3.0)
        sent = self.time
        self.time += self.rng.uniform(0.02, 0.2)
        date = formatdate(sent + 0.01 + self.ahead, usegmt=True)
        self.clock.note({"Date": date, **(headers or {})}, sent, self.time)


@pytest.mark.parametrize("ahead", [-2000.0, -7.3, -1.5, 1.5, 7.3, 90_000.0])
def test_a_difference_is_found_to_a_few_hundredths(ahead: float) -> None:
    world = World(ahead)
    for _ in range(100):
        world.answer()
    assert world.clock.ahead() == pytest.approx(ahead, abs=0.3)
    assert abs(world.clock.ahead()) <= abs(ahead) + 0.02, "never more than is certain"


def test_clocks_that_agree_are_left_alone() -> None:
    world = World(0.0)
    assert world.clock.ahead() == 0.0
    for _ in range(300):
        world.answer()
        assert world.clock.ahead() == 0.0


def test_one_answer_proves_only_what_is_beyond_a_second() -> None:
    world = World(0.8)
    world.answer()
    assert 0.0 <= world.clock.ahead() <= 0.8
    world = World(10.0)
    world.answer()
    assert 8.5 <= world.clock.ahead() <= 10.0


def test_a_stale_answer_does_not_mislead_and_a_clock_that_was_set_is_followed() -> None:
    world = World(3.0)
    for _ in range(50):
        world.answer()
    before = world.clock.ahead()
    world.ahead = -500.0
    world.answer()
    assert world.clock.ahead() == before
    world.answer({"Age": "60"})
    world.answer({"Age": "60"})
    assert world.clock.ahead() == before, "answers of caches do not count"
    for _ in range(30):
        world.answer()
    assert world.clock.ahead() == pytest.approx(-500.0, abs=0.6)


def test_drift_is_followed_and_nonsense_is_passed_over() -> None:
    world = World(5.0)
    for _ in range(2000):
        world.ahead += 0.001
        world.answer()
    assert world.clock.ahead() == pytest.approx(7.0, abs=0.8)
    for date in ("", "x", "Mon, 99 Foo 2026 00:00:00 GMT"):
        world.clock.note({"Date": date}, world.time, world.time)
    assert world.clock.ahead() == pytest.approx(7.0, abs=0.8)
