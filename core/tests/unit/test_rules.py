from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from mailbox_core.mime.parse import parse
from mailbox_core.rules import authenticity, stages
from mailbox_core.rules.evaluate import matches
from mailbox_core.rules.explain import argument, explain, reasons, to_json
from mailbox_core.rules.facts import Facts, File, facts_of
from mailbox_core.rules.syntax import RuleError, fields_of, from_data, loads

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=timezone.utc)
FACTS = Facts(
    mailbox="sales@example.org",
    own=frozenset({"sales@example.org"}),
    sender="grace@shop.example.com",
    sender_name="Grace Hopper",
    to=("sales@example.org", "info@example.org"),
    subject="Re: Offer for 20 Türen",
    body="Dear all,\nthis is URGENT: we need help.\n",
    headers=(("X-Shop", "42"), ("List-Id", "News <news.example.com>")),
    files=(File("plan.PDF", "application/pdf", 900),),
    size=12_000,
    folders=("Inbox", "Kunden"),
    roles=frozenset({"inbox"}),
    reply="answer",
    received_at=MONDAY,
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"field": "subject", "op": "contains", "value": "TÜREN"}, True),
        ({"field": "subject", "op": "starts", "value": "offer"}, False),
        ({"field": "subject", "op": "matches", "value": "re: * for *"}, True),
        ({"field": "subject", "op": "matches", "value": "offer"}, False),
        ({"field": "body", "op": "words", "value": "problem, urgent"}, True),
        ({"field": "body", "op": "words", "value": "urge"}, False),
        ({"field": "domain", "op": "is", "value": "example.com"}, False),
        ({"field": "domain", "op": "under", "value": "example.com"}, True),
        ({"field": "domain", "op": "under", "value": "ample.com"}, False),
        ({"field": "sender", "op": "is", "value": "Grace@shop.example.com"}, True),
        ({"field": "recipients", "op": "matches", "value": "info@*"}, True),
        ({"field": "cc", "op": "exists"}, False),
        ({"field": "header", "name": "x-shop", "op": "is", "value": "42"}, True),
        ({"field": "header", "name": "X-Other", "op": "exists"}, False),
        ({"field": "attachment", "op": "ends", "value": ".pdf"}, True),
        ({"field": "attachments", "op": "at_least", "value": 2}, False),
        ({"field": "size", "op": "at_most", "value": 12000}, True),
        ({"field": "folder", "op": "is", "value": "kunden"}, True),
        ({"field": "role", "op": "is", "value": "junk"}, False),
        ({"field": "list", "op": "contains", "value": "news.example"}, True),
        ({"field": "automatic", "op": "is", "value": "any"}, False),
        ({"field": "reply", "op": "is", "value": "reply"}, True),
        ({"field": "reply", "op": "is", "value": "new"}, False),
        ({"field": "direction", "op": "is", "value": "incoming"}, True),
        ({"field": "partner", "op": "is", "value": "unknown"}, True),
        ({"field": "time", "op": "between", "value": ["09:00", "10:00"], "days": [0]}, True),
        ({"field": "time", "op": "between", "value": ["09:00", "10:00"], "days": [1]}, False),
        ({"field": "time", "op": "between", "value": ["22:00", "09:31"], "days": [6]}, True),
        ({"field": "time", "op": "between", "value": ["22:00", "06:00"]}, False),
        ({"all": []}, True),
        ({"any": []}, False),
        ({"not": {"any": []}}, True),
    ],
)
def test_conditions(condition: object, expected: bool) -> None:
    assert matches(from_data(condition), FACTS) is expected


def test_times_are_those_of_the_zone() -> None:
    node = from_data({"field": "time", "op": "between", "value": ["18:00", "19:00"]})
    assert not matches(node, FACTS)
    assert matches(node, FACTS, timezone(timedelta(hours=9)))


