"""Bad mail, third shelf: machine mail, addresses, ids, dates, replies and threads."""

from __future__ import annotations

import random

from .corpus_base import Made, message

_ANSWERS = (
    ("Auto-Submitted: auto-replied", "auto-reply"),
    ("Auto-Submitted: auto-replied (vacation)", "auto-reply"),
    ("Auto-Submitted: auto-generated", "auto-generated"),
    ("Auto-Submitted: Auto-Generated; owner-email=x", "auto-generated"),
    ("Auto-Submitted: no", None),
    ("X-Autoreply: yes", "auto-reply"),
    ("X-Autorespond: out of office", "auto-reply"),
    ("Precedence: auto_reply", "auto-reply"),
    ("Precedence: bulk", "bulk"),
    ("Precedence: junk", "bulk"),
    ("Precedence: list", "list"),
    ("List-Id: <dev.example.com>", "list"),
    ("List-Unsubscribe: <https://example.com/u>", "bulk"),
    ("X-Auto-Response-Suppress: OOF, AutoReply", "auto-generated"),
    ("X-Auto-Response-Suppress: DR, RN", None),
    ("Return-Path: <>", "auto-generated"),
    ("X-Nothing: special", None),
)
_SUBJECTS = (
    "Abwesenheitsnotiz",
    "Out of office",
    "Absence du bureau",
    "Undeliverable: x",
    "自动回复",
)


def report(action: str, status: str, original: bool = True, kind: str = "delivery-status") -> bytes:
    """A report on delivery (RFC 3464) of ``<sent@example.org>`` to nobody@example.net."""
    body = (
        "--r\n\nThis is the mail system.\n\n--r\n"
        f"Content-Type: message/{kind}\n\n"
        "Reporting-MTA: dns; mx.example.com\nArrival-Date: Mon, 2 Nov 2026\n\n"
        f"Final-Recipient: rfc822; nobody@example.net\nAction: {action}\nStatus: {status}\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\n\n"
    )
    if original:
        body += "--r\nContent-Type: text/rfc822-headers\n\n"
        body += "Message-ID: <sent@example.org>\nSubject: offer\n\n"
    head = "Return-Path: <>\nAuto-Submitted: auto-replied\n"
    return message(
        head, (body + "--r--\n").encode(), f"multipart/report; report-type={kind}; boundary=r"
    )


def automatic(rng: random.Random) -> Made:
    """Bounces with and without structure, delays, receipts, abuse reports, answering machines,
    lists.
    """
    for number, (header, expected) in enumerate(_ANSWERS):
        yield f"header-{number}", message(f"{header}\n"), {"automatic": expected}
        subject = rng.choice(_SUBJECTS[:3])
        yield (
            f"header-subject-{number}",
            message(f"Subject: {subject}\n{header}\n"),
            {"automatic": expected},
        )
    yield from _reports()
    yield from _free_bounces()


def _reports() -> Made:
    words = {
        "failed": "bounce",
        "delayed": "delay",
        "delivered": "report",
        "relayed": "report",
        "expanded": "report",
    }
    for action, expected in words.items():
        for original in (True, False):
            status = {"failed": "5.1.1", "delayed": "4.4.7"}.get(action, "2.0.0")
            yield (
                f"report-{action}-{original}",
                report(action, status, original),
                {
                    "automatic": expected,
                    "reported": "<sent@example.org>" if original else None,
                    "bounced": action == "failed",
                },
            )
    yield (
        "receipt",
        report("displayed", "2.0.0", kind="disposition-notification"),
        {"automatic": "report"},
    )
    yield "abuse", report("failed", "5.0.0", kind="feedback-report"), {"automatic": "report"}


def _free_bounces() -> Made:
    """Of servers that know no RFC 3464."""
    free = b"Sorry.\n\n<nobody@example.net>: 550 5.1.1 unknown\n\n--- Below is a copy\n\n"
    free += b"Message-ID: <sent@example.org>\n"
    for number, subject in enumerate(
        ("failure notice", "Undelivered Mail Returned to Sender", "Unzustellbar: x")
    ):
        raw = message(
            f"Return-Path: <>\nFrom: MAILER-DAEMON@example.com\nSubject: {subject}\n", free
        )
        yield (
            f"free-{number}",
            raw,
            {"automatic": "bounce", "reported": "<sent@example.org>", "bounced": True},
        )
    raw = message(
        "X-Failed-Recipients: nobody@example.net\nSubject: Warning: message delayed 24 hours\n",
        free,
    )
    yield "free-delay", raw, {"automatic": "delay", "bounced": False}


