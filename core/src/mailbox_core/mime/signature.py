"""What somebody says about himself below a mail: name, role, company, telephone, web site.

A signature is looked for only where it is likely to be: below the separator of RFC 3676 section
4.3, below a closing phrase, or below the sender's own name, near the end of the new text. What is
found are suggestions: every value is a piece of the text (telephone numbers in international form,
web sites with their scheme), nothing is made up. Work is bounded whatever the text is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import phonenumbers

from . import signature_words as words
from .layout import laid_out
from .quote import new_text

_MAX_TEXT = 100_000
_MAX_LINES = 14
_MAX_LINE = 160
#: Lines from the end among which the beginning of a signature is looked for.
_NEAR_END = 30
_SEGMENTS = re.compile(r"\s+[|·•∙●–—/]\s+|\s*\|\s*|\s[·•∙●]\s*|[·•∙●]\s+|\t+|\s{3,}")
_WEB = re.compile(r"(?:https?://|www\.)[a-z0-9.-]+\.[a-z]{2,24}(?:/[^\s<>|,;]*)?", re.IGNORECASE)
_EMAIL = re.compile(r"\S+@\S+")
_LABEL = re.compile(r"^\W{0,3}[^\W\d]{1,12}\s?(?:[:.]\s|：)")
_LABEL_CELL = re.compile(r"^([^\s\d]{1,12}\s?[:.：]?)\t+(?=[+(\d])")
#: A line of one sign, as people draw above their signature.
_DRAWN = re.compile(r"([-_=*~─━―＊＿#])\1{4,}")
#: What programs of mailing lists (Mailman) and mail services draw above what they add to a mail.
_FOOTER = re.compile(r"_{30,}$")
#: Lines below a drawn line in which the sender's name has to be.
_NAME_BELOW = 6
_MAX_PIECE, _MAX_WORDS = 80, 9
_NAME = re.compile(r"[^\W\d_][^\W\d_'’.-]*(?:[ '’.-]+[^\W\d_][^\W\d_'’.-]*){1,4}\.?")


@dataclass(frozen=True, slots=True)
class Signature:
    """What was found; empty where nothing was. ``phone`` and ``mobile`` are in international form,
    ``web`` has a scheme."""

    name: str = ""
    role: str = ""
    company: str = ""
    phone: str = ""
    mobile: str = ""
    web: str = ""

    def __bool__(self) -> bool:
        return bool(self.role or self.company or self.phone or self.mobile or self.web)


def read(text: str, html: str, *, name: str = "", address: str = "", region: str = "") -> Signature:
    """The signature of a mail that has plain ``text``, ``html`` or both: as ``parse`` finds it, in
    the form that shows it as it was meant."""
    for form in (laid_out(html) if html else "", text):
        found = parse(form, name=name, address=address, region=region)
        if found:
            return found
    return found


def parse(text: str, *, name: str = "", address: str = "", region: str = "") -> Signature:
    """The signature of a mail's plain ``text``. ``name`` and ``address`` are the sender's;
    ``region`` is the country (ISO 3166) whose national telephone numbers are understood."""
    lines = block(text, name)
    if not lines:
        return Signature()
    pieces = [piece for line in lines for piece in _pieces(line)]
    own_name = _own_name(pieces, name)
    if own_name and _is_another(own_name, name):
        return Signature()
    company = _company(pieces, own_name, address)
    phone, mobile = _phones(lines, region)
    return Signature(
        name=own_name,
        role=_role(pieces, own_name, company) or _between(pieces, own_name, company),
        company=company,
        phone=phone,
        mobile=mobile,
        web=_web(lines, address),
    )


def block(text: str, name: str = "") -> list[str]:
    """The lines of the signature, without separator and closing; empty when there is none."""
    lines = [_clean(line) for line in new_text(text[:_MAX_TEXT]).splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    start = _start(lines, name)
    if start is None:
        return []
    found: list[str] = []
    for line in lines[start:]:
        if len(found) >= _MAX_LINES or words.BELOW.match(line.lstrip("*_ ")):
            break
        if found and _FOOTER.match(line):
            break
        if line:
            found.append(line)
    return found


def _clean(line: str) -> str:
    kept = "".join(char for char in line[:_MAX_LINE] if unicodedata.category(char) != "Cf")
    kept = kept.replace("\xa0", " ").strip("\r\n").rstrip().lstrip(" ")
    # A label in a cell of its own belongs to the number beside it.
    return _LABEL_CELL.sub(r"\1 ", kept)


def _start(lines: Sequence[str], name: str) -> int | None:
    """Where the signature begins; ``None`` when that is not certain."""
    first = max(0, len(lines) - _NEAR_END)
    for number in range(len(lines) - 1, first - 1, -1):
        if lines[number] == "--":
            return number + 1
    for number in range(len(lines) - 1, first - 1, -1):
        if _is_closing(lines[number]):
            return number + 1
    for number in range(len(lines) - 1, first - 1, -1):
        below = lines[number + 1 : number + 1 + _NAME_BELOW]
        if _DRAWN.fullmatch(lines[number]) and any(_same_name(line, name) for line in below):
            return number + 1
    for number in range(first, len(lines)):
        if number and name and _same_name(lines[number], name):
            return number
    return None


def _is_closing(line: str) -> bool:
    lower = line.lower()
    found = words.CLOSING.match(lower)
    return bool(found) and len(lower) - found.end() <= words.CLOSING_EXTRA if found else False


def _pieces(line: str) -> Iterator[str]:
    """The parts of a line that stand for themselves."""
    for segment in _SEGMENTS.split(line):
        part = segment.strip(" *_,;-–—|")
        named = _up_to_legal_form(part)
        if named:
            yield from _parts(named)
            part = part[len(named) :].strip(" ,")
        yield from _parts(part)


def _up_to_legal_form(part: str) -> str:
    """What stands before a comma and ends with a legal form; empty without one."""
    for found in re.finditer(r",\s", part):
        head = part[: found.start()]
        if words.LEGAL_END.search(head):
            return head
    return ""


def _parts(part: str) -> Iterator[str]:
    head, comma, tail = part.rpartition(", ")
    if comma and _are_two(head, tail):
        yield from (head, tail)
    elif part:
        yield part


def _are_two(head: str, tail: str) -> bool:
    """Whether a comma stands between role and company, or between name and role."""
    if words.ROLE.search(head):
        return bool(words.LEGAL_FORM.search(tail))
    return bool(words.ROLE.search(tail) and _NAME.fullmatch(head))


def _own_name(pieces: Sequence[str], name: str) -> str:
    for piece in pieces[:6]:
        if name and _same_name(piece, name) and _may_be_name(piece):
            return piece
    first = pieces[0] if pieces else ""
    if _NAME.fullmatch(first) and _may_be_name(first) and not _speaks_of_work(first):
        return first
    return ""


def _may_be_name(piece: str) -> bool:
    return not words.LEGAL_FORM.search(piece) and not _WEB.search(piece)


def _is_another(signed: str, name: str) -> bool:
    """Whether somebody else signed, as an assistant does. Names in two scripts cannot be told."""
    left, right = _tokens(signed), _tokens(name)
    return bool(right) and not left & right and _script(signed) == _script(name)


def _script(text: str) -> str:
    """The script of the first letter, by its name in Unicode: ``LATIN``, ``HEBREW``, ``CJK``."""
    letter = next((char for char in text if char.isalpha()), "")
    return unicodedata.name(letter, "").partition(" ")[0] if letter else ""


def _speaks_of_work(piece: str) -> bool:
    return bool(words.ROLE.search(piece) or words.LEGAL_FORM.search(piece))


def _same_name(piece: str, name: str) -> bool:
    """Whether a short line is the sender's name, perhaps with a title or without a middle name."""
    left, right = _tokens(piece), _tokens(name)
    if not left or not right or len(left) > len(right) + 2 or not _is_capital(piece):
        return False
    return len(left & right) >= min(2, len(right), len(left)) and bool(left & right)


