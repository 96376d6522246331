"""Secrets at rest: authenticated encryption with named keys, and where the keys come from.

Pure: nothing here knows Odoo; ``conf.py`` hands over the configured values. A sealed secret is the
text ``v1:<key id>:<base64 of nonce and ciphertext>`` (AES-256-GCM, NIST SP 800-38D, 96-bit random
nonce). The key id stands beside the ciphertext, so that old secrets stay readable while keys
change; the *context* (who owns the secret, in which field) is authenticated with it, so that a
sealed value copied to another record does not open there.
"""

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
KEY_FILE_NAME = "mailbox_secret.key"
_FORMAT = "v1"
_NONCE_BYTES = 12
_HOW_TO_MAKE_A_KEY = 'python3 -c "import secrets; print(secrets.token_hex(32))"'


class SecretError(Exception):
    """A secret cannot be sealed or opened. The text says why and what to do; it never holds the
    secret."""


class MissingKey(SecretError):
    """The key that sealed a secret is not configured (any more)."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            f"The secret was encrypted with key {key_id}, which is not configured here. Put that "
            "key back as secret_key_old into section [mailbox] of odoo.conf (or into the "
            "environment variable MAILBOX_SECRET_KEY_OLD, or the key file), or connect the "
            "mailbox again."
        )
        self.key_id = key_id


class BrokenSecret(SecretError):
    """The sealed text was changed, cut, or belongs to another record."""


class MalformedKey(SecretError):
    """A configured key is not 32 bytes of hexadecimal or base64."""


@dataclass(frozen=True, slots=True)
class Key:
    """One AES-256 key. ``key_id`` is derived from it and safe to show."""

    material: bytes = field(repr=False)
    source: str = ""

    @property
    def key_id(self) -> str:
        """Eight hexadecimal digits that name the key."""
        return hashlib.sha256(b"mailbox key id\0" + self.material).hexdigest()[:8]

    @classmethod
    def parse(cls, text: str, source: str) -> "Key":
        """Read 64 hexadecimal digits or 43-44 characters of (URL-safe) base64.

        Raises MalformedKey, naming ``source`` and how to make a good key. Passphrases are refused:
        they would look safe and be guessable.
        """
        text = text.strip()
        material = b""
        with contextlib.suppress(ValueError, binascii.Error):
            if len(text) == 2 * KEY_BYTES:
                material = bytes.fromhex(text)
            else:
                padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
                material = base64.b64decode(padded, altchars=b"-_", validate=True)
        if len(material) != KEY_BYTES:
            raise MalformedKey(
                f"The key in {source} must be {KEY_BYTES} random bytes, written as hexadecimal or "
                f"base64. Make one with: {_HOW_TO_MAKE_A_KEY}"
            )
        return cls(material, source)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The key that seals, and all keys that open."""

    primary: Key
    older: tuple[Key, ...] = ()

    def seal(self, secret: str, context: str) -> str:
        """Encrypt ``secret`` for ``context``; the same secret never gives the same text twice."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self.primary.material).encrypt(nonce, secret.encode(), context.encode())
        return f"{_FORMAT}:{self.primary.key_id}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, context: str) -> str:
        """Decrypt what ``seal`` made for this ``context``. Raises MissingKey or BrokenSecret."""
        key_id, blob = _split(sealed)
        key = self._key(key_id)
        try:
            plain = AESGCM(key.material).decrypt(
                blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], context.encode()
            )
        except (InvalidTag, ValueError):
            raise BrokenSecret(
                f"A stored secret ({context}) was damaged or moved from another record; it cannot "
                "be used. Connect the mailbox again."
            ) from None
        return plain.decode()

    def is_current(self, sealed: str) -> bool:
        """Tell whether ``sealed`` was made with the primary key."""
        return sealed_key_id(sealed) == self.primary.key_id

    def _key(self, key_id: str) -> Key:
        for key in (self.primary, *self.older):
            if key.key_id == key_id:
                return key
        raise MissingKey(key_id)


def sealed_key_id(sealed: str) -> str:
    """Which key sealed this text. Raises BrokenSecret when it is not a sealed secret."""
    return _split(sealed)[0]


def _split(sealed: str) -> tuple[str, bytes]:
    try:
        version, key_id, encoded = sealed.split(":")
        blob = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        version, key_id, blob = "", "", b""
    if version != _FORMAT or len(blob) <= _NONCE_BYTES:
        raise BrokenSecret(
            "A stored secret is not in the form this version writes. Connect the mailbox again."
        )
    return key_id, blob


def make_keyring(keys: Sequence[Key]) -> Keyring:
    """The first key seals, all open; repeated keys count once. ``keys`` must not be empty."""
    unique = {key.key_id: key for key in reversed(keys)}
    older = tuple(key for key_id, key in unique.items() if key_id != keys[0].key_id)
    return Keyring(keys[0], older)


def parse_keys(text: str, source: str) -> list[Key]:
    """Keys of a configured value: separated by white space or commas. Raises MalformedKey."""
    return [Key.parse(word, source) for word in text.replace(",", " ").split()]


def read_key_file(path: Path) -> list[Key]:
    """Keys of a key file, one a line, the sealing one first; none when there is no file.

    Raises MalformedKey, or SecretError when the file is there but cannot be read.
    """
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(f"The key file {path} cannot be read: {error}") from error
    keys = parse_keys("\n".join(line.partition("#")[0] for line in text.splitlines()), str(path))
    if not keys:
        raise MalformedKey(
            f"The key file {path} holds no key. Put the lost key back, or remove the file."
        )
    return keys


def create_key_file(path: Path) -> tuple[list[Key], bool]:
    """Make the key file with one new key, mode 0600; returns its keys and whether *we* made it.

    Several processes may try at once: the complete file appears under its name in one step, the
    first wins and the others read it. Raises SecretError when the place cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = _write_private(path, [secrets.token_hex(KEY_BYTES)])
        try:
            os.link(scratch, path)
            created = True
        except FileExistsError:
            created = False
        finally:
            os.unlink(scratch)
    except OSError as error:
        raise SecretError(
            f"The key file {path} cannot be created: {error}. Make its folder writable or set "
            f"secret_key in section [mailbox] of odoo.conf; make a key with: {_HOW_TO_MAKE_A_KEY}"
        ) from error
    return read_key_file(path), created


def replace_key_file(path: Path, keys: Iterable[Key]) -> None:
    """Write these keys, the sealing one first, in one step and with mode 0600."""
    scratch = _write_private(path, [key.material.hex() for key in keys])
    os.replace(scratch, path)


def new_key(source: str) -> Key:
    """A fresh random key."""
    return Key(secrets.token_bytes(KEY_BYTES), source)


def _write_private(path: Path, lines: Iterable[str]) -> Path:
    """Write ``lines`` to a new file beside ``path`` that only its owner can read, and make it
    durable."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("".join(f"{line}\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    return scratch
