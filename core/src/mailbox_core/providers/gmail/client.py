"""The Gmail API on the wire: one method for each call, provider JSON in and out, nothing
interpreted.

Source: Gmail API v1 reference (discovery revision 20261005). Every call pays its price from
``costs`` and raises the failures of ``mailbox_core.errors`` as ``errors.classify`` finds them.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ...contract import Budget
from ...errors import AuthorizationLost, ProviderError, Throttled, Unavailable
from ...net.http import Http, Response
from ...net.quota import QuotaProfile
from . import batch
from .batch import Call, segment
from .errors import classify

Json = dict[str, Any]

FULL_ACCESS = "https://mail.google.com/"
_PREFIX = "https://www.googleapis.com/auth/gmail."
READ, MODIFY, SEND = f"{_PREFIX}readonly", f"{_PREFIX}modify", f"{_PREFIX}send"

_USER = "/gmail/v1/users/me/"

_JSON_SEND_LIMIT = 5 * 1024 * 1024
"""Bytes of message up to which base64 inside JSON is used to name a conversation; larger ones go up
as multipart media."""


class Client:
    """Calls for the signed-in user (``me``) of one mailbox."""

    def __init__(self, http: Http, base: str, quota: QuotaProfile, budget: Budget) -> None:
        self._http = http
        self._budget = budget
        self._base = base.rstrip("/")
        self.quota = quota

    def profile(self) -> Json:
        """``users.getProfile``."""
        return self._get("getProfile", "profile", READ)

    def labels(self) -> list[Json]:
        """``users.labels.list``: labels without counters."""
        return items(self._get("labels.list", "labels", READ), "labels")

    def list_messages(self, params: Mapping[str, Any]) -> Json:
        """``users.messages.list``: ids and thread ids, newest first."""
        return self._get("messages.list", "messages", READ, params)

    def message(
        self,
        message_id: str,
        form: str,
        headers: Sequence[str] = (),
        fields: str = "",
        lane: str | None = None,
    ) -> Json:
        """``users.messages.get`` in one ``format``, with only some header fields or answer
        fields."""
        params: Json = {"format": form}
        if headers:
            params["metadataHeaders"] = list(headers)
        if fields:
            params["fields"] = fields
        return self._get("messages.get", f"messages/{segment(message_id)}", READ, params, lane)

    def attachment(self, message_id: str, attachment_id: str, lane: str | None = None) -> Json:
        """``users.messages.attachments.get``: size and base64url data."""
        path = f"messages/{segment(message_id)}/attachments/{segment(attachment_id)}"
        return self._get("messages.attachments.get", path, READ, None, lane)

    def history(self, params: Mapping[str, Any]) -> Json:
        """``users.history.list``. Raises NotFound when the start is too old."""
        return self._get("history.list", "history", READ, params)

    def drafts(self, params: Mapping[str, Any]) -> Json:
        """``users.drafts.list``: draft ids with their message ids."""
        return self._get("drafts.list", "drafts", READ, params)

    def post(
        self,
        cost: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        scope: str = MODIFY,
        lane: str | None = None,
    ) -> Json:
        """A changing call below the user's path; an empty answer reads as an empty object."""
        response = self._call("POST", cost, self._base + _USER + path, scope, json=body, lane=lane)
        return answer(response) if response.body.strip() else {}

    def send(self, message: bytes, thread: str | None = None, draft: str | None = None) -> Json:
        """``users.messages.send``, or ``users.drafts.send`` with new content when a draft id is
        given: media upload, or JSON or multipart when there is more to say than the message."""
        cost = "messages.send" if draft is None else "drafts.send"
        path = cost.replace(".", "/")
        if thread is None and draft is None:
            return self._upload(cost, path, "media", message, "message/rfc822")
        inner: Json = {} if thread is None else {"threadId": thread}
        small = len(message) <= _JSON_SEND_LIMIT
        if small:
            inner["raw"] = base64.urlsafe_b64encode(message).decode("ascii")
        body = inner if draft is None else {"id": draft, "message": inner}
        if small:
            return self.post(cost, path, body, SEND)
        return self._upload(cost, path, "multipart", *_related(body, message))

    def batch(
        self, calls: Sequence[Call], cost: str, scope: str = READ, lane: str | None = None
    ) -> list[Response | ProviderError]:
        """Several calls of one price in one exchange: for each its 2xx answer or its failure.

        Raises what befalls the exchange as a whole. An inner "too many" silences the budget like an
        outer one.
        """
        content_type, body = batch.encode(calls, _USER)
        response = self._call(
            "POST",
            cost,
            f"{self._base}/batch/gmail/v1",
            scope,
            times=len(calls),
            body=body,
            content_type=content_type,
            lane=lane,
        )
        found = [_judged(inner, scope) for inner in batch.decode(response, len(calls))]
        refused = [one for one in found if isinstance(one, Throttled)]
        if refused:
            self._budget.penalize(max(1.0, *(one.retry_after or 0.0 for one in refused)))
        return found

    def _get(
        self,
        cost: str,
        path: str,
        scope: str,
        params: Mapping[str, Any] | None = None,
        lane: str | None = None,
    ) -> Json:
        url = self._base + _USER + path
        return answer(self._call("GET", cost, url, scope, params=params, lane=lane))

    def _upload(self, cost: str, path: str, kind: str, body: bytes, content_type: str) -> Json:
        response = self._call(
            "POST",
            cost,
            f"{self._base}/upload{_USER}{path}",
            SEND,
            params={"uploadType": kind},
            body=body,
            content_type=content_type,
        )
        return answer(response)

    def _call(
        self, method: str, cost: str, url: str, scope: str, times: int = 1, **options: Any
    ) -> Response:
        units = self.quota.cost(cost) * times
        try:
            return self._http.request(method, url, units=units, **options)
        except AuthorizationLost as lost:
            raise _with_scope(lost, scope) from None


