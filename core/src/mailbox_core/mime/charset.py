"""Octets to text when the label is missing, unknown or a lie.

Labels follow the WHATWG Encoding Standard where mail practice agrees with it: ``gb2312`` is read as
gb18030, ``iso-8859-1`` as windows-1252. ``decode`` never raises and never returns NUL or a lone
surrogate, which PostgreSQL and UTF-8 refuse.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from functools import lru_cache

import chardet

from .limits import CHARSET_SAMPLE

_ALIASES = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "xgbk": "gb18030",
    "cp936": "gb18030",
    "gb231280": "gb18030",
    "hzgb2312": "hz",
    "iso88591": "cp1252",
    "latin1": "cp1252",
    "l1": "cp1252",
    "ansi": "cp1252",
    "iso88599": "cp1254",
    "latin5": "cp1254",
    "iso885911": "cp874",
    "tis620": "cp874",
    "windows874": "cp874",
    "iso88598i": "iso8859_8",
    "iso88596i": "iso8859_6",
    "ksc56011987": "cp949",
    "ksc5601": "cp949",
    "euckr": "cp949",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "xsjis": "cp932",
    "windows31j": "cp932",
    "mskanji": "cp932",
    "xeucjp": "euc_jp",
    "big5": "big5hkscs",
    "xxbig5": "big5hkscs",
    "unicode11utf7": "utf_7",
    "xmacroman": "mac_roman",
    "macintosh": "mac_roman",
    "utf8mb4": "utf_8",
    "cp50220": "iso2022_jp",
    "cp50221": "iso2022_jp",
    "iso2022jp": "iso2022_jp",
}
_UNKNOWN = frozenset(
    {"unknown8bit", "xunknown", "unknown", "8bit", "binary", "default", "xuserdefined", "none"}
)
# Codecs that are no charsets, and those whose cost is not linear.
_REFUSED = frozenset(
    {"unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined", "mbcs", "oem"}
)
_SINGLE_BYTE_WEST = frozenset({"cp1252", "ascii", "iso8859-15", "cp850", "mac-roman"})
_JAPANESE = ("iso2022_jp", "iso2022_jp_ext", "iso2022_jp_2004")
_LABEL = re.compile(r"[a-z0-9._:+-]{1,40}")
_HIGH = re.compile(rb"[\x80-\xff]")
_UNSAFE = re.compile("[\x00\ud800-\udfff]")
# UTF-8 read as windows-1252: a lead octet as a letter, then a trail octet as anything in its range.
_MOJIBAKE = re.compile("[\xc2\xc3\xe2][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")


# windows-1252 as the WHATWG has it: octets without a character stand for themselves.
_CP1252_OCTETS = {
    ord(char): octet
    for octet in range(0x80, 0xA0)
    for char in bytes([octet]).decode("cp1252", "ignore")
}


def scrub(text: str) -> str:
    """``text`` with NUL and lone surrogates made visible as U+FFFD."""
    return _UNSAFE.sub("\ufffd", text) if _UNSAFE.search(text) else text


@lru_cache(maxsize=512)
def codec_name(label: str) -> str | None:
    """Python's codec for a charset label, None if it names none that may decode mail."""
    label = label.strip().strip("'\"").lower()
    if not _LABEL.fullmatch(label):
        return None
    squeezed = re.sub(r"[^a-z0-9]", "", label)
    if squeezed in _UNKNOWN:
        return None
    try:
        info = codecs.lookup(_ALIASES.get(squeezed, label))
    except (LookupError, ValueError):
        return None
    if info.name in _REFUSED or not getattr(info, "_is_text_encoding", True):
        return None
    return info.name


def decode(data: bytes, label: str | None, hint: str | None = None) -> tuple[str, bool]:
    """Text of ``data``, and whether its charset had to be guessed or octets were replaced.

    ``label`` is the declared charset. ``hint`` is the charset of the same message's other parts,
    tried before guessing.
    """
    name = codec_name(label) if label else None
    if data.isascii() and b"\x1b" not in data and name not in _STATEFUL and not _wide(name):
        return _clean(data.decode("ascii")), bool(label) and name is None
    if name is None:
        text, _ = _guess(data, hint)
        return _repair(_clean(text)), True
    text, guessed = _decoder(name)(data, name, hint)
    return _repair(_clean(text)), guessed


