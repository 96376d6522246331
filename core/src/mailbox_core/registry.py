"""Name to provider: the only place where a provider's name is compared.

Outside providers register with the entry-point group ``mailbox_core.providers``; the object named
there is a ``ProviderSpec``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.metadata import entry_points
from typing import Any, Literal

from .contract import Authorizer, MailProvider, ProviderConfig, PullSource, PushSetup
from .contract import AuthorizerConfig as AuthorizerConfig
from .errors import Refused
from .net.endpoints import Endpoints
from .net.quota import QuotaProfile
from .net.service_account import ServiceAccount
from .types import Hint


@dataclass(frozen=True, slots=True)
class FormField:
    """A setting the administrator fills in for a provider."""

    name: str
    label: str
    kind: Literal["text", "secret"] = "text"
    required: bool = True
    help: str = ""


@dataclass(frozen=True, slots=True)
class ScopeProfile:
    """A bundle of OAuth scopes and what it buys. ``features`` are words of the settings screen."""

    name: Literal["read", "two_way", "send"]
    scopes: frozenset[str]
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CloudSpec:
    """How a provider's cloud is prepared for push. ``script``: the shell script that does it, and
    ``file_name`` what it is called; ``account``: the service account that it makes in a project,
    for one way of delivery; ``client_project``: the number in an OAuth client's id, or empty."""

    script: Callable[[PushSetup], str]
    file_name: Callable[[PushSetup], str]
    account: Callable[[str, Literal["push", "pull"]], str]
    client_project: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class PushSpec:
    """How a provider notifies by HTTP. ``decode`` reads a body (Refused when it cannot);
    ``keys_url`` is where its signers' keys are; one of ``scopes`` is enough to subscribe.

    ``pull``: the other way, for a service account and the full name of a subscription; None where
    the provider has no such thing.
    """

    decode: Callable[[bytes | Mapping[str, Any], datetime], Hint]
    keys_url: Callable[[Endpoints], str]
    scopes: frozenset[str]
    pull: Callable[[ServiceAccount, str, Endpoints], PullSource] | None = None
    cloud: CloudSpec | None = None


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """A provider's entry: factories and the form to fill in. ``hidden``: for tests, not to be
    offered.

    ``authserv_ids``: under which names its own verdicts on senders stand (RFC 8601 section 2.5).
    """

    name: str
    label: str
    provider: Callable[[ProviderConfig, Endpoints], MailProvider]
    authorizer: Callable[[AuthorizerConfig, Endpoints], Authorizer] | None = None
    fields: tuple[FormField, ...] = ()
    scope_profiles: tuple[ScopeProfile, ...] = ()
    quota_profiles: Mapping[str, QuotaProfile] = field(default_factory=dict)
    authserv_ids: frozenset[str] = frozenset()
    hidden: bool = False
    push: PushSpec | None = None


@cache
def specs() -> Mapping[str, ProviderSpec]:
    """All registered providers by name."""
    found = {point.name: point.load() for point in entry_points(group="mailbox_core.providers")}
    return dict(sorted(found.items()))


def spec(name: str) -> ProviderSpec:
    """The provider called ``name``. Raises Refused when there is none."""
    try:
        return specs()[name]
    except KeyError:
        known = ", ".join(specs()) or "none"
        raise Refused(
            f"There is no mail provider “{name}”. Installed: {known}.", "unknown"
        ) from None
