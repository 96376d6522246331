"""The language of conditions: a small tree of ``all``, ``any``, ``not`` and tests, and its JSON
form.

A test asks one field with one operator::

    {"all": [
        {"field": "domain", "op": "under", "value": "example.com"},
        {"any": [
            {"field": "subject", "op": "contains", "value": "order"},
            {"field": "header", "name": "X-Shop", "op": "exists"}]},
        {"not": {"field": "automatic", "op": "is", "value": "any"}}]}

There are no regular expressions: ``matches`` knows ``*`` only, which costs linear time, so no rule
can stop the mail. Upper and lower case are the same everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any, Literal

Kind = Literal["text", "address", "domain", "number", "choice", "time"]

MAX_DEPTH = 12
MAX_NODES = 200
MAX_TEXT = 300

#: What can be asked, and what kind of answer it has.
FIELDS: Mapping[str, Kind] = {
    "sender": "address",
    "sender_name": "text",
    "domain": "domain",
    "to": "address",
    "cc": "address",
    "recipients": "address",
    "subject": "text",
    "body": "text",
    "header": "text",
    "attachment": "text",
    "attachment_type": "text",
    "attachments": "number",
    "attachment_size": "number",
    "size": "number",
    "folder": "text",
    "role": "choice",
    "automatic": "choice",
    "list": "text",
    "reply": "choice",
    "conversation": "choice",
    "direction": "choice",
    "authentic": "choice",
    "partner": "choice",
    "partner_tag": "text",
    "salesperson": "text",
    "country": "text",
    "company": "text",
    "language": "text",
    "urgency": "choice",
    "time": "time",
}

_TEXT_OPS = ("contains", "is", "starts", "ends", "matches", "words", "exists")
#: The operators of each kind. ``words``: any of several words, whole, separated by spaces or
#: commas.
OPS: Mapping[Kind, tuple[str, ...]] = {
    "text": _TEXT_OPS,
    "address": ("is", "contains", "matches", "exists"),
    "domain": ("is", "under", "matches"),
    "number": ("at_least", "at_most"),
    "choice": ("is",),
    "time": ("between",),
}

#: The values of the choices. ``any`` of ``automatic``: machine mail of whatever class.
CHOICES: Mapping[str, tuple[str, ...]] = {
    "role": ("inbox", "sent", "drafts", "archive", "trash", "junk", "all", "flagged", "important"),
    "automatic": (
        "any",
        "bounce",
        "delay",
        "report",
        "auto-reply",
        "auto-generated",
        "list",
        "bulk",
        "calendar",
    ),
    "reply": ("new", "reply", "answer"),
    "direction": ("incoming", "outgoing"),
    "authentic": ("pass", "fail", "none"),
    "partner": ("known", "unknown", "customer", "company", "internal", "vip"),
    "conversation": ("first", "later", "answered", "unanswered"),
    "urgency": ("high", "normal", "low"),
}

_CLOCK = 'a pair of times such as ["08:00", "17:30"]'


class RuleError(ValueError):
    """A condition that cannot be read. ``path`` leads to the place, such as ``all[1].not``;
    ``problem`` says what is wrong there."""

    def __init__(self, path: str, problem: str) -> None:
        self.path, self.problem = path or "rule", problem
        super().__init__(f"{self.path}: {problem}")


@dataclass(frozen=True, slots=True)
class Check:
    """One test: a question to one field. ``value`` is text, a number, or for ``time`` a pair of
    times; ``name`` is that of a header; ``days`` are the days of the week (0 is Monday), empty for
    all."""

    field: str
    op: str
    value: str | int | tuple[str, str] = ""
    name: str = ""
    days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class All:
    """Every one of them; without any, true."""

    items: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Any_:
    """At least one of them; without any, false."""

    items: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    item: Node


Node = All | Any_ | Not | Check


def loads(text: str) -> Node:
    """Read a condition from JSON text. Raises RuleError."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RuleError("", f"this is not JSON ({error})") from None
    return from_data(data)


def dumps(node: Node) -> str:
    """JSON text of a condition."""
    return json.dumps(to_data(node), ensure_ascii=False)


def from_data(data: Any) -> Node:
    """Read a condition from parsed JSON. Raises RuleError."""
    return _Reader().node(data, "", 1)


def to_data(node: Node) -> dict[str, Any]:
    """The condition as JSON data; ``from_data`` gives it back."""
    if isinstance(node, All):
        return {"all": [to_data(item) for item in node.items]}
    if isinstance(node, Any_):
        return {"any": [to_data(item) for item in node.items]}
    if isinstance(node, Not):
        return {"not": to_data(node.item)}
    data: dict[str, Any] = {"field": node.field, "op": node.op}
    if node.name:
        data["name"] = node.name
    if node.op != "exists":
        data["value"] = list(node.value) if isinstance(node.value, tuple) else node.value
    if node.days:
        data["days"] = list(node.days)
    return data


