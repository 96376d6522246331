"""Seeded histories with faults and deaths, against the whole stack.

The sync machine itself plays 150 histories of 200 steps in core/tests/property/test_stream.py; here
real Odoo, PostgreSQL and HTTP play fewer. MAILBOX_E2E_SEEDS=n plays n, from MAILBOX_E2E_FIRST on.
"""

import os

import pytest
from harness.history import History
from harness.stage import Stage

SEEDS = int(os.environ.get("MAILBOX_E2E_SEEDS", "10"))
FIRST = int(os.environ.get("MAILBOX_E2E_FIRST", "1"))
STEPS = int(os.environ.get("MAILBOX_E2E_STEPS", "60"))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_a_seeded_history_ends_with_the_store_equal_to_the_world(stage: Stage, seed: int) -> None:
    stage.provider.fill(stage.account, 30 + 15 * (seed % 5))
    history = History(stage, seed)
    try:
        history.play(STEPS)
        stage.rescue()
        stage.assert_sound()
        history.end()
    except BaseException:
        again = f"MAILBOX_E2E_FIRST={seed} MAILBOX_E2E_SEEDS=1 MAILBOX_E2E_STEPS={STEPS}"
        print("\n".join([*history.log, f"replay with {again}"]))
        raise
