"""Folders, goals, contents, drafts and push of a Gmail mailbox against the sandbox."""

from __future__ import annotations

from typing import Any

import pytest

from mailbox_core.contract import PushTarget
from mailbox_core.errors import AuthorizationLost, NotFound, Refused
from mailbox_core.mime.parse import parse
from mailbox_core.providers.gmail.cursor import decode_live
from mailbox_core.providers.gmail.labels import ALL
from mailbox_core.types import (
    Content,
    Delete,
    MessageRef,
    PartRef,
    Place,
    Scope,
    SetFlags,
    Since,
    Snapshot,
    Start,
    StreamRef,
)

STREAM = StreamRef()
FULL = "https://mail.google.com/"
GMAIL = "https://www.googleapis.com/auth/gmail."
TOPIC = "projects/demo-project/topics/mail"


class TestFolders:
    def test_roles_counters_and_user_labels(self, desk: Any) -> None:
        work = desk.box.add_label("Work")
        desk.deliver(labels=("INBOX", "UNREAD", work))
        desk.deliver(labels=("INBOX",))
        found = {folder.remote_id: folder for folder in desk.provider().folders()}
        assert (found["INBOX"].role, found["INBOX"].total, found["INBOX"].unread) == ("inbox", 2, 1)
        assert (found[work].total, found[work].unread) == (1, 1)
        assert found[ALL].role == "all"
        assert "UNREAD" not in found

    def test_a_counter_that_fails_is_unknown(self, desk: Any) -> None:
        desk.faults.add("gmail", "batch", "batch_part_fail", times=None, status=500)
        found = {folder.remote_id: folder for folder in desk.provider().folders()}
        assert found["INBOX"].total is None

    def test_a_folder_can_be_enumerated_by_everything_it_is(self, desk: Any) -> None:
        work = desk.box.add_label("Work")
        inbox = desk.deliver(labels=("INBOX", "UNREAD", "STARRED"))
        archived, labelled = desk.deliver(labels=()), desk.deliver(labels=(work, "IMPORTANT"))
        trash, spam = desk.deliver(labels=("TRASH",)), desk.deliver(labels=("SPAM", "UNREAD"))
        provider = desk.provider()
        expected = {
            None: {inbox, archived, labelled, trash, spam},
            ALL: {inbox, archived, labelled},
            "INBOX": {inbox},
            "TRASH": {trash},
            "SPAM": {spam},
            work: {labelled},
            "flagged": {inbox},
            "important": {labelled},
            "seen": {archived, labelled, trash},
            "draft": set(),
        }
        for within, wanted in expected.items():
            listed = {ref.remote_id for ref in provider.enumerate(within, None, 100).refs}
            assert listed == wanted, within
        with pytest.raises(Refused):
            provider.enumerate("answered", None, 10)


class TestGoals:
    def labels(self, desk: Any, key: str) -> set[str]:
        return set(desk.box.get(key).labels)

    @pytest.mark.parametrize("count", [1, 3, 12])
    def test_flags(self, desk: Any, count: int) -> None:
        keys = desk.fill(count)
        provider, refs = desk.provider(), tuple(desk.refs(keys))
        for _ in range(2):
            provider.apply(SetFlags(refs, frozenset({"seen", "flagged"}), frozenset({"important"})))
            assert all(self.labels(desk, key) == {"INBOX", "STARRED"} for key in keys)
        provider.apply(SetFlags(refs, clear=frozenset({"seen", "flagged"})))
        assert all(self.labels(desk, key) == {"INBOX", "UNREAD"} for key in keys)

    @pytest.mark.parametrize("count", [1, 3, 12])
    def test_archive_label_trash_and_back(self, desk: Any, count: int) -> None:
        work = desk.box.add_label("Work")
        keys = desk.fill(count, labels=("INBOX",))
        provider, refs = desk.provider(), tuple(desk.refs(keys))
        provider.apply(Place(refs, frozenset({work, ALL}), frozenset({"INBOX"})))
        assert all(self.labels(desk, key) == {work} for key in keys)
        for _ in range(2):
            provider.apply(Place(refs, frozenset({"TRASH"}), frozenset({"INBOX", ALL})))
            assert all(self.labels(desk, key) == {work, "TRASH"} for key in keys)
        provider.apply(Place(refs, frozenset({"INBOX"}), frozenset({"TRASH"})))
        assert all({work, "INBOX"} == self.labels(desk, key) - {"UNREAD"} for key in keys)

    @pytest.mark.parametrize("count", [3, 14])
    def test_gone_messages_are_passed_over(self, desk: Any, count: int) -> None:
        keys = desk.fill(count)
        desk.box.delete(keys[1])
        provider, refs = desk.provider(scopes=(FULL,)), tuple(desk.refs(keys))
        provider.apply(SetFlags(refs, frozenset({"seen"})))
        provider.apply(Place(refs, frozenset({"TRASH"})))
        left = [key for n, key in enumerate(keys) if n != 1]
        assert all("UNREAD" not in self.labels(desk, key) for key in left)
        assert all("TRASH" in self.labels(desk, key) for key in left)
        provider.apply(Delete(refs))
        provider.apply(Delete(refs))
        assert not set(left) & set(desk.box.messages)

    @pytest.mark.parametrize("count", [1, 12])
    def test_deleting_for_good_needs_full_access(self, desk: Any, count: int) -> None:
        keys = desk.fill(count)
        with pytest.raises(AuthorizationLost) as caught:
            desk.provider().apply(Delete(tuple(desk.refs(keys))))
        assert caught.value.reason == "scope_missing"
        assert FULL in caught.value.missing
        assert set(keys) <= set(desk.box.messages)

    def test_read_only_cannot_change(self, desk: Any) -> None:
        keys = desk.fill(1)
        provider = desk.provider(scopes=(f"{GMAIL}readonly",))
        with pytest.raises(AuthorizationLost) as caught:
            provider.apply(SetFlags(tuple(desk.refs(keys)), frozenset({"seen"})))
        assert caught.value.reason == "scope_missing"

    def test_unknown_labels_and_automatic_ones_are_refused(self, desk: Any) -> None:
        refs = tuple(desk.refs(desk.fill(2)))
        for label in ("Label_404", "SENT", "DRAFT"):
            with pytest.raises(Refused):
                desk.provider().apply(Place(refs, frozenset({label})))

    def test_nothing_to_do_asks_nothing(self, desk: Any) -> None:
        provider, refs = desk.provider(), tuple(desk.refs(desk.fill(1)))
        for goal in (SetFlags(refs), Place(refs, frozenset({ALL})), Place(()), Delete(())):
            provider.apply(goal)
        assert desk.units()["calls"] == 0


