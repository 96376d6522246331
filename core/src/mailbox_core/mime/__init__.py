"""Mail as octets and mail as data: parse, build, classify."""

from .classify import DeliveryReport, RecipientStatus, delivery_report
from .parse import iter_parts, parse, part_bytes, snippet

__all__ = [
    "DeliveryReport",
    "RecipientStatus",
    "delivery_report",
    "iter_parts",
    "parse",
    "part_bytes",
    "snippet",
]
