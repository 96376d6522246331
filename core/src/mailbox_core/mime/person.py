"""The name of a person from what mail programs write in From."""

from __future__ import annotations

import re

_MAX = 200
_VIA = re.compile(r"\s+(?:via|por|über|par)\s+\S.*$", re.IGNORECASE)
_BRACKETS = re.compile(r"\s*[(\[<{][^)\]>}]{0,100}[)\]>}]")
_SUFFIX = re.compile(r"(?:inc|ltd|llc|gmbh|corp|co|plc|jr|sr|phd|md|esq|ii|iii)\.?", re.IGNORECASE)
#: Addresses of a function, not of a person.
_FUNCTIONS = re.compile(
    "info|sales|support|jobs|contact|office|admin|hello|mail|kontakt|vertrieb|buchhaltung|service"
    "|team|help|orders|billing|invoices?|accounting|hr|press|marketing|purchase|einkauf|webmaster"
    "|noreply",
    re.IGNORECASE,
)
_PARTICLES = re.compile(
    "van|von|der?|den|del|della|d[iao]|dos|la|le|el|bin|al|zur?|te[nr]", re.IGNORECASE
)


def person_name(display: str, address: str) -> str:
    """A name to call somebody by: the display name put in order, else what the address tells, else
    the address."""
    name = _in_order(display[:_MAX])
    if not name or "@" in name or not any(char.isalpha() for char in name):
        name = _from_address(address[:_MAX])
    return name or address


def _in_order(display: str) -> str:
    """Without quotes, remarks and detours; given name first; neither all capitals nor all small."""
    name = " ".join(display.replace('"', " ").split()).strip("' ")
    name = _BRACKETS.sub("", _VIA.sub("", name)).strip(" ,;'") or name
    last, comma, first = name.partition(",")
    first = first.strip()
    if comma and first and "," not in first and not _SUFFIX.fullmatch(first.split()[-1]):
        short = len(first.split()) <= 3 and len(last.split()) <= 3
        name = f"{first} {last.strip()}" if short else name
    words = name.split()
    if len(words) > 1 and (name.isupper() or name.islower()):
        name = _capitals(words)
    return name


def _from_address(address: str) -> str:
    local = address.partition("@")[0].partition("+")[0]
    parts = [part for part in re.split(r"[._-]+", re.sub(r"\d+", "", local)) if part]
    plain = all(part.isalpha() for part in parts)
    if len(parts) < 2 or not plain or any(map(_FUNCTIONS.fullmatch, parts)):
        return ""
    return _capitals(parts)


def _capitals(words: list[str]) -> str:
    return " ".join(
        word.lower() if number and _PARTICLES.fullmatch(word) else _capital(word)
        for number, word in enumerate(words)
    )


def _capital(word: str) -> str:
    return "-".join(part[:1].upper() + part[1:].lower() for part in word.split("-"))
