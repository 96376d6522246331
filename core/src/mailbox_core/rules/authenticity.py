"""What the receiving provider found out about the sender (RFC 8601): a header anybody can write is
believed only under a name the provider signs with, and only its first occurrence, which the
provider put on top.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

from .facts import Verdict

_COMMENT = re.compile(r"\([^()]*\)")
_PASS = "pass"
#: Properties that name a domain (RFC 8601 section 2.7).
_NAMES = frozenset({"header.d", "header.i", "header.from", "smtp.mailfrom", "smtp.mail"})


def verdict(
    headers: Iterable[tuple[str, str]], sender: str, authserv_ids: Collection[str]
) -> Verdict:
    """``pass``: the domain of ``sender`` vouches for the mail (DMARC, else an aligned DKIM or SPF,
    RFC 7489 section 3.1). ``fail``: DMARC failed. ``none``: nobody trustworthy said anything."""
    value = _trusted(headers, authserv_ids)
    if value is None:
        return "none"
    domain = sender.rpartition("@")[2].lower()
    results = [_result(part) for part in value.split(";")[1:]]
    for method, result, names in results:
        if method != "dmarc":
            continue
        if result == "fail":
            return "fail"
        # Of a mail with several authors it may be about another one than we take for the sender.
        if result == _PASS and (not names or _aligned(domain, names)):
            return "pass"
    aligned = any(
        result == _PASS and method in ("dkim", "spf") and _aligned(domain, names)
        for method, result, names in results
    )
    return "pass" if aligned else "none"


def _trusted(headers: Iterable[tuple[str, str]], authserv_ids: Collection[str]) -> str | None:
    for name, value in headers:
        if name.lower() == "authentication-results":
            plain = _COMMENT.sub(" ", value[:4000])
            words = plain.partition(";")[0].split()
            if words and words[0].lower() in authserv_ids:
                return plain
            return None
    return None


def _result(part: str) -> tuple[str, str, list[str]]:
    words = part.split()
    if not words:
        return "", "", []
    method, _, result = words[0].lower().partition("=")
    names = []
    for word in words[1:]:
        key, _, name = word.lower().partition("=")
        if key in _NAMES:
            names.append(name.strip('"').rpartition("@")[2])
    return method, result, names


def _aligned(domain: str, names: list[str]) -> bool:
    """Relaxed alignment (RFC 7489 section 3.1.1): the same organizational domain."""
    ours = _organization(domain)
    return bool(ours) and any(_organization(name) == ours for name in names)


@lru_cache(maxsize=4096)
def _organization(domain: str) -> str:
    """The organizational domain (RFC 7489 section 3.2). A public suffix, below which anybody may
    have a name, stands for itself only."""
    found: str | None = _suffixes().privatesuffix(domain)
    return found or domain


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    # Made when first needed: reading the list takes a tenth of a second.
    return PublicSuffixList()
