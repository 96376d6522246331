"""The six failures a provider may answer with; nothing else leaves an adapter.

ProviderError
├── Throttled            come back after ``retry_after`` seconds
├── Unavailable          the provider or the network fails; nobody here can help
├── AuthorizationLost    a person has to act; ``reason`` names how
├── CursorExpired        enumerate again
├── NotFound             deleted meanwhile: ordinary
└── Refused              this call can never succeed as it is

Expected trouble is data to the engine (see ``sync.machine``), hence few classes with plain fields.
"""

from __future__ import annotations

from typing import Literal

AuthorizationReason = Literal[
    "invalid_grant",  # expired, revoked, password changed, too many tokens: sign in again
    "scope_missing",  # signed in, but a needed box was left unticked
    "policy",  # an administrator of the domain forbids it
    "client",  # client id or secret is wrong or deleted
    "api_disabled",  # the API is not switched on in the provider's project
    "mailbox_missing",  # the account has no mailbox or was deleted
    "wrong_account",  # somebody else signed in
]


class ProviderError(Exception):
    """Root of the tree. ``detail`` is safe to show and to log: no token, no mail content."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class Throttled(ProviderError):
    """Asked too often. ``retry_after`` is seconds from now as told by the provider, None when it
    gave no advice; ``scope`` says whose limit it is; ``ours``: the provider was not asked at all,
    because our own budget keeps to its limits."""

    def __init__(
        self,
        detail: str = "",
        retry_after: float | None = None,
        scope: Literal["mailbox", "project", "day"] = "mailbox",
        ours: bool = False,
    ) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        self.scope = scope
        self.ours = ours


class Unavailable(ProviderError):
    """5xx, a broken answer, no connection, a time-out. ``reached`` is True when the request may
    have been carried out although its answer was lost."""

    def __init__(self, detail: str = "", reached: bool = False) -> None:
        super().__init__(detail)
        self.reached = reached


class AuthorizationLost(ProviderError):
    """The grant does not work. ``missing`` lists scopes for the reason ``scope_missing``."""

    def __init__(
        self, reason: AuthorizationReason, detail: str = "", missing: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(detail or reason)
        self.reason = reason
        self.missing = missing


class CursorExpired(ProviderError):
    """The cursor is too old for the provider: what changed since is only found by enumerating
    again."""


class NotFound(ProviderError):
    """The addressed object does not exist (any more)."""


class Refused(ProviderError):
    """The provider understood and said no for good. ``code`` is its own short word, if any."""

    def __init__(self, detail: str = "", code: str = "") -> None:
        super().__init__(detail)
        self.code = code
