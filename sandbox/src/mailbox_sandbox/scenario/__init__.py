"""Seeds: deterministic mailboxes to start from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..account import Account
from ..world import World
from .hundred_thousand import hundred_thousand
from .small_shop import busy_support, small_shop

Loader = Callable[[World, Account, int | None], dict[str, Any]]
SCENARIOS: dict[str, Loader] = {
    "small_shop": small_shop,
    "busy_support": busy_support,
    "hundred_thousand": hundred_thousand,
}


def load(name: str, world: World, account: Account, messages: int | None) -> dict[str, Any]:
    """Fill *account* and return a summary. Raises ValueError for an unknown scenario."""
    if name not in SCENARIOS:
        raise ValueError(f"unknown scenario {name!r}; known: {', '.join(SCENARIOS)}")
    return SCENARIOS[name](world, account, messages)
