"""What makes two deliveries the same mail although their octets differ (duplicate guard, second
level).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from ..types import Address
from . import body, transfer
from .parts import Found
from .structure import Tree


def fingerprint(
    tree: Tree,
    found: Sequence[Found],
    sender: Address | None,
    subject: str,
    date: datetime | None,
    text: str | None,
) -> str:
    """SHA-256 hex digest over sender, subject, date, body and attachments.

    Fields a relay adds, folding, line ends and transfer encodings make no difference. An attachment
    that stayed at the provider counts by name and size only, so a message fetched in part and whole
    has two fingerprints: a duplicate may be missed then, but no mail is ever taken for another.
    """
    lines = [
        sender.email.lower() if sender else "",
        " ".join(subject.split()),
        date.isoformat() if date else "",
        " ".join((text or "").split()),
    ]
    digest = hashlib.sha256("\0".join(lines).encode("utf-8", "replace"))
    for item in found:
        part = item.part
        digest.update(f"\0{part.filename}\0{part.size}\0".encode("utf-8", "replace"))
        inside = part.ref.path.partition("/")[2]
        if part.available and inside in ("", "uu:1"):  # other embedded files are hashed with these
            data = transfer.decode(tree.octets(item.entity), body.encoding_of(item.entity))
            digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()
