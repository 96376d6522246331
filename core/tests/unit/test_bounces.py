"""Delivery reports as servers really write them (RFC 3464 and what came before it): what failed,
for whom, and which mail of ours it was."""

from __future__ import annotations

import base64
from email import message_from_bytes

import pytest

from mailbox_core.mime import parse
from mailbox_core.mime.classify import delivery_report

SENT = "<172.offer.42@odoo.example>"
WHO = "bob@shop.test"

_ORIGINAL = f"""Received: from odoo.example by mx.example; Sun, 1 Nov 2026 10:00:00 +0000
Message-ID: {SENT}
From: Ada <ada@example.org>
To: Bob <{WHO}>
Subject: Offer

Dear Bob
"""


def _report(
    status: str,
    head: str,
    *,
    text: str = "It could not be delivered.\n",
    original: str = "message/rfc822",
    encoding: str = "",
) -> bytes:
    copy = _ORIGINAL if original == "message/rfc822" else _ORIGINAL.partition("\n\n")[0] + "\n"
    if encoding:
        status = base64.b64encode(status.encode()).decode() + "\n"
    extra = f"Content-Transfer-Encoding: {encoding}\n" if encoding else ""
    return (
        f"{head}MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b=_1"\n\n'
        f"--b=_1\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
        f"--b=_1\nContent-Type: message/delivery-status\n{extra}\n{status}\n"
        f"--b=_1\nContent-Type: {original}\n\n{copy}\n--b=_1--\n"
    ).encode()