def fields_of(node: Node) -> frozenset[str]:
    """The fields that a condition asks."""
    if isinstance(node, Check):
        return frozenset({node.field})
    items = (node.item,) if isinstance(node, Not) else node.items
    return frozenset().union(*(fields_of(item) for item in items))


class _Reader:
    """One walk over JSON data, which counts what it has seen."""

    def __init__(self) -> None:
        self.seen = 0

    def node(self, data: Any, path: str, depth: int) -> Node:
        self.seen += 1
        if depth > MAX_DEPTH:
            raise RuleError(path, f"nested more than {MAX_DEPTH} deep")
        if self.seen > MAX_NODES:
            raise RuleError(path, f"more than {MAX_NODES} conditions")
        if not isinstance(data, dict):
            raise RuleError(path, 'a condition is an object such as {"all": […]}')
        for key, make in (("all", All), ("any", Any_)):
            if key in data:
                return make(self._items(data, key, path, depth))
        if "not" in data:
            _only(data, {"not"}, path)
            return Not(self.node(data["not"], _join(path, "not"), depth + 1))
        return _test(data, path)

    def _items(self, data: dict[str, Any], key: str, path: str, depth: int) -> tuple[Node, ...]:
        _only(data, {key}, path)
        if not isinstance(data[key], list):
            raise RuleError(_join(path, key), "a list of conditions is needed")
        return tuple(
            self.node(item, _join(path, f"{key}[{place}]"), depth + 1)
            for place, item in enumerate(data[key])
        )


def _test(data: dict[str, Any], path: str) -> Check:
    _only(data, {"field", "op", "value", "name", "days"}, path)
    name = data.get("field")
    if not isinstance(name, str) or name not in FIELDS:
        raise RuleError(path, f"the field {name!r} is not known; known are {', '.join(FIELDS)}")
    kind, op = FIELDS[name], data.get("op")
    if op not in OPS[kind]:
        raise RuleError(path, f"{name} knows {', '.join(OPS[kind])}, not {op!r}")
    header = _header(data, name, path)
    days = _days(data, kind, path)
    return Check(name, str(op), _value(data, name, kind, str(op), path), header, days)


def _header(data: dict[str, Any], name: str, path: str) -> str:
    header = data.get("name", "")
    if name != "header":
        if header:
            raise RuleError(path, "only the field header has a name")
        return ""
    if not isinstance(header, str) or not header.strip() or len(header) > MAX_TEXT:
        raise RuleError(path, "which header? give its name")
    return header.strip().rstrip(":")


def _days(data: dict[str, Any], kind: Kind, path: str) -> tuple[int, ...]:
    days = data.get("days", [])
    if not days:
        return ()
    good = isinstance(days, list) and all(type(day) is int and 0 <= day <= 6 for day in days)
    if kind != "time" or not good:
        raise RuleError(path, "days belong to a time and are numbers from 0 (Monday) to 6")
    return tuple(sorted(set(days)))


def _value(
    data: dict[str, Any], name: str, kind: Kind, op: str, path: str
) -> str | int | tuple[str, str]:
    value = data.get("value", "")
    if op == "exists":
        if value not in ("", None):
            raise RuleError(path, "exists takes no value")
        return ""
    if kind == "number":
        if type(value) is not int or not 0 <= value <= 2**53:
            raise RuleError(path, f"{name} is compared with a whole number, 0 or more")
        return value
    if kind == "time":
        return _span(value, path)
    if not isinstance(value, str) or not value.strip():
        raise RuleError(path, f"{name} is compared with a text that is not empty")
    if len(value) > MAX_TEXT:
        raise RuleError(path, f"the text is longer than {MAX_TEXT} characters")
    if kind == "choice" and value not in CHOICES[name]:
        raise RuleError(path, f"{name} is one of {', '.join(CHOICES[name])}, not {value!r}")
    return value


def _span(value: Any, path: str) -> tuple[str, str]:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise RuleError(path, f"time needs {_CLOCK}")
    try:
        start, end = (clock(str(part)) for part in value)
    except ValueError:
        raise RuleError(path, f"time needs {_CLOCK}") from None
    return f"{start:%H:%M}", f"{end:%H:%M}"


def clock(text: str) -> time:
    """``HH:MM`` as a time of day. Raises ValueError."""
    hours, colon, minutes = text.strip().partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal()):
        raise ValueError(text)
    return time(int(hours), int(minutes))


def _only(data: dict[str, Any], allowed: set[str], path: str) -> None:
    strange = sorted(str(key) for key in data.keys() - allowed)
    if strange:
        raise RuleError(path, f"{', '.join(strange)} does not belong here")


def _join(path: str, step: str) -> str:
    return f"{path}.{step}" if path else step
