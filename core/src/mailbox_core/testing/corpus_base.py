"""The good message all bad ones start from."""

from __future__ import annotations

from collections.abc import Iterator

Made = Iterator[tuple[str, bytes, dict[str, object]]]
"""Name, message and what must come out."""


def message(headers: str = "", body: bytes = b"Hello\n", content_type: str = "text/plain") -> bytes:
    """A message around ``body``; ``headers`` come first."""
    return (
        f"{headers}From: Anna <anna@example.com>\nTo: bob@example.org\nSubject: test\n"
        f"Date: Mon, 02 Nov 2026 10:00:00 +0100\nMessage-ID: <good@example.com>\n"
        f"MIME-Version: 1.0\nContent-Type: {content_type}\n\n"
    ).encode() + body
