"""Single terms of the search language: ``from:``, ``after:``, ``has:attachment`` and the rest."""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass

from . import headers, mimetree
from .account import Account
from .clock import PACIFIC
from .message import Message

_DATE = re.compile(r"^(\d{4})[/-](\d{1,2})[/-](\d{1,2})$")
_AGE = re.compile(r"^(\d+)([dmyh])$", re.I)
_SIZE = re.compile(r"^(\d+)([kmg]?)b?$", re.I)
_WORD = re.compile(r"\w+")
_UNIT = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_IN = {"anywhere": "", "drafts": "DRAFT", "bin": "TRASH", "chats": "CHAT"}
_IS = {"unread": "UNREAD", "starred": "STARRED", "important": "IMPORTANT", "chat": "CHAT"}
_ADDRESS = {"from": ("From",), "to": ("To", "Cc", "Bcc"), "cc": ("Cc",), "bcc": ("Bcc",),
            "deliveredto": ("Delivered-To",)}  # fmt: skip
_KINDS = {"document": "docs.google.com/document", "drive": "drive.google.com",
          "spreadsheet": "docs.google.com/spreadsheets", "youtube": "youtube.com"}  # fmt: skip

Test = Callable[[Account, Message], bool]


@dataclass(frozen=True)
class Term:
    """One operator with its value."""

    name: str
    value: str
    test: Test
    bound: tuple[str, int] | None = None
    anywhere: bool = False

    def matches(self, account: Account, message: Message) -> bool:
        """Tell whether one message is meant."""
        return self.test(account, message)

    def label(self, account: Account) -> str:
        """Return the label every match carries, or an empty string."""
        if self.name == "in":
            label_id = _IN.get(self.value.lower(), self.value.upper())
            return label_id if label_id in account.labels.by_id else ""
        if self.name == "is" and self.value.lower() in _IS:
            return _IS[self.value.lower()]
        if self.name == "label":
            return label_id_of(account, self.value)
        return ""


def dated(term: Term) -> tuple[str, int] | None:
    """Return ``("after"|"before", ms)`` of a date term."""
    return term.bound


def label_id_of(account: Account, name: str) -> str:
    """Return the id of a label given by name or id, as ``label:`` takes it; empty if unknown."""
    if name in account.labels.by_id:
        return name
    found = account.labels.find(name)
    if found:
        return found.id
    wanted = _slug(name)
    matches = (item.id for item in account.labels.by_id.values() if _slug(item.name) == wanted)
    return next(matches, "")


def _slug(name: str) -> str:
    return re.sub(r"[\s/&()]+", "-", name.lower())


def make_term(name: str, value: str, now: float, *, exact: bool = False) -> Term:
    """Build a term; an unknown operator is looked for as text."""
    maker = _MAKERS.get(name)
    if maker is not None:
        return maker(name, value, now)
    text = f"{name}:{value}" if name else value
    return Term("", text, _words(text, exact))


def _words(text: str, exact: bool) -> Test:
    wanted = " ".join(text.lower().split())
    words = _WORD.findall(wanted)

    def test(account: Account, message: Message) -> bool:
        hay = _text(message)
        if exact:
            return wanted in hay
        return all(re.search(rf"\b{re.escape(word)}\b", hay) for word in words)

    return test


def _text(message: Message) -> str:
    tree = message.tree
    shown = ("Subject", "From", "To", "Cc")
    pieces = [headers.decode(headers.get(tree.fields, name)) for name in shown]
    for part in tree.walk():
        pieces.append(part.filename)
        if part.mime_type.startswith("text/") and not part.filename:
            pieces.append(part.text())
    return " ".join(" ".join(pieces).lower().split())


def _field_term(name: str, value: str, now: float) -> Term:
    wanted = value.lower()

    def test(account: Account, message: Message) -> bool:
        fields = message.fields
        if name == "from" and wanted == "me":
            hay = headers.get(fields, "From").lower()
            return any(address in hay for address in account.addresses())
        hay = " ".join(headers.decode(headers.get(fields, field)) for field in _ADDRESS[name])
        return (account.email if wanted == "me" else wanted) in hay.lower()

    return Term(name, value, test)


def _subject(name: str, value: str, now: float) -> Term:
    words = _WORD.findall(value.lower())

    def test(account: Account, message: Message) -> bool:
        hay = message.header("Subject").lower()
        return all(re.search(rf"\b{re.escape(word)}\b", hay) for word in words)

    return Term(name, value, test)


def _label(name: str, value: str, now: float) -> Term:
    def test(account: Account, message: Message) -> bool:
        return label_id_of(account, value) in message.labels

    return Term(name, value, test, anywhere=value.lower() in ("spam", "trash"))


def _in(name: str, value: str, now: float) -> Term:
    wanted = value.lower()
    label_id = _IN.get(wanted, wanted.upper())

    def test(account: Account, message: Message) -> bool:
        if wanted == "archive":
            return not message.labels & {"INBOX", "SENT", "DRAFT", "SPAM", "TRASH"}
        return not label_id or label_id in message.labels

    return Term(name, value, test, anywhere=wanted in ("anywhere", "spam", "trash", "bin"))


