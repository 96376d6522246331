"""How urgent a mail says it is, by words of eight languages and the headers of mail programs, with
what was found.

Points: a strong word 2, a weak one 1, in the subject twice that; the header ``Importance`` or
``X-Priority`` (RFC 2156 section 5.3.4; practice of mail programs) 1. From 2 points on a mail is
urgent. Words that take it back ("no rush") win over words in the text, not over the subject.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ..mime.quote import new_text
from .facts import Facts
from .language import language_of

Level = Literal["high", "normal", "low"]

#: Characters of the text that are looked at.
_CHARACTERS = 4_000
_FROM_HIGH = 2

STRONG: Mapping[str, tuple[str, ...]] = {
    "en": ("urgent", "urgently", "asap", "as soon as possible", "emergency", "critical",
           "immediately", "system down", "outage"),
    "de": ("dringend", "dringende", "dringlich", "eilt", "eilig", "sofort", "umgehend", "notfall",
           "schnellstmöglich", "so schnell wie möglich", "baldmöglichst", "ausfall"),
    "fr": ("urgent", "urgente", "urgence", "au plus vite", "dès que possible", "immédiatement",
           "sans délai", "en panne"),
    "es": ("urgente", "urgentemente", "urgencia", "lo antes posible", "cuanto antes",
           "inmediatamente", "emergencia"),
    "it": ("urgente", "urgentemente", "urgenza", "al più presto", "il prima possibile",
           "immediatamente", "emergenza"),
    "nl": ("dringend", "spoed", "spoedeisend", "zo snel mogelijk", "onmiddellijk", "noodgeval"),
    "pt": ("urgente", "urgência", "o mais rápido possível", "imediatamente", "emergência",
           "quanto antes"),
    "pl": ("pilne", "pilny", "pilnie", "natychmiast", "jak najszybciej", "awaria", "niezwłocznie"),
}  # fmt: skip
WEAK: Mapping[str, tuple[str, ...]] = {
    "en": ("deadline", "important", "today", "problem", "complaint", "reminder", "help"),
    "de": ("frist", "wichtig", "heute", "problem", "beschwerde", "mahnung", "reklamation"),
    "fr": ("échéance", "important", "aujourd'hui", "problème", "réclamation", "relance"),
    "es": ("plazo", "importante", "hoy", "problema", "queja", "reclamación"),
    "it": ("scadenza", "importante", "oggi", "problema", "reclamo", "sollecito"),
    "nl": ("deadline", "belangrijk", "vandaag", "probleem", "klacht", "herinnering"),
    "pt": ("prazo", "importante", "hoje", "problema", "reclamação"),
    "pl": ("termin", "ważne", "dzisiaj", "problem", "reklamacja", "przypomnienie"),
}
CALM: Mapping[str, tuple[str, ...]] = {
    "en": ("not urgent", "no rush", "no hurry", "whenever you have time"),
    "de": ("nicht dringend", "nicht eilig", "eilt nicht", "hat zeit", "keine eile"),
    "fr": ("pas urgent", "rien d'urgent", "pas pressé", "quand vous aurez le temps"),
    "es": ("no es urgente", "sin prisa", "no hay prisa", "cuando tengas tiempo"),
    "it": ("non è urgente", "non urgente", "senza fretta", "nessuna fretta"),
    "nl": ("niet dringend", "geen haast", "heeft geen haast"),
    "pt": ("não é urgente", "sem pressa", "não há pressa"),
    "pl": ("nie jest pilne", "niepilne", "bez pośpiechu"),
}
_BREAKS = str.maketrans({char: " " for char in ',;.:!?"()[]{}<>/\\|\t\r\n*_-+=«»„“”'})


@dataclass(frozen=True, slots=True)
class Urgency:
    """``found``: pairs of where (``subject``, ``text``, or a header's name) and what stood there.
    ``language`` is whose words were asked, empty for all of them."""

    level: Level
    points: int
    language: str
    found: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> str:
        """What it rests on, for people."""
        return ", ".join(f"{where}: {what}" for where, what in self.found)


def urgency_of(facts: Facts) -> Urgency:
    """How urgent the mail says it is. Quotations do not count: others wrote them."""
    language = language_of(facts.body)
    known = language if language in STRONG else ""
    subject = _plain(facts.subject)
    text = _plain(new_text(facts.body)[:_CHARACTERS])
    calm_in_subject, calm_in_text = _any(CALM, known, subject), _any(CALM, known, text)
    points, found = 0, []
    for where, plain, calm, weight in (
        ("subject", subject, calm_in_subject, 2),
        ("text", text, calm_in_text, 1),
    ):
        if calm:
            found.append((where, calm))
            continue
        for worth, lists in ((2, STRONG), (1, WEAK)):
            if word := _any(lists, known, plain):
                points += worth * weight
                found.append((where, word))
    for name, value, worth in _headers(facts):
        points += worth
        found.append((name, value))
    quiet = (calm_in_subject or calm_in_text or points < 0) and points < _FROM_HIGH
    level: Level = "high" if points >= _FROM_HIGH else "low" if quiet else "normal"
    return Urgency(level, points, known, tuple(found))


def _any(lists: Mapping[str, tuple[str, ...]], language: str, plain: str) -> str:
    """The first of the words that stands in the text, empty for none. English is asked as well:
    its words are used everywhere."""
    asked = dict.fromkeys((language, "en")) if language else lists
    for code in asked:
        for word in lists[code]:
            if f" {word} " in plain:
                return word
    return ""


def _headers(facts: Facts) -> Iterator[tuple[str, str, int]]:
    for name, high, low in (
        ("Importance", ("high",), ("low",)),
        ("X-Priority", ("1", "2"), ("4", "5")),
    ):
        for value in facts.header(name)[:1]:
            word = _first(value.lower().split())
            if word in high or word in low:
                yield name, value.strip(), 1 if word in high else -1


def _first(words: Iterable[str]) -> str:
    return next(iter(words), "")


def _plain(text: str) -> str:
    return f" {' '.join(text.casefold().translate(_BREAKS).split())} "
