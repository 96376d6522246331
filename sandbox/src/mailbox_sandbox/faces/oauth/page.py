"""The consent page: choose the account, tick the scopes, allow or cancel."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from string import Template

from ...identity import FULL_MAIL, IDENTITY, PREFIX
from ...package_data import read_text

#: What a person reads for each scope (wording of our own).
WORDS = {
    FULL_MAIL: "Read, compose, send and permanently delete all your mail",
    PREFIX + "gmail.modify": "Read, compose and send mail, change labels",
    PREFIX + "gmail.readonly": "View your mail and settings",
    PREFIX + "gmail.metadata": "View headers and labels, but no message bodies",
    PREFIX + "gmail.compose": "Manage drafts and send mail",
    PREFIX + "gmail.send": "Send mail on your behalf",
    PREFIX + "gmail.insert": "Add messages to your mailbox",
    PREFIX + "gmail.labels": "See and edit your labels",
    PREFIX + "gmail.settings.basic": "See and edit mail settings and filters",
    PREFIX + "contacts": "See and edit your contacts",
    PREFIX + "contacts.readonly": "See your contacts",
    PREFIX + "calendar": "See and edit your calendars",
    PREFIX + "calendar.readonly": "See your calendars",
    "openid": "Know who you are",
    PREFIX + "userinfo.email": "See your address",
    PREFIX + "userinfo.profile": "See your name",
}


def render(
    client_id: str,
    accounts: Iterable[tuple[str, str]],
    scopes: list[str],
    hint: str,
    fields: Mapping[str, str],
    *,
    ticked: bool,
) -> str:
    """Return the page. Identity scopes are always given; the others are tick boxes."""
    optional = [scope for scope in scopes if scope not in IDENTITY]
    always = [scope for scope in scopes if scope in IDENTITY]
    return Template(read_text("consent.html")).substitute(
        client=html.escape(client_id),
        accounts="\n".join(_account(*item, hint) for item in accounts),
        scopes="\n".join(_scope(scope, ticked) for scope in optional),
        always=", ".join(html.escape(WORDS.get(scope, scope)) for scope in always) or "nothing",
        hidden="\n".join(_hidden(name, value) for name, value in fields.items()),
    )


def _account(email: str, name: str, hint: str) -> str:
    checked = " checked" if email == hint else ""
    address, shown = html.escape(email), html.escape(name)
    return (
        f'<label class="row"><input type="radio" name="account" value="{address}"{checked} '
        "required>"
        f'<span class="face">{shown[:1].upper()}</span><span><b>{shown}</b><small>{address}</small>'
        "</span></label>"
    )


def _scope(scope: str, ticked: bool) -> str:
    value, checked = html.escape(scope), " checked" if ticked else ""
    words = html.escape(WORDS.get(scope, scope))
    return (
        f'<label class="row"><input type="checkbox" name="granted" value="{value}"{checked}>'
        f"<span><b>{words}</b><small>{value}</small></span></label>"
    )


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
