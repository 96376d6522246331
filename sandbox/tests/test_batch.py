"""The batch endpoint, partial responses, overrides and uploads (b38, b39, b40)."""

from __future__ import annotations

import email
import json
from typing import Any

import pytest
import requests

from mailbox_sandbox import Account, Sandbox


def _batch(gmail: Any, parts: list[tuple[str, str]], path: str = "/batch/gmail/v1") -> Any:
    body = "".join(
        f"--b1\r\nContent-Type: application/http\r\nContent-ID: {cid}\r\n\r\n{request}\r\n"
        for cid, request in parts
    )
    return gmail.session.post(
        gmail.base + path, data=body + "--b1--\r\n",
        headers={"Content-Type": "multipart/mixed; boundary=b1"},
    )  # fmt: skip


def _answers(reply: requests.Response) -> dict[str, tuple[int, Any]]:
    kind = reply.headers["Content-Type"].encode()
    whole = email.message_from_bytes(b"Content-Type: " + kind + b"\r\n\r\n" + reply.content)
    found = {}
    for part in whole.get_payload():
        text = part.get_payload()
        status = int(text.split(" ", 2)[1])
        body = text.replace("\r\n", "\n").partition("\n\n")[2]
        found[part["Content-ID"]] = (status, json.loads(body) if body.strip() else None)
    return found


def _get(message_id: str) -> str:
    path = f"/gmail/v1/users/me/messages/{message_id}?format=minimal"
    return f"GET {path} HTTP/1.1\r\nAccept: application/json\r\n\r\n"


def test_b38_parts_fail_alone_in_any_order_and_101_are_too_many(
    gmail: Any, account: Account, mail: Any, sandbox: Sandbox, discovery: Any
) -> None:
    ids = [account.deliver(mail()).id for _ in range(20)]
    parts = [(f"<x{n}>", _get(item)) for n, item in enumerate(ids)]
    lonely = _answers(_batch(gmail, [*parts[:1], ("<gone>", _get("ffffffffffffffff"))]))
    assert lonely["<response-gone>"][0] == 404 and lonely["<response-x0>"][0] == 200
    sandbox.faults.add(call="batch", fault="batch_part_fail", times=2, status=429)
    sandbox.faults.add(call="messages.get", fault="error_500", skip=3)
    reply = _batch(gmail, parts)
    assert reply.status_code == 200
    found = _answers(reply)
    statuses = [status for status, _ in found.values()]
    assert (statuses.count(200), statuses.count(429), statuses.count(500)) == (17, 2, 1)
    for name, (status, data) in found.items():
        discovery.check("GET", "/gmail/v1/users/me/messages/x", status, data)
        if status == 200:
            assert data["id"] == ids[int(name[11:-1])]
    assert list(found) != [f"<response-{cid[1:]}" for cid, _ in parts]
    many = _batch(gmail, [(f"<{n}>", _get(ids[0])) for n in range(101)])
    assert many.status_code == 400 and "Received: 101, Limit: 100" in many.text


def test_batch_over_the_soft_limit_is_throttled_inside(
    gmail: Any, account: Account, mail: Any
) -> None:
    message = account.deliver(mail())
    found = _answers(_batch(gmail, [(f"<{n}>", _get(message.id)) for n in range(60)]))
    statuses = [status for status, _ in found.values()]
    assert (statuses.count(200), statuses.count(429)) == (50, 10)


def test_b39_content_id_with_spaces_is_echoed_intact(
    gmail: Any, account: Account, mail: Any
) -> None:
    odd = "<3f0c-11 + 1>"
    assert list(_answers(_batch(gmail, [(odd, _get(account.deliver(mail()).id))], "/batch"))) == [
        "<response-3f0c-11 + 1>"
    ]


