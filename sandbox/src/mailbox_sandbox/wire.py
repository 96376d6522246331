"""Answers that misbehave on the wire: what the server does instead of sending a reply properly."""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.wrappers import Response


@dataclass(frozen=True)
class Wire:
    """How to send a reply.

    close: drop the connection without a byte. cut: send headers for the whole body, then only this
    share of it and reset. hang: wait this many seconds first. rate: bytes per second.
    """

    close: bool = False
    cut: float | None = None
    hang: float = 0.0
    rate: float | None = None


class WiredResponse(Response):
    """A response that carries instructions for the server."""

    wire: Wire | None = None