_STATEFUL = frozenset({"utf-7", "hz", "iso2022_kr"})


def _wide(name: str | None) -> bool:
    return name is not None and name.startswith(
        ("utf-16", "utf-32", "cp037", "cp500", "cp1140", "cp273")
    )


def _clean(text: str) -> str:
    return scrub(text) if "\x00" in text else text


def _repair(text: str) -> str:
    """Undo UTF-8 that was taken for windows-1252 and encoded again, if the whole text agrees."""
    if not _MOJIBAKE.search(text):
        return text
    try:
        return scrub(text.translate(_CP1252_OCTETS).encode("latin-1").decode("utf-8"))
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text


def _decoder(name: str) -> Callable[[bytes, str, str | None], tuple[str, bool]]:
    if name == "utf-8":
        return _decode_utf8
    if name in _SINGLE_BYTE_WEST:
        return _decode_west
    if name.startswith("iso2022_jp"):
        return _decode_japanese
    return _decode_other


def _decode_utf8(data: bytes, name: str, hint: str | None) -> tuple[str, bool]:
    try:
        return data.decode("utf-8"), False
    except UnicodeDecodeError:
        pass
    lossy = data.decode("utf-8", "replace")
    good = sum(1 for char in lossy[:CHARSET_SAMPLE] if "\x7f" < char != "\ufffd")
    if good > 2 * lossy.count("\ufffd", 0, CHARSET_SAMPLE):
        return lossy, True  # UTF-8 with some damage, such as a cut character
    return _guess(data, hint)


def _decode_west(data: bytes, name: str, hint: str | None) -> tuple[str, bool]:
    try:
        return data.decode("utf-8"), not data.isascii()  # valid UTF-8 is never an accident
    except UnicodeDecodeError:
        pass
    if name == "ascii":
        return _guess(data, hint)
    return _replace(data, name)


def _decode_japanese(data: bytes, name: str, hint: str | None) -> tuple[str, bool]:
    if not data.isascii():
        return _guess(data, hint)
    for codec in _JAPANESE:
        try:
            return data.decode(codec), False
        except UnicodeDecodeError:
            continue
    return data.decode("iso2022_jp_ext", "replace"), True


def _decode_other(data: bytes, name: str, hint: str | None) -> tuple[str, bool]:
    try:
        return scrub(data.decode(name)), False
    except (UnicodeDecodeError, ValueError):
        pass
    try:
        return data.decode("utf-8"), True
    except UnicodeDecodeError:
        return _replace(data, name)


def _replace(data: bytes, name: str) -> tuple[str, bool]:
    try:
        text = data.decode(name, "replace")
    except (UnicodeError, ValueError):
        text = data.decode("cp1252", "replace")
    return scrub(text), "\ufffd" in text


def _guess(data: bytes, hint: str | None) -> tuple[str, bool]:
    if b"\x1b$" in data or b"\x1b(" in data:
        text, lossy = data.decode("iso2022_jp_ext", "replace"), True
        if text.count("\ufffd") * 10 < len(text) + 10:
            return text, lossy
    for name in ("utf-8", codec_name(hint) if hint else None):
        if name and name not in _STATEFUL:
            try:
                return data.decode(name), True
            except (UnicodeDecodeError, ValueError):
                continue
    detected = codec_name(_detect(data) or "") or "cp1252"
    return _replace(data, detected)[0], True


def _detect(data: bytes) -> str | None:
    """chardet's answer on a sample around the first octet that is not ASCII."""
    found_at = _HIGH.search(data)
    first = found_at.start() if found_at else 0
    sample = data[max(0, first - 64) : first + CHARSET_SAMPLE]
    found = chardet.detect(sample)["encoding"]
    return str(found) if found else None
