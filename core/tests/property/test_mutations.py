"""Each safety element removed, one at a time: the simulator must find why it is there.

Without these checks a green simulator would only prove that it is green.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbox_core.capabilities import Capabilities
from mailbox_core.sync.stream import Effect
from mailbox_core.testing.engine import Engine, Reply
from mailbox_core.testing.memory import MemoryProvider
from mailbox_core.testing.simulate import Diverged, MakeProvider, simulate
from mailbox_core.testing.world import capabilities
from mailbox_core.types import Page, Position, Since, Snapshot, StreamRef

LABELS = capabilities(page_limit=3, fetch_limit=2)
NO_BASELINE = capabilities(page_limit=3, fetch_limit=2, baseline=False)
SEEDS, STEPS = 120, 200


class CursorApart(Engine):
    """The cursor is committed in a transaction of its own, and the worker dies before the rows."""

    def write_rows(self, reply: Reply) -> None:
        if self.rng.random() > 0.05:
            super().write_rows(reply)


class NoSweep(Engine):
    """A second snapshot removes nothing."""

    def sweep(self, stream: StreamRef, current: int) -> None:
        pass


class NoCompare(Engine):
    """Whoever comes last writes."""

    def commit(self, reply: Reply) -> tuple[Effect, ...]:
        version = self.store.states[reply.stream].version
        return super().commit(replace(reply, request=replace(reply.request, version=version)))


class RowsWithoutCompare(Engine):
    """A page's rows are written although the compare failed; only the state is protected."""

    def commit(self, reply: Reply) -> tuple[Effect, ...]:
        if reply.request.version != self.store.states[reply.stream].version:
            self.write_rows(reply)
        return super().commit(reply)


class BaselineAfter(MemoryProvider):
    """The cursor is taken when the snapshot ends, not before it begins."""

    def changes(self, stream: StreamRef, position: Position, limit: int) -> Page:
        page = super().changes(stream, position, limit)
        if isinstance(position, Since) or page.resume is not None:
            return page if isinstance(position, Since) else replace(page, cursor=None)
        return replace(page, cursor=str(self.world.visible))


class OffsetPaging(MemoryProvider):
    """The snapshot counts how many it has listed instead of remembering where it was."""

    def changes(self, stream: StreamRef, position: Position, limit: int) -> Page:
        if isinstance(position, Since):
            return super().changes(stream, position, limit)
        baseline, done = self.world.visible, 0
        if isinstance(position, Snapshot):
            baseline, done = (int(part) for part in position.resume.split(":"))
        listed = self._listed(None, "")
        page = super().changes(stream, Snapshot(f"{baseline}:~"), 0)
        end = done + limit
        more = len(listed) > end
        return replace(
            page,
            upserts=tuple(self._row(stored, None) for stored in listed[done:end]),
            cursor=str(baseline) if done == 0 else None,
            resume=f"{baseline}:{end}" if more else None,
            more=more,
        )


def _counterexample(
    shape: Capabilities,
    make_engine: type[Engine] = Engine,
    make_provider: MakeProvider = MemoryProvider,
) -> int | None:
    """The first seed whose history goes wrong."""
    for seed in range(SEEDS):
        try:
            simulate(seed, STEPS, make_engine, make_provider, [shape])
        except (Diverged, RuntimeError, ValueError):
            return seed
    return None


@pytest.mark.parametrize("shape", [LABELS, NO_BASELINE], ids=["baseline", "late cursor"])
@pytest.mark.parametrize("engine", [CursorApart, NoSweep, NoCompare, RowsWithoutCompare])
def test_simulator_finds_what_the_engine_lacks(engine: type[Engine], shape: Capabilities) -> None:
    assert _counterexample(shape, make_engine=engine) is not None


@pytest.mark.parametrize("shape", [LABELS, NO_BASELINE], ids=["baseline", "late cursor"])
@pytest.mark.parametrize("provider", [BaselineAfter, OffsetPaging])
def test_simulator_finds_what_the_provider_lacks(
    provider: type[MemoryProvider], shape: Capabilities
) -> None:
    assert _counterexample(shape, make_provider=provider) is not None


@pytest.mark.parametrize("shape", [LABELS, NO_BASELINE], ids=["baseline", "late cursor"])
def test_nothing_is_found_when_nothing_lacks(shape: Capabilities) -> None:
    assert _counterexample(shape) is None
