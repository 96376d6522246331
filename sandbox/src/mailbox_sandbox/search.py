"""The ``q`` search language of Gmail, as far as FIDELITY.md lists it.

API search: no alias expansion, no thread-wide matching; a term matches one message.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from .account import Account
from .message import Message
from .search_terms import Term, dated, make_term

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<punct>[(){}])
      | (?P<or>OR(?=[\s(){}]|$))
      | (?P<and>AND(?=[\s(){}]|$))
      | (?P<around>AROUND(?:\s+\d+)?(?=\s|$))
      | (?P<minus>-(?=[^\s]))
      | (?P<plus>\+(?=[^\s]))
      | (?:(?P<name>[A-Za-z][A-Za-z0-9_]*):)?
        (?:"(?P<quoted>[^"]*)"?|(?P<group>\()|(?P<word>[^\s(){}"]+))
    )""",
    re.VERBOSE,
)

Matcher = Callable[[Account, Message], bool]


@dataclass
class Query:
    """A parsed query. ``anywhere`` includes spam and trash; the bounds are ms since the epoch."""

    matcher: Matcher
    terms: list[Term]
    anywhere: bool
    after_ms: int | None
    before_ms: int | None

    def matches(self, account: Account, message: Message) -> bool:
        """Tell whether one message is meant."""
        return self.matcher(account, message)

    def labels(self, account: Account) -> set[str]:
        """Return labels that every match carries (found in the top-level conjunction)."""
        found = (term.label(account) for term in self.terms)
        return {label_id for label_id in found if label_id}


def parse(text: str, now: float) -> Query:
    """Parse *text*; never raises: what is no operator is a word to look for."""
    parser = _Parser(text, now)
    matcher = parser.alternatives("")
    bounds = [bound for bound in (dated(term) for term in parser.top) if bound]
    after = [bound[1] for bound in bounds if bound[0] == "after"]
    before = [bound[1] for bound in bounds if bound[0] == "before"]
    return Query(
        matcher,
        parser.top,
        any(term.anywhere for term in parser.seen),
        max(after, default=None),
        min(before, default=None),
    )


class _Parser:
    """Recursive descent: OR binds weaker than juxtaposition, braces are OR, minus negates."""

    def __init__(self, text: str, now: float) -> None:
        self._tokens = [found for found in _TOKEN.finditer(text) if found.group().strip()]
        self._at = 0
        self._now = now
        self._nesting = 0
        self.seen: list[Term] = []
        self.top: list[Term] = []

    def _peek(self) -> re.Match[str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def alternatives(self, closing: str, field: str = "") -> Matcher:
        """Read up to *closing*; inside ``{`` everything is an alternative."""
        groups: list[list[Matcher]] = [[]]
        start = len(self.top)
        while (token := self._peek()) is not None:
            if token.group("punct") in (")", "}"):
                self._at += 1
                if token.group("punct") == closing:
                    break
                continue
            if token.group("or"):
                self._at += 1
                groups.append([])
                continue
            if token.group("and") or token.group("around"):
                self._at += 1
                continue
            if closing == "}" and groups[-1]:
                groups.append([])
            groups[-1].append(self._item(field))
        filled = [group for group in groups if group]
        if len(filled) > 1:
            del self.top[start:]
        return _any([_all(group) for group in filled])

    def _item(self, field: str) -> Matcher:
        token = self._tokens[self._at]
        self._at += 1
        if token.group("minus"):
            return self._negated(field)
        if token.group("plus"):
            return self._item(field) if self._peek() else _always
        if token.group("punct"):
            return self._nested(")" if token.group("punct") == "(" else "}", field)
        if token.group("group"):
            return self._nested(")", token.group("name").lower())
        return self._term(token, field)

    def _nested(self, closing: str, field: str) -> Matcher:
        return self.alternatives(closing, field)

    def _negated(self, field: str) -> Matcher:
        if self._peek() is None:
            return _always
        kept = list(self.top)
        inner = self._item(field)
        self.top[:] = kept
        return lambda account, message: not inner(account, message)

    def _term(self, token: re.Match[str], field: str) -> Matcher:
        quoted = token.group("quoted")
        value = quoted if quoted is not None else token.group("word")
        name = (token.group("name") or field).lower()
        term = make_term(name, value, self._now, exact=quoted is not None)
        self.seen.append(term)
        self.top.append(term)
        return term.matches


def _always(account: Account, message: Message) -> bool:
    return True


def _all(group: list[Matcher]) -> Matcher:
    if len(group) == 1:
        return group[0]
    return lambda account, message: all(matcher(account, message) for matcher in group)


def _any(groups: list[Matcher]) -> Matcher:
    if not groups:
        return _always
    if len(groups) == 1:
        return groups[0]
    return lambda account, message: any(matcher(account, message) for matcher in groups)