EXCHANGE_ONLINE = _report(
    "Reporting-MTA: dns;AM0PR08MB1.eurprd08.prod.outlook.com\n"
    "Received-From-MTA: dns;odoo.example\nArrival-Date: Sun, 1 Nov 2026 10:00:01 +0000\n\n"
    f"Final-Recipient: rfc822;{WHO}\nAction: failed\nStatus: 5.1.10\n"
    "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found\n"
    " by SMTP address lookup\n",
    "From: Microsoft Outlook\n <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.org>\n"
    "To: ada@example.org\nSubject: Undeliverable: Offer\nAuto-Submitted: auto-replied\n"
    "X-MS-Exchange-Message-Is-Ndr:\n",
)
EXCHANGE_SERVER = _report(
    "Reporting-MTA: dns;ex01.corp.local\n\n"
    f"Original-Recipient: rfc822;{WHO}\nFinal-Recipient: RFC822;{WHO.upper()}\n"
    "Action: failed\nStatus: 5.7.1\nRemote-MTA: dns;mx.shop.test\n"
    "Diagnostic-Code: smtp;550 5.7.1 Unable to relay\nX-Display-Name: Bob\n",
    "From: postmaster@corp.local\nSubject: Unzustellbar: Offer\n",
    encoding="base64",
)
POSTFIX = _report(
    "Reporting-MTA: dns; mail.example.org\nX-Postfix-Queue-ID: 4F1\n"
    "X-Postfix-Sender: rfc822; ada@example.org\n\n"
    f"Final-Recipient: rfc822; {WHO}\nOriginal-Recipient: rfc822;{WHO}\nAction: failed\n"
    f"Status: 5.1.1\nRemote-MTA: dns; mx.shop.test\nDiagnostic-Code: smtp; 550 5.1.1 <{WHO}>:\n"
    "    Recipient address rejected: User unknown\n",
    "From: MAILER-DAEMON@example.org (Mail Delivery System)\nReturn-Path: <>\n"
    "Subject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\n",
    original="text/rfc822-headers",
)
GMAIL = (
    "Return-Path: <>\nFrom: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\n"
    "To: ada@example.org\nAuto-Submitted: auto-replied\n"
    "Subject: Delivery Status Notification (Failure)\n"
    f"References: {SENT}\nIn-Reply-To: {SENT}\nX-Failed-Recipients: {WHO}\n"
    'Content-Type: multipart/report; boundary="0000"; report-type=delivery-status\n\n'
    '--0000\nContent-Type: multipart/related; boundary="0001"\n\n'
    '--0001\nContent-Type: multipart/alternative; boundary="0002"\n\n'
    "--0002\nContent-Type: text/plain; charset=utf-8\n\n** Address not found **\n"
    "--0002\nContent-Type: text/html; charset=utf-8\n\n<p>Address not found</p>\n--0002--\n"
    '--0001\nContent-Type: image/png; name="icon.png"\nContent-ID: <icon.png>\n'
    "Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--0001--\n"
    "--0000\nContent-Type: message/delivery-status\n\n"
    "Reporting-MTA: dns; googlemail.com\nArrival-Date: Sun, 01 Nov 2026 02:00:00 -0800 (PST)\n"
    "X-Original-Message-ID: <172.offer.42@odoo.example>\n\n"
    f"Final-Recipient: rfc822; {WHO}\nAction: failed\nStatus: 5.1.1\n"
    "Remote-MTA: dns; mx.shop.test. (192.0.2.1, the server for the domain shop.test.)\n"
    "Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.\n"
    "Last-Attempt-Date: Sun, 01 Nov 2026 02:00:00 -0800 (PST)\n\n"
    "--0000\nContent-Type: message/rfc822\n\n"
    "X-Google-DKIM-Signature: v=1\nX-Mailbox-Message-Id: <172.offer.42@odoo.example>\n"
    "Message-ID: <CAF=rewritten@mail.gmail.com>\nSubject: Offer\n\nDear Bob\n--0000--\n"
).encode()
QMAIL = (
    "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nTo: ada@example.org\n"
    "Subject: failure notice\n\n"
    "Hi. This is the qmail-send program at mx.example.\n"
    "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
    "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
    f"<{WHO}>:\n192.0.2.9 does not like recipient.\n"
    "Remote host said: 550 sorry, no mailbox here by that name (#5.1.1)\nGiving up.\n\n"
    f"--- Below this line is a copy of the message.\n\nReturn-Path: <ada@example.org>\n{_ORIGINAL}"
).encode()
QMAIL_LATER = QMAIL.replace(b"(#5.1.1)", b"").replace(
    b"--- Below this line is a copy of the message.",
    b"--- Below this line is a copy of the message.\n",
)
YAHOO = (
    "From: MAILER-DAEMON@yahoo.test\nTo: ada@example.org\nSubject: Failure Notice\n"
    'Content-Type: multipart/mixed; boundary="y"\n\n'
    "--y\nContent-Type: text/plain\n\n"
    "Sorry, we were unable to deliver your message to the following address.\n\n"
    f"<{WHO}>:\n550: 5.1.1 User unknown\n\n--- Below this line is a copy of the message.\n"
    f"--y\nContent-Type: message/rfc822\n\n{_ORIGINAL}\n--y--\n"
).encode()
EXIM = (
    f"Return-path: <>\nX-Failed-Recipients: {WHO}\nAuto-Submitted: auto-replied\n"
    "From: Mail Delivery System <Mailer-Daemon@exim.example>\nTo: ada@example.org\n"
    "Subject: Mail delivery failed: returning message to sender\n\n"
    "This message was created automatically by mail delivery software.\n\n"
    "A message that you sent could not be delivered to one or more of its\n"
    "recipients. This is a permanent error. The following address(es) failed:\n\n"
    f"  {WHO}\n    host mx.shop.test [192.0.2.1]\n    550 5.1.1 unknown user\n\n"
    f"------ This is a copy of the message, including all the headers. ------\n\n{_ORIGINAL}"
).encode()
EXCHANGE_OLD = (
    "From: System Administrator <postmaster@corp.local>\nReturn-Path: <>\n"
    "Subject: Undeliverable: Offer\nContent-Type: multipart/mixed; boundary=x\n\n"
    "--x\nContent-Type: text/plain\n\n"
    "Your message did not reach some or all of the intended recipients.\n\n"
    "      Subject:  Offer\n      Sent:     11/1/2026 10:00 AM\n\n"
    "The following recipient(s) cannot be reached:\n\n"
    f"      {WHO} on 11/1/2026 10:00 AM\n"
    "            The e-mail account does not exist at the organization this message was sent to.\n"
    "            <corp.local #5.1.1>\n"
    f"--x\nContent-Type: message/rfc822\n\n{_ORIGINAL}\n--x--\n"
).encode()
SENDMAIL = _report(
    "Reporting-MTA: dns; sm.example\n\n"
    f"Final-Recipient: RFC822; {WHO}\nAction: failed\nStatus: 5.1.1\n"
    f"Remote-MTA: DNS; mx.shop.test\nDiagnostic-Code: SMTP; 550 5.1.1 <{WHO}>... User unknown\n",
    "From: Mail Delivery Subsystem <MAILER-DAEMON@sm.example>\n"
    "Subject: Returned mail: see transcript for details\nReturn-Path: <MAILER-DAEMON@sm.example>\n",
)
DOMINO = _report(
    f"Reporting-MTA: dns;domino.example\n\nFinal-Recipient: rfc822;{WHO}\nAction: failed\n"
    "Status: 5.1.1\nDiagnostic-Code: X-Notes;No such user\n",
    "From: Postmaster@domino.example\nSubject: DELIVERY FAILURE: User not listed\n",
)
NO_ACTION = _report(
    f"Reporting-MTA: dns; odd.example\n\nFinal-Recipient: rfc822; {WHO}\nStatus: 5.2.2 (full)\n",
    "From: postmaster@odd.example\nSubject: Mail delivery problem\n",
)
GLOBAL = _report(
    f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: utf-8; {WHO}\nAction: failed\n"
    "Status: 5.6.7\n",
    "From: MAILER-DAEMON@mx.example\nSubject: Undelivered\n",
).replace(b"message/delivery-status\n", b"message/global-delivery-status\n")

