"""A ``sandbox`` fixture for any test suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .sandbox import Sandbox


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Give each test a fresh sandbox on a free loopback port (quota profile v1, seed 1)."""
    with Sandbox.start() as running:
        yield running
