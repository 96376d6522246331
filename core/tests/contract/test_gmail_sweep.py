"""Every call of every operation fails once in every way: only the six failures leave, nothing is
lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailbox_core.errors import CursorExpired, NotFound, ProviderError
from mailbox_core.types import Content, Gone, MessageRef, SetFlags, StreamRef

STREAM = StreamRef()
FAULTS = (
    "502_html", "half_json", "half_gzip", "reset_midbody", "refused", "lose_reply", "rate_429",
    "rate_403_project", "daily_limit", "unauthorized_401",
)  # fmt: skip


def again(call: Callable[[], Any], desk: Any) -> Any:
    """The engine's part: try until it works; whatever is raised is one of ours."""
    for _ in range(4):
        try:
            return call()
        except (NotFound, CursorExpired):
            raise
        except ProviderError:
            desk.made[-1].penalize(0)
            desk.sandbox.clock.advance(86400 + 60)
    raise AssertionError("it never works")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_cycle_survives_trouble_at_any_call(desk: Any, fault: str) -> None:
    desk.sandbox.world.settings.update({"page_token_ttl": 1e9})
    keys = desk.fill(7)
    for skip in range(9):
        provider = desk.provider()
        desk.faults.add("gmail", "*", fault, skip=skip)
        cursor, pages = again(lambda made=provider: desk.snapshot(made, 3), desk)
        assert set(desk.ids(pages)) >= set(keys)
        wanted = desk.refs(keys)
        got: dict[str, Any] = {}
        for _ in range(4):
            left = [ref for ref in wanted if ref.remote_id not in got]
            found = again(lambda made=provider, refs=left: list(made.fetch(refs, "raw")), desk)
            got |= {one.ref.remote_id: one for one in found if isinstance(one, (Content, Gone))}
        assert all(isinstance(got[key], Content) for key in keys)
        goal = SetFlags((MessageRef(keys[0]),), frozenset({"flagged"}))
        again(lambda made=provider, goal=goal: made.apply(goal), desk)
        desk.box.modify(keys[0], (), ["STARRED"])
        _, live = again(lambda made=provider, at=cursor: desk.since(made, at), desk)
        assert keys[0] in desk.ids(live)
        desk.faults.clear()
