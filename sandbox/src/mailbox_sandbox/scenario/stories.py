"""Stories of a small furniture shop: each gives one or more messages of one conversation."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from . import files, mime, phrases
from .mime import Body, Letter

DAY = 86400.0


@dataclass(frozen=True)
class Note:
    """A finished message waiting to be delivered; same ``thread`` means one conversation."""

    date: float
    raw: bytes
    labels: tuple[str, ...]
    thread: str
    message_id: str


@dataclass
class Author:
    """What every story needs: dice, the owner's address, label ids and the end of time."""

    rng: random.Random
    owner: tuple[str, str]
    labels: dict[str, str]
    now: float
    count: int = 0
    people: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def new_id(self, domain: str) -> str:
        """Return the next Message-ID; unique and the same for the same seed."""
        self.count += 1
        return f"<{self.rng.getrandbits(64):016x}.{self.count}@{domain}>"

    def language(self) -> phrases.Language:
        """Pick a language by weight."""
        weights = [language.weight for language in phrases.LANGUAGES]
        return self.rng.choices(phrases.LANGUAGES, weights)[0]

    def person(self, language: phrases.Language) -> tuple[str, str]:
        """Pick a correspondent; the address is ASCII and stays with the name."""
        known = self.people.setdefault(language.code, [])
        if len(known) < 2 * len(language.names) and self.rng.random() < 0.4:
            name = language.names[len(known) % len(language.names)]
            number = len(known) + 1
            known.append((name, f"{language.code}.customer{number}@{language.code}-mail.example"))
        return self.rng.choice(known) if known else self._first(language)

    def _first(self, language: phrases.Language) -> tuple[str, str]:
        code = language.code
        person = (language.names[0], f"{code}.customer1@{code}-mail.example")
        self.people[code].append(person)
        return person

    def fill(self, sentence: str) -> str:
        """Put numbers into a sentence."""
        return sentence.format(n=self.rng.randrange(10_000, 99_999), k=self.rng.randrange(2, 60))

    def inbox(self, date: float, *labels: str) -> tuple[str, ...]:
        """Return labels for a mail of this age: old mail is read and mostly archived."""
        age = (self.now - date) / DAY
        found = {self.labels.get(label, label) for label in labels}
        if age < 20 or self.rng.random() < 0.15:
            found.add("INBOX")
        if self.rng.random() < (0.6 if age < 3 else 0.06):
            found.add("UNREAD")
        if self.rng.random() < 0.05:
            found.add("STARRED")
        if self.rng.random() < 0.2:
            found.add("IMPORTANT")
        return tuple(sorted(found))


Story = Callable[[Author, float], list[Note]]


def enquiry(author: Author, start: float) -> list[Note]:
    """A customer asks, the shop answers, sometimes several times."""
    rng, language = author.rng, author.language()
    customer, subject = author.person(language), author.fill(rng.choice(language.subjects))
    label = f"Customers/{rng.choice(phrases.COMPANIES)}" if rng.random() < 0.5 else "Orders"
    notes: list[Note] = []
    references: list[str] = []
    moment, previous = start, ""
    for turn in range(rng.choice((1, 1, 2, 2, 3, 4, 6))):
        incoming = turn % 2 == 0
        content = _words(author, language, turn)
        body = mime.text(content + _quote(previous), charset=_charset(author, language))
        if incoming and turn == 0 and rng.random() < 0.25:
            body = mime.multipart("mixed", [body, _photo_or_file(author)], rng)
        sender, receiver = (customer, author.owner) if incoming else (author.owner, customer)
        message_id = author.new_id(sender[1].partition("@")[2])
        letter = Letter(sender, [receiver], ("Re: " if turn else "") + subject, moment, message_id,
                        _charset(author, language), list(references))  # fmt: skip
        labels = author.inbox(moment, label) if incoming else ("SENT", author.labels[label])
        notes.append(Note(moment, mime.message(letter, body), labels, notes[0].message_id
                          if notes else message_id, message_id))  # fmt: skip
        references.append(message_id)
        previous = content
        moment += rng.uniform(0.02, 2.2) * DAY
    return [note for note in notes if note.date < author.now]


