"""Hypothesis strategies for the nouns of sync, on a small alphabet so that things collide."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from ..sync.plan import Context, Known
from ..sync.stream import Gate, StreamState
from ..types import Delta, MessageRef, Page, Removal, Scope, Span, Upsert
from .world import EPOCH, FOLDERS

IDS = [f"m{number}" for number in range(4)]
FOLDER_IDS = ["inbox", "junk", "work"]
FLAGS = ["seen", "flagged"]

folder_sets = st.frozensets(st.sampled_from(FOLDER_IDS))
flag_sets = st.frozensets(st.sampled_from(FLAGS))
refs = st.sampled_from(IDS).map(MessageRef)


def deltas(words: list[str]) -> st.SearchStrategy[Delta]:
    """Differences whose two halves are disjoint."""
    pairs = st.tuples(st.frozensets(st.sampled_from(words)), st.frozensets(st.sampled_from(words)))
    return pairs.map(lambda pair: Delta(pair[0], pair[1] - pair[0]))


upserts = st.builds(
    Upsert,
    refs,
    st.none() | folder_sets | deltas(FOLDER_IDS),
    st.none() | flag_sets | deltas(FLAGS),
    st.none() | st.sampled_from(["exclude", "size"]),
)
removals = st.builds(Removal, refs, st.none() | st.sampled_from(FOLDER_IDS))
spans = st.builds(Span, st.sampled_from(FOLDER_IDS), st.sampled_from(IDS), st.sampled_from(IDS))
pages = st.builds(
    Page,
    st.lists(upserts, max_size=5).map(tuple),
    st.lists(removals, max_size=3).map(tuple),
    st.none() | spans,
    cursor=st.none() | st.sampled_from(["c1", "c2"]),
    resume=st.none() | st.sampled_from(["r1", "r2"]),
    more=st.booleans(),
)
contexts = st.builds(
    Context,
    generation=st.integers(1, 3),
    now=st.just(EPOCH),
    scope=st.sampled_from([Scope(), Scope(folders=frozenset({"inbox"}))]),
    folders=st.just(FOLDERS),
    listing=st.booleans(),
    exclusive=st.booleans(),
    folder=st.none() | st.just("inbox"),
)


def _reachable(row: Known) -> Known:
    """The nearest row that the plan itself could have written."""
    reasons = {"filtered": row.reason or "folder", "quarantined": "unreadable"}
    row = replace(row, reason=reasons.get(row.disposition))
    if row.disposition == "gone":
        return replace(row, folders=frozenset(), flags=None, stale=False, absent_since=None)
    return replace(
        row,
        stale=row.stale and row.disposition == "stored",
        absent_since=None if row.folders else row.absent_since,
    )


def _known(key: str) -> st.SearchStrategy[Known]:
    return st.builds(
        Known,
        st.just(MessageRef(key)),
        st.sampled_from(["listed", "stored", "filtered", "quarantined", "gone"]),
        st.sampled_from([None, "folder", "exclude", "size"]),
        st.none() | folder_sets,
        st.none() | flag_sets,
        st.integers(0, 3),
        st.booleans(),
        st.booleans(),
        st.none() | st.just(EPOCH - timedelta(minutes=5)),
    ).map(_reachable)


#: Rows of a mailbox.
known_rows = st.fixed_dictionaries({}, optional={key: _known(key) for key in IDS})

#: Any state at all, reachable or not.
states = st.builds(
    StreamState,
    phase=st.sampled_from(["new", "snapshot", "live"]),
    gate=st.sampled_from(
        [Gate(), Gate("waiting", EPOCH), Gate("blocked", None, "x"), Gate("paused", EPOCH)]
    ),
    cursor=st.none() | st.just("c0"),
    resume=st.none() | st.just("r0"),
    generation=st.integers(0, 3),
    version=st.integers(0, 3),
    attempts=st.integers(0, 9),
    hints=st.integers(0, 3),
    draining=st.booleans(),
    echoes=st.integers(0, 2),
    look_at=st.none() | st.just(EPOCH),
    looks=st.integers(0, 4),
)