@pytest.mark.parametrize(
    ("text", "path", "problem"),
    [
        ("{", "rule", "not JSON"),
        ("[]", "rule", "an object"),
        ('{"all": [{"field": "sendr", "op": "is", "value": "x"}]}', "all[0]", "sendr"),
        ('{"not": {"field": "size", "op": "is", "value": 1}}', "not", "at_least, at_most"),
        ('{"field": "size", "op": "at_least", "value": "1"}', "rule", "whole number"),
        ('{"field": "size", "op": "at_least", "value": true}', "rule", "whole number"),
        ('{"field": "subject", "op": "is", "value": " "}', "rule", "not empty"),
        ('{"field": "header", "op": "exists"}', "rule", "which header"),
        ('{"field": "role", "op": "is", "value": "spam"}', "rule", "one of inbox"),
        ('{"field": "time", "op": "between", "value": ["8", "9"]}', "rule", "08:00"),
        ('{"field": "time", "op": "between", "value": ["24:00", "09:00"]}', "rule", "08:00"),
        ('{"field": "subject", "op": "is", "value": "x", "days": [1]}', "rule", "days"),
        ('{"all": [], "any": []}', "rule", "any does not belong"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, path: str, problem: str) -> None:
    with pytest.raises(RuleError) as caught:
        loads(text)
    assert caught.value.path == path
    assert problem in caught.value.problem


def test_depth_and_number_are_bounded() -> None:
    deep: dict[str, object] = {"all": []}
    for _ in range(20):
        deep = {"not": deep}
    with pytest.raises(RuleError, match="nested"):
        from_data(deep)
    with pytest.raises(RuleError, match="more than 200"):
        from_data({"any": [{"all": []}] * 300})
    with pytest.raises(RuleError, match="JSON"):
        loads("[" * 100_000)


def test_the_explanation_names_what_was_found() -> None:
    node = from_data(
        {
            "all": [
                {"field": "domain", "op": "under", "value": "example.com"},
                {"field": "subject", "op": "contains", "value": "complaint"},
            ]
        }
    )
    answer = explain(node, FACTS)
    assert not answer.matched
    (reason,) = reasons(answer)
    assert reason.found == FACTS.subject
    assert to_json(answer)["all"][0] == {
        "field": "domain",
        "op": "under",
        "value": "example.com",
        "matched": True,
        "found": "shop.example.com",
    }
    assert fields_of(node) == {"domain", "subject"}


def test_the_argument_tells_what_a_not_asks_for() -> None:
    shop = {"field": "domain", "op": "under", "value": "example.com"}
    done = {"field": "subject", "op": "contains", "value": "done"}
    answer = explain(from_data({"all": [shop, {"not": done}]}), FACTS)
    assert answer.matched
    told = [(one["field"], one["matched"], one["wanted"]) for one in argument(answer)]
    assert told == [("domain", True, True), ("subject", False, False)]
    twice = explain(from_data({"not": {"not": shop}}), FACTS)
    assert [one["wanted"] for one in argument(twice)] == [True]


def test_facts_of_a_parsed_mail() -> None:
    raw = (
        b"From: =?utf-8?q?Gr=C3=A4ce?= <Grace@Example.COM>\r\nTo: a@x.org\r\nCc: B@x.org\r\n"
        b"In-Reply-To: <1@x>\r\nSubject: Hi\r\nContent-Type: text/html\r\n\r\n<p>Hello <b>you</b>"
    )
    facts = facts_of(
        parse(raw),
        mailbox="A@x.org",
        own=("b@x.org",),
        received_at=MONDAY,
        folders=[("Eingang", "inbox"), ("Kunden", None)],
    )
    assert (facts.sender, facts.sender_name) == ("grace@example.com", "Gräce")
    assert (facts.to, facts.cc) == (("a@x.org",), ("b@x.org",))
    assert facts.body.split() == ["Hello", "you"]
    assert facts.own == {"a@x.org", "b@x.org"}
    assert (facts.reply, facts.outgoing, facts.roles) == ("reply", False, {"inbox"})


@pytest.mark.parametrize(
    ("changes", "stage", "effect"),
    [
        ({}, None, None),
        ({"automatic": "bounce"}, "bounce", "note"),
        ({"automatic": "delay"}, "bounce", "note"),
        ({"automatic": "auto-reply"}, "auto_reply", "note"),
        ({"automatic": "list"}, "machine", "machine"),
        ({"automatic": "calendar"}, None, None),
        ({"outgoing": True}, "own", "join"),
        ({"sender": "sales@example.org"}, None, None),
        ({"sender": "sales@example.org", "authentic": "pass"}, "own", "join"),
        ({"headers": (("X-Loop", "<Sales@example.org>"),)}, "loop", "ignore"),
        ({"headers": (("X-Loop", "other@example.org"),)}, None, None),
        ({"headers": (("X-Loop", "sales@example.org"),), "outgoing": True}, "own", "join"),
    ],
)
def test_stages(changes: dict[str, object], stage: str | None, effect: str | None) -> None:
    finding, _ = stages.look(replace(FACTS, **changes), stages.History())  # type: ignore[arg-type]
    assert (finding and finding.stage, finding and finding.effect) == (stage, effect)


def test_a_sender_without_end_is_a_loop() -> None:
    finding, _ = stages.look(FACTS, stages.History(from_sender=20, limit=20))
    assert finding is not None
    assert dict(finding.evidence)["rate"] == "20 / 120 min"
    assert stages.look(FACTS, stages.History(from_sender=19, limit=20))[0] is None


def test_a_pair_without_end_is_a_loop_but_never_what_we_write() -> None:
    full = stages.History(from_pair=30, pair_limit=30, pair_minutes=60)
    finding, _ = stages.look(FACTS, full)
    assert finding is not None
    assert (finding.stage, finding.effect) == ("loop", "ignore")
    evidence = dict(finding.evidence)
    assert evidence["rate"] == "30 / 60 min"
    assert evidence["pair"] == f"{FACTS.sender} → {FACTS.mailbox}"
    assert stages.look(FACTS, replace(full, from_pair=29))[0] is None
    assert stages.look(FACTS, replace(full, pair_limit=0))[0] is None
    for ours in (replace(FACTS, outgoing=True), replace(FACTS, sender="sales@example.org")):
        found, _ = stages.look(ours, full)
        assert found is None or found.stage != "loop"


IDS = frozenset({"mx.provider.test"})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("mx.provider.test; dmarc=pass (p=NONE) header.from=example.com", "pass"),
        ("mx.provider.test; dkim=pass header.i=@example.com; dmarc=fail", "fail"),
        ("mx.provider.test; dkim=pass header.i=@mail.example.com; spf=fail", "pass"),
        (
            "mx.provider.test; dkim=pass header.d=evil.test; spf=pass smtp.mailfrom=x@evil.test",
            "none",
        ),
        ("mx.provider.test; dkim=pass header.d=com", "none"),
        ("mx.provider.test; dmarc=pass header.from=evil.test", "none"),
        ("mx.provider.test; dmarc=fail header.from=evil.test", "fail"),
        ("mx.provider.test; dmarc=fail header.from=mail.example.com", "fail"),
        ("mx.provider.test 1; spf=pass smtp.mailfrom=bounce@example.com", "pass"),
        ("other.test; dmarc=pass", "none"),
        ("mx.provider.test", "none"),
        ("", "none"),
    ],
)
def test_the_providers_verdict(value: str, expected: str) -> None:
    headers = [("Authentication-Results", value)]
    assert authenticity.verdict(headers, "ada@example.com", IDS) == expected


@pytest.mark.parametrize(
    ("sender", "signer", "expected"),
    [
        ("ada@example.co.uk", "mail.example.co.uk", "pass"),
        ("ada@shop.example.co.uk", "example.co.uk", "pass"),
        ("ada@example.co.uk", "other.co.uk", "none"),
        ("ada@example.co.uk", "co.uk", "none"),
        # Below these anybody may have a name, and none speaks for another.
        ("team@github.io", "somebody.github.io", "none"),
        ("ada@one.github.io", "two.github.io", "none"),
        ("ada@one.github.io", "github.io", "none"),
    ],
)
def test_who_signs_for_whom(sender: str, signer: str, expected: str) -> None:
    headers = [("Authentication-Results", f"mx.provider.test; dkim=pass header.d={signer}")]
    assert authenticity.verdict(headers, sender, IDS) == expected


def test_only_the_providers_own_first_line_is_believed() -> None:
    headers = [
        ("Authentication-Results", "relay.test; dmarc=fail"),
        ("Authentication-Results", "mx.provider.test; dmarc=pass"),
    ]
    assert authenticity.verdict(headers, "ada@example.com", IDS) == "none"
    assert authenticity.verdict([], "ada@example.com", IDS) == "none"
