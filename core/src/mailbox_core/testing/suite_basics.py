"""The half of the contract suite that needs no engine: folders, contents, goals, sending, push.

See ``suite`` for the whole and for how to use it.
"""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage

import pytest

from ..errors import (
    AuthorizationLost,
    NotFound,
    ProviderError,
    Refused,
    Throttled,
    Unavailable,
)
from ..sync.plan import GRACE
from ..sync.stream import Hinted
from ..types import (
    Content,
    Delete,
    Failed,
    Fetched,
    Gone,
    MessageRef,
    Page,
    PartRef,
    Place,
    SetFlags,
    Snapshot,
    Start,
    StreamRef,
)
from .driver import World
from .engine import Engine

ATTACHMENT = bytes(range(256)) * 8


def a_mail(number: int) -> bytes:
    message = EmailMessage()
    message["Message-ID"] = f"<contract-{number}@example.org>"
    message["From"] = "Ada <ada@example.org>"
    message["To"] = "grace@example.com"
    message["Subject"] = f"Contract {number}"
    message.set_content("Grüße aus dem Vertrag.\n")
    message.add_attachment(
        ATTACHMENT, maintype="application", subtype="octet-stream", filename="all-bytes.bin"
    )
    return message.as_bytes()


def refs_to(*remote_ids: str) -> tuple[MessageRef, ...]:
    return tuple(MessageRef(remote_id) for remote_id in remote_ids)


def only_content(answers: list[Fetched]) -> Content:
    (answer,) = answers
    assert isinstance(answer, Content)
    return answer


class Base:
    """What the tests share."""

    @pytest.fixture
    def world(self) -> World:
        """A fresh, empty mailbox. To be overridden."""
        raise NotImplementedError("Give your World in a fixture of this name.")

    def stream(self, world: World) -> StreamRef:
        """The stream in which new mail arrives."""
        provider = world.provider()
        if provider.capabilities.cursor_scope == "mailbox":
            return StreamRef()
        (inbox,) = (f for f in provider.folders() if f.role == "inbox")
        return StreamRef(folder=inbox.remote_id)

    def listing(self, world: World, limit: int = 2) -> list[Page]:
        """All pages of a snapshot."""
        provider, stream = world.provider(), self.stream(world)
        pages = [provider.changes(stream, Start(), limit)]
        while (resume := pages[-1].resume) is not None:
            assert len(pages) < 100, "the snapshot does not end"
            pages.append(provider.changes(stream, Snapshot(resume), limit))
        return pages

    def assert_equal(self, world: World, engine: Engine) -> None:
        """Every message of the copy is as the provider says, and nothing else is there."""
        for key, row in engine.store.rows.items():
            seen = world.look(key)
            if seen is None:
                assert row.disposition == "gone", key
            else:
                assert (row.disposition, row.folders, row.flags) == ("stored", *seen), key

    def follow(self, engine: Engine) -> None:
        """One poll, and the end of the grace period."""
        for stream in engine.streams:
            engine.wish(stream, Hinted("poll"))
        engine.run()
        engine.now += GRACE
        engine.end_grace()


