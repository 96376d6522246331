"""What the header of a message tells, in an order and in words a person can follow. Pure.

Nothing here is proof: everybody can write any header. Two things are worth more than the rest and
are marked so: the last hops of the route, written by the provider itself, and the provider's own
verdict on the sender (RFC 8601). A verdict that names another authority is shown as hearsay.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

Headers = Iterable[tuple[str, str]]

_MAX_HOPS = 50
_COMMENT = re.compile(r"\([^()]*\)")
_FROM = re.compile(r"(?i)^\s*from\s+(\S+)")
_BY = re.compile(r"(?i)\bby\s+(\S+)")
_RESULT = re.compile(
    r"(?i)\b(spf|dkim|dmarc|arc)\s*=\s*(pass|fail|softfail|neutral|none|temperror|permerror|policy)\b([^;]*)"
)
_ABOUT = re.compile(r"(?i)\b(?:header\.(?:from|d|i)|smtp\.mailfrom|dkdomain)=([^\s;]+)")
_LIST_FIELDS = (
    "list-id",
    "list-post",
    "list-unsubscribe",
    "list-archive",
    "list-help",
    "list-owner",
)
_SHOWN_FIELDS = (
    "reply-to",
    "sender",
    "return-path",
    "delivered-to",
    "x-mailer",
    "user-agent",
    "auto-submitted",
)
_MAX_VALUE = 500


@dataclass(frozen=True, slots=True)
class Hop:
    """One server that took the message over. ``at``: ISO time, UTC; ``seconds`` since the hop
    before."""

    host: str
    source: str
    at: str | None
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check of the sender: ``spf``, ``dkim``, ``dmarc`` or ``arc``, its result and whom it is
    about."""

    method: str
    result: str
    about: str


def explain(headers: Headers, authorities: Collection[str]) -> dict:
    """Plain data of a header. ``authorities``: names under which the mailbox's provider signs
    verdicts."""
    fields = [(name.lower(), value) for name, value in headers]
    trusted, hearsay = verdicts(fields, authorities)
    return {
        "route": [asdict(hop) for hop in route(fields)],
        "verdicts": [asdict(one) for one in trusted],
        "hearsay": hearsay,
        "lists": _chosen(fields, _LIST_FIELDS),
        "fields": _chosen(fields, _SHOWN_FIELDS),
    }


def route(fields: Headers) -> list[Hop]:
    """The Received chain (RFC 5321 section 4.4), first server first."""
    hops: list[Hop] = []
    before: datetime | None = None
    received = [value for name, value in fields if name == "received"][:_MAX_HOPS]
    for value in reversed(received):
        text, _, stamp = value.rpartition(";")
        at = _moment(stamp)
        bare = _COMMENT.sub(" ", text or value)
        hops.append(
            Hop(
                host=_first(_BY, bare),
                source=_first(_FROM, bare),
                at=at.isoformat() if at else None,
                seconds=int((at - before).total_seconds()) if at and before else None,
            )
        )
        before = at or before
    return hops


def verdicts(fields: Headers, authorities: Collection[str]) -> tuple[list[Verdict], list[str]]:
    """What the provider itself found, and who else claims to have checked (RFC 8601).

    Providers put their own field on top and remove forged ones that carry their name; the first one
    that names an authority counts, those below it were there before.
    """
    known = {name.casefold() for name in authorities}
    trusted: list[Verdict] | None = None
    hearsay: list[str] = []
    for name, value in fields:
        if name != "authentication-results":
            continue
        authority = (value.partition(";")[0].split() or [""])[0].casefold()
        if authority in known and trusted is None:
            trusted = _results(value)
        elif authority not in known and authority and authority not in hearsay:
            hearsay.append(authority[:100])
    return trusted or [], hearsay[:10]


def other_address(name: str, email: str) -> str:
    """An address in a display name that is not the sender's own, a common disguise; or empty."""
    found = re.search(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+\.[^\s<>\"'(),;:]+", name or "")
    shown = found.group(0).strip(".") if found else ""
    return shown if shown.casefold() != (email or "").casefold() else ""


def looks_foreign(email: str) -> bool:
    """Whether the domain has letters beyond ASCII, plain or in Punycode: it may imitate another
    (UTS 39)."""
    domain = (email or "").rpartition("@")[2]
    return not domain.isascii() or any(
        label.startswith("xn--") for label in domain.lower().split(".")
    )


def _results(value: str) -> list[Verdict]:
    found = []
    for match in _RESULT.finditer(_COMMENT.sub(" ", value)):
        about = _ABOUT.search(match.group(3))
        found.append(
            Verdict(
                match.group(1).lower(),
                match.group(2).lower(),
                about.group(1)[:200] if about else "",
            )
        )
    return found[:20]


def _chosen(fields: Headers, names: tuple[str, ...]) -> list[dict]:
    return [{"name": name, "value": value[:_MAX_VALUE]} for name, value in fields if name in names][
        :40
    ]


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group(1).strip("[];,")[:200] if found else ""


def _moment(stamp: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(_COMMENT.sub(" ", stamp).strip()[:100])
        return (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