def answer(response: Response) -> Json:
    """The JSON object of an answer. Raises Unavailable when it is none (cut or replaced on the
    way)."""
    data = response.json()
    if not isinstance(data, dict):
        raise Unavailable("The answer of Gmail is not an object.", reached=True)
    return data


def pages(ask: Callable[[Mapping[str, Any]], Json], params: Mapping[str, Any]) -> Iterator[Json]:
    """All answers of a paged call. Raises Unavailable when the pages go in a circle."""
    seen: set[str] = set()
    token: str | None = ""
    while token is not None:
        data = ask({**params, "pageToken": token} if token else params)
        yield data
        token = text(data, "nextPageToken")
        if token in seen:
            raise Unavailable("Gmail's pages go in a circle.", reached=True)
        seen.add(token or "")


def items(data: Mapping[str, Any], key: str) -> list[Json]:
    """The objects of a list field; Gmail omits empty lists, and what is no object is passed
    over."""
    found = data.get(key)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def text(data: Mapping[str, Any], key: str) -> str | None:
    """A text field, None when it is absent, empty or no text."""
    found = data.get(key)
    return found if isinstance(found, str) and found else None


def decode64(data: object) -> bytes:
    """base64url with or without padding (RFC 4648 section 5); the standard alphabet is taken too.

    Raises Unavailable for anything else.
    """
    if not isinstance(data, str):
        raise Unavailable("Gmail sent a body that is no text.", reached=True)
    try:
        # As bytes: this is most of what Gmail sends, and text is translated at half the speed.
        plain = data.encode("ascii").translate(_STANDARD).rstrip(b"=")
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Unavailable("Gmail sent a body that is no base64.", reached=True) from None


def decoded_chunks(data: object, step: int = 1 << 18) -> Iterator[bytes]:
    """``decode64`` in chunks of ``step`` bytes at most."""
    if not isinstance(data, str):
        raise Unavailable("Gmail sent an attachment that is no text.", reached=True)
    plain = data.rstrip("=")
    take = step // 3 * 4
    for start in range(0, len(plain), take):
        yield decode64(plain[start : start + take])


_STANDARD = bytes.maketrans(b"-_", b"+/")


def _judged(inner: Response | None, scope: str) -> Response | ProviderError:
    if inner is None:
        return Unavailable("A batch came back without this answer.", reached=True)
    failure = classify(inner)
    return inner if failure is None else _with_scope(failure, scope)


def _with_scope(failure: ProviderError, scope: str) -> ProviderError:
    """Name the scope a call needs when Gmail did not."""
    if (
        isinstance(failure, AuthorizationLost)
        and failure.reason == "scope_missing"
        and not failure.missing
    ):
        return AuthorizationLost("scope_missing", failure.detail, frozenset({scope}))
    return failure


def _related(metadata: Mapping[str, Any], message: bytes) -> tuple[bytes, str]:
    """Body and content type of a multipart upload (RFC 2387)."""
    number = 0
    while (boundary := f"mailbox_core_{number}").encode() in message:
        number += 1
    head = f"--{boundary}\r\nContent-Type: application/json\r\n\r\n{json.dumps(metadata)}\r\n"
    middle = f"--{boundary}\r\nContent-Type: message/rfc822\r\n\r\n"
    body = (head + middle).encode() + message + f"\r\n--{boundary}--\r\n".encode()
    return body, f"multipart/related; boundary={boundary}"
