"""Files that ship with the package."""

from __future__ import annotations

import functools
from importlib import resources


@functools.cache
def read_text(name: str) -> str:
    """Return a file of ``static/`` as text."""
    return (resources.files(__package__) / "static" / name).read_text(encoding="utf-8")