FAILED = {
    "Exchange Online": EXCHANGE_ONLINE,
    "Exchange Server, base64": EXCHANGE_SERVER,
    "Exchange 2003, free text": EXCHANGE_OLD,
    "Postfix": POSTFIX,
    "Gmail": GMAIL,
    "qmail": QMAIL,
    "qmail without a code": QMAIL_LATER,
    "Yahoo": YAHOO,
    "Exim": EXIM,
    "Sendmail": SENDMAIL,
    "Domino": DOMINO,
    "no action": NO_ACTION,
    "RFC 6533": GLOBAL,
}


@pytest.mark.parametrize("name", sorted(FAILED))
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_what_failed_for_whom_and_which_mail_it_was(name: str, ends: str) -> None:
    raw = FAILED[name].replace(b"\n", ends.encode())
    assert parse(raw).automatic == "bounce"
    report = delivery_report(raw)
    assert report is not None
    assert report.message_id == SENT
    assert [(one.recipient, one.action) for one in report.recipients] == [(WHO, "failed")]
    assert report.bounced
    status = report.recipients[0].status
    assert status is None or status.startswith("5.")


DELAYED = (
    "From: Mail Delivery System <Mailer-Daemon@exim.example>\nAuto-Submitted: auto-replied\n"
    "Subject: Warning: message 1abc delayed 24 hours\nTo: ada@example.org\n\n"
    "A message that you sent has not yet been delivered to one or more of its\n"
    f"recipients. The address to which the message has not yet been delivered is:\n\n  {WHO}\n"
).encode()
POSTFIX_DELAYED = POSTFIX.replace(b"Action: failed", b"Action: delayed").replace(b"5.1.1", b"4.4.1")
DELIVERED = POSTFIX.replace(b"Action: failed", b"Action: delivered").replace(b"5.1.1", b"2.0.0")


@pytest.mark.parametrize("raw", [DELAYED, POSTFIX_DELAYED, DELIVERED])
def test_what_is_late_or_arrived_is_no_bounce(raw: bytes) -> None:
    assert parse(raw).automatic in ("delay", "report")
    report = delivery_report(raw)
    assert report is not None
    assert not report.bounced


@pytest.mark.parametrize(
    "raw",
    [
        # People who write about deliveries, or answer such a mail.
        b"From: Bob <bob@shop.test>\nSubject: Re: failure notice\n\n<ada@example.org>:\nhello\n",
        b"From: Bob <bob@shop.test>\nSubject: Undelivered parcels\n\nWhere are they?\n",
        b"From: Eve <eve@evil.test>\nSubject: hi\n\nHi. This is the qmail-send program at x.\n",
    ],
)
def test_what_people_write_is_no_bounce(raw: bytes) -> None:
    assert parse(raw).automatic is None
    assert delivery_report(raw) is None


def test_the_text_names_no_more_than_the_addresses_that_failed() -> None:
    """Neither the sender's own address nor those in the copy of the mail."""
    report = delivery_report(QMAIL)
    assert report is not None
    assert len(report.recipients) == 1
    two = QMAIL.replace(b"--- Below", b"<carl@shop.test>:\nno mailbox (#5.1.1)\n\n--- Below")
    found = delivery_report(two)
    assert found is not None
    assert [one.recipient for one in found.recipients] == [WHO, "carl@shop.test"]


def test_the_samples_are_mails_at_all() -> None:
    for raw in FAILED.values():
        assert message_from_bytes(raw)["Subject"]
