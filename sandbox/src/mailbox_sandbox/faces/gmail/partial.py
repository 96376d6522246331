"""Partial responses: the ``fields`` parameter (``a,b/c,d(e,f)``, ``*``)."""

from __future__ import annotations

import re
from typing import Any

from . import problems
from .field_names import KNOWN

_TOKEN = re.compile(r"[A-Za-z_][\w-]*|[*,/()]")

#: Name to what is wanted below it; None means all of it.
Mask = dict[str, Any]


def parse(selector: str) -> Mask | None:
    """Parse a selector; None for ``*``. Raises ApiError (400) when it is malformed or unknown."""
    tokens = _TOKEN.findall(selector)
    if "".join(tokens) != re.sub(r"\s+", "", selector) or not tokens:
        raise problems.invalid(f"Invalid field selection {selector}")
    reader = _Reader(tokens, selector)
    mask = reader.group(0)
    if reader.left():
        reader.fail()
    return None if "*" in mask and mask["*"] is None else mask


class _Reader:
    def __init__(self, tokens: list[str], selector: str) -> None:
        self._tokens = tokens
        self._at = 0
        self._selector = selector

    def left(self) -> bool:
        return self._at < len(self._tokens)

    def fail(self) -> None:
        raise problems.invalid(f"Invalid field selection {self._selector}")

    def _next(self) -> str:
        if not self.left():
            self.fail()
        self._at += 1
        return self._tokens[self._at - 1]

    def _accept(self, token: str) -> bool:
        if self.left() and self._tokens[self._at] == token:
            self._at += 1
            return True
        return False

    def group(self, depth: int) -> Mask:
        if depth > 20:
            self.fail()
        mask: Mask = {}
        while True:
            name = self._next()
            if name != "*" and name not in KNOWN:
                raise problems.invalid(f"Invalid field selection {name}")
            below = self._below(depth)
            known = mask.get(name, {})
            mask[name] = None if below is None or known is None else {**known, **below}
            if not self._accept(","):
                return mask

    def _below(self, depth: int) -> Mask | None:
        if self._accept("/"):
            name = self._next()
            if name != "*" and name not in KNOWN:
                raise problems.invalid(f"Invalid field selection {name}")
            return {name: self._below(depth + 1)}
        if self._accept("("):
            mask = self.group(depth + 1)
            if not self._accept(")"):
                self.fail()
            return mask
        return None


def apply(data: Any, mask: Mask | None) -> Any:
    """Return *data* reduced to what the mask wants; lists are gone through."""
    if mask is None:
        return data
    if isinstance(data, list):
        return [apply(item, mask) for item in data]
    if not isinstance(data, dict):
        return data
    if "*" in mask:
        return {key: apply(value, mask.get(key, mask["*"])) for key, value in data.items()}
    return {key: apply(value, mask[key]) for key, value in data.items() if key in mask}
