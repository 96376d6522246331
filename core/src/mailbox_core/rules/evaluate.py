"""Asks a mail the questions of a condition. Pure and total: every condition has an answer for every
mail.

``matches`` stops at the first answer that decides; ``explain.py`` asks everything, to say why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta, tzinfo

from .facts import Facts
from .language import language_of
from .syntax import All, Any_, Check, Node, Not, clock
from .urgency import urgency_of

#: Characters of what was found that an explanation shows.
_SHOWN = 120
_WORD_BREAKS = str.maketrans({char: " " for char in ",;.:!?\"'()[]{}<>/\\|\t\r\n*_-+="})


def matches(node: Node, facts: Facts, zone: tzinfo | None = None) -> bool:
    """Whether the mail is what the condition asks for. ``zone`` is that of times of day, UTC when
    None."""
    if isinstance(node, All):
        return all(matches(item, facts, zone) for item in node.items)
    if isinstance(node, Any_):
        return any(matches(item, facts, zone) for item in node.items)
    if isinstance(node, Not):
        return not matches(node.item, facts, zone)
    return ask(node, facts, zone)[0]


def ask(test: Check, facts: Facts, zone: tzinfo | None = None) -> tuple[bool, str]:
    """The answer to one test, and what was found (shortened; empty when nothing was)."""
    if test.field == "time":
        return _ask_time(test, facts, zone)
    if test.field == "urgency":
        return _ask_urgency(test, facts)
    if test.op in ("at_least", "at_most"):
        return _ask_number(test, facts)
    values = _values(test, facts)
    compare = _COMPARE[test.op]
    wanted = str(test.value).casefold().strip()
    for value in values:
        if compare(value.casefold(), wanted):
            return True, value.strip()[:_SHOWN]
    first = next((value.strip() for value in values if value.strip()), "")
    return False, "" if test.field == "body" else first[:_SHOWN]


def _ask_time(test: Check, facts: Facts, zone: tzinfo | None) -> tuple[bool, str]:
    first, last = test.value if isinstance(test.value, tuple) else ("00:00", "00:00")
    start, end = clock(first), clock(last)
    try:
        moment = facts.received_at.astimezone(zone) if zone else facts.received_at
        yesterday = (moment - timedelta(days=1)).weekday()
    except (OverflowError, ValueError):  # at the ends of the calendar
        return False, ""
    now, day = moment.time().replace(tzinfo=None), moment.weekday()
    if start <= end:
        inside = start <= now < end
    else:  # over midnight: the small hours belong to the day before
        inside = now >= start or now < end
        day = day if now >= start else yesterday
    return inside and (not test.days or day in test.days), f"{moment:%Y-%m-%d %H:%M}"


def _ask_urgency(test: Check, facts: Facts) -> tuple[bool, str]:
    found = urgency_of(facts)
    shown = f"{found.level} ({found.words})" if found.found else found.level
    return found.level == test.value, shown[:_SHOWN]


def _ask_number(test: Check, facts: Facts) -> tuple[bool, str]:
    found = _NUMBERS[test.field](facts)
    limit = test.value if isinstance(test.value, int) else 0
    return (found >= limit if test.op == "at_least" else found <= limit), str(found)


def _values(test: Check, facts: Facts) -> tuple[str, ...]:
    if test.field == "header":
        return facts.header(test.name)
    return tuple(_FIELDS[test.field](facts))


def _classes(facts: Facts) -> tuple[str, ...]:
    return (facts.automatic, "any") if facts.automatic else ()


def _partner(facts: Facts) -> tuple[str, ...]:
    return tuple(sorted(facts.partner)) if facts.partner else ("unknown",)


def _list(facts: Facts) -> tuple[str, ...]:
    return facts.header("list-id") + facts.header("list-post")


#: ``attachment_size`` is that of the largest one.
_NUMBERS: Mapping[str, Callable[[Facts], int]] = {
    "size": lambda facts: facts.size,
    "attachments": lambda facts: len(facts.files),
    "attachment_size": lambda facts: max((file.size for file in facts.files), default=0),
}

_FIELDS: Mapping[str, Callable[[Facts], Iterable[str]]] = {
    "sender": lambda facts: (facts.sender,),
    "sender_name": lambda facts: (facts.sender_name,),
    "domain": lambda facts: (facts.sender.rpartition("@")[2],),
    "to": lambda facts: facts.to,
    "cc": lambda facts: facts.cc,
    "recipients": lambda facts: facts.to + facts.cc,
    "subject": lambda facts: (facts.subject,),
    "body": lambda facts: (facts.body,),
    "attachment": lambda facts: (file.name for file in facts.files),
    "attachment_type": lambda facts: (file.content_type for file in facts.files),
    "folder": lambda facts: facts.folders,
    "role": lambda facts: sorted(facts.roles),
    "automatic": _classes,
    "list": _list,
    "reply": lambda facts: (facts.reply, "reply") if facts.reply == "answer" else (facts.reply,),
    "direction": lambda facts: ("outgoing" if facts.outgoing else "incoming",),
    "authentic": lambda facts: (facts.authentic,),
    "partner": _partner,
    "partner_tag": lambda facts: facts.who.tags,
    "salesperson": lambda facts: facts.who.salesperson,
    "country": lambda facts: facts.who.country,
    "company": lambda facts: facts.who.company,
    "conversation": lambda facts: sorted(facts.conversation),
    "language": lambda facts: (language_of(facts.body),),
}


def glob(value: str, pattern: str) -> bool:
    """Whether the whole of ``value`` looks like ``pattern``, in which ``*`` stands for anything,
    also nothing.

    Searches each piece once from where the one before ended: linear, whatever the pattern.
    """
    pieces = pattern.split("*")
    if len(pieces) == 1:
        return value == pattern
    first, *middle, last = pieces
    if len(value) < len(first) + len(last):
        return False
    if not (value.startswith(first) and value.endswith(last)):
        return False
    place, end = len(first), len(value) - len(last)
    for piece in middle:
        found = value.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True


def _words(value: str, wanted: str) -> bool:
    """Whether any of several words stands in the text as a whole word."""
    present = set(value.translate(_WORD_BREAKS).split())
    return any(word in present for word in wanted.translate(_WORD_BREAKS).split())


def _under(value: str, wanted: str) -> bool:
    wanted = wanted.lstrip("@.")
    return value == wanted or value.endswith(f".{wanted}")


_COMPARE: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda value, wanted: wanted in value,
    "is": lambda value, wanted: value.strip() == wanted.lstrip("@"),
    "starts": lambda value, wanted: value.lstrip().startswith(wanted),
    "ends": lambda value, wanted: value.rstrip().endswith(wanted),
    "matches": lambda value, wanted: glob(value.strip(), wanted),
    "words": _words,
    "under": _under,
    "exists": lambda value, wanted: bool(value.strip()),
}
