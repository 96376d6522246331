"""Mails as programs of many makers write them, signed in many languages: plain and HTML.

Each layout says what stands in the mail and what of it is true of the sender; the rest (fax
numbers, places, disclaimers, other people's signatures in quotations) must not be taken for it.
"""

from __future__ import annotations

import html as html_escape
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import phonenumbers

from ..mime.signature import Signature, read
from .signature_people import MANNERS, PEOPLE, Manner, Person

FIELDS = ("name", "role", "company", "phone", "mobile", "web")
#: Whose signature stands in quotations: none of it is the sender's.
_OTHER = ("Otto Other", "Managing Director", "Other Things Ltd", "+44 20 7946 0999")


@dataclass(frozen=True, slots=True)
class Case:
    """One mail: its texts, who sent it, and what is to be found."""

    layout: str
    manner: str
    text: str
    html: str
    name: str
    address: str
    region: str
    wanted: dict[str, str]


def international(number: str, region: str) -> str:
    """A number as it is told from abroad."""
    parsed = phonenumbers.parse(number, region)
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def _site(person: Person) -> str:
    return f"www.{person.domain}.example"


def _all(person: Person, *fields: str) -> dict[str, str]:
    region = MANNERS[person.manner].region
    known = {
        "name": person.name,
        "role": person.role,
        "company": person.company,
        "phone": international(person.phone, region),
        "mobile": international(person.mobile, region),
        "web": f"https://{_site(person)}",
    }
    return {name: known[name] for name in fields or FIELDS}


def _quoted(manner: Manner) -> str:
    """A reply below: the introduction, and somebody else's mail with his signature."""
    told = manner.wrote.format(name=_OTHER[0], email="otto@other.example")
    lines = ["Dear all,", "see below.", "", "Best regards", *_OTHER]
    return "\n".join(["", told, *(f"> {line}".rstrip() for line in lines)])


# -- plain text --------------------------------------------------------------------------------


def _lines(person: Person, manner: Manner) -> tuple[str, dict[str, str]]:
    tel, mob, fax, web = manner.labels
    lines = [manner.text, "", manner.closing, "", person.name, person.role, person.company]
    lines += [person.place, f"{tel}: {person.phone}", f"{mob}: {person.mobile}"]
    lines += [f"{fax}: {person.fax}", f"{web}: {_site(person)}"]
    return "\n".join(lines), _all(person)


def _bars(person: Person, manner: Manner) -> tuple[str, dict[str, str]]:
    tel, mob, _fax, _web = manner.labels
    lines = [manner.text, "", "-- ", f"{person.name} | {person.role} | {person.company}"]
    lines += [f"{tel} {person.phone} | {mob} {person.mobile} | {_site(person)}"]
    return "\n".join(lines), _all(person)


def _disclaimed(person: Person, manner: Manner) -> tuple[str, dict[str, str]]:
    tel = manner.labels[0]
    lines = [manner.text, "", manner.closing, person.name, person.role]
    lines += [f"{person.company}, {person.place}", f"{tel} {person.phone}"]
    lines += [f"info@{person.domain}.example", "", manner.disclaimer]
    wanted = _all(person, "name", "role", "company", "phone")
    return "\n".join(lines) + "\n" + _quoted(manner), wanted


def _company_first(person: Person, manner: Manner) -> tuple[str, dict[str, str]]:
    tel, mob, fax, _web = manner.labels
    lines = [manner.text, "", "--", person.company, person.name, person.role, ""]
    lines += [f"{tel} {person.phone} / {fax} {person.fax}", f"{mob} {person.mobile}"]
    lines += [f"{person.domain}.example"]
    wanted = _all(person) | {"web": f"https://{person.domain}.example"}
    return "\n".join(lines), wanted


def _by_hand(person: Person, manner: Manner) -> tuple[str, dict[str, str]]:
    return f"{manner.text}\n\n{manner.closing}\n{person.name}\n", _all(person, "name")


