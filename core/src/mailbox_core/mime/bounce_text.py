"""Whom a bounce in free text is about: qmail's QSBMF (D. J. Bernstein, "The qmail-send Bounce
Message Format"), Exchange before 2007, Yahoo, and their likes. Pure; never raises.
"""

from __future__ import annotations

import re

from . import addresses

_MAX_LINES = 2_000
_MAX_FAILED = 50
#: Below such a line stands the mail itself, whose addresses did not fail.
_COPY = re.compile(
    r"^[ \t>]*-{2,}[ -]*(?:below this line|this is (?:a copy|the header)|(?:the )?original message"
    r"|the (?:header|body|message)|message (?:header|text)|copy of)",
    re.IGNORECASE,
)
_HEADER = re.compile(r"^(?:return-path|received|message-id|from|to|date):", re.IGNORECASE)
#: An address alone on its line, or with what happened after a colon, or with "on" and a date.
_ADDRESS = re.compile(
    r"^[ \t]*(?:<([^<>\s@]{1,64}@[^<>\s@]{1,255})>|([^<>\s@:,;()\"]{1,64}@[^<>\s@:,;()\"]{1,255}))"
    r"[ \t]*(?::.*|on [0-9].*)?$"
)


def failed_addresses(text: str) -> list[str]:
    """The addresses that ``text`` says it could not deliver to, normalised, each once."""
    found: dict[str, None] = {}
    for line in text.splitlines()[:_MAX_LINES]:
        if _COPY.match(line) or _HEADER.match(line):
            break
        match = _ADDRESS.match(line[:1_000])
        address = addresses.normalize(match[1] or match[2]) if match else None
        if address:
            found.setdefault(address)
    return list(found)[:_MAX_FAILED]
