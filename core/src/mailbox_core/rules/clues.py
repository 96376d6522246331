"""What in a mail hints at the record it belongs to, besides Message-IDs: a signed reply address,
a reference in the subject, the words it quotes. Pure; a hint is no permission.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from ..mime.quote import split_quote

#: Names, in every mail that Odoo sends, the Message-ID it gave: relays replace that, this stays.
OWN_ID_HEADER = "X-Mailbox-Message-Id"

_MARK = "+r"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
#: Octets of a signature that are kept: 128 bits (26 characters of base 32).
_SIGNATURE = 16
#: RFC 5321 section 4.5.3.1.1.
_LOCAL_PART = 64
_TAGGED = re.compile(r"^(?P<base>.*)\+r(?P<number>[0-9a-z]{1,13})-(?P<signature>[a-z2-7]{26})$")
_REFERENCE = re.compile(r"\[([A-Za-z]{1,8}[-/_]?[A-Za-z0-9/_-]{0,20}\d)\]")
_MAX_REFERENCES = 5
_REPLY = re.compile(r"^\s*(?:re|aw|antw|antwort|sv|vs|res|rif|r|odp|回复|答复|返信)\s*[:：]", re.I)
_WORD = re.compile(r"\w+", re.UNICODE)
_QUOTED_WORDS = 16
_FEWEST_WORDS = 8


@dataclass(frozen=True, slots=True)
class ReplyAddress:
    """``base`` is the address without its tag; ``number`` is what was signed; ``genuine`` whether
    we signed it."""

    base: str
    number: int
    genuine: bool


def sign_address(base: str, number: int, key: bytes) -> str:
    """``base`` with a signed tag for ``number``; unchanged when there is no room for one (RFC 5321
    allows 64 octets before the @) or it is no address."""
    local, at, domain = base.rpartition("@")
    tag = f"{_MARK}{_base36(number)}-{_signature(base, number, key)}"
    if not at or not local or len(local) + len(tag) > _LOCAL_PART:
        return base
    return f"{local}{tag}@{domain}"


def read_address(address: str, key: bytes) -> ReplyAddress | None:
    """What ``sign_address`` put into an address, in whatever case it comes back; None when there is
    no tag. One that we did not sign, or not for this base, is not genuine."""
    local, _, domain = address.strip().lower().rpartition("@")
    found = _TAGGED.match(local)
    if found is None:
        return None
    base, number = f"{found['base']}@{domain}", int(found["number"], 36)
    genuine = hmac.compare_digest(_signature(base, number, key), found["signature"])
    return ReplyAddress(base, number, genuine)


def _signature(base: str, number: int, key: bytes) -> str:
    signed = f"{base.lower()}\0{number}".encode("utf-8", "replace")
    octets = hmac.new(key, signed, hashlib.sha256).digest()[:_SIGNATURE]
    return base64.b32encode(octets).decode("ascii").rstrip("=").lower()


def _base36(number: int) -> str:
    digits = ""
    while number or not digits:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits


def subject_references(subject: str) -> tuple[str, ...]:
    """What stands in square brackets and looks like the number of a record: ``[SO0042]``."""
    return tuple(dict.fromkeys(_REFERENCE.findall(subject[:500])))[:_MAX_REFERENCES]


def is_reply(subject: str) -> bool:
    """Whether the subject begins as that of an answer."""
    return _REPLY.match(subject) is not None


def quoted_words(text: str) -> tuple[str, ...]:
    """The first words of what an answer quotes, in lower case; empty when too few to tell anything.
    The line that says who wrote when is left out."""
    quoted = split_quote(text)[1]
    lines = [line.lstrip("> ") for line in quoted.split("\n") if line.startswith(">")]
    words = tuple(word.lower() for word in _WORD.findall("\n".join(lines)[:4_000]))
    return words[:_QUOTED_WORDS] if len(words) >= _FEWEST_WORDS else ()


def contains_words(text: str, words: tuple[str, ...]) -> bool:
    """Whether ``words`` stand in ``text`` one after the other, whatever is between them."""
    plain = " ".join(word.lower() for word in _WORD.findall(text))
    return bool(words) and f" {' '.join(words)} " in f" {plain} "