def _telephone(person: Person, manner: Manner) -> tuple[str, dict[str, str]]:
    text = f"{manner.text}\n\n{manner.closing}\n{person.name}\n\n{manner.sent_from}"
    return text + "\n" + _quoted(manner), _all(person, "name")


def _answer_only(_person: Person, manner: Manner) -> tuple[str, dict[str, str]]:
    """Nothing is signed: what follows is somebody else's."""
    return f"{manner.text}\n" + _quoted(manner), {}


def _forwarding_block(_person: Person, manner: Manner) -> tuple[str, dict[str, str]]:
    sender, sent, to, subject = manner.block
    lines = [manner.text, "", f"{sender}: {_OTHER[0]} <otto@other.example>"]
    lines += [f"{sent}: 3.11.2025 10:02", f"{to}: x@y.example", f"{subject}: 12 pcs", ""]
    return "\n".join([*lines, "Dear all,", "see below.", "", "Best regards", *_OTHER]), {}


# -- HTML --------------------------------------------------------------------------------------


def _escaped(text: str) -> str:
    return html_escape.escape(text)


def _text_of(manner: Manner) -> str:
    return "".join(f"<div>{_escaped(line) or '<br>'}</div>" for line in manner.text.split("\n"))


def _quoted_html(manner: Manner) -> str:
    told = _escaped(manner.wrote.format(name=_OTHER[0], email="otto@other.example"))
    lines = "<br>".join(["Dear all,<br>see below.<br><br>Best regards", *map(_escaped, _OTHER)])
    return (
        f'<div class="gmail_quote"><div dir="ltr" class="gmail_attr">{told}<br></div>'
        f'<blockquote class="gmail_quote" style="margin:0">{lines}</blockquote></div>'
    )


def _gmail(person: Person, manner: Manner) -> tuple[str, dict[str, str]]:
    """As the web program of Gmail writes: a line is a div, a reply has its quotation."""
    tel, mob, _fax, _web = manner.labels
    name, role, company = map(_escaped, (person.name, person.role, person.company))
    site = _site(person)
    lines = (
        f"<b>{name}</b><br>{role}</div><div>{company}</div><div>{tel}: {person.phone}</div>"
        f"<div>{mob}: {person.mobile}</div>"
        f'<div><a href="https://{site}" target="_blank">{site}</a>'
    )
    body = (
        f'<div dir="ltr">{_text_of(manner)}<br clear="all"><div><br></div>'
        f'<span class="gmail_signature_prefix">-- </span><br><div dir="ltr"'
        f' class="gmail_signature"><div dir="ltr"><div>{lines}</div></div></div></div>'
    )
    return body + _quoted_html(manner), _all(person)


def _outlook(person: Person, manner: Manner) -> tuple[str, dict[str, str]]:
    """As Outlook writes: paragraphs of spans, and the header block of what it answers."""
    tel, mob, fax, _web = manner.labels
    lines = [manner.closing, "", person.name, person.role, person.company, person.place]
    lines += [f"{tel} {person.phone}", f"{fax} {person.fax}", f"{mob} {person.mobile}"]
    paragraphs = "".join(
        f'<p class="MsoNormal"><span style="font-size:10.0pt">{_escaped(line) or "&nbsp;"}<o:p>'
        "</o:p></span></p>"
        for line in [*manner.text.split("\n"), "", *"\n".join(lines).split("\n")]
    )
    sender, sent, to, subject = manner.block
    block = (
        '<div style="border-top:solid #E1E1E1 1.0pt"><p class="MsoNormal"><b>'
        f"{sender}:</b> {_OTHER[0]} &lt;otto@other.example&gt;<br><b>{sent}:</b> 3.11.2025 10:02"
        f"<br><b>{to}:</b> x@y.example<br><b>{subject}:</b> 12 pcs</p></div>"
    )
    old = "".join(f"<p>{_escaped(one)}</p>" for one in ("See below.", "Best regards", *_OTHER))
    wanted = _all(person, "name", "role", "company", "phone", "mobile")
    return f'<div class="WordSection1">{paragraphs}{block}{old}</div>', wanted


