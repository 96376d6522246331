"""Signing in to Gmail: what is asked for and what it buys.

Source: Gmail API reference (scopes of each method), "Choose Gmail API scopes". ``openid email``
tells who signed in. No profile asks for ``https://mail.google.com/``: only deleting for good needs
it.
"""

from __future__ import annotations

from ...contract import Authorizer, AuthorizerConfig
from ...net.endpoints import Endpoints
from ...net.oauth import OAuthClient, google, oauth_http
from ...registry import FormField, ScopeProfile
from .client import MODIFY, READ, SEND

_IDENTITY = frozenset({"openid", "email"})

SCOPE_PROFILES = (
    ScopeProfile("read", _IDENTITY | {READ}, ("import", "live", "attachments", "push")),
    ScopeProfile(
        "two_way",
        _IDENTITY | {MODIFY},
        ("import", "live", "attachments", "push", "flags", "folders", "trash", "drafts", "send"),
    ),
    ScopeProfile("send", _IDENTITY | {SEND}, ("send",)),
)

FIELDS = (
    FormField(
        "client_id",
        "Client ID",
        help="From the OAuth client of type “Web application” in your Google Cloud project.",
    ),
    FormField(
        "client_secret",
        "Client secret",
        "secret",
        help="Google shows it once, when the client is made.",
    ),
)


def authorizer(config: AuthorizerConfig, endpoints: Endpoints) -> Authorizer:
    """The registry's factory for Google's authorization code flow."""
    return OAuthClient(config, google(endpoints), oauth_http(endpoints))
