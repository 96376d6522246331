"""Why a condition matched a mail, or did not: as data, so that every language can say it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from .evaluate import ask
from .facts import Facts
from .syntax import All, Any_, Check, Node, Not, to_data


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a condition and to each of its parts. ``found`` is what the mail has there
    (tests only)."""

    node: Node
    matched: bool
    found: str = ""
    items: tuple[Answer, ...] = ()


def explain(node: Node, facts: Facts, zone: tzinfo | None = None) -> Answer:
    """Ask everything. ``matched`` is always what ``evaluate.matches`` says."""
    if isinstance(node, Check):
        matched, found = ask(node, facts, zone)
        return Answer(node, matched, found)
    if isinstance(node, Not):
        inner = explain(node.item, facts, zone)
        return Answer(node, not inner.matched, "", (inner,))
    items = tuple(explain(item, facts, zone) for item in node.items)
    decide = all if isinstance(node, All) else any
    return Answer(node, decide(item.matched for item in items), "", items)


def reasons(answer: Answer) -> tuple[Answer, ...]:
    """The tests that decided: changing none of them leaves the outcome as it is.

    Empty for conditions without tests, which are what they are.
    """
    return tuple(reason for reason, _wanted in _deciding(answer, True))


def argument(answer: Answer) -> list[dict[str, Any]]:
    """The tests that decided as JSON data, with ``wanted``: False for those that stand in a NOT,
    where "no" is what the condition asks for."""
    return [{**to_json(reason), "wanted": wanted} for reason, wanted in _deciding(answer, True)]


def _deciding(answer: Answer, wanted: bool) -> Iterator[tuple[Answer, bool]]:
    node = answer.node
    if isinstance(node, Check):
        yield answer, wanted
        return
    if isinstance(node, Not):
        yield from _deciding(answer.items[0], not wanted)
        return
    chosen = answer.items
    if answer.matched is isinstance(node, Any_):
        # One is enough to fail all, or to satisfy any.
        chosen = tuple(item for item in answer.items if item.matched is answer.matched)[:1]
    for item in chosen:
        yield from _deciding(item, wanted)


def to_json(answer: Answer) -> dict[str, Any]:
    """The answer as JSON data: the condition's own form, with ``matched`` and ``found`` at every
    part."""
    data: dict[str, Any] = {"matched": answer.matched}
    if isinstance(answer.node, Check):
        return {**to_data(answer.node), **data, "found": answer.found}
    if isinstance(answer.node, Not):
        return {**data, "not": to_json(answer.items[0])}
    key = "all" if isinstance(answer.node, All) else "any"
    return {**data, key: [to_json(item) for item in answer.items]}
