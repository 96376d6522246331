"""The body of Gmail's batch endpoint, both directions. Pure functions over bytes.

Source: Gmail API, "Batching requests" (multipart/mixed of application/http). The answer's parts
come in any order and are told apart by ``Content-ID: <response-…>`` only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from ...errors import Unavailable
from ...net.http import Response

_BOUNDARY = "mailbox_core_batch"
"""Constant: no line of a request part can begin with it, JSON has no raw line breaks."""

_ANSWER_BOUNDARY = re.compile(r'boundary\s*=\s*(?:"([^"]+)"|([^\s;]+))', re.I)
_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)?\s+(\d{3})\b")


@dataclass(frozen=True, slots=True)
class Call:
    """One inner request: ``path`` is relative to the user ("messages/18c/modify")."""

    path: str
    params: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Any] | None = None
    method: str = "GET"


def segment(remote_id: str) -> str:
    """An id as one path segment. Ids are text of the provider: nothing in one may leave its
    place."""
    return quote(remote_id, safe="")


def encode(calls: Sequence[Call], prefix: str) -> tuple[str, bytes]:
    """Content type and body of a batch request; ``prefix`` is the path before each call's own."""
    pieces = [_request(index, call, prefix) for index, call in enumerate(calls)]
    body = "".join(f"--{_BOUNDARY}\r\n{piece}\r\n" for piece in pieces) + f"--{_BOUNDARY}--\r\n"
    return f"multipart/mixed; boundary={_BOUNDARY}", body.encode("ascii")


def decode(response: Response, count: int) -> list[Response | None]:
    """The inner answers in the order of the calls; None where none came. They have the whole
    answer's Date: Google sends the parts without one, and it tells how long a pause is.

    Raises Unavailable when the answer is no multipart at all.
    """
    found = _ANSWER_BOUNDARY.search(response.headers.get("Content-Type", ""))
    if found is None:
        raise Unavailable("The answer to a batch has no parts.", reached=True)
    mark = b"--" + (found[1] or found[2]).encode("latin-1", "replace")
    dated = {"date": response.headers["Date"]} if "Date" in response.headers else {}
    answers: list[Response | None] = [None] * count
    # Split, not a pattern: an answer is megabytes of base64, and a pattern looks at every byte.
    for piece in (b"\n" + response.body).split(b"\n" + mark)[1:]:
        index, answer = _answer(piece.removesuffix(b"\r"), dated)
        if answer is not None and 0 <= index < count:
            answers[index] = answer
    return answers


def _request(index: int, call: Call, prefix: str) -> str:
    query = f"?{urlencode(call.params)}" if call.params else ""
    lines = [
        "Content-Type: application/http",
        f"Content-ID: <call-{index}>",
        "",
        f"{call.method} {prefix}{call.path}{query} HTTP/1.1",
    ]
    if call.body is None:
        return "\r\n".join([*lines, "", ""])
    text = json.dumps(call.body, separators=(",", ":"))
    lines += ["Content-Type: application/json", f"Content-Length: {len(text)}", "", text]
    return "\r\n".join(lines)


def _answer(piece: bytes, dated: Mapping[str, str]) -> tuple[int, Response | None]:
    """Index and answer of one part; -1 when it cannot be matched to a call."""
    outer, inner = _cut(piece.lstrip(b"\r\n"))
    match = re.search(r"call-(\d+)>?\s*$", _headers(outer).get("content-id", ""))
    head, body = _cut(inner)
    status = _STATUS_LINE.match(head)
    if match is None or status is None:
        return -1, None
    return int(match[1]), Response(int(status[1]), {**dated, **_headers(head)}, body)


def _cut(data: bytes) -> tuple[bytes, bytes]:
    """Head and rest at the first empty line."""
    found = re.search(rb"\r?\n\r?\n", data)
    return (data[: found.start()], data[found.end() :]) if found else (data, b"")


def _headers(head: bytes) -> dict[str, str]:
    fields = (line.partition(":") for line in head.decode("latin-1").splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in fields if colon}
