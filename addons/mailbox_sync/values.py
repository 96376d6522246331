"""Single values on their way between the core and PostgreSQL."""

from datetime import datetime, timezone


def naive(moment: datetime | None) -> datetime | None:
    """Aware UTC to what Odoo stores."""
    return None if moment is None else moment.astimezone(timezone.utc).replace(tzinfo=None)


def aware(moment: datetime | bool | None) -> datetime | None:
    """What Odoo stores to aware UTC."""
    return moment.replace(tzinfo=timezone.utc) if isinstance(moment, datetime) else None


def clean(text: str | None, limit: int | None = None) -> str | None:
    """Text that PostgreSQL accepts: no NUL, no lone surrogate, at most ``limit`` characters."""
    if text is None:
        return None
    if limit is not None:
        text = text[:limit]
    if "\0" in text:
        text = text.replace("\0", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
