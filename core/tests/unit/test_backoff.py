"""The wait before the next try."""

from __future__ import annotations

from random import Random

import pytest

from mailbox_core.backoff import delay


def test_it_grows_and_ends():
    waits = [delay(attempt) for attempt in range(1, 12)]
    assert waits == sorted(waits)
    assert waits[0] <= 2
    assert waits[-1] == delay(10**9) == 300


def test_lasting_trouble_costs_at_most_one_try_a_minute():
    rng = Random(7)
    assert min(delay(20, rng=rng) for _ in range(2000)) >= 60


def test_many_mailboxes_do_not_come_back_together():
    rng = Random(7)
    waits = [delay(6, rng=rng) for _ in range(1000)]
    assert max(waits) - min(waits) > 25
    advised = [delay(6, advice=40, rng=rng) for _ in range(1000)]
    assert max(advised) - min(advised) > 2


@pytest.mark.parametrize("advice", [0, 0.5, 30, 86400])
@pytest.mark.parametrize("attempt", [1, 4, 30])
def test_never_before_the_advice(advice, attempt):
    rng = Random(attempt)
    assert all(delay(attempt, advice, rng=rng) >= advice for _ in range(200))
