"""Google's own Python client, unchanged, through a whole scenario.

Two addresses of the client ignore its ``api_endpoint`` option: the batch address (taken from the
document) and the scheme of uploads (always https). The tests set both on the request objects.
"""

from __future__ import annotations

import base64
import email.message
from collections.abc import Iterator
from typing import Any

import google.oauth2.credentials
import googleapiclient.discovery
import googleapiclient.errors
import googleapiclient.http
import pytest
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import id_token

from mailbox_sandbox import Account, Sandbox

SCOPES = ["https://mail.google.com/", "openid"]


@pytest.fixture
def credentials(sandbox: Sandbox, account: Account) -> google.oauth2.credentials.Credentials:
    tokens = sandbox.grant(account.email, "cid", SCOPES)
    return google.oauth2.credentials.Credentials(
        None, refresh_token=tokens["refresh_token"], token_uri=sandbox.url + "/token",
        client_id="cid", client_secret="secret", scopes=SCOPES,
    )  # fmt: skip


@pytest.fixture
def service(sandbox: Sandbox, credentials: Any) -> Iterator[Any]:
    built = googleapiclient.discovery.build(
        "gmail", "v1", credentials=credentials, static_discovery=True,
        client_options={"api_endpoint": sandbox.url},
    )  # fmt: skip
    with built:
        yield built


def _outgoing(subject: str, to: str = "friend@outside.example") -> str:
    mail = email.message.EmailMessage()
    mail["To"], mail["From"], mail["Subject"] = to, "demo@example.com", subject
    mail.set_content("Hello from the official client")
    return base64.urlsafe_b64encode(mail.as_bytes()).decode()


def test_whole_scenario(service: Any, sandbox: Sandbox, account: Account) -> None:
    sandbox.load_scenario("small_shop", account, messages=150)
    users = service.users()
    profile = users.getProfile(userId="me").execute()
    assert profile["messagesTotal"] == 150
    seen = _list_everything(users)
    assert seen == {item.id for item in account.messages.values()}
    for message_id in list(seen)[:40]:
        raw = users.messages().get(userId="me", id=message_id, format="raw").execute()
        assert base64.urlsafe_b64decode(raw["raw"]) == account.messages[message_id].raw
        for shape in ("full", "metadata", "minimal"):
            users.messages().get(userId="me", id=message_id, format=shape).execute()
    _history_follows_changes(users, profile["historyId"], min(seen))
    _attachments(users, account)
    _drafts_and_sending(users, account)


def _plain(request: Any) -> Any:
    request.uri = request.uri.replace("https://", "http://", 1)
    return request


def _list_everything(users: Any) -> set[str]:
    seen: list[str] = []
    request = users.messages().list(userId="me", maxResults=40, includeSpamTrash=True)
    while request is not None:
        reply = request.execute()
        seen += [row["id"] for row in reply["messages"]]
        request = users.messages().list_next(request, reply)
    assert len(seen) == len(set(seen))
    return set(seen)


def _history_follows_changes(users: Any, start: str, message_id: str) -> None:
    label = users.labels().create(userId="me", body={"name": "Official"}).execute()
    change = {"addLabelIds": [label["id"], "STARRED"], "removeLabelIds": []}
    users.messages().modify(userId="me", id=message_id, body=change).execute()
    users.messages().trash(userId="me", id=message_id).execute()
    users.messages().untrash(userId="me", id=message_id).execute()
    kinds: list[str] = []
    request = users.history().list(userId="me", startHistoryId=start, maxResults=2)
    while request is not None:
        reply = request.execute()
        for record in reply.get("history", []):
            kinds += [key for key in record if key not in ("id", "messages")]
        request = users.history().list_next(request, reply)
    assert kinds[0] == "labelsAdded" and kinds[-1] == "labelsRemoved"
    users.labels().delete(userId="me", id=label["id"]).execute()


def _attachments(users: Any, account: Account) -> None:
    found = users.messages().list(userId="me", q="has:attachment filename:pdf").execute()
    message_id = found["messages"][0]["id"]
    payload = users.messages().get(userId="me", id=message_id).execute()["payload"]
    part = next(part for part in payload["parts"] if part["filename"].endswith(".pdf"))
    reply = users.messages().attachments().get(
        userId="me", messageId=message_id, id=part["body"]["attachmentId"]
    ).execute()  # fmt: skip
    assert base64.urlsafe_b64decode(reply["data"]).startswith(b"%PDF-1.4")


