"""Address headers (RFC 5322 section 3.4) as people really write them.

A tokenizer that goes over the value once: nested comments, groups, quoted local parts, missing
brackets and stray commas cost linear time and never raise. Domains are given in lower-case ASCII
(IDNA), so that one address has one form; the local part keeps its case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import idna

from ..types import Address
from . import limits
from .headers import decode_words, to_text

_SIMPLE = re.compile(r'(?:"([^"\\]*)"\s*|([^",;:()<>@\\]*))<([^\s<>@",;:()\\]+@[A-Za-z0-9.-]+)>')
_BARE = re.compile(r"[^\s<>@\",;:()\\]+@[A-Za-z0-9.-]+")
_TOKEN = re.compile(r'\\.|[",;:()<>\\]|[^",;:()<>\\]+', re.DOTALL)
_ATOM = re.compile(r"[^\s\x00-\x20\"(),:;<>@\[\]\\\x7f]+")
_BAD_DOMAIN = re.compile(r"[\s\x00-\x20\"(),:;<>@\\\x7f/]")
_ENCODED_ADDRESS = re.compile(r"=\?[^?]*\?[bBqQ]\?")


def parse(raws: Iterable[bytes], hint: str | None = None) -> tuple[tuple[Address, ...], bool]:
    """Addresses of the given header values, and whether some were left out or unreadable.

    Entries without an address are left out; the same address twice is kept once.
    """
    found: dict[str, Address] = {}
    doubtful = False
    for raw in raws:
        text, _ = to_text(raw, hint)
        for name, spec in _mailboxes(text):
            if len(found) >= limits.MAX_RECIPIENTS:
                return tuple(found.values()), True
            address = _address(name, spec)
            if address is None:
                doubtful = doubtful or bool(name.strip() or spec.strip())
            elif address.email not in found:
                found[address.email] = address
    return tuple(found.values()), doubtful


def normalize(spec: str) -> str | None:
    """An addr-spec in its normal form, None when it is none: domain in lower-case ASCII, no
    quoting that is not needed.
    """
    local, at, domain = spec.strip().rpartition("@")
    domain = domain.strip().rstrip(".").lower()
    local = _local(local.strip())
    if not at or not local or not domain or _BAD_DOMAIN.search(domain):
        return None
    if not domain.isascii():
        domain = _ascii_domain(domain)
    normal = f"{local}@{domain}"
    return normal if domain and len(normal) <= limits.MAX_ADDRESS else None


def _local(local: str) -> str:
    if len(local) > 1 and local.startswith('"') and local.endswith('"'):
        content = re.sub(r"\\(.)", r"\1", local[1:-1])
        if _ATOM.fullmatch(content):
            return content
        escaped = re.sub(r'(["\\])', r"\\\1", content)
        return f'"{escaped}"' if content.isprintable() else ""
    return local if _ATOM.fullmatch(local) else ""


def _ascii_domain(domain: str) -> str:
    if len(domain) > 255:
        return ""
    try:
        return str(idna.encode(domain, uts46=True), "ascii")
    except (idna.IDNAError, UnicodeError, IndexError):
        return ""


def _address(name: str, spec: str) -> Address | None:
    if "=?" in spec and _ENCODED_ADDRESS.search(spec):
        spec = decode_words(spec)[0]  # forbidden by RFC 2047 section 5, done by some
    email = normalize(spec)
    if email is None:
        return None
    text = decode_words(name)[0].strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1].strip()
    return Address(" ".join(text.split())[: limits.MAX_NAME], email)


def _mailboxes(text: str) -> list[tuple[str, str]]:
    """Pairs of undecoded display name and address text."""
    simple = _SIMPLE.fullmatch(text)
    if simple:
        return [(simple.group(1) or simple.group(2) or "", simple.group(3))]
    if _BARE.fullmatch(text):
        return [("", text)]
    return _Tokens().run(text)


class _Tokens:
    """State of one walk over an address list."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []
        self.phrase: list[str] = []
        self.spec: list[str] | None = None
        self.comment: list[str] = []
        self.quoted = False
        self.in_angle = False
        self.depth = 0
        self.words_quoted = False

    def run(self, text: str) -> list[tuple[str, str]]:
        for token in _TOKEN.findall(text):
            if self.quoted:
                self._in_quotes(token)
            elif self.depth:
                self._in_comment(token)
            elif self.in_angle:
                self._in_angle(token)
            else:
                self._outside(token)
            if len(self.done) > limits.MAX_RECIPIENTS * 2:
                return self.done
        self._finish()
        return self.done

    def _in_quotes(self, token: str) -> None:
        self.quoted = token != '"'
        target = self.spec if self.in_angle and self.spec is not None else self.phrase
        target.append(token)

    def _in_comment(self, token: str) -> None:
        if token == "(":
            self.depth += 1
        elif token == ")":
            self.depth -= 1
        if self.depth and len(self.comment) < 100:
            self.comment.append(token)

    def _in_angle(self, token: str) -> None:
        spec = self.spec if self.spec is not None else []
        self.spec = spec
        if token == ">":
            self.in_angle = False
        elif token == "(":
            self.depth = 1
        elif token == ":":
            spec.clear()  # an obsolete source route (RFC 5322 section 4.4)
        elif token == "," and "@" not in "".join(spec).lstrip("@ "):
            spec.clear()
        elif token in ",;":
            self.in_angle = False
            self._finish()
        elif token != "<":
            self.quoted = token == '"'
            spec.append(token)

    def _outside(self, token: str) -> None:
        if token == "<":
            self.in_angle = True
            self.spec = []
        elif token == "(":
            self.depth = 1
        elif token in ",;":
            self._finish()
        elif token == ":":
            self.phrase.clear()  # the name of a group
        elif token not in ")>":
            self.quoted = token == '"'
            self.phrase.append(token)

    def _finish(self) -> None:
        phrase = "".join(self.phrase).strip()
        comment = "".join(self.comment).strip()
        if self.spec is not None:
            self.done.append((_plain(phrase) or comment, "".join(self.spec)))
        elif phrase:
            self.done.append(_bare(phrase, comment))
        self.phrase, self.comment, self.spec = [], [], None


def _plain(phrase: str) -> str:
    """A display name without its quoting."""
    if '"' not in phrase:
        return phrase
    return re.sub(r"\\(.)", r"\1", phrase.replace('\\"', "\0").replace('"', "").replace("\0", '"'))


def _bare(phrase: str, comment: str) -> tuple[str, str]:
    """An address without brackets, perhaps with words before or after it."""
    if phrase.startswith('"') and "@" in phrase:
        return comment, phrase
    words = phrase.split()
    at = next((word for word in words if "@" in word.strip("@")), None)
    if at is None or len(words) == 1:
        return comment, phrase.replace(" ", "") if "@" in phrase else phrase
    if len(words) <= 3 and "@" in words:  # spaces around the at sign
        return comment, "".join(words)
    rest = " ".join(word for word in words if word is not at)
    return _plain(rest) or comment, at
