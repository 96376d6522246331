"""Mail as octets and mail as data: parse, build, classify."""

from .body import html_to_text
from .build import Attachment, Draft, InvalidDraft, build, new_message_id, reply_references
from .classify import DeliveryReport, RecipientStatus, delivery_report
from .names import safe_filename
from .parse import iter_parts, parse, part_bytes, snippet
from .partial import placeholder
from .quote import new_text, split_quote, strip_signature

__all__ = [
    "Attachment",
    "DeliveryReport",
    "Draft",
    "InvalidDraft",
    "RecipientStatus",
    "build",
    "delivery_report",
    "html_to_text",
    "iter_parts",
    "new_message_id",
    "new_text",
    "parse",
    "part_bytes",
    "placeholder",
    "reply_references",
    "safe_filename",
    "snippet",
    "split_quote",
    "strip_signature",
]
