"""The batch endpoint: many calls in one multipart request, answered in any order."""

from __future__ import annotations

import email
import random
import re
import secrets
from http import HTTPStatus

from ..exchange import Incoming, Outgoing, parse_query
from . import problems
from .dispatch import Dispatcher

MAX_PARTS = 100
_LINE = re.compile(rb"^([A-Z]+) (\S+)(?: HTTP/[\d.]+)?\r?\n?")
_CRLF = re.compile(rb"\r?\n\r?\n")


def handle(dispatcher: Dispatcher, incoming: Incoming, rng: random.Random) -> Outgoing:
    """Answer a batch. Raises ApiError when the request as a whole cannot be processed."""
    kind = incoming.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/mixed"):
        raise problems.bad_request("Failed to parse batch request, error: Content-Type is not "
                                   "multipart/mixed.")  # fmt: skip
    parts = _split(kind, incoming.body)
    if not parts:
        raise problems.bad_request("Failed to parse batch request, error: 0 items. Received batch "
                                   "body: (0) bytes redacted")  # fmt: skip
    if len(parts) > MAX_PARTS:
        raise problems.bad_request(
            "The batch request could not be processed. Inner request count exceeds the limit. "
            f"Received: {len(parts)}, Limit: {MAX_PARTS}"
        )
    order = list(enumerate(parts))
    rng.shuffle(order)
    soft = dispatcher.services.world.settings.batch_soft_limit
    answers = [
        _answer(content_id, _inner(dispatcher, request, incoming, crowded=index >= soft))
        for index, (content_id, request) in order
    ]
    boundary = f"batch_{secrets.token_urlsafe(18)}"
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + answer + b"\r\n" for answer in answers)
    return Outgoing(
        200, body + b"--" + boundary.encode() + b"--", f"multipart/mixed; boundary={boundary}"
    )


def _split(kind: str, body: bytes) -> list[tuple[str, bytes]]:
    """Return (Content-ID, inner request) of each part; the id is kept letter by letter."""
    found = []
    for part_headers, content in _parts(kind, body):
        block = email.message_from_bytes(part_headers)
        content_type = str(block.get("Content-Type", ""))
        if content_type.split(";")[0].strip().lower() != "application/http":
            raise problems.bad_request("Failed to parse batch request, error: part is not "
                                       "application/http.")  # fmt: skip
        found.append((str(block.get("Content-ID", "")), content))
    return found


def _parts(kind: str, body: bytes) -> list[tuple[bytes, bytes]]:
    holder = email.message.Message()
    holder["Content-Type"] = kind
    boundary = holder.get_boundary()
    if not boundary:
        raise problems.bad_request("Failed to parse batch request, error: no boundary.")
    marker = rb"(?:^|\r?\n)--" + re.escape(boundary.encode()) + rb"(?:--)?[ \t]*(?=\r?\n|$)"
    found = []
    for piece in re.split(marker, body)[1:]:
        separator = _CRLF.search(piece, 1)
        if separator:
            found.append((piece[: separator.start()].lstrip(b"\r\n"), piece[separator.end() :]))
    return found


def _inner(dispatcher: Dispatcher, request: bytes, outer: Incoming, *, crowded: bool) -> Outgoing:
    line = _LINE.match(request)
    if not line:
        return problems.bad_request(
            "Failed to parse batch request, error: bad request line"
        ).outgoing()
    if crowded:
        return problems.exhausted().outgoing()
    rest = request[line.end() :]
    separator = re.search(rb"(?:^|\r?\n)\r?\n", rest)
    head, body = (rest, b"") if separator is None else (
        rest[: separator.start()], rest[separator.end() :]
    )  # fmt: skip
    own = {name.lower(): str(value) for name, value in email.message_from_bytes(head).items()}
    inherited = {k: v for k, v in outer.headers.items() if not k.startswith("content-")}
    target = line.group(2).decode("latin-1")
    path, _, query = target.partition("?")
    if path.startswith(("/upload/", "/resumable/", "/batch")) or "alt=media" in query:
        return problems.bad_request(
            "Media uploads and downloads are not allowed in a batch"
        ).outgoing()
    if body and own.get("content-length", "").isdigit():
        body = body[: int(own["content-length"])]
    inner = Incoming(
        line.group(1).decode(), path, parse_query(query), {**inherited, **own}, body.rstrip(b"\r\n")
    )
    return dispatcher.handle(inner, inner=True)


def _answer(content_id: str, answer: Outgoing) -> bytes:
    lines = ["Content-Type: application/http"]
    if content_id:
        lines.append(f"Content-ID: {_response_id(content_id)}")
    phrase = HTTPStatus(answer.status).phrase
    lines += ["", f"HTTP/1.1 {answer.status} {phrase}"]
    if answer.status != 204:
        lines.append(f"Content-Type: {answer.content_type}")
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    lines += ["Vary: Origin", "Vary: X-Origin", "Vary: Referer", ""]
    if answer.status != 204:
        lines.insert(-1, f"Content-Length: {len(answer.body)}")
    return "\r\n".join([*lines, ""]).encode() + answer.body


def _response_id(content_id: str) -> str:
    inner = content_id.strip()
    if inner.startswith("<"):
        return "<response-" + inner[1:]
    return "response-" + inner
