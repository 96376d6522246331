"""Seeded histories of one mailbox: a world that changes, workers that overlap and crash, then
quiet.

    python -m mailbox_core.testing.simulate --seeds 100 --steps 200

A history is replayed by its seed. While it runs, two things must hold at every commit: a live
cursor covers only what is stored, and what was seen to be gone does not come back. After the
trouble ends, the engine gets three polls; then the store must equal the world.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from ..capabilities import Capabilities
from ..errors import AuthorizationLost, ProviderError, Throttled, Unavailable
from ..scope import admits
from ..sync.plan import GRACE
from ..sync.stream import Credentials, Hinted, Paused, Rescan, Resumed, Wish
from ..types import Scope, StreamRef
from .engine import Engine, Reply
from .memory import MemoryProvider
from .world import FOLDERS, MemoryWorld, capabilities, content_of

#: The kinds of provider that a history is played on; the seed picks one.
SHAPES: tuple[Capabilities, ...] = (
    capabilities(page_limit=3, fetch_limit=2),
    capabilities(page_limit=4, fetch_limit=2, baseline=False),
    capabilities(page_limit=3, fetch_limit=2, folders="exclusive"),
    capabilities(page_limit=3, fetch_limit=2, folders="exclusive", stable_ids=False),
    capabilities(page_limit=3, fetch_limit=2, folders="exclusive", cursor_scope="folder"),
    capabilities(
        page_limit=3,
        fetch_limit=2,
        folders="exclusive",
        cursor_scope="folder",
        baseline=False,
        stable_ids=False,
        reports_removals=False,
    ),
)

SCOPE = Scope(exclude="newsletter", max_message_bytes=5000)

MakeProvider = Callable[[MemoryWorld, Scope], MemoryProvider]


class Diverged(AssertionError):
    """The store is not what the world is."""


@dataclass(slots=True)
class Simulation:
    """One mailbox and its two workers. ``make_engine`` and ``make_provider`` are where the mutation
    checks put their broken parts."""

    shape: Capabilities
    rng: Random
    make_engine: type[Engine] = Engine
    make_provider: MakeProvider = MemoryProvider
    world: MemoryWorld = field(init=False)
    engine: Engine = field(init=False)
    replies: list[Reply | None] = field(default_factory=lambda: [None, None])
    lost: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.world = MemoryWorld("ada@example.org", self.shape)
        self.world.bare = self.rng.random() < 0.7
        self.world.tells_filtered = self.rng.random() < 0.7
        folders = [f.remote_id for f in FOLDERS] if self.shape.cursor_scope == "folder" else [None]
        self.engine = self.make_engine(
            self.make_provider(self.world, SCOPE),
            tuple(StreamRef(folder=folder) for folder in folders),
            SCOPE,
            FOLDERS,
            self.rng,
        )
        for _ in range(self.rng.randrange(12)):
            self.deliver()

    # -- one random thing ----------------------------------------------------------------------

    def play(self, steps: int) -> None:
        """Random things happen, in random order."""
        actions: dict[Callable[[], None], int] = {
            self.deliver: 3,
            self.change: 4,
            self.delete: 2,
            self.ask: 8,
            self.commit: 8,
            self.crash: 1,
            self.hint: 3,
            self.wait: 2,
            self.trouble: 1,
            self.person: 1,
        }
        chosen = self.rng.choices(list(actions), list(actions.values()), k=steps)
        for action in chosen:
            action()

    def deliver(self) -> None:
        """A message arrives: ordinary, unwanted, large, junk or unreadable."""
        kind = self.rng.random()
        self.world.deliver(
            "newsletter" if kind < 0.1 else "",
            body="x" * 6000 + "\n" if 0.1 < kind < 0.15 else "",
            folders=("junk",) if 0.15 < kind < 0.25 else ("inbox",),
            flags=("seen",) if self.rng.random() < 0.3 else (),
        )
        if kind > 0.97:
            self.world.poison.add(max(self.world.messages))

    def change(self) -> None:
        """Somebody flags or moves a message."""
        if not self.world.messages:
            return
        key = self._any()
        flag = self.rng.choice(["seen", "flagged"])
        folder = self.rng.choice([f.remote_id for f in FOLDERS])
        kind = self.rng.randrange(4)
        if kind == 0:
            self.world.flag(key, set=[flag])
        elif kind == 1:
            self.world.flag(key, clear=[flag])
        elif kind == 2:
            self.world.place(key, add=[folder])
        else:
            stored = self.world.messages[key]
            self.world.place(key, remove=sorted(stored.folders)[:1])

    def delete(self) -> None:
        """Somebody deletes a message."""
        if self.world.messages:
            self.world.delete(self._any())

    def ask(self) -> None:
        """A worker does its network half, due or not."""
        worker = self.rng.randrange(len(self.replies))
        if self.replies[worker] is None:
            self.replies[worker] = self.engine.ask(self._stream())

    def commit(self) -> None:
        """A worker does its database half."""
        worker = self.rng.randrange(len(self.replies))
        reply, self.replies[worker] = self.replies[worker], None
        if reply is not None:
            self.engine.commit(reply)
            self.check_commit()

    def crash(self) -> None:
        """A worker is killed between its halves."""
        self.replies[self.rng.randrange(len(self.replies))] = None

    def hint(self) -> None:
        """A push or poll; often it is lost, sometimes it is repeated."""
        source = self.rng.choice(["push", "poll"])
        for _ in range(self.rng.choice([0, 0, 1, 1, 3])):
            self.engine.wish(self._stream(), Hinted("push" if source == "push" else "poll"))

    def wait(self) -> None:
        """Time passes."""
        self.engine.now += timedelta(seconds=self.rng.choice([1, 10, 100, 1000]))
        self.engine.end_grace()

    def trouble(self) -> None:
        """The provider fails, forgets a cursor, or its log lags behind."""
        errors: list[ProviderError] = [
            Throttled("slow down", retry_after=30),
            Throttled("no more today", scope="day"),
            Unavailable("bad gateway"),
            AuthorizationLost("invalid_grant"),
        ]
        kind = self.rng.randrange(3)
        if kind == 0:
            self.world.expire()
        elif kind == 1:
            call = self.rng.choice(["changes", "fetch", "recent"])
            self.world.fail(call, self.rng.choice(errors), nth=self.rng.randrange(1, 4))
        else:
            self.world.lag = self.rng.randrange(3)

    def person(self) -> None:
        """Somebody pauses, resumes, signs in or asks for a new enumeration."""
        wishes: list[Wish] = [Paused(), Resumed(), Resumed(), Credentials(), Rescan()]
        self.engine.wish(self._stream(), self.rng.choice(wishes))

    # -- what must hold ------------------------------------------------------------------------

    def check_commit(self) -> None:
        """After every commit: nothing that was gone is back."""
        for key, row in self.engine.store.rows.items():
            if row.disposition == "gone":
                self.lost.add(key)
            elif row.disposition == "stored" and key in self.lost:
                if key not in self.world.messages:
                    raise Diverged(f"{key} came back although it is gone")
                self.lost.discard(key)
        self._check_cursor()

    def _check_cursor(self) -> None:
        """A live cursor of a mailbox covers only ids that have a row (I4)."""
        state = self.engine.store.states[self.engine.streams[0]]
        if state.phase != "live" or state.cursor is None or self.shape.cursor_scope == "folder":
            return
        for event in self.world.log:
            covered = event.kind == "added" and event.seq <= int(state.cursor.partition("/")[0])
            key = event.ref.remote_id
            if covered and key in self.world.messages and key not in self.engine.store.rows:
                raise Diverged(f"the cursor {state.cursor} covers {key}, which has no row")

    def settle(self) -> None:
        """The trouble ends, everybody signs in, three polls: then the store must equal the
        world."""
        poisoned = set(self.world.poison)
        self.world.heal()
        self.world.poison |= poisoned
        for stream in self.engine.streams:
            self.engine.wish(stream, Credentials())
            self.engine.wish(stream, Resumed())
        for _ in range(3):
            for stream in self.engine.streams:
                self.engine.wish(stream, Hinted("poll"))
            self.engine.run()
            self.engine.now += GRACE
            self.engine.end_grace()
        self.check()

    def check(self) -> None:
        """Store equals world: complete, single, converged (I1 to I3)."""
        rows = self.engine.store.rows
        for key in self.world.messages:
            self._check_message(key)
        for key, row in rows.items():
            if key not in self.world.messages and row.disposition != "gone":
                raise Diverged(f"{key} is gone but its row is {row.disposition}")

    def _check_message(self, key: str) -> None:
        stored, row = self.world.messages[key], self.engine.store.rows.get(key)
        if row is None:
            raise Diverged(f"{key} has no row")
        rule: str | None = admits(content_of(stored, "raw"), SCOPE, FOLDERS)
        if SCOPE.exclude in stored.subject:
            rule = "exclude"
        if rule is not None or row.disposition == "filtered":
            # A message out of scope by two rules may be kept out by either.
            if rule is None or row.disposition not in {"filtered", "quarantined"}:
                raise Diverged(f"{key} is {row.disposition} ({row.reason}), not filtered ({rule})")
            return
        if row.disposition == "quarantined" and key in self.world.poison:
            return
        if row.disposition != "stored" or row.waits:
            raise Diverged(f"{key} is {row.disposition}, waits {row.waits}")
        if (row.folders, row.flags) != (stored.folders, stored.flags):
            raise Diverged(f"{key} has {row.folders} {row.flags}, not {stored}")
        if self.engine.store.raws[key] != stored.raw:
            raise Diverged(f"{key} has other bytes")

    def _any(self) -> str:
        return self.rng.choice(sorted(self.world.messages))

    def _stream(self) -> StreamRef:
        return self.rng.choice(self.engine.streams)


def simulate(
    seed: int,
    steps: int,
    make_engine: type[Engine] = Engine,
    make_provider: MakeProvider = MemoryProvider,
    shapes: Sequence[Capabilities] = SHAPES,
) -> Simulation:
    """Play the history of this seed. Raises Diverged, or RuntimeError when it does not come to
    rest."""
    rng = Random(seed)
    simulation = Simulation(shapes[seed % len(shapes)], rng, make_engine, make_provider)
    simulation.play(steps)
    simulation.settle()
    return simulation


def main(arguments: Sequence[str] | None = None) -> int:
    """Play many seeds; print the first one that fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=100, help="how many histories")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--steps", type=int, default=200, help="random events in each")
    options = parser.parse_args(arguments)
    for seed in range(options.first, options.first + options.seeds):
        try:
            simulate(seed, options.steps)
        except (Diverged, RuntimeError) as problem:
            print(f"seed {seed}: {problem}")
            print(f"replay with: --first {seed} --seeds 1 --steps {options.steps}")
            return 1
    print(f"{options.seeds} histories of {options.steps} steps: the store equals the world")
    return 0


if __name__ == "__main__":
    sys.exit(main())
