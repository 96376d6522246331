"""Replies and signatures of real mail programs and people: the test data of talon and mail-parser
(both Apache-2.0), with what talon's makers say is the reply and the signature."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from mailbox_core.mime import parse, signature
from mailbox_core.mime.classify import delivery_report
from mailbox_core.mime.layout import laid_out
from mailbox_core.mime.quote import new_text
from mailbox_tools import paths

TALON = paths.corpora() / "talon-1.4.4/tests/fixtures"
MAIL_PARSER = paths.corpora() / "mail_parser-4.8.0/tests/mails"
PAGE = Path(__file__).parents[3] / "docs/reference/signatures.md"

PROGRAMS = [
    "android",
    "aol",
    "apple_mail",
    "apple_mail_2",
    "comcast",
    "gmail",
    "hotmail",
    "iphone",
    "outlook",
    "sparrow",
    "thunderbird",
    "yahoo",
]

#: What is right in the mails of mail-parser, as a person read it: digests, for people are real.
OFFERED = {
    "mail_test_10": {
        "name": "8127c1dc",
        "role": "f36227e3",
        "company": "f963e947",
        "mobile": "b0dc4682",
    },
    "mail_test_15": {"web": "519a9306"},
    "mail_test_4": {
        "name": "815bbdb1",
        "role": "74bdc0d3",
        "company": "dff9076a",
        "phone": "2f625184",
        "web": "8d4612c3",
    },
    "mail_test_7": {
        "name": "e748cc72",
        "role": "e5e1cdf1",
        "company": "969b3a39",
        "phone": "3d46d457",
    },
}


def digest(value: str) -> str:
    return hashlib.blake2b(value.encode(), digest_size=4).hexdigest()


def test_the_mail_is_there() -> None:
    assert {path.stem for path in TALON.glob("standard_replies/*.eml")} == set(PROGRAMS)
    assert len(list(signed())) == 6
    assert len(list(MAIL_PARSER.iterdir())) == 23


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_new_text_of_a_reply_is_what_was_written(program: str) -> None:
    email = parse((TALON / f"standard_replies/{program}.eml").read_bytes())
    told = TALON / f"standard_replies/{program}_reply_text"
    wanted = told.read_text(encoding="utf-8") if told.is_file() else "Hello"
    assert new_text(email.text or "").split() == wanted.split()
    assert email.automatic is None


HTML = [
    "gmail",
    "hotmail",
    "mail_ru",
    "ms_outlook_2003",
    "ms_outlook_2007",
    "ms_outlook_2010",
    "thunderbird",
    "windows_mail",
    "yandex_ru",
]


@pytest.mark.parametrize("program", HTML)
def test_the_new_text_of_a_reply_in_html_is_what_was_written(program: str) -> None:
    html = (TALON / f"html_replies/{program}.html").read_text(encoding="utf-8")
    assert new_text(laid_out(html)).split() == ["Hi.", "I", "am", "fine.", "Thanks,", "Alex"]


def signed() -> Iterator[tuple[str, str, list[str]]]:
    """Sender's name, text, and the lines of its signature, as talon's makers marked them."""
    for path in sorted(TALON.glob("signature/emails/stripped/*_body")):
        stem = str(path).removesuffix("_body")
        sender = Path(f"{stem}_sender").read_text(encoding="utf-8").strip()
        mark = Path(f"{stem}_signature").read_text(encoding="utf-8").replace("#sig#", "")
        text = path.read_text(encoding="utf-8").replace("#sig#", "")
        yield ("" if "@" in sender else sender), text, [one for one in mark.splitlines() if one]


def measured() -> str:
    """The row of the page: lines offered that are right, lines there that were offered."""
    offered = right = there = 0
    for name, text, marked in signed():
        block = signature.block(text, name)
        there += len(marked)
        offered += len(block)
        right += sum(line in marked for line in block)
    return f"{right} of {offered} / {right} of {there}"


def test_the_page_tells_how_many_lines_of_foreign_signatures_are_found() -> None:
    assert f"| {measured()} |" in PAGE.read_text(encoding="utf-8"), measured()


def test_what_is_offered_from_the_mail_of_strangers_is_right() -> None:
    found = {}
    for path in sorted(MAIL_PARSER.iterdir()):
        email = parse(path.read_bytes())
        name, address = (email.sender.name, email.sender.email) if email.sender else ("", "")
        country = address.rpartition(".")[2].upper()
        offer = signature.read(
            email.text or "",
            email.html or "",
            name=name,
            address=address,
            region=country if len(country) == 2 else "",
        )
        if offer:
            values = asdict(offer).items()
            found[path.name] = {field: digest(value) for field, value in values if value}
    assert found == OFFERED


def test_the_mail_of_strangers_is_what_it_is() -> None:
    """One is a bounce; newsletters and spam are none."""
    kinds = {path.name: parse(path.read_bytes()).automatic for path in MAIL_PARSER.iterdir()}
    assert [name for name, kind in kinds.items() if kind in ("bounce", "delay")] == [
        "mail_malformed_2"
    ]
    for path in MAIL_PARSER.iterdir():
        assert (delivery_report(path.read_bytes()) is not None) == (path.name == "mail_malformed_2")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Yes\n\nOn 2 Apr 2012 at 14:20, Bob Kay\n<bob@shop.test> wrote:\n\n> Hi\n", "Yes"),
        ("Yes\n02.04.2012 14:20 Bob <\nbob@shop.test> schrieb:\n> Hi\n", "Yes"),
        ('Yes\n\n26.06.2014, 14:41, "Bob" <bob@shop.test>:\n> Hi\n', "Yes"),
        ("Yes\n\nDate: 1 Mai\nSubject: x\nFrom: b@shop.test\nTo: a@shop.test\n\nHi\n", "Yes"),
        (
            "Yes\n\nDate: 1 Mai\nSubject: x\nSee you there\n",
            "Yes\n\nDate: 1 Mai\nSubject: x\nSee you there",
        ),
        # What stands above is new text where nothing says that it was wrapped.
        ("Come at 3\nbob@shop.test wrote:\n> Hi\n", "Come at 3"),
        ("All of us\n<bob@shop.test> wrote:\n> Hi\n", "All of us"),
    ],
)
def test_an_introduction_that_was_wrapped_is_no_new_text(text: str, wanted: str) -> None:
    assert new_text(text).strip() == wanted
