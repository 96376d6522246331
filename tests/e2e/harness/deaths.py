"""Kill -9 at seeded moments: which moment, and what a run with so many deaths looks like."""

import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from harness.provider import disturb
from harness.stage import Stage

#: Named points inside the worker; the number is how often a short job reaches each, about.
_POINTS = {"commit": 6, "committed": 6, "statement": 40, "rename": 20, "renamed": 20}


@dataclass
class Toll:
    """How many workers died, and where."""

    seed: int
    deaths: int = 0
    survived: int = 0
    where: Counter = field(default_factory=Counter)


def one_death(stage: Stage, rng: Random, toll: Toll) -> None:
    """Start a worker on the due jobs and kill it at a moment; then do what the runner does."""
    kind = rng.choice(["time", "request", "point", "point", "point"])
    doom = None
    if kind == "point":
        at = rng.choice(sorted(_POINTS))
        doom = {"at": at, "nth": rng.randint(1, _POINTS[at])}
    task = stage.begin(doom)
    if kind == "request":
        stage.provider.at_request(rng.randint(1, 4), task.kill, answered=rng.random() < 0.5)
    elif kind == "time":
        time.sleep(rng.uniform(0.0, 0.4))
        task.kill()
    if stage.died(task):
        toll.deaths += 1
        toll.where[doom["at"] if doom else kind] += 1
    else:
        toll.survived += 1
    stage.provider.calm()
    stage.rescue()


def live_through(stage: Stage, seed: int, deaths: int, changes: bool) -> Toll:
    """Kill until ``deaths`` workers have died, with or without changes at the provider."""
    rng = Random(seed)
    toll = Toll(seed)
    number = 1000 * seed
    while toll.deaths < deaths:
        if toll.survived > 4 * deaths + 40:
            raise AssertionError(f"seed {seed}: too many survive: {toll}")
        if changes:
            for _ in range(rng.randint(1, 4)):
                number += 1
                disturb(stage.account, rng, number)
            stage.mine("_sync_now")
        elif not stage.value(
            """SELECT count(*) FROM queue_job WHERE state = 'pending'
               AND (eta IS NULL OR eta <= now() AT TIME ZONE 'utc')"""
        ):
            stage.pass_time(stage.waits() + 1)
            stage.call("mailbox.stream", "_cron_poll")
        one_death(stage, rng, toll)
        if toll.deaths % 5 == 0:
            stage.assert_sound()
    return toll
