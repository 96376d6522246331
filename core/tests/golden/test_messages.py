"""Messages as they come, and what must be read from them: ``messages/x.eml`` beside
``messages/x.json``.

The expectations were written down once, read by a person and are never made anew by a run of the
tests.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import Path

import pytest

from mailbox_core.mime import parse

MESSAGES = sorted((Path(__file__).parent / "messages").glob("*.eml"))


def plain(value: object) -> object:
    """Dataclasses as JSON."""
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value))


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_message(path: Path) -> None:
    email = dataclasses.asdict(parse(path.read_bytes()))
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(email, default=plain)) == expected


def test_there_are_messages() -> None:
    assert len(MESSAGES) >= 7
