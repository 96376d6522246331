"""Two real mailing lists (source of Debian's package notmuch, GPL-3+): threads by References are
conversations, whatever the order, and nobody is joined to strangers."""

from __future__ import annotations

import random
import re
from collections.abc import Hashable, Mapping
from email import message_from_bytes
from pathlib import Path

import pytest

from mailbox_core.conversations import Keys, Match, group, join, keys
from mailbox_core.mime import parse
from mailbox_core.mime.classify import delivery_report
from mailbox_tools import paths

Partition = set[frozenset[str]]

#: The archive that some of the mail was taken from hides addresses, in each mail anew; whom such a
#: mail is from or to cannot be known.
_HIDDEN = re.compile(rb"(?im)^(?:from|to|cc):.*public\.gmane\.org")
_ID = re.compile(r"<[^<>\s]+@[^<>\s]+>")


def lists() -> Path:
    found = sorted(paths.corpora().glob("notmuch-*/test/corpora"))
    if not found:
        pytest.skip("the source package of notmuch could not be fetched")
    return found[0]


def mails(name: str, *, hidden: bool = False) -> dict[str, bytes]:
    """The mails of a list by path, without those whose addresses are hidden."""
    found = {str(path): path.read_bytes() for path in sorted(lists().joinpath(name).rglob("*:2,*"))}
    return {path: raw for path, raw in found.items() if hidden or not _HIDDEN.search(raw)}


def by_references(raws: Mapping[str, bytes]) -> dict[str, Hashable]:
    """The threads as the standard library reads the fields: whatever names a common id."""
    parent: dict[str, str] = {}

    def root(one: str) -> str:
        while parent.setdefault(one, one) != one:
            one = parent[one]
        return one

    own: dict[str, str] = {}
    for path, raw in raws.items():
        head = message_from_bytes(raw)
        fields = [str(head.get(name, "")) for name in ("Message-ID", "References", "In-Reply-To")]
        ids = _ID.findall(" ".join(fields)) or [path]
        own[path] = ids[0]
        for one in ids[1:]:
            parent[root(one)] = root(ids[0])
    return {path: root(one) for path, one in own.items()}


def parts(of: Mapping[str, Hashable]) -> Partition:
    found: dict[Hashable, set[str]] = {}
    for path, name in of.items():
        found.setdefault(name, set()).add(path)
    return {frozenset(one) for one in found.values()}


def known(raws: Mapping[str, bytes]) -> dict[str, Keys]:
    return {path: keys(parse(raw)) for path, raw in raws.items()}


@pytest.mark.parametrize(("name", "least"), [("default", 50), ("lkml", 90), ("duplicate", 5)])
def test_the_threads_of_a_list_are_its_conversations(name: str, least: int) -> None:
    raws = mails(name)
    assert len(raws) >= least
    assert parts(group(known(raws))) == parts(by_references(raws))


@pytest.mark.parametrize("name", ["default", "lkml"])
def test_nobody_is_joined_to_a_thread_that_references_keep_apart(name: str) -> None:
    """Even where addresses are hidden: conversations may be smaller than threads, never larger."""
    raws = mails(name, hidden=True)
    threads = by_references(raws)
    for one in parts(group(known(raws))):
        assert len({threads[path] for path in one}) == 1


@pytest.mark.parametrize("name", ["default", "lkml"])
def test_mail_that_lost_its_references_joins_no_strangers(name: str) -> None:
    raws = mails(name)
    threads = by_references(raws)
    lost = {path: re.sub(rb"(?im)^references:.*\n(?:[ \t].*\n)*", b"", raws[path]) for path in raws}
    assert lost != raws
    conversations = parts(group(known(lost)))
    for one in conversations:
        assert len({threads[path] for path in one}) == 1
    # In-Reply-To alone keeps most of them together.
    assert len(conversations) < len(raws) * 0.7


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["default", "lkml"])
def test_a_list_arrives_in_any_order_with_the_same_conversations(name: str, seed: int) -> None:
    raws = mails(name)
    of = known(raws)
    order = sorted(of)
    random.Random(seed).shuffle(order)
    conversation: dict[str, str] = {}
    seen: dict[str, set[str]] = {}
    for path in order:
        near = sorted({other for token in of[path].tokens for other in seen.get(token, ())})
        found = join(of[path], [Match(conversation[other], of[other]) for other in near])
        first = found.conversations[0] if found.conversations else path
        for other, name_of in conversation.items():
            if name_of in found.conversations:
                conversation[other] = first
        conversation[path] = first
        for token in of[path].tokens:
            seen.setdefault(token, set()).add(path)
    assert parts(conversation) == parts(by_references(raws))


@pytest.mark.parametrize("name", ["default", "lkml"])
def test_mail_of_lists_is_nothing_else(name: str) -> None:
    for path, raw in mails(name, hidden=True).items():
        assert parse(raw).automatic in (None, "list", "bulk"), path
        assert delivery_report(raw) is None, path
        if re.search(rb"(?im)^list-id:", raw.partition(b"\n\n")[0]):
            assert parse(raw).automatic == "list", path
