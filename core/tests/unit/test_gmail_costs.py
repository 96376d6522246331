"""Prices and what is cheapest."""

from __future__ import annotations

import pytest

from mailbox_core.net.quota import QuotaProfile
from mailbox_core.providers.gmail.costs import (
    PROFILE_V1,
    PROFILE_V2,
    batch_parts,
    in_bulk,
    patience,
    whole_threads,
)


@pytest.mark.parametrize(
    ("method", "v1", "v2"),
    [
        ("getProfile", 1, 1),
        ("messages.list", 5, 5),
        ("history.list", 2, 2),
        ("messages.get", 5, 20),
        ("messages.attachments.get", 5, 20),
        ("threads.get", 10, 40),
        ("messages.trash", 5, 20),
        ("messages.modify", 5, 5),
        ("messages.batchModify", 50, 50),
        ("messages.send", 100, 100),
        ("labels.get", 1, 1),
        ("watch", 100, 100),
    ],
)
def test_b44_published_prices(method: str, v1: int, v2: int) -> None:
    assert PROFILE_V1.cost(method) == v1
    assert PROFILE_V2.cost(method) == v2


def test_b44_published_limits() -> None:
    assert PROFILE_V1.units_per_minute_user == 15_000
    assert PROFILE_V2.units_per_minute_user == 6_000
    assert PROFILE_V2.units_per_day_project == 80_000_000


@pytest.mark.parametrize("profile", [PROFILE_V1, PROFILE_V2])
def test_a_conversation_is_read_whole_from_three_messages_on(profile: QuotaProfile) -> None:
    assert whole_threads({"a": 1, "b": 2, "c": 3, "d": 9}, profile) == {"c", "d"}


def test_a_batch_never_asks_for_more_than_the_budget_can_grant() -> None:
    for profile in (PROFILE_V1, PROFILE_V2):
        for price in (1, 5, 20, 40):
            parts = batch_parts(profile, price)
            assert 1 <= parts <= 20
            assert profile.largest_take is not None
            assert parts * price <= profile.largest_take // 4


def test_batches_without_limits_and_with_tiny_ones() -> None:
    assert batch_parts(QuotaProfile(None, None, None), 20) == 20
    assert batch_parts(QuotaProfile(60, None, None), 20) == 1


def test_a_call_is_patient_enough_to_earn_its_batch() -> None:
    for profile in (PROFILE_V1, PROFILE_V2):
        assert profile.units_per_minute_user is not None
        earned = patience(profile) * profile.units_per_minute_user / 60
        assert earned >= batch_parts(profile, 20) * 20
    assert patience(QuotaProfile(None, None, None)) == 0.5


def test_bulk_pays_from_its_price_on() -> None:
    assert not in_bulk(10, 5, 50)
    assert in_bulk(11, 5, 50)