def _table(person: Person, manner: Manner) -> tuple[str, dict[str, str]]:
    """As generators of signatures write: a logo, and a table with labels in cells of their own."""
    tel, mob, fax, web = manner.labels
    name, role, company = map(_escaped, (person.name, person.role, person.company))
    site = _site(person)
    rows = "".join(
        f'<tr><td style="color:#888">{label}</td><td>{value}</td></tr>'
        for label, value in (
            (f"{tel}:", f'<a href="tel:1">{person.phone}</a>'),
            (f"{mob}:", f'<a href="tel:2">{person.mobile}</a>'),
            (f"{fax}:", person.fax),
            (f"{web}:", f'<a href="https://{site}">{site}</a>'),
        )
    )
    table = (
        '<table cellpadding="0" style="font-family:Arial"><tbody><tr><td rowspan="9">'
        '<img src="cid:logo" width="90"></td><td style="padding-left:10px"><table><tbody>'
        f'<tr><td colspan="2"><strong>{name}</strong></td></tr><tr><td colspan="2">{role} |'
        f' {company}</td></tr>{rows}</tbody></table></td></tr><tr><td colspan="2">'
        '<a href="https://www.linkedin.com/company/other"><img src="cid:in"></a></td></tr>'
        f'</tbody></table><p style="font-size:8px">{_escaped(manner.disclaimer)}</p>'
    )
    closing = "".join(f"<div>{_escaped(one)}</div>" for one in manner.closing.split("\n"))
    return f"{_text_of(manner)}<br>{closing}<br>{table}", _all(person)


_Layout = Callable[[Person, Manner], tuple[str, dict[str, str]]]
PLAIN: tuple[_Layout, ...] = (
    _lines,
    _bars,
    _disclaimed,
    _company_first,
    _by_hand,
    _telephone,
    _answer_only,
    _forwarding_block,
)
HTML: tuple[_Layout, ...] = (_gmail, _outlook, _table)


def cases() -> Iterator[Case]:
    """Every person in every layout."""
    for person in PEOPLE:
        manner = MANNERS[person.manner]
        address = f"mail@{person.domain}.example"
        for layout in (*PLAIN, *HTML):
            source, wanted = layout(person, manner)
            is_html = layout in HTML
            yield Case(
                layout.__name__.strip("_"),
                person.manner,
                "" if is_html else source,
                source if is_html else "",
                person.name,
                address,
                manner.region,
                wanted,
            )


# -- how well they are read --------------------------------------------------------------------


def found(case: Case) -> Signature:
    """What is read in a mail."""
    return read(case.text, case.html, name=case.name, address=case.address, region=case.region)


@dataclass(frozen=True, slots=True)
class Score:
    """Of one field: values found, values there are, and values that are both."""

    found: int
    wanted: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 1.0


def scores(mails: Iterable[Case]) -> dict[tuple[str, str], Score]:
    """The score of each language and field; language ``all`` is of all together."""
    count: Counter[tuple[str, str, str]] = Counter()
    for case in mails:
        read_ = found(case)
        for field in FIELDS:
            value, wanted = getattr(read_, field), case.wanted.get(field, "")
            for language in (case.manner, "all"):
                count[language, field, "found"] += bool(value)
                count[language, field, "wanted"] += bool(wanted)
                count[language, field, "right"] += bool(value) and value == wanted
    keys = {(language, field) for language, field, _what in count}
    return {
        (language, field): Score(
            count[language, field, "found"],
            count[language, field, "wanted"],
            count[language, field, "right"],
        )
        for language, field in sorted(keys)
    }


def table() -> str:
    """The scores as a table of Markdown: precision and recall in percent."""
    known = scores(cases())
    lines = ["| language | mails | " + " | ".join(FIELDS) + " |", "|---" * (len(FIELDS) + 2) + "|"]
    for language in (*MANNERS, "all"):
        mails = sum(language in (case.manner, "all") for case in cases())
        told = [known[language, field] for field in FIELDS]
        cells = [f"{int(100 * one.precision)} / {int(100 * one.recall)}" for one in told]
        lines.append(f"| {language} | {mails} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
