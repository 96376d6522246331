"""What somebody wrote new, apart from what he quoted.

The rule is: new text is never cut away. Every line ends up either in the new text or in the
quotation, and a quotation begins only where that is certain: a line marked with ``>``, the line
that introduces such lines, or the separator of a mail program with text of the sender before it.
When nothing new would remain, everything counts as new. A forwarded message is not a quotation: its
reader has not seen it. Patterns look at single short lines, so cost is linear.
"""

from __future__ import annotations

import re

_MAX_LINES = 5_000
_MAX_LINE = 400
_ATTRIBUTION_LINES = 3
_VERBS = (
    "wrote|writes|schrieb|a écrit|escribió|escribio|ha scritto|scrive|schreef|escreveu|pisze"
    "|napisał|napisała|napsal|napsala|napísal|skrev|kirjoitti|írta|a scris|yazdı"
    "|пише|пишет|написал|написала|έγραψε|כתב|כתבה|מאת|كتب|كتبت"
)
_VERBS_UNSPACED = "写道|寫道|さんは書きました|さんが書きました|님이 작성"
_ATTRIBUTION = re.compile(
    rf"(?:(?:^|\W)(?:{_VERBS})(?:\(a\))?(?:\W.{{0,150}})?|{_VERBS_UNSPACED}"
    # Without a verb: the time, and whose address (Yandex, Mail.ru).
    r"|\d:\d\d\W.{0,120}<[^<>\s@]{1,64}@[^<>\s@]{1,255}>)\s?[:：]$"
)
_ORIGINAL = re.compile(
    r"^-{2,}\s{0,3}(?:original message|original appointment|ursprüngliche nachricht"
    r"|originalnachricht|message d['’]origine|message original|mensaje original"
    r"|messaggio originale|oorspronkelijk bericht|mensagem original|wiadomość oryginalna"
    r"|původní zpráva|originalmeddelande|ursprungligt meddelande|oprindelig meddelelse"
    r"|opprinnelig melding|alkuperäinen viesti|исходное сообщение|原始邮件|原始郵件"
    r"|元のメッセージ|원본 메시지)\s{0,3}-{2,}$",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"^\*?(?:from|von|de|da|van|od|fra|från|lähettäjä|отправитель|от"
    r"|发件人|寄件者|差出人|보낸 사람|מאת|من)\s?[:：]",
    re.IGNORECASE,
)
_BLOCK_FIELD = re.compile(
    r"^\*?(?:sent|date|to|cc|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado|fecha"
    r"|para|asunto|assunto|data|inviato|a|oggetto|verzonden|aan|onderwerp|wysłano|do|temat"
    r"|odesláno|komu|předmět|sendt|til|emne|skickat|till|ämne|lähetetty|vastaanottaja|aihe"
    r"|отправлено|дата|кому|тема|发送时间|收件人|主题|日期|寄件日期|收件者|主旨"
    r"|送信日時|宛先|件名|보낸 날짜|받는 사람|제목|נשלח|תאריך|אל|נושא"
    r"|تاريخ الإرسال|التاريخ|إلى|الموضوع)\s?[:：]",
    re.IGNORECASE,
)
#: What only says in which direction text is read (Unicode, UAX 9).
_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_RULE = re.compile(r"^_{10,}$|^-{20,}$")
_SIGNATURE_LINES = 15


def split_quote(text: str) -> tuple[str, str]:
    """New text and quotation; together they hold every line of ``text``."""
    lines = text.split("\n")
    if len(lines) > _MAX_LINES:
        return text, ""
    quoted = _marked(lines)
    start = _separator(lines, quoted)
    for number in range(start, len(lines)):
        quoted[number] = True
    new = [line for line, is_quoted in zip(lines, quoted, strict=True) if not is_quoted]
    if not any(line.strip() for line in new):
        return text, ""
    old = [line for line, is_quoted in zip(lines, quoted, strict=True) if is_quoted]
    return "\n".join(new).strip("\n"), "\n".join(old)


