"""Threading: the rules one by one."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mailbox_core.conversations import (
    Keys,
    Match,
    base_subject,
    group,
    join,
    keys,
    linked,
    make_keys,
)
from mailbox_core.mime import parse

DAY = datetime(2026, 11, 2, 10, 0, tzinfo=timezone.utc)
US = "us@own.example"


def msg(
    own: str | None = None,
    *,
    sender: str = "a@a.example",
    to: str = US,
    refs: tuple[str, ...] = (),
    reply: tuple[str, ...] = (),
    key: str | None = None,
    subject: str = "",
    days: float = 0,
) -> Keys:
    return make_keys(
        message_id=own,
        references=refs,
        in_reply_to=reply,
        conversation_key=key,
        subject=subject,
        sender=sender,
        recipients=[to],
        date=DAY + timedelta(days=days),
        own=[US],
    )


@pytest.mark.parametrize(
    ("subject", "base", "reply"),
    [
        ("Offer", "offer", False),
        ("Re: Offer", "offer", True),
        ("RE: AW: Re[2]: SV:  Offer", "offer", True),
        ("回复: 报价", "报价", True),
        ("回复：报价", "报价", True),
        ("[list] Re: [list] Offer", "offer", True),
        ("Re:", "re:", True),
        ("Fwd: Offer", "offer", True),
        ("Reform: plan", "reform: plan", False),
        ("Ответ: Заказ", "заказ", True),
        ("", "", False),
    ],
)
def test_base_subject(subject: str, base: str, reply: bool) -> None:
    assert base_subject(subject) == (base, reply)


def test_answer_and_question() -> None:
    question = msg("<q@x>", sender=US, to="a@a.example")
    answer = msg("<r@x>", reply=("<q@x>",))
    assert linked(question, answer) == linked(answer, question) == "references"


def test_siblings_of_a_mail_that_was_never_seen() -> None:
    assert (
        linked(msg("<1@x>", refs=("<lost@x>",)), msg("<2@x>", refs=("<lost@x>",))) == "references"
    )


def test_colleague_answers() -> None:
    assert linked(msg("<1@x>"), msg("<2@x>", sender="b@a.example", refs=("<1@x>",))) == "references"


def test_public_domains_are_no_company() -> None:
    one = msg("<1@x>", sender="a@gmail.com", refs=("<lost@x>",))
    assert linked(one, msg("<2@x>", sender="b@gmail.com", refs=("<lost@x>",))) is None


def test_answer_from_another_address() -> None:
    sent = msg("<s@own.example>", sender=US, to="a@a.example")
    assert (
        linked(sent, msg("<r@x>", sender="private@gmail.com", reply=("<s@own.example>",)))
        == "references"
    )


def test_stolen_references_join_nothing() -> None:
    theirs = msg("<1@x>", sender="a@a.example")
    thief = msg("<2@x>", sender="b@b.example", refs=("<1@x>",), subject="Re: Offer")
    assert linked(theirs, thief) is None


def test_new_business_in_an_old_thread() -> None:
    """We answer A's mail but write to B: two conversations, also after B has answered."""
    messages = {
        1: msg("<1@x>", sender="a@a.example", subject="Offer"),
        2: msg("<2@own.example>", sender=US, to="b@b.example", refs=("<1@x>",), reply=("<1@x>",)),
        3: msg(
            "<3@x>",
            sender="b@b.example",
            refs=("<1@x>", "<2@own.example>"),
            reply=("<2@own.example>",),
        ),
    }
    groups = group(messages)
    assert groups[1] != groups[2] == groups[3]


def test_same_id_with_other_content_and_sender() -> None:
    assert (
        linked(msg("<same@x>", sender="a@a.example"), msg("<same@x>", sender="b@b.example")) is None
    )
    assert linked(msg("<same@x>"), msg("<same@x>")) == "message-id"


def test_provider_key_is_best() -> None:
    assert linked(msg(key="t1"), msg(sender="b@b.example", key="t1")) == "provider"


def test_subject_as_last_resort() -> None:
    question = msg("<1@x>", sender=US, to="a@a.example", subject="Offer 4711")
    reply = msg("<2@x>", subject="AW: Offer 4711", days=6)
    assert linked(question, reply) == "subject"
    assert linked(question, msg("<2@x>", subject="AW: Offer 4711", days=8)) is None
    assert linked(question, msg("<2@x>", subject="AW: Offer 4711", refs=("<other@x>",))) is None
    assert linked(question, msg("<2@x>", sender="b@b.example", subject="AW: Offer 4711")) is None
    assert (
        linked(msg("<1@x>", subject="Daily report"), msg("<2@x>", subject="Daily report")) is None
    )
    assert linked(msg("<1@x>", subject="Hi"), msg("<2@x>", subject="Re: Hi")) is None


def test_a_thousand_answers() -> None:
    messages = {
        n: msg(f"<{n}@x>", refs=tuple(f"<{p}@x>" for p in range(max(0, n - 100), n)))
        for n in range(1000)
    }
    assert set(group(messages).values()) == {0}


def test_loops_are_harmless() -> None:
    messages = {1: msg("<1@x>", refs=("<2@x>", "<1@x>")), 2: msg("<2@x>", refs=("<1@x>",))}
    assert set(group(messages).values()) == {1}


def test_join_names_what_to_merge() -> None:
    new = msg("<3@x>", refs=("<1@x>", "<2@x>"), key="t")
    known = [
        Match("first", msg("<1@x>")),
        Match("second", msg("<2@x>", key="t")),
        Match("second", msg("<2@x>")),
        Match("stranger", msg("<9@x>")),
    ]
    decision = join(new, known)
    assert decision.conversations == ("first", "second")
    assert decision.evidence == ("references", "provider")
    assert join(msg("<4@x>"), known).conversations == ()


def test_keys_of_a_parsed_message_equal_those_of_its_columns() -> None:
    raw = (
        b"From: A <a@a.example>\nTo: us@own.example\nCc: C <c@c.example>\nSubject: Re: Offer\n"
        b"Message-ID: <1@x>\nIn-Reply-To: <0@x>\nReferences: <r@x> <0@x>\n"
        b"Date: Mon, 02 Nov 2026 10:00:00 +0000\n\nhi"
    )
    email = parse(raw)
    stored = make_keys(
        message_id="<1@x>",
        in_reply_to=("<0@x>",),
        references=("<r@x>", "<0@x>"),
        conversation_key="t",
        subject="Re: Offer",
        sender="a@a.example",
        recipients=["us@own.example", "c@c.example"],
        date=DAY,
        own=[US],
    )
    assert keys(email, "t", DAY, [US]) == stored
    assert stored.tokens == ("<1@x>", "<r@x>", "<0@x>")
    assert stored.correspondents == {"a@a.example", "@a.example", "c@c.example", "@c.example"}


def test_what_people_type_where_a_program_asks_for_an_id_joins_nobody() -> None:
    """``git send-email`` asks for the id to answer; real lists have many answers to ``<yes>``."""
    everybody = "dev@lists.example"
    first = msg("<1@a.example>", to=everybody, reply=("<yes>",), refs=("<yes>",))
    second = msg("<2@b.example>", sender="b@b.example", to=everybody, reply=("<yes>",))
    assert linked(first, second) is None
    assert first.tokens == ("<1@a.example>",) and first.direct is None
    # Servers that write ids without a domain are real, too.
    odd = "<N77056c0a550a010202b5c>"
    asked, answer = msg(odd, to=everybody), msg("<3@a.example>", to=everybody, reply=(odd,))
    assert linked(asked, answer) == "references"