def _drafts_and_sending(users: Any, account: Account) -> None:
    draft = users.drafts().create(
        userId="me", body={"message": {"raw": _outgoing("Draft")}}
    ).execute()  # fmt: skip
    body = {"message": {"raw": _outgoing("Draft, changed")}}
    changed = users.drafts().update(userId="me", id=draft["id"], body=body).execute()
    assert changed["message"]["id"] != draft["message"]["id"]
    assert users.drafts().list(userId="me").execute()["drafts"][0]["id"] == draft["id"]
    sent = users.drafts().send(userId="me", body={"id": draft["id"]}).execute()
    assert sent["labelIds"] == ["SENT"]
    media = googleapiclient.http.MediaInMemoryUpload(
        base64.urlsafe_b64decode(_outgoing("Upload")), mimetype="message/rfc822", resumable=False
    )
    uploaded = _plain(users.messages().send(userId="me", media_body=media)).execute()
    assert account.messages[uploaded["id"]].header("Subject") == "Upload"
    large = googleapiclient.http.MediaInMemoryUpload(
        base64.urlsafe_b64decode(_outgoing("Resumable")) + b"x" * 600_000,
        mimetype="message/rfc822", resumable=True, chunksize=256 * 1024,
    )  # fmt: skip
    inserted = _plain(
        users.messages().insert(userId="me", media_body=large, body={"labelIds": ["INBOX"]})
    )
    response = None
    while response is None:
        _status, response = inserted.next_chunk()
    assert set(response["labelIds"]) == {"INBOX", "SENT"}
    assert account.messages[response["id"]].size > 600_000


def test_batch_with_failing_parts(
    service: Any, sandbox: Sandbox, account: Account, mail: Any
) -> None:
    ids = [account.deliver(mail()).id for _ in range(30)]
    sandbox.faults.add(call="messages.get", fault="rate_429", times=1)
    got: dict[str, Any] = {}
    failed: list[int] = []

    def receive(name: str, reply: Any, error: Any) -> None:
        if error is None:
            got[reply["id"]] = reply
        else:
            failed.append(error.resp.status)

    batch = service.new_batch_http_request(callback=receive)
    batch._batch_uri = sandbox.url + "/batch/gmail/v1"
    for message_id in [*ids, "ffffffffffffffff"]:
        request = service.users().messages().get(userId="me", id=message_id, format="minimal")
        batch.add(request)
    batch.execute()
    assert sorted(failed) in ([404, 429], [429]) and len(got) in (29, 30)


def test_long_query_becomes_an_overridden_post(service: Any, account: Account, mail: Any) -> None:
    message = account.deliver(mail("needle"))
    q = "{" + " ".join(f"subject:none{n}" for n in range(300)) + " subject:needle}"
    found = service.users().messages().list(userId="me", q=q).execute()
    assert found["messages"][0]["id"] == message.id


def test_retries_of_the_client_and_errors_it_understands(
    service: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("googleapiclient.http.time.sleep", lambda seconds: None)
    for fault in ("error_500", "503", "rate_429", "rate_403_user"):
        sandbox.faults.add(call="getProfile", fault=fault)
    assert service.users().getProfile(userId="me").execute(num_retries=4)["messagesTotal"] == 0
    with pytest.raises(googleapiclient.errors.HttpError) as refused:
        service.users().messages().get(userId="me", id="ffffffffffffffff").execute()
    assert refused.value.status_code == 404
    assert refused.value.reason == "Requested entity was not found."


def test_client_refreshes_once_on_401_and_gives_up_when_revoked(
    service: Any, credentials: Any, sandbox: Sandbox, account: Account
) -> None:
    service.users().getProfile(userId="me").execute()
    before = credentials.token
    sandbox.faults.add(call="getProfile", fault="unauthorized_401")
    service.users().getProfile(userId="me").execute()
    assert credentials.token != before
    sandbox.world.identity.revoke_grant(account.email, "demo-project")
    with pytest.raises(RefreshError, match="invalid_grant"):
        service.users().getProfile(userId="me").execute()


def test_google_auth_verifies_our_id_token(
    credentials: Any, sandbox: Sandbox, account: Account
) -> None:
    credentials.refresh(Request())
    claims = id_token.verify_token(
        credentials.id_token, Request(), audience="cid",
        certs_url=sandbox.url + "/oauth2/v1/certs", clock_skew_in_seconds=5,
    )  # fmt: skip
    assert claims["sub"] == account.sub and claims["iss"] == "https://accounts.google.com"
