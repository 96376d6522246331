"""The ``q`` language, and b37: plain dates are Pacific time."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from mailbox_sandbox import Account


def _found(gmail: Any, q: str) -> set[str]:
    return {row["id"] for row in gmail.get("messages", q=q).get("messages", [])}


def test_b37_plain_dates_are_midnight_in_california(
    gmail: Any, account: Account, mail: Any
) -> None:
    def at(hour: int) -> str:
        moment = datetime.datetime(2026, 3, 2, hour, tzinfo=datetime.timezone.utc)
        return account.deliver(mail(), date=moment.timestamp()).id

    early, late = at(7), at(9)
    assert _found(gmail, "after:2026/03/02") == {late}
    assert _found(gmail, "before:2026/03/02") == {early}
    assert _found(gmail, "after:2026-03-02") == {late}
    seconds = int(datetime.datetime(2026, 3, 2, 8, tzinfo=datetime.timezone.utc).timestamp())
    assert _found(gmail, f"after:{seconds}") == {late}
    assert _found(gmail, f"before:{seconds}") == {early}
    assert _found(gmail, "older_than:1d") == {early, late} and not _found(gmail, "newer_than:1d")


@pytest.fixture
def three(account: Account, mail: Any) -> dict[str, str]:
    label = account.add_label("Big Orders")
    offer = account.deliver(
        mail("Offer for chairs", "Ten oak chairs, please\r\n", From="Ann Oak <ann@oak.example>",
             Cc="cc@example.net", List_Id="<wood.lists.example>", Message_ID="<offer@oak>"),
        labels=["INBOX", "UNREAD", label], date=1_790_000_000,
    )  # fmt: skip
    invoice = account.deliver(
        b'From: bill@lumen.example\r\nTo: demo@example.com\r\nSubject: Invoice 7\r\n'
        b'X-Kind: bill\r\n'
        b'Content-Type: multipart/mixed; boundary="q"\r\n\r\n--q\r\n\r\npay oak\r\n--q\r\n'
        b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=bill-7.pdf\r\n"
        b"\r\n" + b"%" * 5000 + b"\r\n--q--\r\n",
        labels=["INBOX", "STARRED"], date=1_791_000_000,
    )  # fmt: skip
    archived = account.deliver(
        mail("Old chairs", "gone", From="bob@old.example"), labels=["IMPORTANT"], date=1_600_000_000
    )
    return {"offer": offer.id, "invoice": invoice.id, "archived": archived.id}


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("from:ann", "offer"),
        ("from:oak.example", "offer"),
        ("to:demo@example.com", "offer invoice archived"),
        ("cc:cc@example.net", "offer"),
        ("subject:invoice", "invoice"),
        ("subject:(chairs offer)", "offer"),
        ("label:big-orders", "offer"),
        ("label:Big Orders", ""),
        ("label:inbox", "offer invoice"),
        ("list:wood.lists.example", "offer"),
        ("rfc822msgid:offer@oak", "offer"),
        ("header:X-Kind=bill", "invoice"),
        ("has:attachment", "invoice"),
        ("filename:pdf", "invoice"),
        ("filename:bill-7.pdf", "invoice"),
        ("has:userlabels", "offer"),
        ("in:inbox", "offer invoice"),
        ("in:archive", "archived"),
        ("is:unread", "offer"),
        ("is:read", "invoice archived"),
        ("is:starred", "invoice"),
        ("is:important", "archived"),
        ("larger:4k", "invoice"),
        ("smaller:4k", "offer archived"),
        ("size:4000", "invoice"),
        ("oak", "offer invoice"),
        ("oak -from:ann", "invoice"),
        ("chairs OR bill-7.pdf", "offer invoice archived"),
        ("{subject:offer subject:invoice}", "offer invoice"),
        ('"oak chairs"', "offer"),
        ("(oak chairs) is:unread", "offer"),
        ("-in:inbox", "archived"),
        ("after:2030/01/01", ""),
        ("before:1650000000", "archived"),
        ("in:inbox (from:ann OR is:starred)", "offer invoice"),
        ("-{from:ann is:starred}", "archived"),
        ("after:nonsense", ""),
        ("unknownop:x", ""),
        ("()", "offer invoice archived"),
    ],
)
def test_operators(q: str, names: str, gmail: Any, three: dict[str, str]) -> None:
    assert _found(gmail, q) == {three[name] for name in names.split()}


def test_search_pages(gmail: Any, three: dict[str, str]) -> None:
    first = gmail.get("messages", q="is:read", maxResults=1)
    rest = gmail.get("messages", q="is:read", maxResults=1, pageToken=first["nextPageToken"])
    assert first["messages"][0]["id"] == three["invoice"]
    assert rest["messages"][0]["id"] == three["archived"] and "nextPageToken" not in rest
