"""Goals carried out as label changes. Repeating one is harmless; messages that are gone are passed
over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import NotFound, ProviderError, Refused
from ...types import Delete, Mutation, SetFlags
from . import costs
from .batch import Call, segment
from .client import FULL_ACCESS, MODIFY, Client
from .labels import flag_changes, label_changes

BULK = 1000
"""Ids in one ``batchModify`` or ``batchDelete``."""

_LANE = "flags"


def apply(client: Client, mutation: Mutation) -> None:
    """Reach a goal by the cheapest calls.

    Raises Refused for flags and labels that cannot be changed, and AuthorizationLost with
    ``scope_missing`` when the sign-in does not allow it (deleting for good needs full access).
    """
    ids = list(dict.fromkeys(ref.remote_id for ref in mutation.refs))
    if isinstance(mutation, Delete):
        _delete(client, ids)
        return
    if isinstance(mutation, SetFlags):
        add, remove = flag_changes(mutation.set, mutation.clear)
    else:
        add, remove = label_changes(mutation.add, mutation.remove)
    if ids and add | remove:
        _change(client, ids, add, remove)


def _change(
    client: Client, ids: Sequence[str], add: frozenset[str], remove: frozenset[str]
) -> None:
    """Labels on or off. The trash has verbs of its own, which also take a message out of the inbox;
    for many messages its label is set like any other."""
    quota = client.quota
    bulk = quota.cost("messages.batchModify")
    for verb, label, wanted in (("trash", "TRASH", add), ("untrash", "TRASH", remove)):
        cost = f"messages.{verb}"
        if label in wanted and not costs.in_bulk(len(ids), quota.cost(cost), bulk):
            _each(client, ids, verb, cost, None)
            add, remove = (add - {label}, remove) if verb == "trash" else (add, remove - {label})
    if not add | remove:
        return
    body = {"addLabelIds": sorted(add), "removeLabelIds": sorted(remove)}
    if not costs.in_bulk(len(ids), quota.cost("messages.modify"), bulk):
        _each(client, ids, "modify", "messages.modify", body)
        return
    for start in range(0, len(ids), BULK):
        _bulk(client, ids[start : start + BULK], body)


def _bulk(client: Client, ids: Sequence[str], body: Mapping[str, Any]) -> None:
    """One ``batchModify``; one by one when Gmail stumbles over an id that is gone."""
    try:
        client.post(
            "messages.batchModify", "messages/batchModify", {"ids": list(ids), **body}, lane=_LANE
        )
    except NotFound:
        _each(client, ids, "modify", "messages.modify", body)


def _each(
    client: Client, ids: Sequence[str], verb: str, cost: str, body: Mapping[str, Any] | None
) -> None:
    calls = [Call(f"messages/{segment(one)}/{verb}", (), body, "POST") for one in ids]
    _run(client, calls, cost, MODIFY)


def _delete(client: Client, ids: Sequence[str]) -> None:
    quota = client.quota
    bulk = quota.cost("messages.batchDelete")
    if not costs.in_bulk(len(ids), quota.cost("messages.delete"), bulk):
        calls = [Call(f"messages/{segment(one)}", (), None, "DELETE") for one in ids]
        _run(client, calls, "messages.delete", FULL_ACCESS)
        return
    for start in range(0, len(ids), BULK):
        body = {"ids": ids[start : start + BULK]}
        client.post("messages.batchDelete", "messages/batchDelete", body, FULL_ACCESS, lane=_LANE)


def _run(client: Client, calls: Sequence[Call], cost: str, scope: str) -> None:
    """Calls in batches. All are tried; then the worst failure is raised, and the goal is tried
    again as a whole. A refusal of one message does not hide that another may succeed later."""
    failures: list[ProviderError] = []
    size = costs.batch_parts(client.quota, client.quota.cost(cost))
    for start in range(0, len(calls), size):
        found = client.batch(calls[start : start + size], cost, scope, lane=_LANE)
        failures += [
            one for one in found if isinstance(one, ProviderError) and not isinstance(one, NotFound)
        ]
        if any(not isinstance(one, Refused) for one in failures):
            break
    for failure in sorted(failures, key=lambda one: isinstance(one, Refused)):
        raise failure