def _is(name: str, value: str, now: float) -> Term:
    wanted = value.lower()

    def test(account: Account, message: Message) -> bool:
        if wanted == "read":
            return "UNREAD" not in message.labels
        return _IS.get(wanted, "\0") in message.labels

    return Term(name, value, test)


def _has(name: str, value: str, now: float) -> Term:
    wanted = value.lower()

    def test(account: Account, message: Message) -> bool:
        user = {item for item in message.labels if item.startswith("Label_")}
        if wanted == "userlabels":
            return bool(user)
        if wanted == "nouserlabels":
            return not user
        if wanted == "attachment":
            return any(mimetree.is_attachment(part) for part in message.tree.walk())
        if wanted in _KINDS:
            return any(_KINDS[wanted] in part.text() for part in message.tree.walk())
        return wanted.upper().replace("-", "_") in message.labels

    return Term(name, value, test)


def _filename(name: str, value: str, now: float) -> Term:
    wanted = value.lower()

    def test(account: Account, message: Message) -> bool:
        names = [part.filename.lower() for part in message.tree.walk() if part.filename]
        return any(item == wanted or wanted in re.split(r"[\W_]+", item) for item in names)

    return Term(name, value, test)


def _rfc822msgid(name: str, value: str, now: float) -> Term:
    wanted = f"<{value.strip('<>')}>"
    return Term(name, value, lambda account, message: message.rfc822_id == wanted)


def _list(name: str, value: str, now: float) -> Term:
    wanted = value.lower()
    return Term(name, value, lambda account, message: wanted in message.header("List-Id").lower())


def _category(name: str, value: str, now: float) -> Term:
    label_id = "CATEGORY_" + {"PRIMARY": "PERSONAL"}.get(value.upper(), value.upper())
    return Term(name, value, lambda account, message: label_id in message.labels)


def _header(name: str, value: str, now: float) -> Term:
    field, _, wanted = value.partition("=")

    def test(account: Account, message: Message) -> bool:
        found = message.header(field.strip())
        return bool(found) and wanted.strip().lower() in found.lower()

    return Term(name, value, test)


def moment(value: str) -> int | None:
    """Return ms since the epoch for ``YYYY/MM/DD`` (Pacific midnight) or epoch seconds."""
    found = _DATE.match(value)
    if found:
        year, month, day = (int(piece) for piece in found.groups())
        try:
            return int(datetime.datetime(year, month, day, tzinfo=PACIFIC).timestamp() * 1000)
        except ValueError:
            return None
    return int(value) * 1000 if value.isascii() and value.isdigit() and len(value) < 15 else None


def _never(name: str, value: str) -> Term:
    return Term(name, value, lambda account, message: False)


def _after(name: str, value: str, now: float) -> Term:
    start = moment(value)
    if start is None:
        return _never(name, value)
    return Term(name, value, lambda a, m: m.internal_date >= start, bound=("after", start))


def _before(name: str, value: str, now: float) -> Term:
    end = moment(value)
    if end is None:
        return _never(name, value)
    return Term(name, value, lambda a, m: m.internal_date < end, bound=("before", end))


def _age(name: str, value: str, now: float) -> Term:
    found = _AGE.match(value)
    if not found:
        return _never(name, value)
    edge = int(_back(now, int(found.group(1)), found.group(2).lower()) * 1000)
    if name == "newer_than":
        return Term(name, value, lambda a, m: m.internal_date >= edge, bound=("after", edge))
    return Term(name, value, lambda a, m: m.internal_date < edge, bound=("before", edge))


def _back(now: float, count: int, unit: str) -> float:
    if unit == "d":
        return now - count * 86400
    if unit == "h":
        return now - count * 3600
    then = datetime.datetime.fromtimestamp(now, datetime.timezone.utc)
    months = then.year * 12 + then.month - 1 - count * (12 if unit == "y" else 1)
    year, month = max(1, months // 12), months % 12 + 1
    day = min(then.day, calendar.monthrange(year, month)[1])
    return then.replace(year=year, month=month, day=day).timestamp()


def _size(name: str, value: str, now: float) -> Term:
    found = _SIZE.match(value)
    if not found:
        return _never(name, value)
    limit = int(found.group(1)) * _UNIT[found.group(2).lower()]
    if name == "smaller":
        return Term(name, value, lambda account, message: message.size < limit)
    return Term(name, value, lambda account, message: message.size > limit)


_MAKERS: dict[str, Callable[[str, str, float], Term]] = {
    "from": _field_term, "to": _field_term, "cc": _field_term, "bcc": _field_term,
    "deliveredto": _field_term, "subject": _subject, "label": _label, "in": _in, "is": _is,
    "has": _has, "filename": _filename, "rfc822msgid": _rfc822msgid, "list": _list,
    "category": _category, "header": _header, "after": _after, "newer": _after,
    "before": _before, "older": _before, "newer_than": _age, "older_than": _age,
    "size": _size, "larger": _size, "smaller": _size,
}  # fmt: skip