def _charset(author: Author, language: phrases.Language) -> str:
    return language.charset if author.rng.random() < 0.3 else "utf-8"


def _words(author: Author, language: phrases.Language, turn: int) -> str:
    rng = author.rng
    if turn % 2:
        answer = author.fill(rng.choice(phrases.ANSWERS))
        return f"Hello,\n\n{answer}\n\nBest wishes\n{author.owner[0]}\nWorkshop & Showroom\n"
    if turn >= 2 and rng.random() < 0.5:
        middle = language.thanks
    else:
        count = min(len(language.lines), rng.randrange(1, 4))
        middle = "\n".join(author.fill(line) for line in rng.sample(language.lines, count))
    return f"{language.hello}\n\n{middle}\n\n{language.bye}\n{rng.choice(language.names)}\n"


def _quote(previous: str) -> str:
    if not previous:
        return ""
    return "\n" + "\n".join(f"> {line}" for line in previous.splitlines()) + "\n"


def _photo_or_file(author: Author) -> Body:
    rng = author.rng
    pick = rng.randrange(4)
    if pick == 0:
        image = files.png(rng, rng.randrange(24, 96), rng.randrange(24, 96))
        return mime.attachment("photo.png", "image/png", image)
    if pick == 1:
        data = files.docx(["Requirements", author.fill("{k} pieces of article {n}")])
        kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
        return mime.attachment("Leistungsübersicht.docx", kind, data)
    if pick == 2:
        return mime.attachment("价目表.csv", "text/csv", files.csv(rng, rng.randrange(5, 400)))
    return mime.attachment("plan.pdf", "application/pdf", files.pdf("Plan", ["80 x 120"], 3))


def invoice(author: Author, start: float) -> list[Note]:
    """A supplier's bill with a PDF."""
    rng, supplier = author.rng, author.rng.choice(phrases.SUPPLIERS)
    number = rng.randrange(10_000, 99_999)
    domain = supplier.split()[0].lower() + ".example"
    text = f"Dear customer,\n\nplease find invoice {number} attached.\n\n{supplier}\n"
    bill = files.pdf(supplier, [f"Invoice {number}", f"Total {rng.randrange(50, 5000)}.00 EUR"])
    parts = [mime.text(text), mime.attachment(f"invoice-{number}.pdf", "application/pdf", bill)]
    if rng.random() < 0.3:
        parts.append(
            mime.attachment(
                "terms.zip", "application/zip", files.archive({"terms.txt": b"30 days net\n" * 40})
            )
        )
    return _single(author, start, (supplier, f"billing@{domain}"), f"Invoice {number}",
                   mime.multipart("mixed", parts, rng), ["Suppliers"])  # fmt: skip


def newsletter(author: Author, start: float) -> list[Note]:
    """A long HTML newsletter with a list header and remote pictures."""
    rng, title = author.rng, author.rng.choice(phrases.NEWSLETTERS)
    domain = title.split()[0].lower() + ".example"
    number = rng.randrange(100, 999)
    rows = "".join(
        f'<tr><td style="padding:12px;font-family:Arial"><h2 style="color:#2a4d69">{line}</h2>'
        f'<p>{" ".join(rng.sample(phrases.ANSWERS, 3))}</p><a href="https://{domain}/a/{i}">More'
        f'</a><img src="https://{domain}/open.gif?u={number}" width="1" height="1"></td></tr>'
        for i, line in enumerate(rng.choices(phrases.LANGUAGES[0].subjects, k=rng.randrange(4, 30)))
    )
    page = f"<html><body><table width=600>{rows}</table><p>Unsubscribe below</p></body></html>"
    body = mime.multipart("alternative", [mime.text(f"{title} no. {number}\n"),
                                          mime.text(page, "html")], rng)  # fmt: skip
    extra = [
        ("List-Id", f"{title} <news.{domain}>"),
        ("List-Unsubscribe", f"<https://{domain}/u/{number}>, <mailto:leave@{domain}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Precedence", "bulk"),
    ]
    return _single(author, start, (title, f"news@{domain}"), f"{title} #{number}", body,
                   ["Newsletters", "CATEGORY_PROMOTIONS"], extra)  # fmt: skip