class TestContent:
    def test_depths_agree(self, desk: Any) -> None:
        keys = [
            desk.deliver("Grüße", "Text ä\n", file=b"x" * 9000),
            desk.deliver("Plain", "--b\nFrom me\n.\n"),
        ]
        provider = desk.provider()
        for key in keys:
            found = {
                depth: desk.one(provider.fetch(desk.refs([key]), depth))
                for depth in ("raw", "text", "headers")
            }
            assert found["raw"].raw == bytes(desk.box.get(key).raw)
            assert [found[depth].complete for depth in found] == [True, False, False]
            raw, text = parse(found["raw"].raw), parse(found["text"].raw)
            assert (text.text, text.subject) == (raw.text, raw.subject)
            assert without_encoding(text.headers) == without_encoding(raw.headers)
            assert [part.ref for part in text.parts] == [part.ref for part in raw.parts]
            assert parse(found["headers"].raw).headers == raw.headers
            assert len({found[depth].received_at for depth in found}) == 1
            assert len({found[depth].folders for depth in found}) == 1

    def test_parts_that_do_not_exist(self, desk: Any) -> None:
        provider, key = desk.provider(), desk.deliver()
        for ref, path in ((MessageRef(key), "7"), (MessageRef("18c0ffee18c0ffee"), "1")):
            with pytest.raises(NotFound):
                list(provider.attachment(ref, PartRef(path)))

    def test_an_enclosed_message_comes_whole(self, desk: Any) -> None:
        inner = b"From: a@b.example\r\nSubject: inner\r\n\r\nenclosed\r\n"
        outer = (
            b"From: a@b.example\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nbody\r\n--x\r\n"
            b"Content-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--x--\r\n"
        )
        key = desk.box.deliver(outer).id
        provider = desk.provider()
        email = parse(desk.one(provider.fetch(desk.refs([key]), "text")).raw)
        (part,) = email.parts
        assert part.content_type == "message/rfc822"
        found = b"".join(provider.attachment(MessageRef(key), part.ref))
        assert found.strip() == inner.strip()

    def test_the_same_ref_twice_is_one_answer_and_none_is_none(self, desk: Any) -> None:
        (key,) = desk.fill(1)
        provider = desk.provider()
        assert len(list(provider.fetch(desk.refs([key, key]), "raw"))) == 1
        assert list(provider.fetch([], "raw")) == []

    def test_a_batch_too_big_to_receive_is_taken_apart(self, desk: Any) -> None:
        keys = [desk.deliver(text="x" * 5000 + "\n") for _ in range(4)]
        provider = desk.provider()
        provider._client._http._max_bytes = 12_000
        found = list(provider.fetch(desk.refs(keys), "raw"))
        assert {one.ref.remote_id for one in found if isinstance(one, Content)} == set(keys)


class TestSending:
    def test_a_draft_is_used_up(self, desk: Any) -> None:
        provider = desk.provider()
        body = {"message": {"raw": "U3ViamVjdDogYQ0KDQph"}}
        message = provider._client.post("drafts.send", "drafts", body)["message"]
        ref = MessageRef(message["id"], message["threadId"])
        receipt = provider.send(MAIL, ref)
        assert receipt.ref.remote_id
        assert len(desk.sandbox.world.outbox) == 1
        assert b"Offer" in desk.sandbox.world.outbox[0].raw
        assert not desk.box.draft_of
        assert provider.find_sent("<mine@example.com>") == receipt.ref

    def test_a_draft_that_is_gone_is_sent_all_the_same(self, desk: Any) -> None:
        assert desk.provider().send(MAIL, MessageRef("18c0ffee18c0ffee")).ref.remote_id
        assert len(desk.sandbox.world.outbox) == 1

    def test_too_large_is_refused_before_anything_goes_out(self, desk: Any) -> None:
        with pytest.raises(Refused) as caught:
            desk.provider().send(MAIL + b"x" * 36_700_160, None)
        assert caught.value.code == "size"
        assert desk.units()["calls"] == 0

    def test_without_recipients_the_refusal_is_shown(self, desk: Any) -> None:
        with pytest.raises(Refused, match="Recipient"):
            desk.provider().send(b"Subject: x\r\n\r\nx", None)