def _is_capital(piece: str) -> bool:
    """Whether every word begins as words of a name do; a name all in small letters counts."""
    return piece.islower() or not any(
        word[0].islower() and not words.PARTICLE.fullmatch(word) for word in piece.split()
    )


def _tokens(text: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", text[:_MAX_LINE].casefold())
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    return {word for word in re.split(r"[\W\d_]+", letters) if len(word) > 1}


def _company(pieces: Sequence[str], own_name: str, address: str) -> str:
    texts = [piece for piece in pieces if piece != own_name and _is_text(piece)]
    for piece in texts:
        if words.LEGAL_FORM.search(piece) and not piece[0].islower():
            return piece
    label = address.rpartition("@")[2].lower().split(".")
    domain = re.sub(r"\W", "", label[-2]) if len(label) > 1 else ""
    for piece in texts:
        if "." in piece and " " not in piece:
            continue  # the domain itself
        if not words.ROLE.search(piece) and _is_domain(piece, domain):
            return piece
    return ""


def _is_domain(piece: str, domain: str) -> bool:
    """Whether a piece is the name in front of the sender's domain."""
    if len(domain) < 4:
        return False
    joined = re.sub(r"[\W_]+", "", piece.casefold())
    return domain == joined or domain in _tokens(piece) or joined.startswith(domain)


def _role(pieces: Sequence[str], own_name: str, company: str) -> str:
    for piece in pieces:
        if piece in (own_name, company) or not _is_text(piece):
            continue
        if words.ROLE.search(piece) and _may_be_role(piece):
            return piece
    return ""


def _may_be_role(piece: str) -> bool:
    if words.PLACE.search(piece) or words.TEAM.search(piece):
        return False
    return ":" not in piece and piece[-1] not in "!?"


def _between(pieces: Sequence[str], own_name: str, company: str) -> str:
    """What stands between name and company: a role, whatever its words are."""
    if not own_name or not company:
        return ""
    around = [(pieces[at - 1], pieces[at + 1]) for at in range(1, len(pieces) - 1)]
    for (before, after), piece in zip(around, pieces[1:], strict=False):
        if before == own_name and after == company and _is_text(piece) and _may_be_role(piece):
            return piece if not piece[0].islower() and piece[-1] != "." else ""
    return ""


def _is_text(piece: str) -> bool:
    """Whether a piece is words, and neither an address nor a labelled number."""
    if _EMAIL.search(piece) or _WEB.search(piece) or _LABEL.match(piece):
        return False
    if len(piece) > _MAX_PIECE or len(piece.split()) > _MAX_WORDS:
        return False
    return sum(char.isdigit() for char in piece) <= 2


def _phones(lines: Sequence[str], region: str) -> tuple[str, str]:
    """Telephone and mobile number; a fax is neither."""
    phone = mobile = ""
    for line in lines:
        for part in _SEGMENTS.split(line):
            if words.FAX.search(part) or words.REGISTER.search(part):
                continue
            for match in phonenumbers.PhoneNumberMatcher(part, region.upper() or None):
                told = phonenumbers.format_number(
                    match.number, phonenumbers.PhoneNumberFormat.INTERNATIONAL
                )
                if _is_mobile(part, match.number):
                    mobile = mobile or told
                else:
                    phone = phone or told
    return phone, mobile


def _is_mobile(part: str, number: phonenumbers.PhoneNumber) -> bool:
    if words.MOBILE.search(part):
        return True
    return phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


def _web(lines: Sequence[str], address: str) -> str:
    """The site of the sender's own domain, else the first that is one of a company."""
    domain = address.rpartition("@")[2].lower()
    sites = [site for line in lines for site in _sites(line)]
    for site in sites:
        if domain and f"/{domain}/" in f"{site.lower()}/".replace("//www.", "//"):
            return site
    if domain and any(domain in re.split(r"[\s|:]+", line.lower()) for line in lines):
        return f"https://{domain}"
    return next((site for site in sites if _is_front(site)), "")


def _is_front(site: str) -> bool:
    """Whether an address leads to somebody's site and not to one page of it: those are of articles,
    lists and advertisements, which a mail programme or the sender put below."""
    path = site.partition("://")[2].partition("/")[2]
    return path.strip("/").count("/") == 0 and "?" not in path


def _sites(line: str) -> Iterator[str]:
    for match in _WEB.finditer(_EMAIL.sub(" ", line)):
        told = match.group().rstrip(".,;)/")
        site = told if "://" in told else f"https://{told}"
        if not any(word in site.lower() for word in words.SOCIAL):
            yield site
