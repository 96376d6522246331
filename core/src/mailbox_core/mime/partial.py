"""A part that stays at its provider, written as the place-holder ``types.Content`` describes."""

from __future__ import annotations

from urllib.parse import quote

from . import names
from .parts import EXTERNAL_ACCESS


def placeholder(
    path: str,
    content_type: str,
    size: int,
    filename: str,
    *,
    content_id: str | None = None,
    inline: bool = False,
) -> bytes:
    """A whole ``message/external-body`` entity, header and body, without a line end at its end.

    ``size`` is decoded octets. ``parse`` lists it as a ``Part`` with ``available`` False.
    Everything is percent encoded (RFC 2231), so no value can break out of its parameter.
    """
    safe_name = names.safe_filename(filename)
    head = (
        f"Content-Type: message/external-body; access-type={EXTERNAL_ACCESS};\r\n"
        f" path*=utf-8''{quote(path, safe='')}; size={max(0, int(size))};\r\n"
        f" type*=utf-8''{quote(content_type, safe='')};\r\n"
        f" name*=utf-8''{quote(safe_name, safe='')}\r\n\r\n"
    )
    inner = f"Content-Disposition: {'inline' if inline else 'attachment'}\r\n"
    if content_id:
        printable = "".join(char for char in content_id if "!" <= char <= "~" and char not in "<>")
        inner += f"Content-ID: <{printable[:200]}>\r\n"
    return (head + inner + "\r\n").encode("ascii")
