"""Scope rules of a Gmail mailbox, found without downloading, against the sandbox."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mailbox_core.errors import Refused
from mailbox_core.providers.gmail.labels import ALL
from mailbox_core.types import (
    Scope,
    StreamRef,
)

STREAM = StreamRef()
FULL = "https://mail.google.com/"
GMAIL = "https://www.googleapis.com/auth/gmail."
TOPIC = "projects/demo-project/topics/mail"


class TestScope:
    def rules(self, desk: Any, scope: Scope, limit: int = 100) -> dict[str, str | None]:
        _, pages = desk.snapshot(desk.provider(scope), limit)
        return {key: upsert.filtered for key, upsert in desk.upserts(pages).items()}

    def test_every_rule_is_named_and_the_mail_is_listed_all_the_same(self, desk: Any) -> None:
        now = time.time()
        plain = desk.deliver("Plain", date=now - 1)
        news = desk.deliver("Weekly news", date=now - 2)
        large = desk.deliver("Large", "x" * 50_000, date=now - 3)
        spam = desk.deliver("Spam", labels=("SPAM",), date=now - 4)
        both = desk.deliver("More news", "x" * 50_000, date=now - 5)
        scope = Scope(exclude="subject:news OR subject:nothing", max_message_bytes=20_000)
        found = self.rules(desk, scope)
        assert found == {
            plain: None, news: "exclude", large: "size", spam: "folder", both: "exclude"
        }  # fmt: skip

    def test_no_active_rule_asks_nothing(self, desk: Any) -> None:
        desk.fill(3)
        self.rules(desk, Scope(skip_roles=frozenset()))
        assert desk.calls("messages.list") == 1

    def test_rules_that_meet_nothing_cost_one_question_a_page(self, desk: Any) -> None:
        desk.fill(3)
        self.rules(desk, Scope(exclude="subject:none", max_message_bytes=10**6))
        assert desk.calls("messages.list") == 2

    @pytest.mark.parametrize("limit", [2, 7, 100])
    def test_pages_of_any_size_agree(self, desk: Any, limit: int) -> None:
        moment = float(int(time.time()) - 1000)
        keys = [desk.deliver("news" if n % 3 else "x", date=moment - (n // 6)) for n in range(24)]
        found = self.rules(desk, Scope(exclude="subject:news"), limit)
        assert found == {key: "exclude" if n % 3 else None for n, key in enumerate(keys)}

    def test_trash_and_other_roles_can_be_skipped(self, desk: Any) -> None:
        trash, sent = desk.deliver(labels=("TRASH",)), desk.deliver(labels=("SENT",))
        spam = desk.deliver(labels=("SPAM",))
        scope = Scope(skip_roles=frozenset({"trash", "sent", "all", "archive"}))
        assert self.rules(desk, scope) == {trash: "folder", sent: "folder", spam: None}

    @pytest.mark.parametrize("limit", [2, 100])
    def test_followed_folders_are_told_by_id(self, desk: Any, limit: int) -> None:
        work, twin = desk.box.add_label("My work"), desk.box.add_label("My (work)")
        wanted = desk.deliver(labels=(work,))
        other = desk.deliver(labels=(twin, "INBOX"))
        archived = desk.deliver(labels=())
        trash = desk.deliver(labels=("TRASH",))
        scope = Scope(folders=frozenset({work}))
        assert self.rules(desk, scope, limit) == {
            wanted: None, other: "folder", archived: "folder", trash: "folder"
        }  # fmt: skip
        scope = Scope(folders=frozenset({ALL}))
        assert self.rules(desk, scope, limit) == {
            wanted: None, other: None, archived: None, trash: "folder"
        }  # fmt: skip

    def test_new_mail_is_judged_by_the_same_rules(self, desk: Any) -> None:
        scope = Scope(exclude="subject:news", max_message_bytes=20_000)
        provider = desk.provider(scope)
        cursor, _ = desk.snapshot(provider)
        plain, news = desk.deliver("Plain"), desk.deliver("news")
        large, spam = desk.deliver("Large", "x" * 50_000), desk.deliver("s", labels=("SPAM",))
        _, pages = desk.since(provider, cursor)
        found = {key: upsert.filtered for key, upsert in desk.upserts(pages).items()}
        assert found == {plain: None, news: "exclude", large: "size", spam: "folder"}

    def test_changes_without_new_mail_ask_nothing(self, desk: Any) -> None:
        provider = desk.provider(Scope(exclude="subject:news"))
        key = desk.deliver("news")
        cursor, _ = desk.snapshot(provider)
        asked = desk.calls("messages.list")
        desk.box.modify(key, ["STARRED"])
        desk.since(provider, cursor)
        assert desk.calls("messages.list") == asked

    def test_recent_is_judged_too(self, desk: Any) -> None:
        keys = [desk.deliver("news"), desk.deliver("Plain")]
        for scope in (Scope(exclude="subject:news"), Scope(folders=frozenset({"INBOX"}))):
            page = desk.provider(scope).recent(STREAM, 10)
            assert {upsert.ref.remote_id for upsert in page.upserts} == set(keys)
            assert (page.cursor, page.resume, page.more) == (None, None, False)
        page = desk.provider(Scope(exclude="subject:news")).recent(STREAM, 1)
        assert [upsert.filtered for upsert in page.upserts] == [None]

    @pytest.mark.parametrize("query", ["a)", "(a", "{a)", 'subject:"x', "}{", "a } b {"])
    def test_a_query_that_would_change_ours_is_refused(self, desk: Any, query: str) -> None:
        with pytest.raises(Refused) as caught:
            desk.provider(Scope(exclude=query))
        assert caught.value.code == "exclude"

    @pytest.mark.parametrize("query", ['subject:"a) b"', "{a (b c)}", "  \n ", "a\nb"])
    def test_other_queries_are_fine(self, desk: Any, query: str) -> None:
        desk.deliver("Plain")
        assert list(self.rules(desk, Scope(exclude=query)).values()) == [None]
