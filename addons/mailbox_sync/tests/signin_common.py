"""A provider that needs no network: answers of its sign-in desk are scripted, calls are counted."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from unittest.mock import patch
from urllib.parse import urlencode

from mailbox_core import registry
from mailbox_core.capabilities import Capabilities
from mailbox_core.net.quota import QuotaProfile
from mailbox_core.registry import ProviderSpec, ScopeProfile
from mailbox_core.types import (
    Content,
    Credentials,
    Folder,
    MessageRef,
    Page,
    Profile,
    Receipt,
    Upsert,
)

ADDRESS = "ada@example.org"
CODE, ACCESS, REFRESH = "4/code-PLANTED", "ya29.PLANTED-access", "1//PLANTED-refresh"
CLIENT_SECRET = "GOCSPX-PLANTED-secret"
READ, MODIFY = "https://mail.test/read", "https://mail.test/modify"

PROFILES = (
    ScopeProfile("read", frozenset({READ, "openid"}), ("Import", "Live changes")),
    ScopeProfile(
        "two_way", frozenset({READ, MODIFY, "openid"}), ("Import", "Live changes", "Archive")
    ),
    ScopeProfile("send", frozenset({"https://mail.test/send", "openid"}), ("Send",)),
)


def soon(seconds):
    """An aware moment from now."""
    return datetime.now(timezone.utc) + timedelta(seconds=seconds)


@dataclass
class Desk:
    """The provider's side: what it will answer, and what it was asked."""

    answers: list = field(default_factory=list)
    profile: object = Profile(ADDRESS, 3)
    calls: list = field(default_factory=list)
    failing: dict = field(default_factory=dict)
    delay: float = 0.0

    def grant(self, number=1, **changes):
        """Credentials as the provider would issue them."""
        scopes = frozenset({READ, "openid"})
        made = Credentials(f"{ACCESS}-{number}", REFRESH, soon(3599), scopes, ADDRESS, None)
        return replace(made, **changes)

    def answer(self, call, *details):
        self.calls.append((call, *details))
        scripted = self.answers.pop(0) if self.answers else self.grant(len(self.calls))
        if isinstance(scripted, Exception):
            raise scripted
        return scripted

    def named(self, call):
        """The calls of one name."""
        return [made for made in self.calls if made[0] == call]


class FakeAuthorizer:
    def __init__(self, desk, config):
        self.desk, self.config = desk, config

    def authorization_url(self, state, login_hint=None):
        self.desk.calls.append(
            ("authorize", self.config.code_verifier, tuple(sorted(self.config.scopes)))
        )
        query = {"state": state, "redirect_uri": self.config.redirect_uri, "login_hint": login_hint}
        return "https://desk.test/auth?" + urlencode(query)

    def exchange(self, code):
        return self.desk.answer("exchange", code, self.config.code_verifier)

    def refresh(self, credentials):
        return self.desk.answer("refresh", credentials.refresh_token)

    def revoke(self, credentials):
        self.desk.calls.append(("revoke", credentials.refresh_token))


class FakeMail:
    capabilities = Capabilities(
        "mailbox", "labels", True, True, True, True, frozenset(), None, True, True, 50, 50
    )

    def __init__(self, desk, config):
        self.desk, self.config = desk, config

    def _try(self, name):
        self.desk.calls.append((name, self.config.lane, self.config.tokens.token()))
        if name in self.desk.failing:
            raise self.desk.failing[name]

    def profile(self):
        self._try("profile")
        return self.desk.profile

    def folders(self):
        self._try("folders")
        return [Folder("INBOX", "Inbox", "inbox")]

    def recent(self, stream, limit):
        self._try("recent")
        return Page(upserts=(Upsert(MessageRef("m1")),))

    def fetch(self, refs, depth):
        self._try("fetch")
        for ref in refs:
            yield Content(ref, b"Subject: x\r\n\r\n", True, soon(0), 14, frozenset(), frozenset())

    def changes(self, stream, position, limit):
        self._try("changes")
        return Page(cursor="1")

    def send(self, message, draft):
        self._try("send")
        self.desk.calls.append(("sent", message))
        return Receipt(MessageRef("s1"), None)


def use_fake_provider(start_patcher, desk):
    """Make the provider ``fake`` the only one, for as long as the given patcher keeps it."""
    spec = ProviderSpec(
        name="fake",
        label="Fake Mail",
        provider=lambda config, endpoints: FakeMail(desk, config),
        authorizer=lambda config, endpoints: FakeAuthorizer(desk, config),
        scope_profiles=PROFILES,
        quota_profiles={"only": QuotaProfile(6000, None, None)},
    )
    start_patcher(patch.object(registry, "specs", lambda: {"fake": spec}))


def new_mailbox(env, owner=None, **values):
    """A mailbox at the fake provider, with a shared client registration."""
    if not env["mailbox.client"]._for("fake", env.company):
        client = env["mailbox.client"].create({"provider": "fake", "client_id": "client-1"})
        client._set_secret(CLIENT_SECRET)
    values = {"name": "Ada", "provider": "fake", "address": ADDRESS, **values}
    if owner:
        values["owner_id"] = owner.id
    mailbox = env["mailbox"].create(values)
    mailbox.flush_recordset()
    return mailbox


def connect(mailbox, desk, **changes):
    """Store a grant as the callback would; returns the credential."""
    credential = mailbox.env["mailbox.credential"]._ensure(mailbox)
    credential.flush_recordset()
    credential._store_grant(desk.grant(**changes), True)
    mailbox._token_changed()
    mailbox.env.flush_all()
    return credential
