"""Service accounts of a Cloud project: identities of programs, with keys that sign for them."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .errors import Invalid, NotFound


@dataclass
class ServiceAccount:
    """One account; ``keys`` maps a key id to its public half."""

    email: str
    project: str
    keys: dict[str, rsa.RSAPublicKey] = field(default_factory=dict)
    disabled: bool = False

    @property
    def number(self) -> str:
        """The unique numeric id."""
        return str(int(hashlib.sha256(self.email.encode()).hexdigest(), 16) % 9 * 10**20 + 10**20)

    @property
    def member(self) -> str:
        """How policies name it."""
        return f"serviceAccount:{self.email}"


class ServiceAccounts:
    """All service accounts of a world. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, ServiceAccount] = {}

    def create(self, name: str, project: str) -> ServiceAccount:
        """Return the account called *name* in a project, made if need be. Raises Invalid."""
        if not name.replace("-", "").isalnum() or not 6 <= len(name) <= 30:
            raise Invalid("Service account ID must be between 6 and 30 characters.")
        email = f"{name}@{project}.iam.gserviceaccount.com".lower()
        with self._lock:
            return self._known.setdefault(email, ServiceAccount(email, project))

    def get(self, email: str) -> ServiceAccount:
        """Return an account. Raises NotFound."""
        try:
            return self._known[email]
        except KeyError:
            raise NotFound(f"Unknown service account {email}") from None

    def find(self, email: str) -> ServiceAccount | None:
        """Return an account, or None."""
        return self._known.get(email)

    def new_key(self, account: ServiceAccount, token_uri: str) -> dict[str, Any]:
        """Make a key and return its file, as Google hands it out once."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        key_id = hashlib.sha256(pem.encode()).hexdigest()[:40]
        account.keys[key_id] = private.public_key()
        return {
            "type": "service_account",
            "project_id": account.project,
            "private_key_id": key_id,
            "private_key": pem,
            "client_email": account.email,
            "client_id": account.number,
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": token_uri,
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "client_x509_cert_url": "https://www.googleapis.com/robot/v1/metadata/x509/"
            + account.email.replace("@", "%40"),
            "universe_domain": "googleapis.com",
        }
