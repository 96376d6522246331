"""The world: accounts, clients, mail on its way. The only state of a sandbox."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from .account import Account
from .broker import Broker
from .clock import Clock
from .errors import NotFound
from .faults import FaultPlan
from .identity import Client, Identity
from .notices import Notices
from .service_accounts import ServiceAccounts
from .settings import Settings


@dataclass(frozen=True)
class Sent:
    """A message that left an account, as handed to the recipients outside and inside."""

    at: float
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    message_id: str


class World:
    """Accounts by address, the identity side, topics and subscriptions. Thread-safe."""

    def __init__(
        self, clock: Clock | None = None, seed: int = 1, faults: FaultPlan | None = None
    ) -> None:
        self.clock = clock or Clock()
        self.seed = seed
        self.rng = random.Random(seed)
        self.settings = Settings()
        self.accounts: dict[str, Account] = {}
        self.identity = Identity(self.clock, self.settings, self.rng)
        self.service_accounts = ServiceAccounts()
        self.broker = Broker(self.clock, random.Random(f"{seed}:broker"))
        self.faults = faults or FaultPlan(random.Random(seed))
        self.notices = Notices(self.broker, self.settings, self.faults)
        self.outbox: list[Sent] = []
        self._lock = threading.RLock()

    def add_account(self, email: str, name: str = "") -> Account:
        """Create a mailbox. Raises ValueError when the address is odd or taken."""
        address = email.strip().lower()
        if address.count("@") != 1 or address.startswith("@") or address.endswith("@"):
            raise ValueError(f"not an address: {email!r}")
        with self._lock:
            if address in self.accounts:
                raise ValueError(f"account {address} exists already")
            rng = random.Random(f"{self.seed}:{address}")
            account = Account(address, name, self.clock, rng, self.notices.changed)
            self.accounts[address] = account
            return account

    def account(self, email: str) -> Account:
        """Return a mailbox by address. Raises NotFound."""
        try:
            return self.accounts[email.strip().lower()]
        except KeyError:
            raise NotFound(f"no account {email}") from None

    def remove_account(self, email: str) -> None:
        """Delete a mailbox with everything in it and all that was granted on it."""
        account = self.account(email)
        with self._lock:
            del self.accounts[account.email]
        for address, project in list(self.identity.consents):
            if address == account.email:
                self.identity.revoke_grant(address, project)

    def add_client(
        self,
        client_id: str,
        client_secret: str,
        redirect_uris: Iterable[str] = (),
        project: str = "demo-project",
        publishing: str = "production",
    ) -> Client:
        """Register an OAuth client (again: replaces it). Raises ValueError for odd publishing."""
        if publishing not in ("production", "testing"):
            raise ValueError("publishing is 'production' or 'testing'")
        client = Client(client_id, client_secret, list(redirect_uris), project, publishing)
        self.identity.clients[client_id] = client
        return client

    def post(self, sender: Account, recipients: Iterable[str], raw: bytes, own_id: str) -> None:
        """Hand a sent message to its recipients; those who live here get their own copy."""
        addresses = tuple(dict.fromkeys(address.lower() for address in recipients))
        self.outbox.append(Sent(self.clock.now(), sender.email, addresses, raw, own_id))
        for address in addresses:
            target = self._resident(address)
            if target is sender:
                sender.attach(own_id, ("INBOX", "UNREAD"))
            elif target is not None:
                target.deliver(raw)

    def _resident(self, address: str) -> Account | None:
        local, _, domain = address.partition("@")
        plain = f"{local.split('+', 1)[0]}@{domain}"
        return self.accounts.get(address) or self.accounts.get(plain)
