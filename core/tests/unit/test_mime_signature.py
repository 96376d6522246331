"""Signatures and names of people."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbox_core.mime import signature
from mailbox_core.mime.layout import laid_out
from mailbox_core.mime.person import person_name
from mailbox_core.mime.signature import Signature
from mailbox_core.testing import signature_corpus as corpus
from mailbox_core.testing.signature_people import MANNERS
from mailbox_core.testing.signature_traps import TRAPS
from mailbox_core.testing.signatures import SAMPLES

PAGE = Path(__file__).parents[3] / "docs/reference/signatures.md"

NAMES = ["Ada Moss", "Jörg Weiß", "Élodie Dupont", "Niamh O'Brien", "José García"]
ROLES = {
    "Kind regards": ("Sales Manager", "Moss Hotels Ltd"),
    "Mit freundlichen Grüßen": ("Geschäftsführer", "Sonne Reisen GmbH"),
    "Cordialement": ("Directrice commerciale", "Soleil SAS"),
    "Saludos cordiales": ("Gerente de ventas", "Sol S.L."),
    "Cordiali saluti": ("Direttore generale", "Sole S.p.A."),
    "Met vriendelijke groet": ("Hoofd verkoop", "Zon B.V."),
    "S pozdravem": ("Vedoucí nákupu", "Slunce s.r.o."),
}
PHONES = {"+44 20 7946 0958": "+44 20 7946 0958", "+49 421 5550123": "+49 421 5550123"}


@pytest.mark.parametrize(("text", "name", "address", "region", "wanted"), [*SAMPLES, *TRAPS])
def test_what_people_write_about_themselves_is_found(text, name, address, region, wanted):
    found = signature.parse(text, name=name, address=address, region=region)
    assert found == Signature(**wanted)


@st.composite
def signed(draw):
    """A mail with a signature in one of several languages and layouts, and what it says."""
    closing = draw(st.sampled_from(sorted(ROLES)))
    role, company = ROLES[closing]
    name, phone = draw(st.sampled_from(NAMES)), draw(st.sampled_from(sorted(PHONES)))
    lines = [name, role, company, f"Tel: {phone}", "www.sun.example"]
    layout = draw(st.sampled_from(["lines", "bar", "marked"]))
    if layout == "bar":
        lines = [f"{name} | {role} | {company}", f"{phone} | www.sun.example"]
    head = "-- " if layout == "marked" else closing
    body = draw(st.sampled_from(["Hello\n", "Please call me at 12345.\n\nThanks\n", "1\n2\n3\n"]))
    quote = draw(st.sampled_from(["", "\n> On Monday you wrote:\n> Best regards\n> Max Other\n"]))
    text = body + "\n" + head + "\n" + "\n".join(lines) + "\n" + quote
    return text, name, Signature(name, role, company, PHONES[phone], "", "https://www.sun.example")


@given(signed())
def test_every_language_and_layout_of_the_generated_corpus(case):
    text, name, wanted = case
    assert signature.parse(text, name=name, address="x@sun.example", region="GB") == wanted


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=2000), st.text(max_size=40), st.sampled_from(["", "DE", "US", "XX"]))
def test_whatever_is_written_only_pieces_of_it_come_out(text, name, region):
    found = signature.parse(text, name=name, address="a@b.example", region=region)
    for value in (found.name, found.role, found.company):
        assert value in signature._clean(value) and len(value) <= 160
        assert all(word in text for word in value.split())


@pytest.fixture(scope="module")
def known():
    return corpus.scores(corpus.cases())


@pytest.mark.parametrize("field", corpus.FIELDS)
def test_what_is_offered_is_right_in_every_language(known, field):
    assert known["all", field].precision >= 0.99 and known["all", field].recall >= 0.97
    for language in MANNERS:
        score = known[language, field]
        assert score.precision >= 0.96 and score.recall >= 0.9, (language, field, score)


def test_the_corpus_has_what_it_says():
    mails = list(corpus.cases())
    assert len({case.manner for case in mails}) >= 10 and len(mails) >= 350
    assert sum(bool(case.html) for case in mails) >= 100
    assert sum(not case.wanted for case in mails) >= 70
    for case in mails:
        for value in case.wanted.values():
            assert value


def test_the_page_tells_the_measured_figures():
    assert corpus.table() in PAGE.read_text(encoding="utf-8"), f"\n{corpus.table()}"


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("<div>One <b>bold</b> word</div><div>Two</div>", ["One bold word", "Two"]),
        ("a<br>b<br><br>c", ["a", "b", "", "c"]),
        ("<table><tr><td>Tel:</td><td>1</td></tr><tr><td>Fax:</td><td>2</td></tr></table>",
         ["Tel:\t1", "Fax:\t2"]),
        ("<table><tr><td><img></td><td><p>Bob</p><p>Boss</p></td></tr></table>", ["Bob", "Boss"]),
        ("New<blockquote>Old<blockquote><p>Older</p></blockquote></blockquote>",
         ["New", "> Old", "> > Older"]),
        ("<style>p{}</style><p>Seen</p><script>x</script>", ["Seen"]),
        ("<p>a\n  b</p>\n\n<p>\n c </p>", ["a b", "c"]),
        ("<pre>-- \nBob\n\nBuyer</pre><p>a\nb</p>", ["--", "Bob", "", "Buyer", "a b"]),
        ("", []),
    ],
)  # fmt: skip
def test_html_becomes_the_lines_that_are_seen(html, lines):
    assert laid_out(html).splitlines() == lines


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(
    ["<table>", "<tr>", "<td>", "</td>", "</table>", "<div>", "</div>", "<blockquote>", "<br>",
     "</blockquote>", "<p>", "x", " ", "-- ", "Bob Buyer", "<", "&#0;", "<td", "</"]
), max_size=60))  # fmt: skip
def test_no_html_is_too_broken_for_its_lines(parts):
    text = laid_out("".join(parts))
    assert text.count("Bob") <= parts.count("Bob Buyer") and "\0" not in text


@pytest.mark.parametrize("html", ["<div>" * 50_000, "<table><tr><td>" * 20_000, "<br>" * 60_000])
@pytest.mark.timeout(30)
def test_hostile_html_ends(html):
    assert not signature.read("", html, name="Ada Moss", region="US").phone


@pytest.mark.parametrize("text", ["-- \n" + "1 " * 50_000, "Regards\n" * 20_000, "a|" * 60_000])
@pytest.mark.timeout(30)
def test_hostile_text_ends(text):
    assert not signature.parse(text, name="Ada Moss", region="US").phone


@pytest.mark.parametrize(
    ("display", "address", "wanted"),
    [
        ("Bob Buyer", "bob@shop.example", "Bob Buyer"),
        ('"Buyer, Bob"', "bob@shop.example", "Bob Buyer"),
        ("'Bob Buyer' via Sales", "bob@shop.example", "Bob Buyer"),
        ("BUYER, BOB", "bob@shop.example", "Bob Buyer"),
        ("ludwig van beethoven", "l@b.example", "Ludwig van Beethoven"),
        ("Doors, Inc.", "info@doors.example", "Doors, Inc."),
        ("Bob Buyer (Doors Ltd)", "bob@doors.example", "Bob Buyer"),
        ("bob@shop.example", "bob.buyer@shop.example", "Bob Buyer"),
        ("", "jean-luc.picard42@fleet.example", "Jean Luc Picard"),
        ("", "bob.buyer+news@shop.example", "Bob Buyer"),
        ("", "info.sales@shop.example", "info.sales@shop.example"),
        ("", "x9q@shop.example", "x9q@shop.example"),
        ("Müller, Jürgen", "j@m.example", "Jürgen Müller"),
        ("王小明", "w@x.example", "王小明"),
        ("", "", ""),
    ],
)
def test_names_are_put_in_order(display, address, wanted):
    assert person_name(display, address) == wanted


@given(st.text(max_size=300), st.text(max_size=60))
def test_a_name_is_never_empty_where_there_is_an_address(display, address):
    assert person_name(display, address) or not address
