"""The registry's entry for Gmail."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from mailbox_core.contract import AuthorizerConfig, ProviderConfig
from mailbox_core.errors import Refused
from mailbox_core.net.endpoints import Endpoints
from mailbox_core.net.quota import Unmetered
from mailbox_core.providers.gmail import SPEC
from mailbox_core.registry import spec
from mailbox_core.types import Scope

GMAIL = "https://www.googleapis.com/auth/gmail."


def test_it_is_registered_under_its_name() -> None:
    assert spec("gmail") is SPEC


def test_scope_profiles_ask_for_as_little_as_they_can() -> None:
    asked = {profile.name: profile.scopes - {"openid", "email"} for profile in SPEC.scope_profiles}
    assert asked == {
        "read": {f"{GMAIL}readonly"},
        "two_way": {f"{GMAIL}modify"},
        "send": {f"{GMAIL}send"},
    }
    bought = {profile.name: set(profile.features) for profile in SPEC.scope_profiles}
    assert bought["read"] < bought["two_way"]
    assert bought["send"] < bought["two_way"]


def test_the_form_hides_the_secret() -> None:
    assert [(field.name, field.kind) for field in SPEC.fields] == [
        ("client_id", "text"),
        ("client_secret", "secret"),
    ]


def test_quota_profiles_bound_mailbox_project_and_day() -> None:
    limits = {
        name: (one.units_per_minute_user, one.units_per_minute_project, one.units_per_day_project)
        for name, one in SPEC.quota_profiles.items()
    }
    assert limits == {"v2": (6000, 1_200_000, 80_000_000), "v1": (15000, 1_200_000, None)}


def test_signing_in_starts_at_google() -> None:
    assert SPEC.authorizer is not None
    config = AuthorizerConfig("id", "secret", "https://o.example/back", frozenset({"x"}), "v" * 43)
    url = urlsplit(SPEC.authorizer(config, Endpoints()).authorization_url("s", "ada@example.com"))
    assert url.hostname == "accounts.google.com"
    assert parse_qs(url.query)["access_type"] == ["offline"]


def test_settings_that_cannot_be_are_refused() -> None:
    def make(scope: Scope, settings: dict[str, str]) -> None:
        SPEC.provider(ProviderConfig("a@b", None, Unmetered(), scope, settings), Endpoints())

    make(Scope(), {})
    make(Scope(), {"quota": "v1"})
    with pytest.raises(Refused, match="v3"):
        make(Scope(), {"quota": "v3"})
    with pytest.raises(Refused, match="brackets"):
        make(Scope(exclude="(x"), {})
