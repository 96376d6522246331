"""Answers for people who are away, as servers write them: notes, so that they reopen nothing."""

from __future__ import annotations

from base64 import b64encode

import pytest

from mailbox_core.mime import parse
from mailbox_core.rules import stages
from mailbox_core.rules.facts import Facts

SUBJECTS = {
    "en": "Automatic reply: Offer 12",
    "de": "Automatische Antwort: Angebot 12",
    "fr": "Réponse automatique : Offre 12",
    "es": "Respuesta automática: Oferta 12",
    "it": "Risposta automatica: Offerta 12",
    "nl": "Automatisch antwoord: Offerte 12",
    "pt": "Resposta automática: Oferta 12",
    "pl": "Automatyczna odpowiedź: Oferta 12",
    "cs": "Automatická odpověď: Nabídka 12",
    "ru": "Автоматический ответ: Предложение 12",
    "he": "תשובה אוטומטית: הצעה 12",
    "ar": "رد تلقائي: عرض 12",
    "ja": "自動応答: 見積 12",
    "zh": "自动答复: 报价 12",
    "Outlook 2003": "Out of Office AutoReply: Offer 12",
    "Polish, in brackets": "[Automatyczna odpowiedź] test",
    "Domino": "AUTO: Smith, John is out of the office. (returning 05/01/2010)",
}
#: Exchange marks its answers as generated, not as answers; old servers do not mark them.
HEADS = {
    "Exchange": "X-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated\n",
    "bulk": "Precedence: bulk\n",
    "unmarked": "",
}


def mail(subject: str, head: str) -> bytes:
    word = b64encode(subject.encode()).decode()
    return (
        f"From: Ada <ada@shop.test>\nTo: us@example.org\nSubject: =?utf-8?B?{word}?=\n{head}"
        "In-Reply-To: <1@example.org>\n\nI am back on Monday.\n"
    ).encode()


@pytest.mark.parametrize("language", sorted(SUBJECTS))
@pytest.mark.parametrize("server", sorted(HEADS))
def test_an_answer_for_somebody_away_is_one_in_every_language(language: str, server: str) -> None:
    assert parse(mail(SUBJECTS[language], HEADS[server])).automatic == "auto-reply"


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Automatic reply: Offer 12",
        "AW: Automatische Antwort: Angebot 12",
        "Fwd: Out of Office AutoReply: Offer",
        "Out of office next week",
        "How do I set up an automatic reply?",
        "Auto: new tyres",
        "AUTO: the key is out of the box",
        "Abwesenheitsnotiz",
    ],
)
def test_what_people_write_about_it_is_not(subject: str) -> None:
    assert parse(mail(subject, "")).automatic is None


def test_the_stage_names_what_it_saw_where_no_field_says_so() -> None:
    subject = SUBJECTS["Domino"]
    facts = Facts(mailbox="us@example.org", automatic="auto-reply", subject=subject)
    finding, _silent = stages.look(facts, stages.History())
    assert finding is not None
    assert (finding.stage, finding.effect) == ("auto_reply", "note")
    assert finding.evidence == (("Subject", subject),)
