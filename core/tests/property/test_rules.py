"""The rule language: total, explainable, the same after a trip through JSON."""

from datetime import timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbox_core.rules import stages
from mailbox_core.rules.evaluate import glob, matches
from mailbox_core.rules.explain import Answer, explain, reasons, to_json
from mailbox_core.rules.facts import Facts, File, Who
from mailbox_core.rules.syntax import (
    CHOICES,
    FIELDS,
    OPS,
    All,
    Any_,
    Check,
    Node,
    Not,
    RuleError,
    dumps,
    fields_of,
    from_data,
    loads,
    to_data,
)

WORDS = st.sampled_from(
    ["order", "Invoice", "a*b", "*", "ß", "ada@example.org", "example.org", "x y"]
)
TEXTS = WORDS | st.text(max_size=30)
#: Texts in which a language and an urgency can be seen, and what no mail should hold.
BODIES = TEXTS | st.sampled_from(
    [
        "Das ist dringend, bitte rufen Sie uns heute noch zurück.",
        "No rush, whenever you have time to look at our order.",
        "> urgent\n\nMerci beaucoup pour votre réponse rapide.",
        "half a pair \ud800 of something that is not a character at all",
    ]
)
VALUES = TEXTS.filter(lambda text: text.strip())
CLOCKS = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))
ZONES = st.none() | st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))


@st.composite
def checks(draw: st.DrawFn) -> Check:
    """Any test that the syntax allows."""
    name = draw(st.sampled_from(sorted(FIELDS)))
    kind = FIELDS[name]
    op = draw(st.sampled_from(OPS[kind]))
    header = draw(st.sampled_from(["X-Shop", "Subject", "List-Id"])) if name == "header" else ""
    if op == "exists":
        return Check(name, op, "", header)
    if kind == "number":
        return Check(name, op, draw(st.integers(0, 5000)))
    if kind == "time":
        days = tuple(sorted(draw(st.sets(st.integers(0, 6)))))
        return Check(name, op, (draw(CLOCKS), draw(CLOCKS)), "", days)
    if kind == "choice":
        return Check(name, op, draw(st.sampled_from(CHOICES[name])))
    return Check(name, op, draw(VALUES), header)


NODES: st.SearchStrategy[Node] = st.recursive(
    checks(),
    lambda inner: (
        st.builds(Not, inner)
        | st.lists(inner, max_size=4).map(tuple).map(All)
        | st.lists(inner, max_size=4).map(tuple).map(Any_)
    ),
    max_leaves=12,
)

FACTS = st.builds(
    Facts,
    mailbox=st.just("ada@example.org"),
    own=st.just(frozenset({"ada@example.org"})),
    sender=TEXTS,
    sender_name=TEXTS,
    to=st.lists(TEXTS, max_size=3).map(tuple),
    cc=st.lists(TEXTS, max_size=3).map(tuple),
    subject=TEXTS,
    body=BODIES,
    headers=st.lists(
        st.tuples(
            st.sampled_from(["x-shop", "List-Id", "X-Loop", "Importance", "X-Priority"]), TEXTS
        ),
        max_size=4,
    ).map(tuple),
    files=st.lists(st.builds(File, TEXTS, TEXTS, st.integers(0, 10_000)), max_size=2).map(tuple),
    size=st.integers(0, 10_000),
    folders=st.lists(TEXTS, max_size=2).map(tuple),
    roles=st.frozensets(st.sampled_from(CHOICES["role"]), max_size=2),
    automatic=st.none() | st.sampled_from(CHOICES["automatic"][1:]),
    reply=st.sampled_from(["new", "reply", "answer"]),
    outgoing=st.booleans(),
    authentic=st.sampled_from(["pass", "fail", "none"]),
    partner=st.frozensets(st.sampled_from(["known", "customer", "internal", "vip"])),
    who=st.builds(
        Who,
        tags=st.lists(TEXTS, max_size=2).map(tuple),
        salesperson=st.lists(TEXTS, max_size=2).map(tuple),
        country=st.lists(TEXTS, max_size=2).map(tuple),
        company=st.lists(TEXTS, max_size=1).map(tuple),
    ),
    conversation=st.frozensets(st.sampled_from(CHOICES["conversation"]), max_size=2),
    received_at=st.datetimes(timezones=st.just(timezone.utc)),
)


