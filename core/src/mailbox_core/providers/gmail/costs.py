"""What a call costs and how much may be spent: Gmail's two live quota profiles.

Source: Gmail API usage limits page. ``v2`` (2026) applies to Cloud projects created from 1 May 2026
on, ``v1`` to projects that used the API between November 2025 and April 2026. The price does not
depend on ``format`` or ``fields``; n calls in a batch cost n prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ...net.quota import QuotaProfile

_COMMON: Mapping[str, int] = MappingProxyType(
    {
        "getProfile": 1,
        "labels.list": 1,
        "labels.get": 1,
        "history.list": 2,
        "messages.list": 5,
        "messages.modify": 5,
        "messages.untrash": 5,
        "drafts.list": 5,
        "messages.delete": 10,
        "messages.batchModify": 50,
        "messages.batchDelete": 50,
        "messages.send": 100,
        "drafts.send": 100,
        "watch": 100,
        "stop": 50,
    }
)

PROFILE_V1 = QuotaProfile(
    units_per_minute_user=15_000,
    units_per_minute_project=1_200_000,
    units_per_day_project=None,
    costs=MappingProxyType(
        {
            **_COMMON,
            "messages.get": 5,
            "messages.attachments.get": 5,
            "messages.trash": 5,
            "threads.get": 10,
        }
    ),
)

PROFILE_V2 = QuotaProfile(
    units_per_minute_user=6_000,
    units_per_minute_project=1_200_000,
    units_per_day_project=80_000_000,
    costs=MappingProxyType(
        {
            **_COMMON,
            "messages.get": 20,
            "messages.attachments.get": 20,
            "messages.trash": 20,
            "threads.get": 40,
        }
    ),
)

PROFILES: Mapping[str, QuotaProfile] = MappingProxyType({"v2": PROFILE_V2, "v1": PROFILE_V1})

BATCH_PARTS = 20
"""Calls in one batch. Google allows 100 and advises against more than 50; with 100 the inner calls
are refused for being too many at once, with 25 they were not."""


def batch_parts(profile: QuotaProfile, price: int) -> int:
    """How many calls of ``price`` units to put into one batch: a quarter of what the budget grants
    at once, so that other lanes get their turn, and never more than ``BATCH_PARTS``."""
    most = profile.largest_take
    if most is None:
        return BATCH_PARTS
    return max(1, min(BATCH_PARTS, most // 4 // price))


def patience(profile: QuotaProfile) -> float:
    """Seconds a call may sleep for its units: as long as the largest batch takes to earn, plus half
    a second. Shorter, and a busy mailbox would stop after every burst."""
    most, rate = profile.largest_take, profile.units_per_minute_user
    if most is None or rate is None:
        return 0.5
    return most / 4 / (rate / 60) + 0.5


def whole_threads(wanted: Mapping[str, int], profile: QuotaProfile) -> frozenset[str]:
    """The conversations to read with one ``threads.get``: those of which so many messages are
    wanted (``wanted``: count by conversation id) that reading them one by one costs more."""
    thread, single = profile.cost("threads.get"), profile.cost("messages.get")
    return frozenset(key for key, count in wanted.items() if count * single > thread)


def in_bulk(count: int, price: int, bulk: int) -> bool:
    """Whether one bulk call of ``bulk`` units is cheaper than ``count`` calls of ``price``
    units."""
    return count * price > bulk
