"""Machine mail: what kind it is (RFC 3834 and practice), and what a delivery report says (RFC
3464).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from . import addresses, body, fields, free_bounce, limits, transfer
from .headers import HeaderBlock, decoded, split, to_text
from .structure import Entity, Tree, scan

Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]

_ACTIONS: tuple[Action, ...] = ("failed", "delayed", "delivered", "relayed", "expanded")
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
#: How Exchange, Outlook and Domino begin the subject of an answer for somebody away. Exchange
#: says in its fields only that the mail was generated, old Domino says nothing at all.
_AWAY = re.compile(
    r"\s*(?:\[?(?:automatic reply|auto[- ]?reply|autoreply|out of office(?: autoreply| reply)?"
    r"|automatische antwort|abwesenheitsnotiz|réponse automatique|absence du bureau"
    r"|respuesta automática|fuera de (?:la )?oficina|risposta automatica|fuori (?:sede|ufficio)"
    r"|automatisch antwoord|afwezig(?:heidsbericht)?|resposta automática|automatyczna odpowiedź"
    r"|automatick[áé] odpov[ěe]ď|automatikus válasz|răspuns automat|automatiskt svar|autosvar"
    r"|automatisk svar|automaattinen vastaus|otomatik yanıt|автоматический ответ"
    r"|автоматична відповідь|αυτόματη απάντηση|תשובה אוטומטית|رد تلقائي|自動応答|自动答复|自動回覆"
    r"|자동 회신)\s*[\]:：]|auto: .{1,120} (?:is out of the office|ist außer haus))",
    re.IGNORECASE,
)
_SUPPRESS = frozenset({"all", "oof", "autoreply"})
_REPORT_PARTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_ORIGINALS = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"}
)
_MAX_REPORT = 256 * 1024
_MAX_RECIPIENTS = 500


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """What became of the mail for one recipient. ``status`` is the code of RFC 3463, ``x.y.z``."""

    recipient: str
    action: Action
    status: str | None
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A delivery status notification, or a bounce in free text (then ``structured`` is False).

    ``message_id`` is that of the mail reported on, normalised, None when the report does not quote
    it.
    """

    recipients: tuple[RecipientStatus, ...]
    message_id: str | None
    reporting_mta: str = ""
    structured: bool = True

    @property
    def bounced(self) -> bool:
        """True if delivery failed for good for somebody. ``delayed`` is not a bounce."""
        return any(one.action == "failed" for one in self.recipients)


def automatic(tree: Tree) -> str | None:
    """The class of machine mail of a scanned message, None for mail a person seems to have
    written.
    """
    root = tree.root
    report = _told(tree)
    if report:
        return _report_class(report)
    if root.content_type in ("multipart/report", "message/disposition-notification"):
        return "report"
    answer = _answer_class(root.fields)
    if answer:
        return answer
    if any(
        leaf.content_type == "text/calendar" and "method" in leaf.parameters
        for leaf in tree.leaves()
    ):
        return "calendar"
    return _bulk_class(root.fields)


def _report_class(report: DeliveryReport) -> str:
    actions = {one.action for one in report.recipients}
    if "failed" in actions or not actions:
        return "bounce"
    return "delay" if "delayed" in actions else "report"


def _answer_class(block: HeaderBlock) -> str | None:
    submitted = block.ascii("auto-submitted").lower().partition(";")[0].partition("(")[0].strip()
    if submitted.startswith("auto-replied"):
        return "auto-reply"
    if block.ascii("precedence").lower() == "auto_reply" or _says_auto_reply(block):
        return "auto-reply"
    if _AWAY.match(decoded((block.raw("subject") or b"")[:1000])[0]):
        return "auto-reply"
    return "auto-generated" if submitted and submitted != "no" else None


def _says_auto_reply(block: HeaderBlock) -> bool:
    for name in ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply"):
        if block.raw(name) is not None and block.ascii(name).lower() not in ("no", "false"):
            return True
    return False


def _bulk_class(block: HeaderBlock) -> str | None:
    precedence = block.ascii("precedence").lower()
    if block.raw("list-id") or block.raw("list-post") or precedence == "list":
        return "list"
    if block.raw("list-unsubscribe") or precedence in ("bulk", "junk") or block.raw("feedback-id"):
        return "bulk"
    suppress = {word.strip() for word in block.ascii("x-auto-response-suppress").lower().split(",")}
    if suppress & _SUPPRESS or block.ascii("return-path").replace(" ", "") == "<>":
        return "auto-generated"
    return None


def delivery_report(raw: bytes) -> DeliveryReport | None:
    """What ``raw`` reports about the delivery of another mail, None when it is no such report.
    Never raises.
    """
    return _told(scan(raw))


def _told(tree: Tree) -> DeliveryReport | None:
    """The report in a mail. A gateway may send it on in a mail of its own, whose first part it is,
    before what the gateway adds to every mail.
    """
    first = next(tree.leaves())
    kind = tree.root.parameters.get("report-type", "").lower()
    if kind == "delivery-status" and first.content_type == "message/rfc822":
        inner = scan(transfer.decode(tree.octets(first), body.encoding_of(first)))
        return _formal_or_free(inner) or _formal_or_free(tree)
    return _formal_or_free(tree)