@given(NODES, FACTS, ZONES)
def test_every_condition_has_an_answer_for_every_mail_and_a_reason(
    node: Node, facts: Facts, zone: timezone | None
) -> None:
    answer = explain(node, facts, zone)
    assert answer.matched is matches(node, facts, zone)
    assert to_json(answer)["matched"] is answer.matched


@given(NODES, FACTS)
def test_the_reasons_alone_decide(node: Node, facts: Facts) -> None:
    """Whatever the other tests say, the outcome stays: so the explanation is one."""
    answer = explain(node, facts)
    deciding = {id(reason) for reason in reasons(answer)}
    for filling in (True, False):
        assert _replay(answer, deciding, filling) is answer.matched


def _replay(answer: Answer, deciding: set[int], filling: bool) -> bool:
    if isinstance(answer.node, Check):
        return answer.matched if id(answer) in deciding else filling
    values = [_replay(item, deciding, filling) for item in answer.items]
    if isinstance(answer.node, Not):
        return not values[0]
    return all(values) if isinstance(answer.node, All) else any(values)


@given(NODES)
def test_a_condition_survives_json(node: Node) -> None:
    assert loads(dumps(node)) == node
    assert from_data(to_data(node)) == node
    assert fields_of(node) <= FIELDS.keys()


@given(NODES, FACTS)
def test_not_is_the_contrary_and_the_laws_of_de_morgan_hold(node: Node, facts: Facts) -> None:
    assert matches(Not(node), facts) is not matches(node, facts)
    both = All((node, Check("direction", "is", "outgoing")))
    apart = Any_((Not(node), Not(Check("direction", "is", "outgoing"))))
    assert matches(Not(both), facts) is matches(apart, facts)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "any", "not", "field", "op", "value", "name", "days", "odd"]),
            inner | st.sampled_from([*FIELDS, "contains", "is"]),
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(JSON)
def test_what_is_no_condition_is_refused_with_words(data: object) -> None:
    try:
        node = from_data(data)
    except RuleError as error:
        assert error.path and error.problem
    else:
        assert from_data(to_data(node)) == node


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_glob_is_what_a_simple_reading_says(pattern: str, value: str) -> None:
    assert glob(value, pattern) is _slow_glob(value, pattern)


def _slow_glob(value: str, pattern: str) -> bool:
    if not pattern:
        return not value
    if pattern[0] == "*":
        return any(_slow_glob(value[start:], pattern[1:]) for start in range(len(value) + 1))
    return bool(value) and value[0] == pattern[0] and _slow_glob(value[1:], pattern[1:])


COUNTS = st.integers(0, 30)


@given(FACTS, st.builds(stages.History, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS))
@settings(max_examples=60)
def test_stages_always_answer_and_name_what_they_rest_on(
    facts: Facts, history: stages.History
) -> None:
    finding, silent = stages.look(facts, history)
    names = [name for name, _ in stages.STAGES]
    assert list(silent) == names[: len(silent)]
    if finding is None:
        assert len(silent) == len(names)
    else:
        assert finding.stage == names[len(silent)]
        assert all(isinstance(word, str) for pair in finding.evidence for word in pair)


@pytest.mark.timeout(30)
def test_a_hostile_pattern_ends() -> None:
    """With a regular expression's backtracking it would not, in anybody's lifetime."""
    facts = Facts(body="a" * 20_000)
    assert not matches(Check("body", "matches", "*a" * 140 + "b"), facts)