def test_batch_writes_inherit_outer_headers_and_refuse_uploads(
    gmail: Any, account: Account, mail: Any
) -> None:
    message = account.deliver(mail())
    body = json.dumps({"addLabelIds": ["STARRED"]})
    path = f"/gmail/v1/users/me/messages/{message.id}/modify"
    write = (
        f"POST {path} HTTP/1.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )
    own = _get(message.id).replace("\r\n\r\n", "\r\nAuthorization: Bearer wrong\r\n\r\n")
    upload = "POST /upload/gmail/v1/users/me/messages/send?uploadType=media HTTP/1.1\r\n\r\nx"
    found = _answers(_batch(gmail, [("<w>", write), ("<own>", own), ("<u>", upload)]))
    assert found["<response-w>"][0] == 200 and "STARRED" in message.labels
    assert found["<response-own>"][0] == 401
    assert found["<response-u>"][0] == 400


@pytest.mark.parametrize("body", [b"", b"--b1--", b"--b1\r\nContent-Type: text/plain\r\n\r\nx\r\n"])
def test_broken_batches_are_400(body: bytes, gmail: Any) -> None:
    headers = {"Content-Type": "multipart/mixed; boundary=b1"}
    reply = gmail.session.post(gmail.base + "/batch", data=body, headers=headers)
    assert reply.status_code == 400
    reply = gmail.session.post(gmail.base + "/batch", data=b"{}",
                               headers={"Content-Type": "application/json"})  # fmt: skip
    assert reply.status_code == 400


def test_b40_post_with_method_override_is_a_get(gmail: Any, account: Account, mail: Any) -> None:
    message = account.deliver(mail())
    reply = gmail.session.post(
        gmail.base + "/gmail/v1/users/me/messages",
        data="maxResults=5&q=" + "x" * 10 + "+OR+Hello",
        headers={"x-http-method-override": "GET",
                 "Content-Type": "application/x-www-form-urlencoded"},
    )  # fmt: skip
    assert [row["id"] for row in reply.json()["messages"]] == [message.id]


def test_partial_responses(gmail: Any, account: Account, mail: Any) -> None:
    for _ in range(3):
        account.deliver(mail())
    found = gmail.get("messages", fields="nextPageToken,messages(id)", maxResults=2)
    assert set(found) == {"nextPageToken", "messages"} and set(found["messages"][0]) == {"id"}
    path = "messages/" + found["messages"][0]["id"]
    assert set(gmail.get(path, fields="payload/headers/name")["payload"]["headers"][0]) == {"name"}
    assert set(gmail.get(path, fields="id,payload(mimeType,body/size)")["payload"]) == {
        "mimeType", "body"
    }  # fmt: skip
    assert len(gmail.get(path, fields="*")) > 5
    for bad in ("messages(id", "nonsense", "id,,threadId", "id)", "a/", "("):
        assert gmail.refused("GET", path, params={"fields": bad})[0] == 400


UPLOAD = "/upload/gmail/v1/users/me/messages/send"


def test_upload_simple_and_multipart(gmail: Any, account: Account, mail: Any) -> None:
    raw = mail(To="x@outside.example", text="\r\n--q not a boundary\r\nend")
    plain = gmail.call("POST", UPLOAD + "?uploadType=media", data=raw,
                       headers={"Content-Type": "message/rfc822"})  # fmt: skip
    assert plain.status_code == 200
    thread = plain.json()["threadId"]
    assert account.messages[plain.json()["id"]].raw.endswith(b"--q not a boundary\r\nend")
    meta = json.dumps({"threadId": thread}).encode()
    body = (
        b"--qq\r\nContent-Type: application/json\r\n\r\n" + meta
        + b"\r\n--qq\r\nContent-Type: message/rfc822\r\n\r\n" + raw + b"\r\n--qq--"
    )  # fmt: skip
    both = gmail.call("POST", UPLOAD + "?uploadType=multipart", data=body,
                      headers={"Content-Type": 'multipart/related; boundary="qq"'})  # fmt: skip
    assert account.messages[both.json()["id"]].raw.endswith(b"--q not a boundary\r\nend")
    wrong = {"Content-Type": "text/plain"}
    reply = gmail.call("POST", UPLOAD + "?uploadType=media", data=raw, headers=wrong)
    assert reply.status_code == 400 and "Valid media types" in reply.text
    assert gmail.call("POST", UPLOAD, data=raw).status_code == 400


def test_upload_resumable_in_chunks(gmail: Any, account: Account, mail: Any) -> None:
    raw = mail(To="x@outside.example", text="y" * 1000)
    path = "/resumable" + UPLOAD + "?uploadType=resumable"
    headers = {"X-Upload-Content-Type": "message/rfc822",
               "X-Upload-Content-Length": str(len(raw))}  # fmt: skip
    begun = gmail.session.post(gmail.base + path, headers=headers)
    assert begun.status_code == 200 and begun.content == b""
    where, half = begun.headers["Location"], 600
    first = gmail.session.put(
        where, data=raw[:half], headers={"Content-Range": f"bytes 0-{half - 1}/{len(raw)}"}
    )
    assert first.status_code == 308 and first.headers["Range"] == f"bytes=0-{half - 1}"
    asked = gmail.session.put(where, headers={"Content-Range": f"bytes */{len(raw)}"})
    assert asked.status_code == 308
    last = gmail.session.put(
        where, data=raw[half:],
        headers={"Content-Range": f"bytes {half}-{len(raw) - 1}/{len(raw)}"},
    )  # fmt: skip
    assert last.status_code == 200 and last.json()["labelIds"] == ["SENT"]
    assert gmail.session.put(where, data=raw).status_code == 404
    big = {**headers, "X-Upload-Content-Length": str(36_700_161)}
    assert gmail.session.post(gmail.base + path, headers=big).status_code == 413
