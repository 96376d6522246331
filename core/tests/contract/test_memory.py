"""The memory provider passes the contract suite, in every shape that the tests of the engine
use."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from email.parser import BytesHeaderParser

import pytest

from mailbox_core.capabilities import Capabilities
from mailbox_core.contract import MailProvider, PushProvider, PushTarget
from mailbox_core.errors import ProviderError
from mailbox_core.testing import suite, suite_basics
from mailbox_core.testing.driver import Seen, World
from mailbox_core.testing.memory import MemoryProvider, MemoryWorld
from mailbox_core.testing.suite import ProviderContract
from mailbox_core.testing.world import EPOCH, capabilities
from mailbox_core.types import Scope

SOURCE = inspect.getsource(suite_basics) + inspect.getsource(suite)

SHAPES = {
    "labels": capabilities(page_limit=10, fetch_limit=5),
    "late cursor": capabilities(page_limit=10, fetch_limit=5, baseline=False),
    "exclusive": capabilities(page_limit=10, fetch_limit=5, folders="exclusive"),
    "new ids": capabilities(page_limit=10, folders="exclusive", stable_ids=False, push=frozenset()),
    "per folder": capabilities(page_limit=10, folders="exclusive", cursor_scope="folder"),
    "bare IMAP": capabilities(
        page_limit=10,
        folders="exclusive",
        cursor_scope="folder",
        conversations=False,
        stable_ids=False,
        reports_removals=False,
        baseline=False,
        push=frozenset({"idle"}),
        saves_sent=False,
        server_search=False,
    ),
}


class MemoryDriver:
    """``driver.World`` over a MemoryWorld."""

    def __init__(self, can: Capabilities, bare: bool, tells: bool, rewrites: bool) -> None:
        self.address = "ada@example.org"
        self.inside = MemoryWorld(
            self.address, can, bare=bare, tells_filtered=tells, rewrites_ids=rewrites
        )

    def provider(self, scope: Scope | None = None) -> MailProvider:
        return MemoryProvider(self.inside, scope)

    def push(self) -> PushProvider:
        return MemoryProvider(self.inside)

    def push_target(self) -> PushTarget:
        return PushTarget(topic="contract")

    def now(self) -> datetime:
        return EPOCH + timedelta(minutes=1)

    def deliver(
        self,
        subject: str,
        *,
        raw: bytes | None = None,
        in_reply_to: str | None = None,
        junk: bool = False,
    ) -> str:
        folders = ("junk",) if junk else ("inbox",)
        return self.inside.deliver(subject, raw=raw, in_reply_to=in_reply_to, folders=folders)

    def message_id(self, remote_id: str) -> str:
        headers = BytesHeaderParser().parsebytes(self.inside.messages[remote_id].raw)
        return str(headers["Message-ID"])

    def folder(self, name: str) -> str:
        return "work"

    def flag(self, remote_id: str, set: Iterable[str] = (), clear: Iterable[str] = ()) -> None:
        self.inside.flag(remote_id, set, clear)

    def move(self, remote_id: str, folder: str) -> str:
        return self.inside.place(remote_id, add=[folder], remove=["inbox"])

    def delete(self, remote_id: str) -> None:
        self.inside.delete(remote_id)

    def look(self, remote_id: str) -> Seen | None:
        stored = self.inside.messages.get(remote_id)
        return None if stored is None else (stored.folders, stored.flags)

    def accepted(self) -> int:
        return len(self.inside.accepted)

    def excluding(self, word: str) -> str:
        return word

    def expire(self) -> None:
        self.inside.expire()

    def fail(self, error: ProviderError) -> None:
        self.inside.fail("*", error)

    def poison(self, remote_id: str) -> None:
        self.inside.poison.add(remote_id)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("bare", [True, False], ids=["bare", "full"])
class TestMemory(ProviderContract):
    @pytest.fixture
    def world(self, shape: str, bare: bool) -> World:
        return MemoryDriver(SHAPES[shape], bare, tells=not bare, rewrites=bare)


def test_every_capability_is_read_by_a_test() -> None:
    tree = ast.parse(SOURCE)
    read = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not {field.name for field in fields(Capabilities)} - read


def test_no_test_skips_by_name() -> None:
    lines = SOURCE.splitlines()
    for number, line in enumerate(lines):
        if "pytest.skip(" in line:
            assert re.match(r" +if .*\b(can|capabilities)\.", lines[number - 1]), line
    assert "import sys" not in SOURCE
    assert "skipif" not in SOURCE
