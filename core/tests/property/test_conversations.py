"""Threading on made-up correspondence: whatever order mail comes in, and whatever programs and
relays do to its headers, the same mails stand together, and never those of two customers.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from mailbox_core.conversations import Keys, Match, group, join, make_keys

US = "sales@own.example"
START = datetime(2026, 11, 2, 10, 0, tzinfo=timezone.utc)
#: Two mail services where anybody may have an address, and companies.
CUSTOMERS = (
    "ann@one.example",
    "bob@two.example",
    "carl@gmail.com",
    "dora@gmail.com",
    "eve@gmx.net",
)
#: Few words, so that customers use the same ones.
SUBJECTS = ("Invoice", "Question about the offer", "Order")


@dataclass(frozen=True)
class Mail:
    """A mail as it was written: ``talk`` is the conversation it truly belongs to; ``parents`` all
    mails before it there, the nearest last."""

    number: int
    talk: int
    customer: str
    ours: bool
    subject: str
    parents: tuple[str, ...]
    id: str

    @property
    def root(self) -> bool:
        return not self.parents


def write(seed: int, talks: int, length: int) -> list[Mail]:
    """Conversations of several customers about the same few subjects, in the order of writing."""
    rng = random.Random(seed)
    mails: list[Mail] = []
    for talk in range(talks):
        customer, subject = rng.choice(CUSTOMERS), rng.choice(SUBJECTS)
        ids: list[str] = []
        for place in range(rng.randint(1, length)):
            number = len(mails)
            ours = rng.random() < 0.5
            own = f"<{number}.{talk}@{'own' if ours else 'out'}.example>"
            text = subject if place == 0 else f"Re: {subject}"
            mails.append(Mail(number, talk, customer, ours, text, tuple(ids), own))
            ids.append(own)
    return mails


def keys_of(mail: Mail, refs: tuple[str, ...], reply: tuple[str, ...], own: str) -> Keys:
    return make_keys(
        message_id=own,
        references=refs,
        in_reply_to=reply,
        subject=mail.subject,
        sender=US if mail.ours else mail.customer,
        recipients=[mail.customer if mail.ours else US],
        # Far apart: what subjects alone say is tested elsewhere.
        date=START + timedelta(days=mail.number * 30),
        own=[US],
    )


def whole(mail: Mail) -> Keys:
    return keys_of(mail, mail.parents, mail.parents[-1:], mail.id)


def partition(groups: dict[int, int]) -> set[frozenset[int]]:
    parts: dict[int, set[int]] = {}
    for one, name in groups.items():
        parts.setdefault(name, set()).add(one)
    return {frozenset(part) for part in parts.values()}


def truth(mails: list[Mail]) -> set[frozenset[int]]:
    return partition({mail.number: mail.talk for mail in mails})


def arrive(messages: dict[int, Keys], order: list[int]) -> dict[int, int]:
    """One after the other, as a mailbox sees them: joined to what is known, conversations merged
    where a mail shows that two are one."""
    place: dict[int, int] = {}
    for number in order:
        known = [Match(place[one], messages[one]) for one in place]
        found = join(messages[number], known).conversations
        home = found[0] if found else number
        place = {one: home if talk in found else talk for one, talk in place.items()}
        place[number] = home
    return place


SEEDS = st.integers(0, 2**32)


@given(SEEDS, SEEDS, st.integers(1, 5), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_the_order_of_arrival_does_not_matter(
    seed: int, shuffle: int, talks: int, length: int
) -> None:
    mails = write(seed, talks, length)
    messages = {mail.number: whole(mail) for mail in mails}
    order = list(messages)
    random.Random(shuffle).shuffle(order)
    assert partition(arrive(messages, order)) == partition(group(messages)) == truth(mails)


@given(SEEDS, SEEDS, st.integers(1, 4), st.integers(2, 7))
@settings(max_examples=80, deadline=None)
def test_as_long_as_one_id_survives_mail_stands_where_it_belongs(
    seed: int, chance: int, talks: int, length: int
) -> None:
    """Each mail keeps some of what it named: one In-Reply-To, or any one reference."""
    rng = random.Random(chance)
    mails = write(seed, talks, length)
    messages = {}
    for mail in mails:
        refs = tuple(one for one in mail.parents if rng.random() < 0.3)
        reply = mail.parents[-1:] if rng.random() < 0.5 else ()
        if mail.parents and not refs and not reply:
            refs = (rng.choice(mail.parents),)
        messages[mail.number] = keys_of(mail, refs, reply, mail.id)
    order = list(messages)
    rng.shuffle(order)
    assert partition(arrive(messages, order)) == truth(mails)


@given(SEEDS, SEEDS, st.integers(1, 4), st.integers(2, 7))
@settings(max_examples=80, deadline=None)
def test_ids_that_a_relay_replaced_are_known_by_those_it_gave(
    seed: int, chance: int, talks: int, length: int
) -> None:
    """Gmail gives our mail another Message-ID: the copy among the sent mail has it, and customers
    answer to it. Some of their programs drop References altogether."""
    rng = random.Random(chance)
    mails = write(seed, talks, length)
    given_ids = {
        mail.id: f"<CA+{mail.number}@mail.relay.example>"
        for mail in mails
        if mail.ours and rng.random() < 0.7
    }
    messages = {}
    for mail in mails:
        seen = tuple(given_ids.get(one, one) for one in mail.parents)
        refs = seen if rng.random() < 0.5 else ()
        own = given_ids.get(mail.id, mail.id)
        messages[mail.number] = keys_of(mail, refs, seen[-1:], own)
    order = list(messages)
    rng.shuffle(order)
    assert partition(arrive(messages, order)) == partition(group(messages)) == truth(mails)


@given(SEEDS, SEEDS, st.integers(2, 6), st.integers(1, 5))
@settings(max_examples=80, deadline=None)
def test_customers_never_stand_together_whatever_headers_say(
    seed: int, chance: int, talks: int, length: int
) -> None:
    """Ids stripped, copied from other conversations, forged: a conversation has one customer.

    But for the one who directly answers a mail of ours: that may be the customer's other address.
    """
    rng = random.Random(chance)
    mails = write(seed, talks, length)
    ids = [mail.id for mail in mails]
    messages = {}
    for mail in mails:
        refs = tuple(rng.sample(ids, min(len(ids), rng.randint(0, 4))))
        key = keys_of(mail, refs, (), mail.id)
        # The same day: the same words, days apart, bring nobody together either.
        messages[mail.number] = replace(key, direct=None, date=START)
    order = list(messages)
    rng.shuffle(order)
    groups = arrive(messages, order)
    assert partition(groups) == partition(group(messages))
    for part in partition(groups):
        assert len({mails[one].customer for one in part}) == 1


@given(SEEDS, st.integers(33, 120))
@settings(max_examples=15, deadline=None)
def test_more_references_than_anybody_looks_at(seed: int, length: int) -> None:
    """A chain far longer than the 32 that Odoo looks at, of which only the first is known here."""
    rng = random.Random(seed)
    first = Mail(0, 0, CUSTOMERS[0], False, "Order", (), "<root@out.example>")
    unknown = tuple(f"<{number}@else.example>" for number in range(length))
    last = Mail(1, 0, CUSTOMERS[0], False, "Re: Order", ("<root@out.example>", *unknown), "<z@x>")
    messages = {0: whole(first), 1: whole(last)}
    order = [0, 1]
    rng.shuffle(order)
    assert partition(arrive(messages, order)) == {frozenset({0, 1})}


@given(SEEDS, SEEDS, st.integers(2, 6))
@settings(max_examples=60, deadline=None)
def test_subjects_alone_join_only_the_same_people(seed: int, chance: int, talks: int) -> None:
    """Programs that drop every id: the same words within a week, by exactly the same people."""
    rng = random.Random(chance)
    mails = write(seed, talks, 4)
    messages = {}
    for mail in mails:
        bare = keys_of(mail, (), (), mail.id)
        messages[mail.number] = replace(bare, date=START + timedelta(hours=mail.number))
    order = list(messages)
    rng.shuffle(order)
    parts = partition(arrive(messages, order))
    assert parts == partition(group(messages))
    for part in parts:
        assert len({mails[one].customer for one in part}) == 1
        assert len({messages[one].subject for one in part}) == 1
