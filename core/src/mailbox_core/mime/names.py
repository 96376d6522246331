"""Attachment names that are safe to show and to give to a file system."""

from __future__ import annotations

import re
import unicodedata

from . import limits

_SEPARATORS = re.compile(r"[/\\]+")
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)")
_MAX_INPUT = 4_096
_EXTENSIONS = {
    "application/pdf": ".pdf",
    "application/pkcs7-mime": ".p7m",
    "application/pkcs7-signature": ".p7s",
    "application/x-pkcs7-mime": ".p7m",
    "application/x-pkcs7-signature": ".p7s",
    "application/pgp-encrypted": ".asc",
    "application/pgp-signature": ".asc",
    "application/zip": ".zip",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "message/rfc822": ".eml",
    "message/delivery-status": ".txt",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
    "text/rfc822-headers": ".txt",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
}


def safe_filename(name: str) -> str:
    """``name`` without directories, control characters and direction overrides, at most 200 octets
    of UTF-8.

    The extension survives shortening. Empty when nothing usable is left. Direction overrides
    (Unicode category Cf) are taken out because ``exe.fdp`` can be made to look like ``pdf.exe``.
    """
    name = unicodedata.normalize("NFC", name[:_MAX_INPUT])
    name = "".join(char if char == " " else " " if char.isspace() else char for char in name)
    name = "".join(
        char for char in name if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    )
    name = _SEPARATORS.split(name)[-1] or _SEPARATORS.sub("", name)
    name = _FORBIDDEN.sub("_", name).strip().strip(".").strip()
    if _RESERVED.match(name):
        name = f"_{name}"
    return _shorten(" ".join(name.split()))


def default_filename(content_type: str, path: str) -> str:
    """A name for a part that has none, from its type and its place."""
    stem = "message" if content_type == "message/rfc822" else "part"
    return (
        f"{stem}-{path.replace('/', '-').replace(':', '-')}{_EXTENSIONS.get(content_type, '.bin')}"
    )


def _shorten(name: str) -> str:
    if len(name.encode("utf-8")) <= limits.MAX_FILENAME:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode("utf-8")) > 20:
        stem, extension = name, ""
    room = limits.MAX_FILENAME - len(extension.encode("utf-8")) - 1
    cut = stem.encode("utf-8")[:room].decode("utf-8", "ignore").rstrip(" .")
    return f"{cut}.{extension}" if extension else cut
