"""Seeds: deterministic mailboxes to start from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..account import Account
from ..world import World

Loader = Callable[[World, Account, int | None], dict[str, Any]]
SCENARIOS: dict[str, Loader] = {}


def load(name: str, world: World, account: Account, messages: int | None) -> dict[str, Any]:
    """Fill *account* and return a summary. Raises ValueError for an unknown scenario."""
    if name not in SCENARIOS:
        raise ValueError(f"unknown scenario {name!r}; known: {', '.join(SCENARIOS)}")
    return SCENARIOS[name](world, account, messages)