_SENDERS: tuple[tuple[str, str | None], ...] = (
    ("From: a@example.com", "a@example.com"),
    ("From: <a@example.com>", "a@example.com"),
    ("From: Anna <a@EXAMPLE.com>", "a@example.com"),
    ('From: "Schmidt, Anna" <a@example.com>', "a@example.com"),
    ("From: Schmidt, Anna <a@example.com>", "a@example.com"),
    ('From: "a@bank.example" <b@evil.example>', "b@evil.example"),
    ("From: a@bank.example <b@evil.example>", "b@evil.example"),
    ("From: =?utf-8?q?a=40bank=2Eexample?= <b@evil.example>", "b@evil.example"),
    ("From: =?utf-8?q?x=2C_y=40z=2Ede=2C?= <b@evil.example>", "b@evil.example"),
    ("From: (comment) a@example.com (other)", "a@example.com"),
    ("From: Anna (nested (very) deep) <a@example.com>", "a@example.com"),
    ('From: "a b"@example.com', '"a b"@example.com'),
    ('From: "a@b"@example.com', '"a@b"@example.com'),
    ('From: "simple"@example.com', "simple@example.com"),
    ("From: a@bücher.example", "a@xn--bcher-kva.example"),
    ("From: a@BÜCHER.example", "a@xn--bcher-kva.example"),
    ("From: a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
    ("From: a@straße.example", "a@xn--strae-oqa.example"),
    ("From: Team: a@example.com, b@example.com;", "a@example.com"),
    ("From: undisclosed-recipients:;", None),
    ("From: a@example.com\nFrom: b@example.com", "a@example.com"),
    ("From: a@example.com, b@example.com\nSender: b@example.com", "b@example.com"),
    ("From: a@example.com\nSender: b@example.com", "a@example.com"),
    ("From: \nSender: b@example.com", "b@example.com"),
    ("Sender: b@example.com", "b@example.com"),
    ("Return-Path: <r@example.com>", "r@example.com"),
    ("From: nobody", None),
    ("From:", None),
    ("From: <>", None),
    ("From: @", None),
    ("From: a@", None),
    ("From: <@route.example:a@example.com>", "a@example.com"),
    ("From: a @ example.com", "a@example.com"),
    ("From: <a@example.com", "a@example.com"),
    ("From: a@example.com>", "a@example.com"),
    ("From: <<a@example.com>>", "a@example.com"),
    ("From: mailto:a@example.com", "a@example.com"),
    ("From: 'Anna' <a@example.com>", "a@example.com"),
    ("From: Jürgen <j@example.com>", "j@example.com"),
    ("From: [a@example.com]", None),
)


def addresses(rng: random.Random) -> Made:
    """Every way to write a sender, alone and among recipients of the same kind."""
    for number, (lines, expected) in enumerate(_SENDERS):
        for variant in range(5):
            others = ", ".join(
                one.partition(": ")[2].split("\n")[0] for one, _ in rng.sample(_SENDERS, variant)
            )
            raw = f"{lines}\nTo: {others}\nSubject: x\n\nhi\n".encode()
            yield f"sender-{number}-{variant}", raw, {"sender": expected}


def message_ids(rng: random.Random) -> Made:
    """Missing, empty, several, unbracketed, long, folded, forged."""
    cases: list[tuple[str, str | None]] = [
        ("", None),
        ("Message-ID:\n", None),
        ("Message-ID: <>\n", None),
        ("Message-ID:   \n", None),
        ("Message-ID: plain@example.com\n", "<plain@example.com>"),
        ("Message-ID: <no-at-sign>\n", "<no-at-sign>"),
        ("Message-ID: <[abc]@x>\n", "<[abc]@x>"),
        ("Message-ID: <a@b> <c@d>\n", "<a@b>"),
        ("Message-ID: <a@b>\nMessage-ID: <c@d>\n", "<a@b>"),
        ("Message-ID: <a b@c d>\n", "<ab@cd>"),
        ("Message-ID:\n <folded@example.com>\n", "<folded@example.com>"),
        ("Message-ID: <half\n way@example.com>\n", "<halfway@example.com>"),
        ("Message-ID: comment <a@b> trailing\n", "<a@b>"),
        ("Message-ID: <ü@example.com>\n", "<ü@example.com>"),
        ("Message-ID: <<double@example.com>>\n", "<double@example.com>"),
        ("message-id: <case@Example.COM>\n", "<case@Example.COM>"),
    ]
    for number, (header, expected) in enumerate(cases):
        for body in range(6):  # the same id on mails with different content
            raw = f"From: a@example.com\n{header}\nContent {body} {rng.random()}\n".encode()
            yield f"id-{number}-{body}", raw, {"message_id": expected}
    for length in (251, 998, 2_000, 60_000):
        raw = f"From: a@example.com\nMessage-ID: <{'x' * length}@example.com>\n\nhi\n".encode()
        yield f"long-{length}", raw, {}


_DATES = (
    "",
    "Date:",
    "Date: yesterday",
    "Date: Thu, 01 Jan 1970 00:00:00 +0000",
    "Date: Fri, 31 Dec 2099 23:59:59 +0000",
    "Date: Mon, 02 Nov 2026 10:00:00 +9999",
    "Date: Mon, 02 Nov 2026 10:00:00 XYZ",
    "Date: Mon, 02 Nov 2026 10:00:00",
    "Date: Mon, 32 Nov 2026 10:00:00 +0100",
    "Date: Mon, 02 Nov 2026 25:61:61 +0100",
    "Date: Mon, 02 Nov 99999999999999999999 10:00:00 +0100",
    "Date: Mon, 02 Nov 2026 10:00:00 +0100\nDate: Tue, 03 Nov 2026 10:00:00 +0100",
    "Date: 0000-00-00",
    "Date: Mon, 02 Nov 0000 10:00:00 +0100",
    "Date: =?utf-8?q?Mon?=",
    "Received: by mx.example.com; Mon, 02 Nov 2026 10:00:00 +0100\n"
    "Date: Mon, 02 Nov 2015 10:00:00 +0100",
)


def dates(rng: random.Random) -> Made:
    """Dates that are missing, absurd or two. All are to be flagged."""
    for number, lines in enumerate(_DATES):
        for variant in range(4):
            raw = f"From: a{variant}@example.com\n{lines}\nSubject: x\n\nhi\n".replace(
                "\n\n", "\n", not lines
            )
            yield f"date-{number}-{variant}", raw.encode(), {"flagged": "date"}


_INTRODUCTIONS = (
    "On Mon, Nov 2, 2026 at 10:00 AM Anna Schmidt <anna@example.com> wrote:",
    "On Mon, Nov 2, 2026 at 10:00 AM Anna Schmidt\n<anna@example.com> wrote:",
    "Am 02.11.2026 um 10:00 schrieb Anna Schmidt <anna@example.com>:",
    "Am Mo., 2. Nov. 2026 um 10:00 Uhr schrieb Anna Schmidt <\nanna@example.com>:",
    "Le lun. 2 nov. 2026 à 10:00, Anna Schmidt <anna@example.com> a écrit :",
    "El lun, 2 nov 2026 a las 10:00, Anna Schmidt (<anna@example.com>) escribió:",
    "Il giorno lun 2 nov 2026 alle ore 10:00 Anna <anna@example.com> ha scritto:",
    "Op ma 2 nov 2026 om 10:00 schreef Anna Schmidt <anna@example.com>:",
    "Em seg., 2 de nov. de 2026 às 10:00, Anna <anna@example.com> escreveu:",
    "pon., 2 lis 2026 o 10:00 Anna Schmidt <anna@example.com> napisał(a):",
    "Den mån 2 nov. 2026 kl 10:00 skrev Anna Schmidt <anna@example.com>:",
    "2026年11月2日(月) 10:00 Anna Schmidt <anna@example.com>さんは書きました:",
    "Anna Schmidt <anna@example.com> 于2026年11月2日周一 10:00写道：",
    "пн, 2 нояб. 2026 г. в 10:00, Anna Schmidt <anna@example.com> пишет:",
)
_BLOCKS = (
    "-----Original Message-----\nFrom: Anna\nSent: Monday\nTo: Bob\nSubject: x\n",
    "-----Ursprüngliche Nachricht-----\nVon: Anna\nGesendet: Montag\nAn: Bob\nBetreff: x\n",
    "________________________________\nFrom: Anna\nSent: Monday\nTo: Bob\nSubject: x\n",
    "De : Anna <anna@example.com>\nEnvoyé : lundi\nÀ : Bob\nObjet : x\n",
    "Von: Anna\nGesendet: Montag\nAn: Bob\nBetreff: x\n",
    "发件人: Anna\n发送时间: 2026年11月2日\n收件人: Bob\n主题: x\n",
)


def replies(rng: random.Random) -> Made:
    """Answers above, below and between quotations. ``new`` must survive cutting, ``old`` should
    not.
    """
    for number, introduction in enumerate(_INTRODUCTIONS):
        new = f"NEW{rng.randrange(10**6)} yes, please"
        quoted = "\n".join(f"> OLD line {n}" for n in range(rng.randint(1, 9)))
        forms = {
            "above": f"{new}\n\n{introduction}\n\n{quoted}\n",
            "below": f"{introduction}\n{quoted}\n\n{new}\n",
            "between": f"{introduction}\n{quoted}\n\n{new}\n\n> OLD more\n\n{new} again\n",
            "unmarked": f"{new} he wrote:\n\nwhat I NEW think\n",
            "colon": f"{new}\n\nFrom: here on it is NEW\nand NEW again\n",
            "only": f"{introduction}\n{quoted}\n",
        }
        for form, text in forms.items():
            expect: dict[str, object] = {"new": [] if form == "only" else [new]}
            expect["old"] = form not in ("only", "unmarked", "colon")
            if form in ("unmarked", "colon"):
                expect["new"] = text.split("\n")
            yield (
                f"{form}-{number}",
                message("", text.encode(), "text/plain; charset=utf-8"),
                expect,
            )
    for number, block in enumerate(_BLOCKS):
        for variant in range(3):
            new = f"NEW{rng.randrange(10**6)} see below"
            text = f"{new}\n\n{block}\nOLD text\n"
            raw = message("", text.encode(), "text/plain; charset=utf-8")
            yield f"block-{number}-{variant}", raw, {"new": [new], "old": True}


def _member(number: int, refs: str, subject: str, sender: str, to: str, minute: int) -> bytes:
    return (
        f"From: {sender}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{number}@t.example>\n{refs}"
        f"Date: Mon, 02 Nov 2026 {10 + minute // 60:02d}:{minute % 60:02d}:00 +0000\n\nhi\n"
    ).encode()


def threads(rng: random.Random) -> Made:
    """Messages of the mailbox us@own.example in groups; ``conversation`` is the group each belongs
    to.

    Customers a and b never share one, whatever their References claim.
    """
    ours = "us@own.example"
    for case in range(25):
        base = case * 10_000
        for customer in ("a", "b"):
            other = f"{customer}{case}@{customer}{case}.example"
            start = base + (5_000 if customer == "b" else 0)
            stolen = f" <{base}@t.example>" if customer == "b" else ""
            size = 1_000 if case == 24 and customer == "a" else rng.randint(2, 6)
            for number in range(start, start + size):
                parents = [f"<{one}@t.example>" for one in range(max(start, number - 3), number)]
                if number % 3 == 0:
                    parents.append(f"<{number}@t.example>")  # a loop
                named = "".join(f" {one}" for one in parents) + stolen
                refs = f"References:{named}\n" if named else ""
                sender, to = (other, ours) if number % 2 == 0 else (ours, other)
                subject = "Re: Offer" if number > start else "Offer"
                raw = _member(number, refs, subject, sender, to, (number - start) % 600)
                yield f"{case}-{customer}-{number}", raw, {"conversation": f"{case}-{customer}"}