def new_text(text: str) -> str:
    """``text`` without quotation, unchanged if nothing else is in it."""
    return split_quote(text)[0]


def strip_signature(text: str) -> tuple[str, str]:
    """Text and signature, by the separator of RFC 3676 section 4.3 only: other signatures cannot
    be told from text with certainty.
    """
    lines = text.split("\n")
    for number in range(len(lines) - 1, max(-1, len(lines) - 2 - _SIGNATURE_LINES), -1):
        if lines[number].rstrip("\r") == "-- ":
            return "\n".join(lines[:number]).rstrip("\n"), "\n".join(lines[number + 1 :])
    return text, ""


def _marked(lines: list[str]) -> list[bool]:
    """Lines with ``>`` and the attribution right above them."""
    quoted = [line.startswith(">") for line in lines]
    for number, is_quoted in enumerate(quoted):
        if is_quoted and (number == 0 or not quoted[number - 1]):
            for introducing in _attribution_above(lines, quoted, number):
                quoted[introducing] = True
    return quoted


def _attribution_above(lines: list[str], quoted: list[bool], number: int) -> range:
    """The lines that introduce the quotation at ``number``; empty when none does."""
    last = number - 1
    while last >= 0 and last >= number - 2 and not lines[last].strip():
        last -= 1
    for first in range(last, max(-1, last - _ATTRIBUTION_LINES), -1):
        if quoted[first] or not lines[first].strip():
            break
        if _is_attribution(lines[first : last + 1]):
            return range(_where_it_began(lines, quoted, first), number)
    return range(0)


def _where_it_began(lines: list[str], quoted: list[bool], first: int) -> int:
    """The line in which a name stands whose address a mail program wrapped into the next one."""
    above = first - 1
    if above < 0 or quoted[above] or not any(char.isdigit() for char in lines[above]):
        return first
    is_wrapped = lines[above].rstrip().endswith("<") or lines[first].lstrip().startswith("<")
    return above if is_wrapped else first


def _is_attribution(lines: list[str]) -> bool:
    """Whether lines say who wrote something when: a verb, a figure of a date or an address, a
    final colon.
    """
    joined = _MARKS.sub("", " ".join(line.strip() for line in lines)).strip()
    if len(joined) > _MAX_LINE or not any(char.isdigit() or char == "@" for char in joined):
        return False
    return _ATTRIBUTION.search(joined) is not None


def _separator(lines: list[str], quoted: list[bool]) -> int:
    """Where a quotation without marks begins: the first separator with new text before it."""
    written = False
    for number, line in enumerate(lines):
        stripped = line.strip()
        if not stripped or quoted[number]:
            continue
        if written and len(stripped) <= _MAX_LINE and _begins_quotation(lines, number, stripped):
            return number
        written = True
    return len(lines)


def _begins_quotation(lines: list[str], number: int, stripped: str) -> bool:
    if _ORIGINAL.match(stripped):
        return True
    if _RULE.match(stripped):
        following = next(
            (at for at in range(number + 1, min(number + 4, len(lines))) if lines[at].strip()),
            number,
        )
        return following > number and _is_header_block(lines, following)
    if _is_header_block(lines, number):
        return True
    return "@" in stripped and _is_attribution([stripped])


def _is_header_block(lines: list[str], number: int) -> bool:
    """From, and at least two more header names in the lines below it, as Outlook writes above a
    quotation; or three header names one below the other, From among them, as Hotmail writes.
    """
    first = lines[number].strip()[:_MAX_LINE]
    below = [lines[at].strip()[:_MAX_LINE] for at in range(number + 1, min(number + 7, len(lines)))]
    if _FROM.match(first):
        return sum(1 for line in below if _BLOCK_FIELD.match(line)) >= 2
    if not _BLOCK_FIELD.match(first) or not any(_FROM.match(line) for line in below[:2]):
        return False
    return all(_FROM.match(line) or _BLOCK_FIELD.match(line) for line in below[:2])
