"""Language and urgency of a mail, and what rules ask about its sender and place."""

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from mailbox_core.mime import parse
from mailbox_core.rules import language
from mailbox_core.rules.evaluate import ask, matches
from mailbox_core.rules.facts import Facts, File, Who, facts_of
from mailbox_core.rules.syntax import Check
from mailbox_core.rules.urgency import CALM, STRONG, WEAK, urgency_of


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Guten Tag, wir hätten gern ein Angebot über zwanzig Stühle.", "de"),
        ("Could you please send us the invoice for our last order?", "en"),
        ("Bonjour, pouvez-vous nous envoyer un devis pour vingt chaises ?", "fr"),
        ("¿Podría enviarnos un presupuesto para veinte sillas, por favor?", "es"),
        ("Merci beaucoup, à bientôt.\n\n> Could you please send us the invoice?\n> Thanks", "fr"),
        ("ok", ""),
        ("+49 30 1234567 -- 12.12.2026 !!!", ""),
        ("", ""),
        ("\ud800" * 40, ""),
    ],
)
def test_the_language_of_what_was_newly_written(text: str, code: str) -> None:
    assert language.language_of(text) == code


def test_without_the_library_no_language_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert language.available()
    monkeypatch.setattr(language, "_detect", None)
    assert not language.available()
    assert language.language_of("Guten Tag, wir hätten gern ein Angebot.") == ""
    assert not matches(Check("language", "is", "de"), Facts(body="Guten Tag, ein Angebot bitte."))


@pytest.mark.parametrize(
    ("subject", "body", "level", "found"),
    [
        ("Order", "Thank you for the parcel.", "normal", ""),
        ("DRINGEND: Lieferung", "", "high", "subject: dringend"),
        ("Lieferung", "Bitte antworten Sie so schnell wie möglich, danke sehr.", "high",
         "text: so schnell wie möglich"),
        ("Devis", "Il nous faut une réponse au plus vite, la machine est arrêtée.", "high",
         "text: au plus vite"),
        ("Offer", "We have a problem with the last parcel.", "normal", "text: problem"),
        ("Complaint", "We have a problem with the last parcel.", "high",
         "subject: complaint, text: problem"),
        ("Question", "This is not urgent, whenever you have time.", "low", "text: not urgent"),
        ("Urgent", "no rush at all", "high", "subject: urgent, text: no rush"),
        ("Frage", "Danke!\n\n> Das ist dringend, bitte sofort antworten.", "normal", ""),
        ("Insurgent", "resurgently", "normal", ""),
    ],
)  # fmt: skip
def test_urgency_says_what_it_rests_on(subject: str, body: str, level: str, found: str) -> None:
    urgency = urgency_of(Facts(subject=subject, body=body))
    assert (urgency.level, urgency.words) == (level, found)


def test_headers_of_mail_programs_count_too() -> None:
    facts = Facts(subject="Today", headers=(("X-Priority", "1 (Highest)"),))
    assert urgency_of(facts).level == "high"
    assert urgency_of(Facts(headers=(("Importance", "High"),))).level == "normal"
    assert urgency_of(Facts(headers=(("Importance", "low"),))).level == "low"
    assert ask(Check("urgency", "is", "high"), facts) == (
        True,
        "high (subject: today, X-Priority: 1 (Highest))",
    )


def test_every_language_has_words_of_every_kind_in_lower_case() -> None:
    assert STRONG.keys() == WEAK.keys() == CALM.keys()
    for lists in (STRONG, WEAK, CALM):
        for code, words in lists.items():
            assert words and len(set(words)) == len(words), code
            assert all(word == word.casefold().strip() for word in words), code


FACTS = Facts(
    files=(File("a.pdf", "application/pdf", 10), File("b.png", "image/png", 5_000)),
    who=Who(("Reseller",), ("Ada Lovelace", "ada"), ("DE", "Germany"), ("Shop Ltd",)),
    partner=frozenset({"known", "vip"}),
    conversation=frozenset({"later", "answered"}),
)


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (Check("attachment_size", "at_least", 5_000), True),
        (Check("attachment_size", "at_least", 5_001), False),
        (Check("attachment_type", "starts", "image/"), True),
        (Check("partner_tag", "is", "reseller"), True),
        (Check("partner_tag", "is", "sell"), False),
        (Check("salesperson", "is", "ADA"), True),
        (Check("country", "is", "de"), True),
        (Check("country", "is", "germany"), True),
        (Check("company", "contains", "shop"), True),
        (Check("partner", "is", "vip"), True),
        (Check("conversation", "is", "answered"), True),
        (Check("conversation", "is", "first"), False),
    ],
)
def test_what_rules_ask_about_sender_files_and_place(check: Check, expected: bool) -> None:
    assert ask(check, FACTS)[0] is expected
    assert not ask(check, replace(Facts(), conversation=frozenset()))[0]


def test_what_an_answer_in_html_alone_quotes_does_not_count() -> None:
    raw = (
        "From: bob@shop.test\nTo: us@example.org\nSubject: Re: Offer\n"
        "Content-Type: text/html; charset=utf-8\n\n"
        "<div>Thank you, that suits me well.</div><div class=gmail_quote>Am 1. Mai 2026 um 10:00 "
        'schrieb Ada &lt;<a href="mailto:ada@example.org">ada@example.org</a>&gt;:<br>'
        "<blockquote>URGENT: emergency, as soon as possible! Das ist dringend, bitte sofort "
        "antworten, wir warten schon so lange auf Ihre Nachricht.</blockquote></div>"
    )
    facts = facts_of(
        parse(raw.encode()),
        mailbox="us@example.org",
        own=(),
        received_at=datetime.now(timezone.utc),
    )
    assert "URGENT" in facts.body, "rules about the text still see all of it"
    assert urgency_of(facts).level == "normal"
    assert language.language_of(facts.body) == "en"