class TestPush:
    @pytest.fixture(autouse=True)
    def _topics(self, desk: Any) -> None:
        for name in (TOPIC, TOPIC + "2"):
            desk.sandbox.add_topic(name)

    def test_what_gmail_says_about_a_topic_it_cannot_reach(self, desk: Any) -> None:
        broker = desk.sandbox.world.broker
        broker.topics[TOPIC].policy.clear()
        with pytest.raises(Refused) as caught:
            desk.provider().subscribe(PushTarget(TOPIC))
        assert caught.value.code == "push_permission"
        broker.delete_topic(TOPIC)
        with pytest.raises(Refused) as caught:
            desk.provider().subscribe(PushTarget(TOPIC))
        assert caught.value.code == "push_topic"

    def test_watch_renew_stop(self, desk: Any) -> None:
        provider, target = desk.provider(), PushTarget(TOPIC)
        subscription = provider.subscribe(target)
        assert subscription.expires_at is not None
        assert subscription.cursor is not None
        decode_live(subscription.cursor)
        again = provider.renew(target, subscription)
        assert again.expires_at is not None
        assert again.expires_at >= subscription.expires_at
        provider.cancel(again)

    def test_a_watch_may_be_limited_to_folders(self, desk: Any) -> None:
        desk.provider().subscribe(PushTarget(TOPIC, folders=frozenset({"inbox", "all"})))
        [account] = desk.sandbox.world.accounts.values()
        [watch] = account.watches.values()
        assert (watch.label_ids, watch.behavior) == (("INBOX",), "include")

    def test_the_cursor_of_a_watch_can_be_followed(self, desk: Any) -> None:
        provider = desk.provider()
        cursor = provider.subscribe(PushTarget(TOPIC)).cursor
        key = desk.deliver()
        assert desk.ids(desk.since(provider, cursor)[1]) == [key]

    def test_a_second_topic_is_a_conflict_in_words(self, desk: Any) -> None:
        provider = desk.provider()
        provider.subscribe(PushTarget(TOPIC))
        with pytest.raises(Refused) as caught:
            provider.subscribe(PushTarget(TOPIC + "2"))
        assert caught.value.code == "push_conflict"

    @pytest.mark.parametrize(
        ("topic", "code"),
        [("", "push_topic"), ("projects/other/topics/x", "push_project"), ("x", "push_project")],
    )
    def test_topics_that_cannot_be(self, desk: Any, topic: str, code: str) -> None:
        with pytest.raises(Refused) as caught:
            desk.provider().subscribe(PushTarget(topic))
        assert caught.value.code == code


class TestPositions:
    def test_odd_positions_and_streams(self, desk: Any) -> None:
        provider = desk.provider()
        with pytest.raises(Refused):
            provider.changes(StreamRef(folder="INBOX"), Start(), 10)
        for limit in (-1, 0, 10**9):
            assert provider.changes(STREAM, Start(), limit).cursor

    def test_a_token_that_died_early_is_renewed_once(self, desk: Any) -> None:
        keys = desk.fill(3)
        provider = desk.provider()
        provider.profile()
        desk.sandbox.clock.advance(2 * 3600)
        assert len(list(provider.fetch(desk.refs(keys), "raw"))) == 3
        assert desk.grant.renewed == 1

    def test_the_resume_of_another_scope_still_ends(self, desk: Any) -> None:
        desk.fill(10)
        resume = desk.provider().changes(STREAM, Start(), 3).resume
        page = desk.provider(Scope(exclude="x")).changes(STREAM, Snapshot(resume), 100)
        assert len(page.upserts) >= 7

    def test_a_live_page_of_nothing_keeps_a_usable_cursor(self, desk: Any) -> None:
        provider = desk.provider()
        cursor, _ = desk.snapshot(provider)
        for _ in range(3):
            page = provider.changes(STREAM, Since(cursor), 10)
            assert page.cursor is not None
            cursor = page.cursor
        key = desk.deliver()
        assert desk.ids(desk.since(provider, cursor)[1]) == [key]


def without_encoding(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """The transfer encoding is ours when a message was rebuilt."""
    return [one for one in headers if one[0].lower() != "content-transfer-encoding"]


MAIL = (
    b"From: ada@example.com\r\nTo: zoe@example.net\r\nSubject: Offer\r\n"
    b"Message-ID: <mine@example.com>\r\nX-Mailbox-Message-ID: <mine@example.com>\r\n\r\nHello\r\n"
)
