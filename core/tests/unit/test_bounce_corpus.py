"""Real bounces, collected by the makers of GNU Mailman (package flufl.bounce 4.0, Apache-2.0), with
their table of whom each one is about; and mail that must never be taken for a bounce."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailbox_core.mime import parse
from mailbox_core.mime.classify import delivery_report
from mailbox_core.testing import corpus
from mailbox_tools import paths

FLUFL = paths.corpora() / "flufl/bounce"

#: What we decide otherwise, and why.
OTHERWISE = {
    "microsoft_03.txt": "from a person's address, with a path, no report: anybody could write it",
    "simple_20.txt": "from a person's address, and an answer by its subject",
}
#: Mail that once confused a detector; the table has nobody for it.
NO_BOUNCE = {"groupwise_03.txt": None, "qmail_08.txt": "auto-reply", "simple_43.txt": None}


def table() -> dict[str, tuple[set[str], set[str]]]:
    """Who failed and who is late, by file, in small letters."""
    tree = ast.parse((FLUFL / "testing/helpers.py").read_text(encoding="utf-8"))
    rows = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DATA"
    )
    found: dict[str, tuple[set[str], set[str]]] = {}
    for _detector, name, who, *late in rows:
        group = found.setdefault(name, (set(), set()))[bool(late and late[0])]
        group.update(one.decode().lower() for one in who)
    return found


def told(raw: bytes) -> tuple[set[str], set[str]]:
    """What we say: who failed and who is late."""
    report = delivery_report(raw)
    named = [one for one in report.recipients if one.recipient] if report else []
    return (
        {one.recipient.lower() for one in named if one.action == "failed"},
        {one.recipient.lower() for one in named if one.action == "delayed"},
    )


def samples() -> Iterator[tuple[str, bytes]]:
    for path in sorted((FLUFL / "tests/data").glob("*.txt")):
        yield path.name, path.read_bytes()


def test_every_real_bounce_is_known_and_says_whom_it_is_about() -> None:
    expected = table()
    wrong = {}
    count = 0
    for name, raw in samples():
        if name not in expected or name in OTHERWISE:
            continue
        count += 1
        failed, late = expected[name]
        kind = parse(raw).automatic
        wanted = NO_BOUNCE.get(name, "delay" if late and not failed else "bounce")
        if told(raw) != (failed, late) or kind != wanted:
            wrong[name] = (kind, told(raw), expected[name])
    assert not wrong
    assert count >= 108


@pytest.mark.parametrize("name", sorted(OTHERWISE))
def test_what_could_be_of_a_person_stays_one(name: str) -> None:
    raw = (FLUFL / "tests/data" / name).read_bytes()
    assert parse(raw).automatic in (None, "list")
    assert delivery_report(raw) is None


def test_a_delay_never_marks_anybody() -> None:
    expected = table()
    late = [name for name, (failed, delayed) in expected.items() if delayed and not failed]
    assert len(late) >= 10
    for name in late:
        report = delivery_report((FLUFL / "tests/data" / name).read_bytes())
        assert report is not None and not report.bounced, name


def test_a_damaged_bounce_is_read_or_not_but_never_fails() -> None:
    rng = random.Random(4)
    for _name, raw in samples():
        cut = raw[: rng.randrange(len(raw))]
        octets = bytearray(raw)
        for _ in range(20):
            octets[rng.randrange(len(octets))] = rng.randrange(256)
        for damaged in (cut, bytes(octets)):
            kind, report = parse(damaged).automatic, delivery_report(damaged)
            assert report is None or len(report.recipients) <= 500
            assert (kind in ("bounce", "delay")) <= (report is not None)


AWAY = {
    "en": "I am away until Monday. For urgent things ask Bob, bob@shop.test, please.",
    "de": "Ich bin bis Montag nicht im Haus. Vertretung: Bob, bob@shop.test, Tel. 12.",
    "fr": "Je suis absent jusqu'à lundi. Contactez Bob,\n\nbob@shop.test\n\nmerci.",
    "es": "Estaré fuera hasta el lunes. Escriba a Bob, <bob@shop.test>, gracias.",
    "it": "Sono fuori ufficio. Per urgenze:\n<bob@shop.test>: Bob",
    "nl": "Ik ben afwezig. Neem contact op met Bob, bob@shop.test, alstublieft.",
}


@pytest.mark.parametrize("language", sorted(AWAY))
@pytest.mark.parametrize("head", ["Return-Path: <>\n", "Return-Path: <>\nPrecedence: bulk\n", ""])
def test_an_answer_of_somebody_who_is_away_is_no_bounce(language: str, head: str) -> None:
    raw = (
        f"{head}From: Ada <ada@shop.test>\nTo: us@example.org\nAuto-Submitted: auto-replied\n"
        "Subject: Re: Offer\nContent-Type: text/plain; charset=utf-8\n\n"
        f"{AWAY[language]}\n"
    ).encode()
    assert parse(raw).automatic == "auto-reply"
    assert delivery_report(raw) is None


PEOPLE = {
    "the postmaster writes": "From: Eve <postmaster@shop.test>\nSubject: New server\n\n"
    "Dear all, ask Bob, bob@shop.test, about it.\n",
    "the postmaster answers": "From: Eve <postmaster@shop.test>\nSubject: Re: Mail failed\n"
    "\nA message that you sent could not be delivered to <bob@shop.test>: he left.\n",
    "somebody forwards one": "From: Eve <eve@shop.test>\nSubject: Fwd: failure notice\n\n"
    "Hi. This is the qmail-send program at x.\n\n<bob@shop.test>:\nno mailbox\n",
    "somebody asks": "From: Eve <eve@shop.test>\nSubject: Mail delivery failed?\n\n"
    "Delivery to the following recipients failed:\n\n  bob@shop.test\n\nWhy?\n",
}


@pytest.mark.parametrize("name", sorted(PEOPLE))
def test_people_who_write_about_delivery_are_people(name: str) -> None:
    raw = PEOPLE[name].encode()
    assert parse(raw).automatic is None
    assert delivery_report(raw) is None


@pytest.mark.parametrize("category", ["charset", "replies", "threads", "addresses", "dates"])
def test_generated_mail_of_people_is_no_bounce(category: str) -> None:
    for sample in corpus.samples(category):
        assert parse(sample.raw).automatic not in ("bounce", "delay"), sample.name
        assert delivery_report(sample.raw) is None, sample.name


HEAD = b"From: MAILER-DAEMON@x.example\nReturn-Path: <>\nSubject: Undelivered mail\n"
HOSTILE = {
    "one line of brackets": HEAD + b"\nhere is your list of failed recipients\n" + b"<" * 3_000_000,
    "lines of brackets": HEAD + b"\n" + (b"<" * 900 + b"\n") * 4_000,
    "addresses": HEAD + b"\nHi. This is the\n\n" + b"<a@b.example>:\n" * 200_000,
    "octets": HEAD + b"\n" + random.Random(1).randbytes(3_000_000),
    "nested": HEAD
    + b"Content-Type: multipart/mixed; boundary=b0\n\n"
    + b"".join(
        b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (at, at + 1)
        for at in range(10_000)
    ),
    "messages in messages": HEAD
    + b"Content-Type: multipart/mixed; report-type=delivery-status; boundary=b\n\n--b\n"
    + b"Content-Type: message/rfc822\n\n" * 30_000,
    "parts": HEAD
    + b"Content-Type: multipart/mixed; boundary=b\n\n"
    + b"--b\n\na@b.example\n" * 9_000,
}


@pytest.mark.parametrize("sender", ["", "From:\n", "From: ,;\n", "From: <>\n", "From: \xff\n"])
def test_a_bounce_without_a_sender_names_who_failed(sender: str) -> None:
    head = f"Return-Path: <>\n{sender}Subject: failure notice\n\n"
    text = "Hi. This is the qmail-send program at x.\n\n<bob@shop.test>:\nno mailbox\n"
    assert told((head + text).encode("latin-1")) == ({"bob@shop.test"}, set())


def test_words_of_other_languages_name_who_failed_as_well() -> None:
    head = "Return-Path: <>\nFrom: Müller <postmaster@firma.test>\nSubject: Unzustellbar: Angebot\n"
    text = "Ihre Nachricht ist nicht angekommen bei:\n\n  bob@shop.test\n  jörg@shop.test\n"
    kind = "Content-Type: text/plain; charset=utf-8\n\n"
    failed, late = told((head + kind + text).encode())
    assert "bob@shop.test" in failed and not late


@pytest.mark.timeout(5)
@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_bounces_cost_little(name: str) -> None:
    report = delivery_report(HOSTILE[name])
    assert report is not None
    assert len(report.recipients) <= 50


def test_the_bounces_are_there() -> None:
    """A missing package would make the tests above pass for nothing."""
    assert len(list(Path(FLUFL, "tests/data").glob("*.txt"))) == 115
