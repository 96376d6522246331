"""Gmail behaviours when changing, sending and drafting (numbers as in FIDELITY.md)."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import requests

from mailbox_sandbox import Account, Sandbox, headers


def _raw(data: bytes, padded: bool = True) -> str:
    text = base64.urlsafe_b64encode(data).decode()
    return text if padded else text.rstrip("=")


def _head(account: Account, message_id: str, name: str) -> str:
    return headers.get(account.messages[message_id].fields, name)


def test_b25_draft_edit_changes_the_message_id(gmail: Any, account: Account, mail: Any) -> None:
    made = gmail.post("drafts", {"message": {"raw": _raw(mail("One"))}})
    start = gmail.get("profile")["historyId"]
    reply = gmail.call(
        "PUT", f"drafts/{made['id']}", json={"message": {"raw": _raw(mail("Two"))}}
    ).json()
    assert reply["id"] == made["id"] and reply["message"]["id"] != made["message"]["id"]
    records = gmail.get("history", startHistoryId=start)["history"]
    assert "messagesDeleted" in records[0] and "messagesAdded" in records[1]
    listed = gmail.get("drafts")["drafts"]
    assert [row["id"] for row in listed] == [made["id"]]
    found = gmail.get(f"drafts/{made['id']}", format="raw")
    assert b"Subject: Two" in base64.urlsafe_b64decode(found["message"]["raw"])
    path = f"messages/{reply['message']['id']}/modify"
    assert gmail.refused("POST", path, json={"addLabelIds": ["STARRED"]})[0] == 400
    sent = gmail.post("drafts/send", {"id": made["id"]})
    assert "SENT" in sent["labelIds"] and sent["id"] != reply["message"]["id"]
    assert "drafts" not in gmail.get("drafts")
    assert gmail.refused("GET", f"drafts/{made['id']}") == (404, "notFound")


def test_draft_can_be_deleted(gmail: Any, account: Account, mail: Any) -> None:
    made = gmail.post("drafts", {"message": {"raw": _raw(mail())}})
    assert gmail.call("DELETE", f"drafts/{made['id']}").status_code == 204
    assert not account.messages


def test_b29_send_rewrites_message_id_and_from(
    gmail: Any, account: Account, mail: Any, sandbox: Sandbox
) -> None:
    raw = mail(To="x@outside.example", Bcc="hidden@outside.example", Message_ID="<mine@odoo>")
    sent = gmail.post("messages/send", {"raw": _raw(raw)})
    assert sent["labelIds"] == ["SENT"]
    assert _head(account, sent["id"], "Message-ID") != "<mine@odoo>"
    assert _head(account, sent["id"], "From") == "Demo Person <demo@example.com>"
    assert "gmailapi.google.com with HTTPREST" in _head(account, sent["id"], "Received")
    [posted] = sandbox.world.outbox
    assert posted.recipients == ("x@outside.example", "hidden@outside.example")
    assert b"hidden" not in posted.raw
    sandbox.world.settings.rewrite_message_id = False
    kept = gmail.post("messages/send", {"raw": _raw(raw)})
    assert _head(account, kept["id"], "Message-ID") == "<mine@odoo>"


def test_send_reaches_other_accounts_of_the_world(
    gmail: Any, account: Account, mail: Any, sandbox: Sandbox
) -> None:
    other = sandbox.world.add_account("other@example.com")
    gmail.post("messages/send", {"raw": _raw(mail(To="Other <other+tag@example.com>"))})
    [arrived] = other.messages.values()
    assert arrived.labels == {"INBOX", "UNREAD"}
    assert gmail.refused("POST", "messages/send", json={"raw": _raw(mail(To=""))})[0] == 400


def test_b30_lost_reply_means_sent(
    gmail: Any, account: Account, mail: Any, sandbox: Sandbox
) -> None:
    sandbox.faults.add(call="messages.send", fault="lose_reply")
    with pytest.raises(requests.ConnectionError):
        gmail.post("messages/send", {"raw": _raw(mail(To="x@outside.example"))})
    assert len(sandbox.world.outbox) == 1 and len(account.messages) == 1


def test_b31_thread_rules(gmail: Any, account: Account, mail: Any, sandbox: Sandbox) -> None:
    first = account.deliver(mail("Plan", Message_ID="<one@x>"))
    reply = {"In_Reply_To": "<one@x>", "References": "<one@x>", "To": "x@y.example"}

    def send(subject: str, thread: str, **fields: str) -> Any:
        body = {"raw": _raw(mail(subject, **fields)), "threadId": thread}
        return gmail.call("POST", "messages/send", json=body)

    foreign = send("Re: Plan", "1122334455667788", **reply)
    assert foreign.status_code == 400
    assert foreign.json()["error"]["message"] == "Invalid thread_id value"
    assert send("Re: Plan", first.id, **reply).json()["threadId"] == first.thread_id
    assert send("Other", first.id, **reply).json()["threadId"] != first.thread_id
    assert send("Plan", first.id, To="x@y.example").json()["threadId"] != first.thread_id
    sandbox.world.settings.forced_thread = "lenient"
    assert send("Other", first.id, **reply).json()["threadId"] == first.thread_id


def test_b32_mail_to_oneself_is_one_message(gmail: Any, account: Account, mail: Any) -> None:
    sent = gmail.post("messages/send", {"raw": _raw(mail(To="demo@example.com"))})
    assert len(account.messages) == 1
    assert account.messages[sent["id"]].labels == {"UNREAD", "SENT", "INBOX"}


def test_b33_insert_by_the_user_gets_sent(gmail: Any, account: Account, mail: Any) -> None:
    own = gmail.post("messages", {"raw": _raw(mail(From="demo@example.com"))})
    assert own["labelIds"] == ["SENT"]
    other = gmail.post("messages", {"raw": _raw(mail()), "labelIds": ["INBOX"]})
    assert other["labelIds"] == ["INBOX"]


def test_insert_is_dated_now_and_import_by_its_header(
    gmail: Any, account: Account, mail: Any, sandbox: Sandbox
) -> None:
    raw = _raw(mail(Date="Mon, 02 Nov 2026 10:00:00 +0000"))
    inserted = gmail.post("messages", {"raw": raw})
    imported = gmail.post("messages/import", {"raw": raw})
    now = sandbox.clock.now() * 1000
    assert abs(account.messages[inserted["id"]].internal_date - now) < 60_000
    assert account.messages[imported["id"]].internal_date == 1_793_613_600_000
    dated = gmail.post("messages", {"raw": raw}, internalDateSource="dateHeader")
    assert account.messages[dated["id"]].internal_date == 1_793_613_600_000
    bad = {"internalDateSource": "moon"}
    assert gmail.refused("POST", "messages", json={"raw": raw}, params=bad)[0] == 400


def test_b35_labels_are_renamed_nested_and_deleted(gmail: Any, account: Account, mail: Any) -> None:
    parent = gmail.post("labels", {"name": "Team"})
    child = gmail.post("labels", {"name": "Team/Design"})
    assert parent["type"] == "user" and parent["id"].startswith("Label_")
    message = account.deliver(mail(), labels=["INBOX", child["id"]])
    reply = gmail.call("PATCH", f"labels/{parent['id']}", json={"name": "Crew"})
    assert reply.json()["name"] == "Crew"
    names = {row["id"]: row["name"] for row in gmail.get("labels")["labels"]}
    assert names[child["id"]] == "Crew/Design"
    start = gmail.get("profile")["historyId"]
    assert gmail.call("DELETE", f"labels/{child['id']}").status_code == 204
    assert child["id"] not in message.labels
    record = gmail.get("history", startHistoryId=start)["history"][0]
    assert record["labelsRemoved"][0]["labelIds"] == [child["id"]]
    assert gmail.refused("GET", f"labels/{child['id']}") == (404, "notFound")


def test_label_names_and_conflicts(gmail: Any, account: Account) -> None:
    gmail.post("labels", {"name": "Orders"})
    assert gmail.refused("POST", "labels", json={"name": "orders"})[0] == 409
    for name in ("", "Inbox", "SPAM", "a//b", "x" * 300):
        reply = gmail.call("POST", "labels", json={"name": name})
        assert (reply.status_code, reply.json()["error"]["message"]) == (400, "Invalid label name")
    assert gmail.refused("DELETE", "labels/INBOX")[0] == 400
    wrong = {"name": "A", "labelListVisibility": "sometimes"}
    assert gmail.refused("POST", "labels", json=wrong)[0] == 400
    fields = {"name": "B", "messageListVisibility": "hide", "labelListVisibility": "labelHide"}
    assert gmail.post("labels", fields)["labelListVisibility"] == "labelHide"


def test_b36_colour_outside_the_palette_is_400(gmail: Any, account: Account) -> None:
    good = {"textColor": "#ffffff", "backgroundColor": "#16a766"}
    assert gmail.post("labels", {"name": "Green", "color": good})["color"] == good
    for bad in ({"textColor": "#123456", "backgroundColor": "#16a766"}, {"textColor": "#ffffff"}):
        assert gmail.refused("POST", "labels", json={"name": "Bad", "color": bad})[0] == 400
    assert account.labels.find("Bad") is None
    assert gmail.refused("PATCH", "labels/INBOX", json={"color": good})[0] == 400


def test_label_counters(gmail: Any, account: Account, mail: Any) -> None:
    first = account.deliver(mail("A", Message_ID="<a@x>"))
    account.deliver(mail("Re: A", References="<a@x>"))
    account.modify(first.id, remove=["UNREAD"])
    found = gmail.get("labels/INBOX")
    assert (found["messagesTotal"], found["messagesUnread"]) == (2, 1)
    assert (found["threadsTotal"], found["threadsUnread"]) == (1, 1)
    assert "messagesTotal" not in gmail.get("labels")["labels"][0]


def test_changing_calls_and_their_limits(gmail: Any, account: Account, mail: Any) -> None:
    ids = [account.deliver(mail()).id for _ in range(3)]
    gmail.post("messages/batchModify", {"ids": [*ids, "ffffffffffffffff"],
                                        "addLabelIds": ["STARRED"]})  # fmt: skip
    assert all("STARRED" in account.messages[item].labels for item in ids)
    many = {"ids": ["1"] * 1001, "addLabelIds": ["STARRED"]}
    assert gmail.refused("POST", "messages/batchModify", json=many)[0] == 400
    for label in ("SENT", "DRAFT", "Label_404"):
        reply = gmail.call("POST", f"messages/{ids[0]}/modify", json={"addLabelIds": [label]})
        assert reply.status_code == 400
        assert reply.json()["error"]["message"] == f"Invalid label: {label}"
    assert gmail.refused("POST", f"messages/{ids[0]}/modify", json={})[0] == 400
    gmail.post("messages/batchDelete", {"ids": [ids[0], "ffffffffffffffff"]})
    assert gmail.call("DELETE", f"messages/{ids[1]}").status_code == 204
    assert list(account.messages) == [ids[2]]
    assert gmail.refused("DELETE", f"messages/{ids[1]}") == (404, "notFound")


@pytest.mark.parametrize("padded", [True, False])
def test_b48_base64url_with_or_without_padding(
    padded: bool, gmail: Any, account: Account, mail: Any
) -> None:
    raw = mail(text="padding\xff\xfe")
    while len(raw) % 3 == 0:
        raw += b"."
    sent = gmail.post("messages", {"raw": _raw(raw, padded)})
    assert account.messages[sent["id"]].raw == raw
    standard = base64.b64encode(b"Subject: \xfb\xff\xfe\r\n\r\n").decode()
    assert "+" in standard or "/" in standard
    assert gmail.refused("POST", "messages", json={"raw": standard})[0] == 400
    assert gmail.refused("POST", "messages", json={})[0] == 400


def test_send_as(gmail: Any, account: Account, connect: Any) -> None:
    [alias] = gmail.get("settings/sendAs")["sendAs"]
    assert alias["isPrimary"] is True and alias["sendAsEmail"] == "demo@example.com"
    assert gmail.refused("GET", "settings/sendAs/nobody@example.com") == (404, "notFound")
    basic = connect("https://www.googleapis.com/auth/gmail.settings.basic")
    reply = basic.call("PATCH", "settings/sendAs/demo@example.com",
                       json={"signature": "<b>Hi</b><script>x</script>"})  # fmt: skip
    assert reply.json()["signature"] == "<b>Hi</b>"


def test_watch_is_validated_and_stored(gmail: Any, account: Account, sandbox: Sandbox) -> None:
    topic = sandbox.add_topic("projects/demo-project/topics/mail")
    sandbox.add_topic(topic + "2")
    body = {"topicName": topic, "labelIds": ["INBOX"], "labelFilterBehavior": "INCLUDE"}
    found = gmail.post("watch", body)
    assert abs(int(found["expiration"]) / 1000 - sandbox.clock.now() - 7 * 86400) < 60
    assert int(found["historyId"]) == account.log.last_id()
    gmail.post("watch", body)
    second = gmail.call("POST", "watch", json={"topicName": topic + "2"})
    assert second.status_code == 400
    assert second.json()["error"]["message"].startswith("Only one user push notification client")
    foreign = gmail.call("POST", "watch", json={"topicName": "projects/else/topics/mail"})
    assert "does not match projects/demo-project/topics/*" in foreign.json()["error"]["message"]
    bad = {"topicName": topic, "labelFilterBehavior": "sometimes"}
    assert gmail.refused("POST", "watch", json=bad)[0] == 400
    assert gmail.call("POST", "stop").status_code == 204 and not account.watches
    gmail.post("watch", {"topicName": topic + "2"})
    sandbox.clock.advance(7 * 86400 + 1)
    sandbox.world.identity.settings.access_token_ttl = 10**7
    fresh = sandbox.grant("demo@example.com", "cid", ["https://mail.google.com/"])
    gmail.session.headers["Authorization"] = "Bearer " + fresh["access_token"]
    gmail.post("watch", body)
