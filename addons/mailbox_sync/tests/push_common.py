"""A Gmail mailbox of the sandbox with push settings, as the assistant would leave them."""

import os
from contextlib import contextmanager
from unittest.mock import patch

from odoo.tests import TransactionCase, new_test_user

from mailbox_core.types import Credentials
from mailbox_sandbox import push_token
from mailbox_sandbox.sandbox import Sandbox

ADDRESS = "ada@example.org"
PROJECT = "demo-project"
TOPIC, SUBSCRIPTION = (
    f"projects/{PROJECT}/{kind}/mailbox-gmail" for kind in ("topics", "subscriptions")
)
SIGNER = f"mailbox-push@{PROJECT}.iam.gserviceaccount.com"
MODIFY = "https://www.googleapis.com/auth/gmail.modify"


class PushMixin:
    """For test cases with a class environment: a sandbox, settings, one connected mailbox."""

    endpoint = "http://127.0.0.1/mailbox/push/gmail"

    @classmethod
    def set_up_push(cls):
        cls.sandbox = Sandbox.start()
        cls.addClassCleanup(cls.sandbox.stop)
        cls.sandbox.world.add_client("cid", "secret", [], PROJECT)
        cls.account = cls.sandbox.world.add_account(ADDRESS, "Ada")
        cls.sandbox.add_topic(TOPIC)
        cls.startClassPatcher(patch.dict(os.environ, {"MAILBOX_GOOGLE_BASE_URL": cls.sandbox.url}))
        cls.env["mailbox.client"].create(
            {"provider": "gmail", "client_id": "cid", "new_secret": "secret"}
        )
        cls.config = cls.env["mailbox.push.config"].create(
            {
                "provider": "gmail",
                "project_id": PROJECT,
                "topic_id": "mailbox-gmail",
                "audience": cls.endpoint,
                "signers": SIGNER,
            }
        )
        cls.mailbox = cls.connected(ADDRESS)

    @classmethod
    def _request_handler(cls, session, request, /, **kwargs):
        # Odoo's guard compares the time-out with a number; the core gives (connect, read).
        if isinstance(kwargs.get("timeout"), tuple):
            kwargs["timeout"] = max(kwargs["timeout"])
        return super()._request_handler(session, request, **kwargs)

    @classmethod
    def connected(cls, address, scopes=(MODIFY,)):
        """A mailbox whose owner has signed in; nothing is imported yet."""
        mailbox = cls.env["mailbox"].create(
            {"name": address, "provider": "gmail", "address": address, "scope_profile": "two_way"}
        )
        mailbox.flush_recordset()
        cls.sign_in(mailbox, scopes)
        return mailbox

    @classmethod
    def sign_in(cls, mailbox, scopes=(MODIFY,)):
        """Store a fresh grant, as after the consent page."""
        tokens = cls.sandbox.grant(mailbox.address, "cid", [*scopes, "openid", "email"])
        granted = frozenset(tokens["scope"].split())
        access, refresh = tokens["access_token"], tokens["refresh_token"]
        grant = Credentials(access, refresh, None, granted, mailbox.address)
        mailbox.env["mailbox.credential"]._ensure(mailbox)._store_grant(grant, True)
        mailbox._token_changed()

    @classmethod
    def live_stream(cls, mailbox):
        """The stream of a mailbox, imported as far as it goes."""
        mailbox._ensure_streams()
        stream = mailbox.stream_ids
        for _ in range(20):
            if stream.phase == "live" and not stream._pending() and not stream.draining:
                return stream
            stream._job_sync()
            cls.env.invalidate_all()
        raise AssertionError("the import does not end")

    def token(self, kind="", email=SIGNER, audience=None):
        """An Authorization header: good, or forged in one way."""
        ring, audience = self.sandbox.app.keys, audience or self.endpoint
        made = (
            push_token.forged(ring, kind, email, audience)
            if kind
            else push_token.good(ring, email, audience)
        )
        return {"Authorization": f"Bearer {made}"} if made else {}

    def waiting_jobs(self, stream):
        """Jobs of a stream that the runner would still take."""
        self.env.invalidate_all()
        return (
            self.env["queue.job"]
            .sudo()
            .search(
                [
                    ("identity_key", "=like", f"sync%:{stream.id}%"),
                    ("state", "in", ["pending", "enqueued"]),
                ]
            )
        )

    @contextmanager
    def no_jobs_before(self, stream):
        """Begin with an empty queue for a stream."""
        self.waiting_jobs(stream).unlink()
        self.env.flush_all()
        yield


class PushCase(PushMixin, TransactionCase):
    """The same in a transaction, with what a test leaves at the provider cleared away before the
    next one. ``manager`` and ``person``: a manager of mailboxes, and somebody else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_up_push()
        cls.manager = new_test_user(cls.env, "boss", "mailbox_sync.group_manager")
        cls.person = new_test_user(cls.env, "person", "base.group_user")

    def setUp(self):
        super().setUp()
        # Tokens are kept with a cursor of their own.
        self.registry_enter_test_mode()
        self.account.watches.clear()
        self.sandbox.faults.clear()
        self.sandbox.add_topic(TOPIC)
        self.sign_in(self.mailbox)
