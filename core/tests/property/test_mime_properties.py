"""What holds for every message, tried on generated ones."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from mailbox_core import conversations
from mailbox_core.conversations import Keys, Match, group, join, linked, make_keys
from mailbox_core.mime import (
    Attachment,
    Draft,
    build,
    delivery_report,
    parse,
    part_bytes,
    placeholder,
    safe_filename,
    split_quote,
)
from mailbox_core.types import Address

quick = settings(max_examples=150, deadline=None)
few = settings(max_examples=40, deadline=None)

SCRAPS = st.sampled_from(
    (
        b"From: |Subject: |Content-Type: |multipart/mixed; boundary=b|text/html; charset=|utf-7"
        b'|=?utf-8?q?|?=|\r\n|\n|\n\n|\n--b\n|\n--b--\n|<a@b.c>|, |"|(|)|;|:|begin 644 f\n|\nend\n'
        b"|Content-Transfer-Encoding: base64\n|\0|\xff|message/rfc822|Date: |1 Jan 1970|\x1b$B"
        b"|Content-Disposition: attachment; filename*0*="
    ).split(b"|")
)
OCTETS = st.lists(SCRAPS | st.binary(max_size=12), max_size=40).map(b"".join)


@quick
@given(OCTETS)
def test_parse_never_raises_and_always_agrees_with_itself(raw: bytes) -> None:
    email = parse(raw)
    assert parse(bytes(bytearray(raw))) == email
    delivery_report(raw)
    for part in email.parts:
        if part.available:
            part_bytes(raw, part.ref.path)
    for text in (email.subject, email.text or "", email.html or "", email.snippet):
        assert "\0" not in text
        text.encode("utf-8")


@quick
@given(st.text(max_size=300))
def test_names_are_safe(name: str) -> None:
    safe = safe_filename(name)
    assert "/" not in safe and "\\" not in safe and safe not in (".", "..")
    assert len(safe.encode("utf-8")) <= 200
    assert safe_filename(safe) == safe


PRINTABLE = st.text(
    st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"]) | st.just(" "), max_size=80
)
LINES = st.lists(PRINTABLE, max_size=6).map("\n".join)
WORDS = PRINTABLE.map(lambda text: " ".join(text.split()))
LOCALS = st.from_regex(r"[a-z][a-z0-9.+_-]{0,20}[a-z0-9]", fullmatch=True).filter(
    lambda t: ".." not in t
)
DOMAINS = st.from_regex(r"[a-z][a-z0-9]{1,20}\.(com|example|de)", fullmatch=True)
ADDRESSES = st.builds(
    Address,
    WORDS.map(lambda name: name.strip("\"' ")[:100].strip("\"' ")),
    st.builds("{}@{}".format, LOCALS, DOMAINS),
)
IDS = st.builds("<{}@{}>".format, LOCALS, DOMAINS)
FILES = st.builds(
    Attachment,
    st.text(max_size=60).map(lambda name: safe_filename(name) or "file"),
    st.sampled_from(["application/pdf", "image/png", "text/plain", "application/octet-stream"]),
    st.binary(max_size=200),
)
DATES = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)).map(
    lambda value: value.replace(microsecond=0, tzinfo=timezone.utc)
)


def unique(people: list[Address]) -> tuple[Address, ...]:
    return tuple({one.email: one for one in people}.values())


PEOPLE = st.lists(ADDRESSES, max_size=5).map(unique)
DRAFTS = st.builds(
    Draft,
    from_=ADDRESSES,
    message_id=IDS,
    date=DATES,
    to=PEOPLE,
    cc=PEOPLE,
    reply_to=PEOPLE,
    subject=WORDS,
    text=LINES,
    html=st.none() | LINES.map(lambda text: f"<p>{text}</p>"),
    attachments=st.lists(FILES, max_size=3).map(tuple),
    in_reply_to=st.lists(IDS, max_size=1).map(tuple),
    references=st.lists(IDS, max_size=5, unique=True).map(tuple),
    auto_submitted=st.sampled_from([None, "auto-replied"]),
)


@few
@given(DRAFTS)
def test_what_is_built_is_read_back(draft: Draft) -> None:
    raw = build(draft)
    assert raw.isascii()
    assert raw.replace(b"\r\n", b"").find(b"\n") < 0 and raw.replace(b"\r\n", b"").find(b"\r") < 0
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    email = parse(raw)
    assert email.defects == ()
    assert email.from_ == (draft.from_,)
    assert (email.to, email.cc, email.reply_to) == (draft.to, draft.cc, draft.reply_to)
    assert email.subject == draft.subject
    assert (email.message_id, email.date) == (draft.message_id, draft.date)
    assert (email.in_reply_to, email.references) == (draft.in_reply_to, draft.references)
    assert (email.text or "").strip("\n") == (draft.text or "").strip("\n")
    assert email.html == draft.html
    assert [part.filename for part in email.parts] == [one.filename for one in draft.attachments]
    data = [part_bytes(raw, part.ref.path) for part in email.parts]
    assert data == [one.data for one in draft.attachments]
    assert email.automatic == ("auto-reply" if draft.auto_submitted else None)
    assert build(draft) == raw


@few
@given(
    DRAFTS,
    st.sampled_from([b"Received: from x\r\n", b"X-Spam: no\r\n", b"DKIM-Signature: a\r\n b\r\n"]),
)
def test_transport_does_not_change_the_fingerprint(draft: Draft, added: bytes) -> None:
    raw = build(draft)
    print_of = parse(raw).fingerprint
    assert parse(added + raw).fingerprint == print_of
    assert parse(raw.replace(b"\r\n", b"\n")).fingerprint == print_of
    assert parse(raw.replace(b"\r\n ", b"\r\n\t")).fingerprint == print_of


@quick
@given(st.text(max_size=40), st.text(max_size=60), st.integers(0, 1 << 40), st.booleans())
def test_placeholders_are_listed(kind: str, name: str, size: int, inline: bool) -> None:
    entity = placeholder("1.2", kind, size, name, content_id="a@b", inline=inline)
    head = (
        b"From: a@b.c\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\nhi\r\n--q\r\n"
    )
    email = parse(head + entity + b"\r\n--q--\r\n")
    (part,) = email.parts
    assert (part.ref.path, part.size, part.available, part.inline) == ("1.2", size, False, inline)
    assert part.content_id == "a@b"
    if safe_filename(name):
        assert part.filename == safe_filename(name)


@quick
@given(
    st.lists(
        st.sampled_from(
            ["> old", "new", "", "On 1 Jan a@b.c wrote:", "From: x", "To: y", "Sent: z"]
        ),
        max_size=12,
    )
)
def test_cutting_deletes_no_line(lines: list[str]) -> None:
    new, old = split_quote("\n".join(lines))
    assert sorted(filter(None, (new + "\n" + old).split("\n"))) == sorted(filter(None, lines))
    if any(lines):
        assert new.strip()


TOKENS = st.sampled_from([f"<{n}@x>" for n in range(6)])
START = datetime(2026, 11, 2, tzinfo=timezone.utc)
KEYS = st.builds(
    lambda own, refs, reply, key, subject, sender, to, days: make_keys(
        message_id=own,
        references=refs,
        in_reply_to=reply,
        conversation_key=key,
        subject=subject,
        sender=sender,
        recipients=to,
        date=START + timedelta(days=days),
        own=["us@own.example"],
    ),
    st.none() | TOKENS,
    st.lists(TOKENS, max_size=3),
    st.lists(TOKENS, max_size=1),
    st.sampled_from([None, None, None, "k1", "k2"]),
    st.sampled_from(["Offer", "Re: Offer", "AW: offer", "Other", "Re: Other", ""]),
    st.sampled_from(["us@own.example", "a@a.example", "b@b.example", "c@gmail.com", None]),
    st.lists(
        st.sampled_from(["us@own.example", "a@a.example", "x@a.example", "d@gmail.com"]), max_size=2
    ),
    st.integers(0, 20),
)


def partition(groups: dict[int, int]) -> set[frozenset[int]]:
    found: dict[int, set[int]] = {}
    for one, name in groups.items():
        found.setdefault(name, set()).add(one)
    return {frozenset(members) for members in found.values()}


@quick
@given(st.lists(KEYS, max_size=9), st.randoms(use_true_random=False))
def test_conversations_do_not_depend_on_arrival(keys: list[Keys], chance: object) -> None:
    """In any order, at once or one by one through ``join``, and by the definition: closure of
    linked.
    """
    messages = dict(enumerate(keys))
    expected = partition(group(messages))
    order = list(messages)
    chance.shuffle(order)  # type: ignore[attr-defined]
    assert partition(group({one: messages[one] for one in order})) == expected
    joined: dict[int, int] = {}
    for one in order:
        known = [Match(joined[other], messages[other]) for other in joined]
        decision = join(messages[one], known)
        home = decision.conversations[0] if decision.conversations else one
        joined[one] = home
        for other, name in joined.items():
            if name in decision.conversations:
                joined[other] = home
    assert partition(joined) == expected
    assert partition(closure(messages)) == expected


def closure(messages: dict[int, Keys]) -> dict[int, int]:
    names = {one: one for one in messages}
    for a, b in itertools.combinations(messages, 2):
        assert linked(messages[a], messages[b]) == linked(messages[b], messages[a])
        if linked(messages[a], messages[b]):
            old, new = names[b], names[a]
            names = {one: new if name == old else name for one, name in names.items()}
    return names


@quick
@given(st.lists(KEYS, max_size=8))
def test_strangers_share_no_conversation_by_subject(keys: list[Keys]) -> None:
    for a, b in itertools.combinations(keys, 2):
        if linked(a, b) == "subject":
            assert a.correspondents == b.correspondents
            assert abs((a.date or START) - (b.date or START)) <= conversations.SUBJECT_WINDOW