def list_mail(author: Author, start: float) -> list[Note]:
    """A thread on a mailing list."""
    rng, name = author.rng, author.rng.choice(phrases.LISTS)
    subject = f"[{name}] " + author.fill("Finish for outdoor tables, variant {k}")
    notes: list[Note] = []
    references: list[str] = []
    moment = start
    for turn in range(rng.randrange(1, 5)):
        message_id = author.new_id("lists.example")
        extra = [("List-Id", f"<{name}.lists.example>"), ("List-Post",
                 f"<mailto:{name}@lists.example>"), ("Precedence", "list")]  # fmt: skip
        letter = Letter((f"Member {turn}", f"member{turn}@lists.example"),
                        [("", f"{name}@lists.example")], ("Re: " if turn else "") + subject,
                        moment, message_id, references=list(references), extra=extra)  # fmt: skip
        body = mime.text(rng.choice(phrases.ANSWERS) + f"\n_____\n{name} list\n")
        labels = author.inbox(moment, "Lists", "CATEGORY_FORUMS")
        notes.append(Note(moment, mime.message(letter, body), labels,
                          notes[0].message_id if notes else message_id, message_id))  # fmt: skip
        references.append(message_id)
        moment += rng.uniform(0.01, 0.6) * DAY
    return [note for note in notes if note.date < author.now]


def invitation(author: Author, start: float) -> list[Note]:
    """A calendar invitation, as part and as file."""
    organizer = ("Hannah Cole", "hannah@northgate.example")
    uid = f"{author.rng.getrandbits(64):x}@northgate.example"
    event = files.calendar("Showroom visit", start + 3 * DAY, uid, organizer[1], author.owner[1])
    part = mime.text(event, "calendar")
    part.fields[0] = ("Content-Type", 'text/calendar; charset="utf-8"; method=REQUEST')
    inner = mime.multipart("alternative", [mime.text("Please join us.\n"), part], author.rng)
    whole = mime.multipart(
        "mixed",
        [inner, mime.attachment("invite.ics", "application/ics", event.encode())],
        author.rng,
    )
    return _single(author, start, organizer, "Invitation: Showroom visit", whole, ["Team"])


def inline_picture(author: Author, start: float) -> list[Note]:
    """HTML with a picture inside (multipart/related and cid:)."""
    content_id = f"logo{author.rng.getrandbits(32):x}@studio.example"
    page = f'<p>Hello,</p><p>our new logo:</p><img src="cid:{content_id}" alt="logo">'
    image = mime.attachment("logo.png", "image/png", files.png(author.rng, 48, 48), content_id)
    related = mime.multipart("related", [mime.text(page, "html"), image], author.rng)
    body = mime.multipart("alternative", [mime.text("Hello, our new logo.\n"), related], author.rng)
    return _single(author, start, ("Studio Weide", "post@studio.example"), "New logo", body,
                   ["Team/Design"])  # fmt: skip


def photos(author: Author, start: float) -> list[Note]:
    """Pictures from a phone: from 50 kB to 4 MB, small ones more often."""
    rng, language = author.rng, author.language()
    sizes = [int(50_000 * 80 ** (rng.random() ** 2)) for _ in range(rng.randrange(1, 3))]
    parts = [mime.text(f"{language.hello}\n\n{rng.choice(language.lines)}\n".format(n=1, k=2))]
    parts += [mime.attachment(f"IMG_{rng.randrange(1000, 9999)}.png", "image/png",
                              files.photo(rng, size)) for size in sizes]  # fmt: skip
    return _single(author, start, author.person(language), author.fill(language.subjects[0]),
                   mime.multipart("mixed", parts, rng), ["Orders"])  # fmt: skip


