"""The scope of a mailbox as Gmail queries: what stays out is found without downloading it.

One question covers all active rules (``{a b}`` means a or b); only when it hits, each rule is asked
apart to name it. The search index may lag behind new mail, so a message that slips through is
checked again when it arrives (``mailbox_core.scope.admits``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from ...errors import Refused
from ...scope import folder_rule
from ...types import Role, Scope
from .client import Client
from .labels import ALL, SYSTEM_FOLDERS
from .listing import PAGE_LIMIT, Leaf, Window, all_ids, refs_of

_ROLE_TERMS: Mapping[Role, str] = MappingProxyType(
    {
        "inbox": "in:inbox",
        "sent": "in:sent",
        "drafts": "in:drafts",
        "junk": "in:spam",
        "trash": "in:trash",
        "flagged": "is:starred",
        "important": "is:important",
    }
)
_PAIRS: Mapping[str, str] = MappingProxyType({")": "(", "}": "{"})


@dataclass(frozen=True, slots=True)
class Rules:
    """The active rules by name, in the order in which they are named to the owner."""

    scope: Scope
    queries: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, scope: Scope) -> Rules:
        """Read a scope. Raises Refused for an exclusion query that would change the meaning of
        ours."""
        found: list[tuple[str, str]] = []
        if scope.exclude.strip():
            found.append(("exclude", f"({_checked(scope.exclude)})"))
        if scope.max_message_bytes is not None:
            found.append(("size", f"larger:{scope.max_message_bytes}"))
        if scope.folders is None:
            terms = [_ROLE_TERMS[role] for role in sorted(scope.skip_roles) if role in _ROLE_TERMS]
            if terms:
                found.append(("folder", _either(terms)))
        return cls(scope, tuple(found))

    def page(self, client: Client, window: Window, leaf: Leaf) -> Mapping[str, str]:
        """The rule that keeps a message out, by id, for the messages of a page."""
        if not leaf.refs:
            return {}
        before, ids = leaf.start.before, frozenset(ref.remote_id for ref in leaf.refs)

        def ask(query: str) -> frozenset[str]:
            part = replace(window, query=query)
            if leaf.start.page is not None:
                return all_ids(client, _down_to(leaf.oldest, part.params(before, PAGE_LIMIT)))
            # Both lists begin at the same place, so the matches of this page are the first ones.
            data = client.list_messages(part.params(before, PAGE_LIMIT))
            return frozenset(ref.remote_id for ref in refs_of(data))

        found = _named(self.queries, ids, ask)
        for message_id in ids - self._followed(client, window, leaf, ids):
            found.setdefault(message_id, "folder")
        return found

    def news(
        self, client: Client, placed: Mapping[str, frozenset[str] | None]
    ) -> Mapping[str, str]:
        """The rule that keeps a new message out, by id. ``placed``: its folders, None when unknown.

        Folders are told by the change itself. The index is asked for the newest messages that meet
        another rule; a message added with an old date may be missed here.
        """

        def ask(query: str) -> frozenset[str]:
            data = Window(query).params(None, PAGE_LIMIT)
            return frozenset(ref.remote_id for ref in refs_of(client.list_messages(data)))

        queries = tuple(rule for rule in self.queries if rule[0] != "folder")
        found = _named(queries, frozenset(placed), ask) if placed else {}
        for message_id, folders in placed.items():
            rule = None if folders is None else folder_rule(folders, self.scope, SYSTEM_FOLDERS)
            if rule is not None:
                found.setdefault(message_id, rule)
        return found

    def _followed(
        self, client: Client, window: Window, leaf: Leaf, ids: frozenset[str]
    ) -> frozenset[str]:
        """The ids that lie in a followed folder: one question for each folder, by id, since a query
        knows labels by name only and a name is ambiguous. Read to the end: what is not seen counts
        as not followed."""
        found: set[str] = set()
        for folder in sorted(self.scope.folders or ()):
            labels, trash_too = ((), False) if folder == ALL else ((folder,), True)
            part = replace(window, labels=labels, trash_too=trash_too)
            params = _down_to(leaf.oldest, part.params(leaf.start.before, PAGE_LIMIT))
            found |= ids & all_ids(client, params)
        return ids if self.scope.folders is None else frozenset(found)


def _down_to(oldest: int | None, params: dict[str, Any]) -> dict[str, Any]:
    """The same list, ending below the epoch second ``oldest``."""
    if oldest is None:
        return params
    return {**params, "q": f"{params.get('q', '')} after:{max(0, oldest - 1)}".strip()}


def _named(
    queries: tuple[tuple[str, str], ...],
    ids: frozenset[str],
    ask: Callable[[str], frozenset[str]],
) -> dict[str, str]:
    if not queries or not ask(_either([query for _, query in queries])) & ids:
        return {}
    found: dict[str, str] = {}
    for name, query in queries:
        for message_id in ask(query) & ids:
            found.setdefault(message_id, name)
    return found


def _either(terms: list[str]) -> str:
    return terms[0] if len(terms) == 1 else "{" + " ".join(terms) + "}"


def _checked(query: str) -> str:
    """The owner's query on one line. Raises Refused when brackets or quotes do not match: joined
    with others it could exclude mail that it does not name."""
    line = " ".join(query.split())
    stack: list[str] = []
    for piece in line.split('"')[::2]:
        for sign in piece:
            if sign in "({":
                stack.append(sign)
            elif sign in ")}" and (not stack or stack.pop() != _PAIRS[sign]):
                stack.append("?")
                break
    if stack or line.count('"') % 2:
        raise Refused("The exclusion query has brackets or quotes that do not match.", "exclude")
    return line
