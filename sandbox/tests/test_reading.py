"""Gmail behaviours when reading (numbers as in FIDELITY.md)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from mailbox_sandbox import Account, Sandbox


def _ids(data: dict[str, Any]) -> list[str]:
    return [row["id"] for row in data.get("messages", [])]


def test_b15_empty_collections_are_missing(gmail: Any, account: Account, mail: Any) -> None:
    listed = gmail.get("messages")
    assert "messages" not in listed and listed["resultSizeEstimate"] == 0
    start = gmail.get("profile")["historyId"]
    assert set(gmail.get("history", startHistoryId=start)) == {"historyId"}
    archived = account.deliver(mail(), labels=())
    assert "labelIds" not in gmail.get(f"messages/{archived.id}")


def test_b16_64_bit_numbers_are_strings(gmail: Any, account: Account, mail: Any) -> None:
    message = gmail.get(f"messages/{account.deliver(mail()).id}")
    assert isinstance(message["historyId"], str) and isinstance(message["internalDate"], str)
    assert isinstance(message["sizeEstimate"], int)


def test_b17_list_gives_ids_newest_first_and_a_useless_estimate(
    gmail: Any, account: Account, mail: Any
) -> None:
    dates = [1_700_000_000 + offset for offset in (50, 10, 90, 30)]
    made = {date: account.deliver(mail(), date=date).id for date in dates}
    listed = gmail.get("messages")
    assert _ids(listed) == [made[date] for date in sorted(dates, reverse=True)]
    assert set(listed["messages"][0]) == {"id", "threadId"}
    assert gmail.get("messages", maxResults=1)["resultSizeEstimate"] == 201


def test_b18_page_token_expires_belongs_to_its_query_and_may_repeat(
    gmail: Any, account: Account, mail: Any, sandbox: Sandbox
) -> None:
    for _ in range(7):
        account.deliver(mail())
    first = gmail.get("messages", maxResults=3)
    token = first["nextPageToken"]
    second = gmail.get("messages", maxResults=3, pageToken=token)
    assert not set(_ids(first)) & set(_ids(second))
    assert gmail.refused("GET", "messages", params={"pageToken": token, "q": "x"})[0] == 400
    assert gmail.refused("GET", "messages", params={"pageToken": "nonsense"})[0] == 400
    sandbox.faults.add(call="messages.list", fault="repeat_items")
    again = gmail.get("messages", maxResults=3, pageToken=token)
    assert _ids(again)[0] == _ids(first)[-1]
    sandbox.faults.add(call="messages.list", fault="page_token_expired", skip=1)
    gmail.get("messages", maxResults=3, pageToken=token)
    assert gmail.refused("GET", "messages", params={"pageToken": token})[0] == 400
    sandbox.world.settings.page_token_ttl = 60.0
    sandbox.clock.advance(61)
    assert gmail.refused("GET", "messages", params={"pageToken": token})[0] == 400


@pytest.mark.parametrize(("paging", "hidden"), [("key", 0), ("offset", 1)])
def test_f17_deletion_while_paging_hides_a_message_only_with_offset_paging(
    paging: str, hidden: int, gmail: Any, account: Account, mail: Any, sandbox: Sandbox
) -> None:
    sandbox.world.settings.list_paging = paging
    made = {account.deliver(mail()).id for _ in range(6)}
    first = gmail.get("messages", maxResults=2)
    account.delete(_ids(first)[0])
    rest = gmail.get("messages", maxResults=100, pageToken=first["nextPageToken"])
    assert len(made - set(_ids(first)) - set(_ids(rest))) == hidden


def test_b23_get_after_history_may_be_404(
    gmail: Any, account: Account, mail: Any, sandbox: Sandbox
) -> None:
    gone = account.deliver(mail())
    account.delete(gone.id)
    assert gmail.refused("GET", f"messages/{gone.id}") == (404, "notFound")
    there = account.deliver(mail())
    sandbox.faults.add(call="messages.get", fault="missing_after_history")
    assert gmail.refused("GET", f"messages/{there.id}") == (404, "notFound")
    gmail.get(f"messages/{there.id}")


def _with_files() -> bytes:
    small, big = base64.b64encode(b"tiny"), base64.encodebytes(bytes(range(256)) * 20)
    return (
        b"From: a@example.net\r\nSubject: files\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="q"\r\n\r\n'
        b"--q\r\nContent-Type: text/plain\r\n\r\nsee files\r\n"
        b"--q\r\nContent-Type: text/plain; name=s.txt\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; filename=s.txt\r\n\r\n" + small + b"\r\n"
        b"--q\r\nContent-Type: application/pdf; name=b.pdf\r\nContent-Transfer-Encoding: base64"
        b"\r\nContent-Disposition: attachment; filename=b.pdf\r\n\r\n" + big + b"\r\n"
        b"--q\r\nContent-Type: text/plain\r\n\r\n" + b"x" * 300_000 + b"\r\n--q--\r\n"
    )


def test_b26_attachment_ids_change_and_expire(
    gmail: Any, account: Account, sandbox: Sandbox
) -> None:
    message = account.deliver(_with_files())
    both = [gmail.get(f"messages/{message.id}")["payload"]["parts"][2]["body"] for _ in range(2)]
    assert both[0]["attachmentId"] != both[1]["attachmentId"]
    for body in both:
        path = f"messages/{message.id}/attachments/{body['attachmentId']}"
        found = gmail.get(path)
        assert base64.urlsafe_b64decode(found["data"]) == bytes(range(256)) * 20
        assert found["size"] == body["size"] == 5120
    sandbox.clock.advance(3601)
    path = f"messages/{message.id}/attachments/{both[0]['attachmentId']}"
    connected = sandbox.grant("demo@example.com", "cid", ["https://mail.google.com/"])
    gmail.session.headers["Authorization"] = "Bearer " + connected["access_token"]
    assert gmail.refused("GET", path)[0] == 400
    assert gmail.refused("GET", f"messages/{message.id}/attachments/ANGjdJfoo")[0] == 400


def test_b27_small_file_inline_and_big_text_as_attachment(gmail: Any, account: Account) -> None:
    message = account.deliver(_with_files())
    parts = gmail.get(f"messages/{message.id}")["payload"]["parts"]
    assert base64.urlsafe_b64decode(parts[0]["body"]["data"]) == b"see files"
    assert base64.urlsafe_b64decode(parts[1]["body"]["data"]) == b"tiny"
    assert parts[1]["filename"] == "s.txt"
    assert "data" not in parts[3]["body"] and parts[3]["body"]["attachmentId"]
    assert [part["partId"] for part in parts] == ["0", "1", "2", "3"]


def test_b28_headers_keep_case_order_duplicates_and_utf8(gmail: Any, account: Account) -> None:
    raw = (
        "Received: one\r\nReceived: two\r\nMessage-Id: <x@y>\r\nsubject: Grüße\r\n"
        "X-Folded: a\r\n b\r\nFrom: =?utf-8?q?J=C3=BCrgen?= <j@example.net>\r\n\r\nhi\r\n"
    ).encode()
    message = account.deliver(raw)
    fields = gmail.get(f"messages/{message.id}", format="metadata")["payload"]["headers"]
    assert [(f["name"], f["value"]) for f in fields] == [
        ("Received", "one"), ("Received", "two"), ("Message-Id", "<x@y>"), ("subject", "Grüße"),
        ("X-Folded", "a b"), ("From", "Jürgen <j@example.net>"),
    ]  # fmt: skip
    wanted = {"format": "metadata", "metadataHeaders": ["message-id", "RECEIVED"]}
    fields = gmail.get(f"messages/{message.id}", **wanted)["payload"]["headers"]
    assert [f["name"] for f in fields] == ["Received", "Received", "Message-Id"]


def test_b47_snippet_is_html_escaped(gmail: Any, account: Account, mail: Any) -> None:
    message = account.deliver(mail(text='1 < 2 & "three"\r\n'))
    found = gmail.get(f"messages/{message.id}", format="minimal")["snippet"]
    assert found == "1 &lt; 2 &amp; &quot;three&quot;"


def test_formats(gmail: Any, account: Account, mail: Any) -> None:
    message = account.deliver(mail())
    path = f"messages/{message.id}"
    assert "payload" not in gmail.get(path, format="minimal")
    raw = gmail.get(path, format="raw")
    assert base64.urlsafe_b64decode(raw["raw"]) == message.raw and "payload" not in raw
    assert "body" not in gmail.get(path, format="metadata")["payload"]
    full = gmail.get(path)["payload"]
    assert full["body"]["size"] == 6 and "parts" not in full
    assert gmail.refused("GET", path, params={"format": "everything"})[0] == 400


def test_rfc822_parts_are_expanded_and_numbered(gmail: Any, account: Account) -> None:
    raw = (
        b'From: a@example.net\r\nContent-Type: multipart/mixed; boundary="q"\r\n\r\n--q\r\n'
        b'Content-Type: multipart/alternative; boundary="r"\r\n\r\n--r\r\n\r\nplain\r\n--r\r\n'
        b"Content-Type: text/html\r\n\r\n<p>\r\n--r--\r\n"
        b"--q\r\nContent-Type: message/rfc822\r\n\r\n"
        b"Subject: inner\r\n\r\ninside\r\n--q--\r\n"
    )
    payload = gmail.get(f"messages/{account.deliver(raw).id}")["payload"]
    assert [part["partId"] for part in payload["parts"][0]["parts"]] == ["0.0", "0.1"]
    inner = payload["parts"][1]
    assert inner["mimeType"] == "message/rfc822"
    assert inner["parts"][0]["headers"][0] == {"name": "Subject", "value": "inner"}


def test_hundred_and_more_boxes_and_other_horrors_are_answered(
    gmail: Any, account: Account, sandbox: Sandbox
) -> None:
    deep = b"From: a@example.net\r\n" + b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(3000)
    )
    many = b'From: a@b.example\r\nContent-Type: multipart/mixed; boundary="q"\r\n\r\n' + (
        b"--q\r\n\r\nx\r\n" * 30_000
    )
    for raw in (deep, many, b"", b"\x00", b"no header at all", b"Subject: x"):
        message = account.deliver(raw)
        for shape in ("full", "metadata", "minimal", "raw"):
            gmail.get(f"messages/{message.id}", format=shape)


def test_threads_group_replies_and_are_oldest_first(
    gmail: Any, account: Account, mail: Any
) -> None:
    first = account.deliver(mail("Plan", Message_ID="<one@x>"), date=1_700_000_000)
    second = account.deliver(
        mail("Re: Plan", In_Reply_To="<one@x>", References="<one@x>"), date=1_700_000_100
    )
    other = account.deliver(mail("Other", In_Reply_To="<one@x>"), date=1_700_000_200)
    assert first.thread_id == second.thread_id == first.id != other.thread_id
    thread = gmail.get(f"threads/{first.thread_id}", format="minimal")
    assert [m["id"] for m in thread["messages"]] == [first.id, second.id]
    listed = gmail.get("threads")["threads"]
    assert [row["id"] for row in listed] == [other.thread_id, first.thread_id]
    gmail.post(f"threads/{first.id}/modify", {"removeLabelIds": ["UNREAD"]})
    assert "UNREAD" not in first.labels | second.labels and "UNREAD" in other.labels
    gmail.post(f"threads/{first.id}/trash")
    assert [row["id"] for row in gmail.get("threads")["threads"]] == [other.thread_id]
    gmail.post(f"threads/{first.id}/untrash")
    assert gmail.call("DELETE", f"threads/{first.id}").status_code == 204
    assert gmail.refused("GET", f"threads/{first.id}") == (404, "notFound")


def test_spam_and_trash_are_hidden_unless_asked_for(
    gmail: Any, account: Account, mail: Any
) -> None:
    plain, junk = account.deliver(mail()), account.deliver(mail(), labels=("SPAM",))
    binned = account.deliver(mail())
    account.trash(binned.id)
    assert _ids(gmail.get("messages")) == [plain.id]
    assert set(_ids(gmail.get("messages", includeSpamTrash="true"))) == {
        plain.id, junk.id, binned.id
    }  # fmt: skip
    assert _ids(gmail.get("messages", labelIds="TRASH")) == [binned.id]
    assert _ids(gmail.get("messages", q="in:spam")) == [junk.id]
    assert len(_ids(gmail.get("messages", q="in:anywhere"))) == 3
    assert _ids(gmail.get("messages", labelIds=["INBOX", "UNREAD"])) == [plain.id]
    assert gmail.refused("GET", "messages", params={"labelIds": "NOPE"})[0] == 400


def test_list_lag_shows_news_late_everywhere(
    gmail: Any, account: Account, mail: Any, sandbox: Sandbox
) -> None:
    start = gmail.get("profile")["historyId"]
    fault = sandbox.faults.add(call="*", fault="list_lag", times=None, seconds=120)
    message = account.deliver(mail())
    assert "messages" not in gmail.get("messages")
    found = gmail.get("history", startHistoryId=start)
    assert "history" not in found and int(found["historyId"]) < message.history_id
    assert gmail.refused("GET", f"messages/{message.id}")[0] == 404
    sandbox.clock.advance(121)
    assert _ids(gmail.get("messages")) == [message.id]
    assert gmail.get("history", startHistoryId=found["historyId"])["history"]
    assert sandbox.faults.remove(fault)
