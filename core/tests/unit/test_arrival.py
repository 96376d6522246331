"""When a mail arrived, by the server that took it last."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from mailbox_core.mime.arrival import arrived_at


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((), None),
        (("by mx.example; nonsense",), None),
        (("no date at all",), None),
        (
            ("from a by b id 7; Mon, 02 Nov 2026 10:00:00 +0100 (CET)",),
            datetime(2026, 11, 2, 9, 0, tzinfo=timezone.utc),
        ),
        (
            (
                "from b by c; Mon, 02 Nov 2026 10:00:00 +0000",
                "from a by b; Thu, 01 Jan 2009 10:00:00 +0000",
            ),
            datetime(2026, 11, 2, 10, 0, tzinfo=timezone.utc),
        ),
    ],
)
def test_the_newest_server_counts(values: tuple[str, ...], expected: datetime | None) -> None:
    headers = [("Subject", "x"), *(("Received", value) for value in values)]
    assert arrived_at(headers) == expected
