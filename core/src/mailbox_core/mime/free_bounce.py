"""Bounces in free text, from servers that know no RFC 3464: whom they are about.

The shapes are those of the library flufl.bounce (GNU Mailman's detectors: qmail's QSBMF, Exchange,
Yahoo, and dozens more). It looks for phrases wherever they stand; so it is asked only about mail
that claims to be a bounce, and gets a flat, bounded copy of the words. Never raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from email.message import Message

from flufl.bounce import all_failures

from . import addresses, body, charset, transfer
from .headers import HeaderBlock, decoded
from .structure import Entity, Tree

_MAX_TEXT = 128 * 1024
_MAX_LINES = 2_000
_MAX_LINE = 1_000
_MAX_PARTS = 8
_MAX_FAILED = 50
#: Who sends nothing but reports about delivery.
_DAEMON = re.compile(
    r"mailer-daemon|mail[. ]delivery[. ](?:sub)?system|mdaemon|mail_service", re.IGNORECASE
)
#: Who sends them too; people sit behind some of these.
_POSTMASTER = re.compile(r"postmaster|system administrator|symantec_antivirus", re.IGNORECASE)
_FAILURE = re.compile(
    r"undeliver|returned mail|mail returned|fail(?:ed|ure)[ -](?:mail|delivery|notice)"
    r"|(?:delivery|mail)[ -](?:has failed|failed|failure|status notification|problem|error|warning)"
    r"|not (?:be )?delivered|non[ -]delivery|message delivery|message status"
    r"|unzustellbar|non remis|no entregado|non consegnat",
    re.IGNORECASE,
)
_DELAY = re.compile(
    r"delayed|delay\)|delivery warning|warning: (?:message|could not send)", re.IGNORECASE
)
#: Answers and forwarded mail: a person passes a bounce on.
_PASSED_ON = re.compile(r"\s*(?:re|aw|sv|r|fwd?|wg|tr|rv|i)\s*:", re.IGNORECASE)
#: An address alone on its line, or with a field of RFC 3464 before it, or with the reason after it.
_ALONE = re.compile(
    r"[ \t*]*(?:(?:final|original)-recipient:[ \t]*rfc822;[ \t]*)?"
    r"<?([^<>\s@:,;()\"\[\]]{1,64}@[^<>\s@:,;()\"\[\]]{1,255})>?[ \t]*(?:[:(].*|on [0-9].*)?$",
    re.IGNORECASE,
)
#: Below such a line stands the mail itself, whose addresses did not fail.
_COPY = re.compile(
    r"[ \t>]*-{2,}.*(?:below|copy|original|header)|(?:received|message-id|from):", re.I
)


@dataclass(frozen=True, slots=True)
class FreeBounce:
    """Addresses, normalised, in the order of the text. When both are empty it says only that
    something failed, or with ``late`` that something is late."""

    failed: tuple[str, ...] = ()
    delayed: tuple[str, ...] = ()
    late: bool = False

    @property
    def named(self) -> bool:
        """True if it says for whom."""
        return bool(self.failed or self.delayed)


def read(tree: Tree) -> FreeBounce | None:
    """What a mail says about the delivery of another one, None when it is no such mail."""
    block = tree.root.fields
    told = block.raw("x-failed-recipients") is not None
    certain = told or _is_daemon(block) or _is_report(tree)
    null_path = _is_null(block)
    if not (certain or null_path or _POSTMASTER.search(_sender(block))):
        return None
    subject = decoded((block.raw("subject") or b"")[:1_000])[0]
    late, failure = bool(_DELAY.search(subject)), bool(_FAILURE.search(subject))
    # Automatic answers have a null path, too (RFC 3834 section 3.3), and people are postmasters.
    if not (certain or late or failure) or (_PASSED_ON.match(subject) and not null_path):
        return None
    found = _named(tree) if told else _ask(tree, sure=failure or _is_report(tree))
    if late:
        found = FreeBounce((), (*found.failed, *found.delayed))
    if found.named or told or late or failure:
        return replace(found, late=late or bool(found.delayed and not found.failed))
    return None


def _named(tree: Tree) -> FreeBounce:
    """As Exim and Gmail say it in a field, else in the text."""
    block = tree.root.fields
    told = [one.email for one in addresses.parse(block.all("x-failed-recipients"))[0]]
    return FreeBounce(_whole(told)) if told else _ask(tree, sure=True)


def _is_daemon(block: HeaderBlock) -> bool:
    sender = _sender(block)
    return bool(_DAEMON.search(sender)) or sender.strip() == "<>"


def _sender(block: HeaderBlock) -> str:
    return (block.raw("from") or b"")[:1_000].decode("ascii", "replace")


def _is_null(block: HeaderBlock) -> bool:
    path = block.ascii("return-path").replace(" ", "").lower()
    return path == "<>" or "mailer-daemon" in path


def _is_report(tree: Tree) -> bool:
    """A report on delivery (RFC 6522), perhaps without the part that says so."""
    root = tree.root
    kind = root.parameters.get("report-type", "").lower()
    return root.content_type == "multipart/report" and kind == "delivery-status"


def _ask(tree: Tree, *, sure: bool) -> FreeBounce:
    """Whom the text names; ``sure`` when it is a bounce in any case."""
    copy, text = _flat(tree)
    try:
        late, failed = all_failures(copy)
    except Exception:
        # Two dozen guesses of others at what strangers send: one that fails has found nobody.
        late, failed = frozenset(), frozenset()
    if sure and not late and not failed:
        return FreeBounce(_whole(_standing_alone(text)))
    return FreeBounce(_in_order(failed, text), _in_order(late, text))


def _in_order(found: Iterable[bytes], text: str) -> tuple[str, ...]:
    told = (one.decode("ascii", "replace") for one in found)
    ordered = sorted((text.find(one), one) for one in told if len(one) <= _MAX_LINE)
    return _whole(one for _, one in ordered)


def _whole(told: Iterable[str]) -> tuple[str, ...]:
    """Normalised, each once; without those that were made unreadable (``ada...@example.org``)."""
    whole = (one.strip("<>\"' .,;") for one in told if ".." not in one)
    known = dict.fromkeys(map(addresses.normalize, whole))
    return tuple(one for one in known if one)[:_MAX_FAILED]


def _standing_alone(text: str) -> Iterator[str]:
    """The addresses that have a line to themselves, before the copy of the mail: in the languages
    that the library's phrases are not written in, and in Exchange's lists."""
    for line in text.splitlines():
        if _COPY.match(line):
            return
        match = _ALONE.match(line)
        if match:
            yield match[1]


def _flat(tree: Tree) -> tuple[Message, str]:
    """A message of one level with the text parts, their transfer encoding and charset undone; and
    its whole text. The mail that came back is left out, where it is a part."""
    copy = Message()
    block = tree.root.fields
    sender = addresses.parse(block.all("from"))[0]
    # Without a sender some of the detectors fail.
    copy["from"] = sender[0].email if sender else "mailer-daemon"
    copy["x-mailer"] = block.ascii("x-mailer")[:_MAX_LINE]
    leaves = _texts(tree)
    room = _MAX_TEXT
    texts: list[str] = []
    for leaf in leaves:
        texts.append(_text(tree, leaf, room))
        room -= len(texts[-1])
    if not tree.root.multipart:
        copy.set_payload(_ascii(texts[0]) if texts else "")
        return copy, "".join(texts)
    copy["content-type"] = tree.root.content_type
    for leaf, text in zip(leaves, texts, strict=True):
        part = Message()
        part["content-type"] = "text/plain"
        part["content-description"] = leaf.fields.ascii("content-description")[:100]
        part.set_payload(_ascii(text))
        copy.attach(part)
    copy.attach(Message())  # stands for the returned mail
    return copy, "".join(texts)


def _ascii(text: str) -> str:
    """For the library: its phrases are English, and letters it cannot encode make it fail."""
    return text.encode("ascii", "replace").decode("ascii")


def _texts(tree: Tree) -> list[Entity]:
    leaves = [leaf for leaf in tree.leaves() if leaf.content_type.startswith("text/")]
    plain = [leaf for leaf in leaves if leaf.content_type == "text/plain"]
    return (plain or leaves)[:_MAX_PARTS]


def _text(tree: Tree, leaf: Entity, room: int) -> str:
    octets = transfer.decode(tree.octets(leaf, _MAX_TEXT), body.encoding_of(leaf))
    text = charset.decode(octets, leaf.parameters.get("charset"))[0]
    if leaf.content_type == "text/html":
        text = body.html_to_text(text, _MAX_TEXT)
    lines = [line[:_MAX_LINE] for line in text.splitlines()[:_MAX_LINES]]
    return "".join(f"{line}\n" for line in lines)[: max(0, room)]