def bounce(author: Author, start: float) -> list[Note]:
    """A delivery status notification (RFC 3464) for a mail the shop had sent."""
    rng = author.rng
    victim = f"gone{rng.randrange(100)}@{rng.choice(('old', 'left', 'typo'))}.example"
    status = "4.4.1" if rng.random() < 0.3 else "5.1.1"
    action = "delayed" if status.startswith("4") else "failed"
    lost = Letter(author.owner, [("", victim)], "Your offer", start - 60, author.new_id("lost"))
    report = (
        f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {victim}\nAction: {action}\n"
        f"Status: {status}\nDiagnostic-Code: smtp; 550 {status} no such user\n"
    )
    parts = [
        mime.text(f"Your message to {victim} could not be delivered.\n"),
        Body([("Content-Type", "message/delivery-status")], report.replace("\n", "\r\n").encode()),
        Body([("Content-Type", "message/rfc822")], mime.message(lost, mime.text("Offer below\n"))),
    ]
    body = mime.multipart("report", parts, rng, "; report-type=delivery-status")
    daemon = ("Mail Delivery System", "mailer-daemon@mx.example")
    return _single(author, start, daemon, "Undelivered Mail Returned to Sender", body, [],
                   [("Return-Path", "<>"), ("Auto-Submitted", "auto-replied")])  # fmt: skip


def auto_reply(author: Author, start: float) -> list[Note]:
    """Out of office (RFC 3834)."""
    language = author.language()
    person = author.person(language)
    body = mime.text(f"{language.hello}\n\nI am away until Monday.\n\n{language.bye}\n")
    extra = [("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All")]
    return _single(author, start, person, "Out of office", body, [], extra)


def winmail(author: Author, start: float) -> list[Note]:
    """A file wrapped in TNEF by an old Exchange server."""
    data = files.tnef("Drawings", "drawing.txt", b"width 80\nheight 120\n")
    parts = [mime.text("See attachment\n"),
             mime.attachment("winmail.dat", "application/ms-tnef", data)]  # fmt: skip
    return _single(author, start, ("Old Office", "office@legacy.example"), "Drawings",
                   mime.multipart("mixed", parts, author.rng), ["Suppliers"])  # fmt: skip


def system_note(author: Author, start: float) -> list[Note]:
    """A notification from a shop system, short and many."""
    number = author.rng.randrange(10_000, 99_999)
    body = mime.text(f"Order {number} has been paid.\n\nThis mailbox is not read.\n")
    return _single(author, start, ("Web shop", "noreply@shop.example"), f"Order {number} paid",
                   body, ["Orders/Shipped", "CATEGORY_UPDATES"],
                   [("Auto-Submitted", "auto-generated")])  # fmt: skip


def spam(author: Author, start: float) -> list[Note]:
    """What the filter caught."""
    body = mime.text("<b>You have won</b> <a href='http://win.example'>here</a>", "html")
    notes = _single(author, start, ("Prize", "win@prize.example"), "Congratulations!!!", body, [])
    return [Note(n.date, n.raw, ("SPAM", "UNREAD"), n.thread, n.message_id) for n in notes]


def _single(
    author: Author, date: float, sender: tuple[str, str], subject: str, body: Body,
    labels: Sequence[str], extra: Sequence[tuple[str, str]] = (),
) -> list[Note]:  # fmt: skip
    message_id = author.new_id(sender[1].partition("@")[2])
    letter = Letter(sender, [author.owner], subject, date, message_id, extra=list(extra))
    raw = mime.message(letter, body)
    return [Note(date, raw, author.inbox(date, *labels), message_id, message_id)]