class ReadingContract(Base):
    """Whose mailbox, which folders, and the contents."""

    def test_profile_names_the_mailbox(self, world: World) -> None:
        world.deliver("One")
        profile = world.provider().profile()
        assert profile.address == world.address
        assert profile.messages in {None, 1}

    def test_folders_come_parents_first_with_an_inbox(self, world: World) -> None:
        own = world.folder("Contracts")
        folders = world.provider().folders()
        ids = [folder.remote_id for folder in folders]
        assert len(ids) == len(set(ids))
        assert own in ids
        assert sum(folder.role == "inbox" for folder in folders) == 1
        for index, folder in enumerate(folders):
            assert folder.parent_id is None or folder.parent_id in ids[:index]

    def test_fetch_gives_the_exact_bytes(self, world: World) -> None:
        raw = a_mail(1)
        key = world.deliver("", raw=raw)
        world.flag(key, set=["seen"])
        content = only_content(list(world.provider().fetch(refs_to(key), "raw")))
        assert content.complete
        assert content.raw.replace(b"\r\n", b"\n") == raw
        assert content.ref.remote_id == key
        assert content.size > 0
        assert (content.folders, content.flags) == world.look(key)
        assert abs(content.received_at - world.now()) < timedelta(days=1)

    def test_fetch_of_headers_leaves_the_body(self, world: World) -> None:
        key = world.deliver("", raw=a_mail(1))
        content = only_content(list(world.provider().fetch(refs_to(key), "headers")))
        assert not content.complete
        assert b"Subject: Contract 1" in content.raw
        assert b"filename" not in content.raw
        assert (content.folders, content.flags) == world.look(key)

    def test_fetch_answers_every_ref_once(self, world: World) -> None:
        keys = [world.deliver(f"Number {number}") for number in range(4)]
        world.delete(keys[1])
        world.poison(keys[2])
        answers = {a.ref.remote_id: type(a) for a in world.provider().fetch(refs_to(*keys), "raw")}
        assert answers == dict(zip(keys, (Content, Gone, Failed, Content), strict=True))

    def test_fetch_takes_as_many_as_declared(self, world: World) -> None:
        provider = world.provider()
        can = provider.capabilities
        keys = [world.deliver(f"Number {number}") for number in range(can.fetch_limit)]
        answers = list(provider.fetch(refs_to(*keys), "raw"))
        assert {a.ref.remote_id for a in answers if isinstance(a, Content)} == set(keys)

    def test_attachment_by_part_path(self, world: World) -> None:
        provider = world.provider()
        (ref,) = refs_to(world.deliver("", raw=a_mail(1)))
        assert b"".join(provider.attachment(ref, PartRef("2"))) == ATTACHMENT
        with pytest.raises(NotFound):
            list(provider.attachment(ref, PartRef("7")))
        world.delete(ref.remote_id)
        with pytest.raises(NotFound):
            list(provider.attachment(ref, PartRef("2")))

    def test_enumerate_names_everything_once_newest_first(self, world: World) -> None:
        provider = world.provider()
        keys = [world.deliver(f"Number {number}") for number in range(5)]
        world.flag(keys[1], set=["flagged"])
        keys[3] = world.move(keys[3], folder := world.folder("Contracts"))
        assert set(self._enumerated(world, None)) == set(keys)
        assert len(self._enumerated(world, None)) == len(keys)
        assert self._enumerated(world, "flagged") == [keys[1]]
        assert self._enumerated(world, folder) == [keys[3]]
        (inbox,) = (f.remote_id for f in provider.folders() if f.role == "inbox")
        assert self._enumerated(world, inbox) == [keys[4], keys[2], keys[1], keys[0]]

    def _enumerated(self, world: World, within: str | None) -> list[str]:
        provider, found, resume = world.provider(), [], None
        for _ in range(50):
            page = provider.enumerate(within, resume, 2)
            found += [ref.remote_id for ref in page.refs]
            resume = page.resume
            if resume is None:
                return found
        raise AssertionError("the enumeration does not end")

    def test_conversations_are_the_providers_or_ours(self, world: World) -> None:
        first = world.deliver("A question")
        reply = world.deliver("Re: A question", in_reply_to=world.message_id(first))
        other = world.deliver("Something else")
        page = world.provider().recent(self.stream(world), 10)
        keys = {u.ref.remote_id: u.ref.conversation_key for u in page.upserts}
        if world.provider().capabilities.conversations:
            assert keys[first] == keys[reply] != keys[other]
            assert keys[first] is not None
        else:
            assert set(keys.values()) == {None}

    @pytest.mark.parametrize(
        "error",
        [Throttled(retry_after=30.0), Unavailable(), AuthorizationLost("invalid_grant")],
        ids=lambda error: type(error).__name__,
    )
    def test_trouble_is_one_of_the_six(self, world: World, error: ProviderError) -> None:
        world.deliver("One")
        provider = world.provider()
        world.fail(error)
        with pytest.raises(type(error)) as caught:
            provider.changes(self.stream(world), Start(), 10)
        if isinstance(caught.value, Throttled) and isinstance(error, Throttled):
            assert caught.value.retry_after == pytest.approx(error.retry_after, abs=2)
        if isinstance(caught.value, AuthorizationLost):
            assert caught.value.reason == "invalid_grant"


class WritingContract(Base):
    """Goals, sending and push."""

    def test_flags_are_goals(self, world: World) -> None:
        provider = world.provider()
        keys = [world.deliver(f"Number {number}") for number in range(2)]
        gone = world.deliver("Gone")
        world.delete(gone)
        goal = SetFlags(refs_to(*keys, gone), set=frozenset({"seen", "flagged"}))
        for _ in range(2):
            provider.apply(goal)
            for key in keys:
                seen = world.look(key)
                assert seen is not None
                assert {"seen", "flagged"} <= seen[1]
        provider.apply(SetFlags(refs_to(keys[0]), clear=frozenset({"flagged"})))
        seen = world.look(keys[0])
        assert seen is not None
        assert "flagged" not in seen[1]
        assert "seen" in seen[1]

    def test_place_and_delete_are_goals(self, world: World) -> None:
        provider = world.provider()
        (ref,) = refs_to(world.deliver("One"))
        (inbox,) = (f.remote_id for f in provider.folders() if f.role == "inbox")
        own = world.folder("Contracts")
        for _ in range(2):
            provider.apply(Place((ref,), add=frozenset({own}), remove=frozenset({inbox})))
        (ref,) = provider.enumerate(own, None, 10).refs
        seen = world.look(ref.remote_id)
        assert seen is not None
        assert own in seen[0]
        assert inbox not in seen[0]
        for _ in range(2):
            provider.apply(Delete((ref,)))
            assert world.look(ref.remote_id) is None

    def test_send_is_found_by_its_message_id(self, world: World) -> None:
        provider = world.provider()
        receipt = provider.send(a_mail(9), None)
        assert world.accepted() == 1
        assert provider.find_sent("<never-sent@example.org>") is None
        found = provider.find_sent("<contract-9@example.org>")
        if provider.capabilities.saves_sent:
            assert found is not None
            assert found.remote_id == receipt.ref.remote_id
            (sent,) = (f.remote_id for f in provider.folders() if f.role == "sent")
            assert receipt.ref.remote_id in {
                ref.remote_id for ref in provider.enumerate(sent, None, 10).refs
            }
        else:
            assert found is None

    def test_push_subscriptions_end(self, world: World) -> None:
        can = world.provider().capabilities
        assert (can.push_lifetime is not None) == bool(can.push)
        if can.push_lifetime is None:
            pytest.skip("no push")
        push, target = world.push(), world.push_target()
        first = push.subscribe(target)
        second = push.renew(target, first)
        for subscription in (first, second):
            assert subscription.expires_at is not None
            left = subscription.expires_at - world.now()
            assert timedelta(0) < left <= can.push_lifetime + timedelta(minutes=5)
        push.cancel(second)
        push.cancel(second)

    def test_a_stream_that_is_none_is_refused(self, world: World) -> None:
        wrong = StreamRef(folder="no-such-folder-here")
        with pytest.raises((Refused, NotFound)):
            world.provider().changes(wrong, Start(), 10)
