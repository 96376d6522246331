"""Bad mail by the hundred: deterministic generators of every kind of input a mailbox meets sooner
or later.

``samples("charset")`` yields the same messages on every machine and in every run; another ``seed``
yields others. Each sample says what must come out, as far as that is known. Large ones are made
when they are asked for.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from types import MappingProxyType

from . import corpus_files, corpus_headers
from .corpus_base import Made, message


@dataclass(frozen=True, slots=True)
class Sample:
    """One message. ``expect`` maps attributes of ``Email`` (or words its user knows) to what
    they must be.
    """

    category: str
    name: str
    raw: bytes
    expect: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


TEXTS = {
    "utf-8": "Grüße aus Köln – 5 € für die Übergabe ✓ 日本語",
    "windows-1252": "Grüße aus Köln – 5 € für die Übergabe, déjà vu, señor",
    "iso-8859-1": "Grüße aus Köln für die Übergabe, déjà vu, señor",
    "iso-8859-15": "Der Preis beträgt 5 € für die Übergabe in Köln",
    "iso-8859-2": "Zażółć gęślą jaźń, příliš žluťoučký kůň úpěl",
    "windows-1250": "Zażółć gęślą jaźń, příliš žluťoučký kůň úpěl",
    "windows-1251": "Добрый день, заказ номер 4711 отправлен вчера вечером",
    "koi8-r": "Добрый день, заказ номер 4711 отправлен вчера вечером",
    "iso-8859-7": "Καλημέρα σας, η παραγγελία εστάλη χθες το βράδυ",
    "windows-1255": "שלום רב, ההזמנה נשלחה אתמול בערב",
    "windows-1256": "مرحبا، تم إرسال الطلب مساء أمس",
    "gb18030": "您好，您的订单已经发货，请注意查收。㐀",
    "gb2312": "您好，您的订单已经发货，请注意查收。",
    "big5": "您好，您的訂單已經出貨，請注意查收。",
    "euc-kr": "안녕하세요, 주문하신 상품이 발송되었습니다.",
    "iso-2022-jp": "こんにちは、ご注文の商品を発送いたしました。",
    "shift_jis": "こんにちは、ご注文の商品を発送いたしました。",
    "euc-jp": "こんにちは、ご注文の商品を発送いたしました。",
    "utf-7": "Grüße aus Köln für die Übergabe",
    "utf-16": "Grüße aus Köln – 日本語",
}


def samples(category: str, seed: int = 0) -> Iterator[Sample]:
    """The messages of one of ``CATEGORIES``. Raises KeyError for another word."""
    maker = _MAKERS[category]
    for name, raw, expect in maker(random.Random(f"{category}:{seed}")):
        yield Sample(category, name, raw, MappingProxyType(expect))


def _charset(rng: random.Random) -> Made:
    """200: right labels, wrong ones, none, unknown ones, mixtures, text encoded twice."""
    labels = list(TEXTS)
    for label, text in TEXTS.items():
        data = text.encode(label)
        for encoding in ("8bit", "base64"):
            body = base64.encodebytes(data) if encoding == "base64" else data
            head = f"Content-Transfer-Encoding: {encoding}\n"
            if not (
                label == "utf-16" and encoding == "8bit"
            ):  # no line structure, nobody can send it
                raw = message(head, body, f"text/plain; charset={label}")
                yield f"right-{label}-{encoding}", raw, {"text": text}
        yield f"undeclared-{label}", message("", data), {}
        yield f"unknown-8bit-{label}", message("", data, "text/plain; charset=unknown-8bit"), {}
        yield (
            f"header-{label}",
            message(f"X-Word: =?{label}?B?{base64.b64encode(data).decode()}?=\n"),
            {"header": ("X-Word", text)},
        )
    for label in (
        "iso-8859-1",
        "us-ascii",
        "windows-1252",
        "x-nonsense",
        "latin-9000",
        "rot13",
        "idna",
    ):
        raw = message("", TEXTS["utf-8"].encode("utf-8"), f"text/plain; charset={label}")
        yield f"really-utf8-{label}", raw, {"text": TEXTS["utf-8"]}
    twice = TEXTS["iso-8859-1"].encode("utf-8").decode("latin-1").encode("utf-8")
    yield "twice", message("", twice, "text/plain; charset=utf-8"), {"text": TEXTS["iso-8859-1"]}
    for number in range(200 - 5 * len(TEXTS) + 1 - 8):
        first, second = rng.sample(labels, 2)
        data = TEXTS[first].encode(first) + b"\n" + TEXTS[second].encode(second)
        raw = message(
            f"Subject: {TEXTS['utf-8']}\n", data, f"text/plain; charset={rng.choice(labels)}"
        )
        yield f"mixed-{number}", raw, {}


def base_message(rng: random.Random) -> bytes:
    """A good message with alternative, related and mixed parts and fixed boundaries."""
    mail = EmailMessage()
    mail["From"] = "Jürgen Müller <j@example.com>"
    mail["To"] = "Anna <anna@example.org>, bob@example.org"
    mail["Subject"] = "Angebot für Köln"
    mail["Message-ID"] = "<base@example.com>"
    mail["Date"] = "Mon, 02 Nov 2026 10:00:00 +0100"
    mail.set_content("Hallo Anna,\n\nanbei das Angebot.\n" * rng.randint(1, 5))
    mail.add_alternative("<p>Hallo Anna</p><img src='cid:logo'>", subtype="html")
    related = mail.get_payload()[1]  # type: ignore[index]
    related.add_related(rng.randbytes(60), "image", "png", cid="<logo>")  # type: ignore[union-attr]
    mail.add_attachment(
        rng.randbytes(300), maintype="application", subtype="pdf", filename="Übersicht.pdf"
    )
    for number, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_border_{number}")
    return mail.as_bytes()


def _mutate(rng: random.Random, raw: bytes) -> bytes:
    """One to four small accidents."""
    for _ in range(rng.randint(1, 4)):
        if not raw:
            break
        raw = rng.choice(_ACCIDENTS)(rng, raw)
    return raw


def _line(rng: random.Random, raw: bytes) -> tuple[list[bytes], int]:
    lines = raw.split(b"\n")
    return lines, rng.randrange(len(lines))


def _drop_line(rng: random.Random, raw: bytes) -> bytes:
    lines, at = _line(rng, raw)
    return b"\n".join(lines[:at] + lines[at + 1 :])


def _double_line(rng: random.Random, raw: bytes) -> bytes:
    lines, at = _line(rng, raw)
    return b"\n".join(lines[: at + 1] + lines[at:])


def _swap_lines(rng: random.Random, raw: bytes) -> bytes:
    lines, at = _line(rng, raw)
    other = rng.randrange(len(lines))
    lines[at], lines[other] = lines[other], lines[at]
    return b"\n".join(lines)


def _insert(rng: random.Random, raw: bytes) -> bytes:
    at = rng.randrange(len(raw))
    return raw[:at] + rng.choice(_SCRAPS) + raw[at:]


def _flip(rng: random.Random, raw: bytes) -> bytes:
    at = rng.randrange(len(raw))
    return raw[:at] + bytes([rng.randrange(256)]) + raw[at + 1 :]


def _truncate(rng: random.Random, raw: bytes) -> bytes:
    return raw[: rng.randrange(len(raw) // 2, len(raw))]


def _boundary(rng: random.Random, raw: bytes) -> bytes:
    old = f"=_border_{rng.choice((0, 1, 3))}".encode()
    new = rng.choice(
        (b"", b"x", b"=_border_0", b'"', b"a b ", b"\xff\xfe", b"x" * 300, b"=_border_0 --")
    )
    return raw.replace(old, new, rng.choice((1, 2, 9)))


def _line_ends(rng: random.Random, raw: bytes) -> bytes:
    return raw.replace(
        b"\n", rng.choice((b"\r\n", b"\r", b"\r\r\n", b"\n\r")), rng.choice((1, 5, -1))
    )


def _content_type(rng: random.Random, raw: bytes) -> bytes:
    new = rng.choice(
        (
            b"",
            b"text",
            b"multipart/",
            b'text/plain; charset="',
            b"multipart/mixed",
            b"\0",
            b"message/rfc822",
        )
    )
    return raw.replace(
        rng.choice((b"text/html", b"text/plain", b"multipart/alternative", b"application/pdf")),
        new,
        1,
    )


_ACCIDENTS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _drop_line,
    _double_line,
    _swap_lines,
    _insert,
    _flip,
    _truncate,
    _boundary,
    _line_ends,
    _content_type,
)
_SCRAPS = (
    b"\0",
    b"\r",
    b"\n",
    b"\n\n",
    b"\n--",
    b"\n--=_border_0--\n",
    b"\n--=_border_0\n",
    b"(a (nested \\) comment)",
    b"=?utf-8?q?half",
    b"=?utf-8?b?w7",
    b"=",
    b"====",
    b'"',
    b";",
    b"\x1b$B",
    b"\xed\xa0\x80",
    b"\nContent-Type: text/html\n",
    b"\nContent-Transfer-Encoding: base64\n",
    b"\nbegin 644 x\n#86)C\n \nend\n",
    b"\xe2\x80\xa8",
)


def _mime(rng: random.Random) -> Made:
    """1,000 accidents to a good message."""
    good = [base_message(rng) for _ in range(20)]
    for number in range(1_000):
        yield f"mutated-{number}", _mutate(rng, rng.choice(good)), {}


_MAKERS: dict[str, Callable[[random.Random], Made]] = {
    "charset": _charset,
    "mime": _mime,
    "bombs": corpus_files.bombs,
    "automatic": corpus_headers.automatic,
    "addresses": corpus_headers.addresses,
    "message_id": corpus_headers.message_ids,
    "dates": corpus_headers.dates,
    "attachments": corpus_files.attachments,
    "content": corpus_files.content,
    "replies": corpus_headers.replies,
    "threads": corpus_headers.threads,
}

CATEGORIES: Mapping[str, int] = MappingProxyType(
    {
        "charset": 200,
        "mime": 1_000,
        "bombs": 40,
        "automatic": 50,
        "addresses": 200,
        "message_id": 100,
        "dates": 60,
        "attachments": 100,
        "content": 60,
        "replies": 100,
        "threads": 50,
    }
)
"""Category and how many messages it has at least (the threads: conversations)."""
