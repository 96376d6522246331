"""The behaviour every provider has in common, as one importable pytest class.

    class TestMine(ProviderContract):
        @pytest.fixture
        def world(self) -> World:
            return MyWorld()

A test is skipped only for a capability that is not declared, never for a name. Where a page may say
the same in several ways (complete sets or differences, removals or spans), the test lets the small
engine of ``engine.py`` read it and compares the result with the provider's own view.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ..errors import (
    CursorExpired,
)
from ..types import (
    Place,
    Scope,
    Since,
    Snapshot,
    Start,
    StreamRef,
)
from .driver import World, copy_of, streams_of
from .engine import Engine, Reply
from .suite_basics import Base, ReadingContract, WritingContract, a_mail, refs_to


class StreamContract(Base):
    """Snapshot, live changes and what happens between them."""

    def test_snapshot_lists_everything_newest_first(self, world: World) -> None:
        keys = [world.deliver(f"Number {number}") for number in range(5)]
        pages = self.listing(world)
        listed = [u.ref.remote_id for page in pages for u in page.upserts]
        assert list(dict.fromkeys(listed)) == keys[::-1]
        assert all(len(page.upserts) <= 2 for page in pages)
        assert pages[-1].resume is None
        if world.provider().capabilities.baseline:
            assert pages[0].cursor is not None
        else:
            assert [page.cursor is not None for page in pages] == [False] * (len(pages) - 1) + [
                True
            ]

    def test_pages_are_never_larger_than_declared(self, world: World) -> None:
        can = world.provider().capabilities
        for number in range(min(can.page_limit, 60) + 1):
            world.deliver(f"Number {number}")
        pages = self.listing(world, limit=can.page_limit * 10)
        assert all(len(page.upserts) <= can.page_limit for page in pages)
        assert sum(len(page.upserts) for page in pages) >= min(can.page_limit, 60) + 1

    def test_an_empty_mailbox_has_a_cursor_too(self, world: World) -> None:
        pages = self.listing(world)
        assert not any(page.upserts for page in pages)
        assert any(page.cursor for page in pages)

    def test_deletion_mid_listing_hides_nothing(self, world: World) -> None:
        provider, stream = world.provider(), self.stream(world)
        keys = [world.deliver(f"Number {number}") for number in range(6)]
        page = provider.changes(stream, Start(), 2)
        world.delete(keys[-1])
        world.delete(keys[-2])
        listed = {u.ref.remote_id for u in page.upserts}
        while page.resume is not None:
            page = provider.changes(stream, Snapshot(page.resume), 2)
            listed |= {u.ref.remote_id for u in page.upserts}
        assert set(keys[:4]) <= listed

    def test_changes_during_a_snapshot_are_seen_after_it(self, world: World) -> None:
        keys = [world.deliver(f"Number {number}") for number in range(6)]
        provider = world.provider()
        engine = Engine(provider, streams_of(provider), folders=tuple(provider.folders()))
        for stream in engine.streams:
            engine.commit(self._asked(engine, stream, limit=2))
        world.deliver("Late")
        world.flag(keys[-1], set=["seen"])
        world.flag(keys[0], set=["flagged"])
        world.delete(keys[-2])
        engine.run()
        self.follow(engine)
        assert len([r for r in engine.store.rows.values() if r.disposition == "stored"]) == 6
        self.assert_equal(world, engine)

    def _asked(self, engine: Engine, stream: StreamRef, limit: int) -> Reply:
        can = engine.provider.capabilities
        engine.provider.capabilities = replace(can, page_limit=limit)
        reply = engine.ask(stream)
        engine.provider.capabilities = can
        assert reply is not None
        return reply

    def test_live_changes_arrive(self, world: World) -> None:
        keys = [world.deliver(f"Number {number}") for number in range(5)]
        engine = copy_of(world)
        self.assert_equal(world, engine)
        new = world.deliver("New")
        world.flag(keys[0], set=["seen", "flagged"])
        world.flag(keys[0], clear=["flagged"])
        moved = world.move(keys[1], world.folder("Contracts"))
        world.delete(keys[2])
        self.follow(engine)
        assert {new, moved} <= engine.store.rows.keys()
        self.assert_equal(world, engine)
        if world.provider().capabilities.stable_ids:
            assert moved == keys[1]
        else:
            assert engine.store.rows[keys[1]].disposition == "gone"

    def test_removals_or_spans(self, world: World) -> None:
        keys = [world.deliver(f"Number {number}") for number in range(3)]
        provider, stream = world.provider(), self.stream(world)
        cursor = next(p.cursor for p in reversed(self.listing(world)) if p.cursor)
        world.delete(keys[1])
        pages = [provider.changes(stream, Since(cursor), 10)]
        while pages[-1].more:
            pages.append(provider.changes(stream, Since(pages[-1].cursor or cursor), 10))
        removed = {r.ref.remote_id for page in pages for r in page.removals}
        if provider.capabilities.reports_removals:
            assert removed == {keys[1]}
            assert all(page.span is None for page in pages)
        else:
            assert not removed
            assert any(page.span for page in pages)

    def test_labels_or_one_folder(self, world: World) -> None:
        provider = world.provider()
        (ref,) = refs_to(world.deliver("One"))
        before, own = world.look(ref.remote_id), world.folder("Contracts")
        provider.apply(Place((ref,), add=frozenset({own})))
        if provider.capabilities.folders == "labels":
            after = world.look(ref.remote_id)
            assert before is not None
            assert after == (before[0] | {own}, before[1])
        else:
            found = [r.remote_id for r in provider.enumerate(None, None, 10).refs]
            assert [world.look(key) for key in found] == [(frozenset({own}), frozenset())]

    def test_added_and_deleted_between_looks_is_no_message(self, world: World) -> None:
        world.deliver("Stays")
        engine = copy_of(world)
        key = world.deliver("Goes")
        world.flag(key, set=["seen"])
        world.delete(key)
        self.follow(engine)
        row = engine.store.rows.get(key)
        assert row is None or row.disposition == "gone"
        self.assert_equal(world, engine)

    def test_the_same_page_again_changes_nothing(self, world: World) -> None:
        keys = [world.deliver(f"Number {number}") for number in range(3)]
        engine = copy_of(world)
        cursors = dict(engine.store.states)
        world.flag(keys[0], set=["seen"])
        world.delete(keys[1])
        world.deliver("New")
        self.follow(engine)
        rows = dict(engine.store.rows)
        for stream, state in cursors.items():
            current = engine.store.states[stream]
            engine.store.states[stream] = replace(current, cursor=state.cursor)
        self.follow(engine)
        assert engine.store.rows == rows

    def test_recent_moves_no_position(self, world: World) -> None:
        provider, stream = world.provider(), self.stream(world)
        keys = [world.deliver(f"Number {number}") for number in range(4)]
        page = provider.recent(stream, 2)
        assert [u.ref.remote_id for u in page.upserts] == [keys[3], keys[2]]
        assert (page.cursor, page.resume) == (None, None)

    def test_an_expired_cursor_says_so_and_a_new_snapshot_heals(self, world: World) -> None:
        keys = [world.deliver(f"Number {number}") for number in range(4)]
        engine = copy_of(world)
        state = engine.store.states[self.stream(world)]
        world.flag(keys[0], set=["seen"])
        world.delete(keys[1])
        world.deliver("New")
        world.expire()
        with pytest.raises(CursorExpired):
            world.provider().changes(self.stream(world), Since(state.cursor or ""), 10)
        self.follow(engine)
        self.assert_equal(world, engine)


class ScopeContract(Base):
    """What the owner does not want is accounted for, not copied."""

    def test_since_leaves_older_mail_out(self, world: World) -> None:
        world.deliver("One")
        scope = Scope(since=world.now() + timedelta(days=2))
        engine = copy_of(world, scope)
        assert not any(row.disposition == "stored" for row in engine.store.rows.values())
        assert world.provider(scope).enumerate(None, None, 10).refs == ()

    def test_junk_is_not_copied_until_it_is_no_junk(self, world: World) -> None:
        key, junk = world.deliver("Good"), world.deliver("Bad", junk=True)
        engine = copy_of(world)
        assert engine.store.rows[key].disposition == "stored"
        row = engine.store.rows.get(junk)
        assert row is None or (row.disposition, row.reason) == ("filtered", "folder")
        assert junk not in engine.store.raws

    def test_a_large_message_is_not_copied(self, world: World) -> None:
        key = world.deliver("", raw=a_mail(1))
        engine = copy_of(world, Scope(max_message_bytes=1000))
        row = engine.store.rows[key]
        assert (row.disposition, row.reason) == ("filtered", "size")

    def test_an_excluded_message_is_not_copied(self, world: World) -> None:
        if not world.provider().capabilities.server_search:
            pytest.skip("no search at the server")
        wanted = world.deliver("Meeting")
        engine = copy_of(world, scope := Scope(exclude=world.excluding("newsletter")))
        early = world.deliver("Weekly newsletter")
        self.follow(engine)
        for copied in (engine, copy_of(world, scope)):
            assert copied.store.rows[wanted].disposition == "stored"
            row = copied.store.rows.get(early)
            assert row is None or (row.disposition, row.reason) == ("filtered", "exclude")
            assert early not in copied.store.raws


class ProviderContract(ReadingContract, StreamContract, ScopeContract, WritingContract):
    """All of it. Subclass this and give a ``world`` fixture."""
