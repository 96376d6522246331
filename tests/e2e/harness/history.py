"""Seeded histories of the whole stack: what people do, what goes wrong, what must hold after it."""

from dataclasses import dataclass, field
from random import Random

from harness.deaths import Toll, one_death
from harness.provider import disturb
from harness.stage import Stage
from harness.workers import TaskFailed

#: Trouble that comes and goes by itself: (fault, face, how many calls at most).
_FAULTS = (
    ("error_500", "gmail", 3),
    ("503", "gmail", 3),
    ("502_html", "gmail", 2),
    ("rate_429", "gmail", 1),
    ("rate_403_user", "gmail", 1),
    ("rate_429_retry_after", "gmail", 1),
    ("reset_midbody", "gmail", 2),
    ("half_json", "gmail", 2),
    ("half_gzip", "gmail", 1),
    ("lose_reply", "gmail", 2),
    ("refused", "*", 2),
    ("unauthorized_401", "gmail", 1),
    ("repeat_items", "gmail", 3),
    ("empty_history_page", "gmail", 1),
    ("page_token_expired", "gmail", 1),
    ("batch_part_fail", "gmail", 2),
    ("token_500", "oauth", 1),
)
#: What happens in a step, by weight.
_EVENTS = {"people": 10, "work": 8, "trouble": 4, "death": 2, "time": 3, "expiry": 1, "token": 1}


@dataclass
class History:
    """One seeded history; ``log`` tells a failed one step by step."""

    stage: Stage
    seed: int
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = Random(self.seed)
        self._toll = Toll(self.seed)
        self._number = 10_000 * self.seed

    def play(self, steps: int) -> None:
        """Begin an import, then let ``steps`` things happen."""
        self.stage.connect()
        events, weights = list(_EVENTS), list(_EVENTS.values())
        for _ in range(steps):
            event = self._rng.choices(events, weights)[0]
            self.log.append(f"{event}: {getattr(self, '_' + event)()}")

    def end(self) -> None:
        """No more trouble: everything settles, and the store equals the world."""
        self.stage.provider.calm()
        self.stage.settle()
        self.stage.heal()
        self.stage.assert_same()

    def _people(self) -> str:
        self._number += 1
        return disturb(self.stage.account, self._rng, self._number)

    def _work(self) -> str:
        if self._rng.random() < 0.5:
            self.stage.mine("_sync_now")
        try:
            result = self.stage.drain(limit=self._rng.choice([1, 2, 50]))
        except TaskFailed as failure:
            raise AssertionError(f"a worker failed: {failure}") from failure
        assert not result["failed"], result["failed"]
        return str(result["done"])

    def _trouble(self) -> str:
        fault, face, most = self._rng.choice(_FAULTS)
        times, skip = self._rng.randint(1, most), self._rng.randint(0, 5)
        self.stage.provider.trouble(fault, face=face, times=times, skip=skip)
        return fault

    def _death(self) -> str:
        self.stage.mine("_sync_now")
        planned = self.stage.provider.sandbox.faults.list()
        one_death(self.stage, self._rng, self._toll)
        return f"{self._toll.deaths} dead, {len(planned)} faults struck out"

    def _time(self) -> str:
        seconds = self._rng.choice([5, 60, 600, 4000])
        self.stage.pass_time(seconds)
        self.stage.call("mailbox.stream", "_cron_poll")
        return f"{seconds} s"

    def _expiry(self) -> str:
        with self.stage.account.locked():
            self.stage.account.log.expire(self.stage.provider.sandbox.clock.now())
        return "history forgotten"

    def _token(self) -> str:
        self.stage.provider.sandbox.clock.advance(4000)
        return "access token ended before its time"
