"""What may enter a log or an audit payload: no secrets, no control characters, nothing endless.

The shapes are those of Google's and Microsoft's OAuth tokens, JWTs (RFC 7519), PEM keys and
parameters that carry a secret by their name. A value that only looks like one is masked too: a
masked word can be looked up elsewhere, a leaked token cannot be called back.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Mapping, Sequence

MASK = "***"
LIMIT = 2000
_INPUT = 65536
_DEPTH = 6
_ITEMS = 100

_SECRET = (
    r"(?:access|refresh|id|auth|oauth)[_-]?token|token|client[_-]?secret|secret|secret[_-]?key"
    r"|api[_-]?key|private[_-]?key|passw(?:or)?d|pwd|code[_-]?verifier|assertion|(?:set-)?cookie"
)
_KEYS = re.compile(rf"(?:{_SECRET}|code|(?:proxy-)?authorization)\Z", re.IGNORECASE)
_VALUE = r"(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|(?:\\*[\"'])?[^\s&,;\"'\\}\])]+)"
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), by)
    for pattern, by in (
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)", MASK),
        (r"((?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?)(?:[a-z0-9-]+[ \t]+)?[^\s\"',;]+",
         rf"\1{MASK}"),
        (r"\b(bearer\s+)[^\s\"',;]{8,}", rf"\1{MASK}"),
        (r"eyJ[a-z0-9_-]{16,}(?:\.[a-z0-9_-]*)*", MASK),
        (r"ya29\.[\w.~+/%=-]+", MASK),
        (r"1(?://|%2F%2F)[\w%-]{8,}", MASK),
        (r"\b4(?:/|%2F)[\w%-]{10,}", MASK),
        (r"GOCSPX-[\w-]+", MASK),
        (r"\bM\.[CR]\d+_[\w.!*$-]{8,}", MASK),
        (rf"(\b(?:{_SECRET})\b\\*[\"']?\s*[=:]\s*){_VALUE}", rf"\1{MASK}"),
        # "code" is also a status or an error number; a state is a secret only in an address.
        (rf"(\bcode\b\\*[\"']?\s*[=:]\s*)(?!\\*[\"']?\d{{1,5}}\b){_VALUE}", rf"\1{MASK}"),
        (r"([?&]state=)[^\s&\"']+", rf"\1{MASK}"),
        (r"(://)[^/\s:@\"']*:[^/\s@\"']+@", rf"\1{MASK}@"),
    )
)  # fmt: skip
_ADDRESS = re.compile(r"(?<![\w.+%-])([\w.+%-])[\w.+%-]{0,63}@(?=[\w-]+\.)")
_QUERY = re.compile(r"\?[^\s\"']+")
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+"
)
_CONTROL_IN_LINES = re.compile(_CONTROL.pattern.replace(r"\x00-\x1f", r"\x00-\x09\x0b-\x1f"))


def redact(text: str, *, addresses: bool = False, limit: int = LIMIT) -> str:
    """``text`` on one line, without secrets, at most ``limit`` characters.

    With ``addresses`` also the local parts of mail addresses go, but for the first letter.
    """
    return _cut(_CONTROL.sub(" ", _masked(text, addresses)), limit)


def redact_lines(text: str, *, limit: int = 4 * LIMIT) -> str:
    """As ``redact``, keeping lines. Each is indented: none can pass for a log line of its own."""
    lines = _CONTROL_IN_LINES.sub(" ", _masked(text, addresses=False)).split("\n")
    return _cut("\n".join("  " + line for line in lines), limit)


def scrub(value: object, *, addresses: bool = False, depth: int = _DEPTH) -> object:
    """A JSON-like value for an audit payload: strings redacted, values under secret names masked,
    anything deeper, longer or of another type told by a short word."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return redact(value, addresses=addresses)
    if depth <= 0:
        return "…"
    if isinstance(value, Mapping):
        pairs = [(str(key), one) for key, one in list(value.items())[:_ITEMS]]
        return {
            redact(key, addresses=addresses, limit=100): _under(key, one, addresses, depth)
            for key, one in pairs
        }
    if isinstance(value, (Sequence, set, frozenset)) and not isinstance(value, (bytes, bytearray)):
        return [scrub(one, addresses=addresses, depth=depth - 1) for one in list(value)[:_ITEMS]]
    return f"<{type(value).__name__}>"


class RedactingFilter(logging.Filter):
    """Puts ``redact`` under a logger or handler. ``queries`` also drops what follows a "?" in
    addresses: search words are private."""

    def __init__(self, *, queries: bool = False) -> None:
        super().__init__()
        self._queries = queries

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record's message and traceback; lets every record pass."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        record.msg, record.args = redact(self._shorten(message)), ()
        if record.exc_info and record.exc_info[0] is not None:
            text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            record.exc_text = redact_lines(self._shorten(text))
        return True

    def _shorten(self, text: str) -> str:
        return _QUERY.sub("?…", text) if self._queries else text


_LIBRARIES = ("requests", "urllib3.connection", "urllib3.connectionpool", "urllib3.util.retry")
_QUIET = RedactingFilter(queries=True)


def guard_library_logs() -> None:
    """Redact what the HTTP libraries log: they quote whole addresses. May be called repeatedly."""
    for name in _LIBRARIES:
        logging.getLogger(name).addFilter(_QUIET)


def _masked(text: str, addresses: bool) -> str:
    text = text[:_INPUT]
    for pattern, by in _SHAPES:
        text = pattern.sub(by, text)
    return _ADDRESS.sub(r"\1…@", text) if addresses else text


def _under(key: str, value: object, addresses: bool, depth: int) -> object:
    if _KEYS.match(key) and value is not None and not isinstance(value, (bool, int)):
        return MASK
    return scrub(value, addresses=addresses, depth=depth - 1)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