def _formal_or_free(tree: Tree) -> DeliveryReport | None:
    """The report of RFC 3464 where it names somebody, else what the text says."""
    formal = tree.root.content_type == "multipart/report" or tree.root.content_type in _REPORT_PARTS
    report = _read_report(tree)
    is_named = report is not None and any(one.recipient for one in report.recipients)
    if formal and is_named:
        return report
    free = free_bounce.read(tree)
    if free is None:
        return report if formal else None
    if is_named or (report is not None and not free.named):
        return report
    return _from_text(tree, free)


def _read_report(tree: Tree) -> DeliveryReport | None:
    leaves = list(tree.leaves())
    status = next((leaf for leaf in leaves if leaf.content_type in _REPORT_PARTS), None)
    if status is None:
        return None
    groups = _groups(_octets(tree, status))
    recipients = [one for group in groups[: _MAX_RECIPIENTS + 1] if (one := _recipient(group))]
    # Some write an action into the group about the message, too; it is about nobody.
    recipients = [one for one in recipients if one.recipient] or recipients
    mta = groups[0].ascii("reporting-mta").rpartition(";")[2].strip()[:255] if groups else ""
    return DeliveryReport(tuple(recipients), _original_id(tree, leaves), mta)


def _octets(tree: Tree, entity: Entity) -> bytes:
    data = transfer.decode(tree.octets(entity, _MAX_REPORT), body.encoding_of(entity))
    return data.replace(b"\r\n", b"\n").lstrip(b"\n")


def _groups(data: bytes) -> list[HeaderBlock]:
    """The blocks of fields of a delivery status, the one about the message first."""
    blocks = [
        chunk
        for chunk in re.split(rb"\n[ \t]*\n+", data, maxsplit=_MAX_RECIPIENTS + 1)
        if chunk.strip()
    ]
    return [split(chunk, 0, len(chunk))[0] for chunk in blocks]


def _recipient(group: HeaderBlock) -> RecipientStatus | None:
    address = _typed(group, "original-recipient") or _typed(group, "final-recipient")
    word = group.ascii("action").lower().split()
    action = next((one for one in _ACTIONS if word and word[0].startswith(one)), None)
    found = _STATUS.search(group.ascii("status")) or _STATUS.search(group.ascii("diagnostic-code"))
    if not address and action is None:
        return None
    diagnostic = to_text(group.raw("diagnostic-code") or b"")[0].partition(";")[2].strip()
    status = found.group(0) if found else None
    return RecipientStatus(address, action or _implied(status), status, diagnostic[:1000])


def _implied(status: str | None) -> Action:
    """The action a status class stands for (RFC 3463 section 3.1), when none is given."""
    if status is None or status[0] == "5":
        return "failed"
    return "delayed" if status[0] == "4" else "delivered"


def _typed(group: HeaderBlock, name: str) -> str:
    """The address of ``rfc822;address``."""
    value = to_text(group.raw(name) or b"")[0]
    spec = value.partition(";")[2].strip() if ";" in value else value
    # Archives shorten addresses (``ada...@example.org``); nobody has such a one (RFC 5322 3.2.3).
    return "" if ".." in spec else addresses.normalize(spec.strip("<>")) or ""


def _original_id(tree: Tree, leaves: list[Entity]) -> str | None:
    for leaf in leaves:
        if leaf.content_type in _ORIGINALS:
            data = _octets(tree, leaf)
            block, _ = split(data, 0, min(len(data), limits.MAX_HEADER_BLOCK))
            raws = block.all("x-mailbox-message-id") or block.all("message-id")
            return fields.message_id(raws)[0]
    return None


def _from_text(tree: Tree, free: free_bounce.FreeBounce) -> DeliveryReport:
    """The report of a server that knows no RFC 3464; the id from the copy of the mail, in a part
    of its own or in the text.
    """
    leaves = list(tree.leaves())
    text = _octets(tree, leaves[0])[:_MAX_REPORT] if leaves else b""
    code = _STATUS.search(text.decode("ascii", "replace"))
    status = code.group(0) if code else None
    unnamed: Action = "delayed" if free.late else "failed"
    told: list[tuple[str, Action]] = [
        *((one, "failed") for one in free.failed),
        *((one, "delayed") for one in free.delayed),
    ]
    return DeliveryReport(
        tuple(RecipientStatus(who, action, status) for who, action in told or [("", unnamed)]),
        _original_id(tree, leaves) or _quoted_id(text),
        structured=False,
    )


def _quoted_id(text: bytes) -> str | None:
    found = re.search(
        rb"(?im)^[ >\t]*message-id:[ \t]*\r?\n?[ \t]*(<[^<>\s]{1,900}>)", text[:_MAX_REPORT]
    )
    return fields.normal_id(found.group(1).decode("ascii", "replace")) if found else None
