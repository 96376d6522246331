"""The sandbox in one object: a world, its clock, faults and quota, and a server in front."""

from __future__ import annotations

import random
from types import TracebackType
from typing import Any

from .account import Account
from .app import Application
from .broker import Oidc, PushConfig, Subscription
from .clock import Clock
from .faults import FaultPlan
from .identity import expand
from .pusher import Pusher
from .quota import QuotaLedger
from .scenario import load
from .server import Server
from .world import World


class Sandbox:
    """Start with :meth:`start`; use as a context manager."""

    def __init__(self, quota: str = "v1", seed: int = 1) -> None:
        self.clock = Clock()
        self.faults = FaultPlan(random.Random(seed))
        self.world = World(self.clock, seed, self.faults)
        self.quota = QuotaLedger(self.clock, quota)
        self.app = Application(self.world, self.faults, self.quota)
        self._server: Server | None = None
        self._pusher: Pusher | None = None

    @classmethod
    def start(
        cls, port: int = 0, quota: str = "v1", seed: int = 1, host: str = "127.0.0.1"
    ) -> Sandbox:
        """Create a sandbox and serve it (loopback unless told otherwise; port 0: any free one).

        Raises ValueError for an unknown quota profile, OSError when the port is taken.
        """
        sandbox = cls(quota, seed)
        sandbox.listen(port, host)
        return sandbox

    def listen(self, port: int = 0, host: str = "127.0.0.1") -> None:
        """Serve over HTTP."""
        self._server = Server(host, port, self.app, self.clock.now)
        self.app.base_url = self._server.url
        self._server.start()
        self._pusher = Pusher(self.world.broker, self.faults, self.app.keys)
        self._pusher.start()

    @property
    def url(self) -> str:
        """Base address of every face, without a trailing slash."""
        return self.app.base_url

    def stop(self) -> None:
        """Stop serving; the world stays readable."""
        if self._pusher is not None:
            self._pusher.stop()
            self._pusher = None
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def grant(self, email: str, client_id: str, scopes: list[str]) -> dict[str, Any]:
        """Give a client tokens for an account without the consent page (a shortcut for tests).

        Raises NotFound for an unknown account or client.
        """
        identity = self.world.identity
        account, client = self.world.account(email), identity.client(client_id)
        wanted = expand(" ".join(scopes))
        identity.consents.setdefault((account.email, client.project), set()).update(wanted)
        identity.known.add((account.email, client.id))
        refresh = identity.issue_refresh(client, account.email, wanted)
        access = identity.issue_access(client, account.email, wanted, refresh.token)
        return {
            "access_token": access.token,
            "refresh_token": refresh.token,
            "expires_in": int(self.world.settings.access_token_ttl),
            "scope": " ".join(wanted),
            "token_type": "Bearer",
        }

    def add_topic(self, name: str = "projects/demo-project/topics/mail") -> str:
        """Create a topic that Gmail may publish to, unless it is there, and return its name."""
        return self.world.broker.open_topic(name).name

    def add_push(
        self, endpoint: str, email: str, audience: str = "",
        topic: str = "projects/demo-project/topics/mail",
        subscription: str = "projects/demo-project/subscriptions/mail", **more: Any,
    ) -> Subscription:  # fmt: skip
        """Let a topic (made if need be) push to an endpoint, signed by a service account.

        Further arguments are those of ``Broker.create_subscription``; an old subscription of the
        same name is replaced.
        """
        broker = self.world.broker
        if subscription in broker.subscriptions:
            broker.delete_subscription(subscription)
        push = PushConfig(endpoint, Oidc(email, audience))
        topic = self.add_topic(topic)
        return broker.create_subscription(subscription, topic, push=push, **more)

    def add_pull(
        self, name: str = "mailbox-listen",
        topic: str = "projects/demo-project/topics/mail",
        subscription: str = "projects/demo-project/subscriptions/mail", **more: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """Let a service account pull from a topic (made if need be); returns its key file.

        Further arguments are those of ``Broker.create_subscription``.
        """
        broker = self.world.broker
        if subscription not in broker.subscriptions:
            broker.create_subscription(subscription, self.add_topic(topic), **more)
        answer = self.app.control.push.service_account({"name": name, "subscription": subscription})
        key: dict[str, Any] = answer["key"]
        return key

    def load_scenario(
        self, name: str, account: Account | str, messages: int | None = None
    ) -> dict[str, Any]:
        """Fill a mailbox with a deterministic scenario and return a summary.

        Raises ValueError for an unknown scenario, NotFound for an unknown account.
        """
        target = self.world.account(account) if isinstance(account, str) else account
        return load(name, self.world, target, messages)
