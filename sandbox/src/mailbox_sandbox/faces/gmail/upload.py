"""Media uploads: simple, multipart and resumable (Gmail guide "Uploading attachments")."""

from __future__ import annotations

import email
import email.message
import re
import secrets
import threading
from dataclasses import dataclass, field

from ...clock import Clock
from ..exchange import Incoming, Outgoing
from . import problems
from .call import Call, check_object

SESSION_LIFETIME = 7 * 86400.0
_RANGE = re.compile(r"^bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)$")


@dataclass
class Session:
    """A resumable upload on its way."""

    owner: str
    method: str
    body: dict[str, object]
    total: int | None
    started: float
    data: bytearray = field(default_factory=bytearray)


class Sessions:
    """All resumable uploads of a sandbox. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, Session] = {}

    def receive(self, call: Call, incoming: Incoming, prefix: str) -> Outgoing | None:
        """Put media and metadata into *call*, or return the answer of an unfinished upload.

        Raises ApiError for a wrong type, a wrong uploadType or too much data.
        """
        kind = incoming.first("uploadType") or ("resumable" if "resumable" in prefix else "")
        if kind == "media":
            _media(call, incoming)
        elif kind == "multipart":
            _multipart(call, incoming)
        elif kind == "resumable":
            return self._resumable(call, incoming, prefix)
        else:
            raise problems.bad_request(f"Invalid upload request: uploadType {kind or '(none)'}")
        return None

    def _resumable(self, call: Call, incoming: Incoming, prefix: str) -> Outgoing | None:
        upload_id = incoming.first("upload_id")
        if not upload_id:
            return self._begin(call, incoming, prefix)
        with self._lock:
            session = self._open.get(upload_id)
            if session is None or self._clock.now() - session.started > SESSION_LIFETIME:
                raise problems.not_found()
            if session.owner != call.account.email or session.method != call.method.name:
                raise problems.not_found()
            if not _append(session, incoming, call.method.upload):
                headers = {"X-GUploader-UploadID": upload_id}
                if session.data:
                    headers["Range"] = f"bytes=0-{len(session.data) - 1}"
                return Outgoing(308, b"", headers=headers)
            del self._open[upload_id]
        call.media, call.body = bytes(session.data), dict(session.body)
        return None

    def _begin(self, call: Call, incoming: Incoming, prefix: str) -> Outgoing:
        length = incoming.headers.get("x-upload-content-length", "")
        total = int(length) if length.isdigit() else None
        if total is not None:
            _check_size(total, call.method.upload)
        _check_type(incoming.headers.get("x-upload-content-type", "message/rfc822"))
        body = check_object(call.method, incoming.body) if incoming.body.strip() else {}
        upload_id = secrets.token_urlsafe(24)
        with self._lock:
            self._open[upload_id] = Session(
                call.account.email, call.method.name, body, total, self._clock.now()
            )
        host = incoming.headers.get("host", "")
        query = f"uploadType=resumable&upload_id={upload_id}"
        where = f"http://{host}{incoming.path}?{query}"
        return Outgoing(200, b"", headers={"Location": where, "X-GUploader-UploadID": upload_id})


def _append(session: Session, incoming: Incoming, limit: int) -> bool:
    """Take a chunk; tell whether the upload is complete. Raises ApiError."""
    header = incoming.headers.get("content-range", "")
    if not header:
        session.data += incoming.body
        _check_size(len(session.data), limit)
        return True
    found = _RANGE.match(header)
    if not found:
        raise problems.bad_request("Invalid Content-Range")
    if found.group(3) != "*":
        session.total = int(found.group(3))
    if found.group(1) is not None:
        if int(found.group(1)) != len(session.data):
            raise problems.bad_request("Invalid Content-Range: not at the expected offset")
        session.data += incoming.body
    _check_size(max(len(session.data), session.total or 0), limit)
    return session.total is not None and len(session.data) >= session.total


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise problems.ApiError(413, f"Upload too large: {size}, limit {limit}", "uploadTooLarge")


def _check_type(value: str) -> None:
    kind = value.split(";")[0].strip().lower()
    if not kind.startswith("message/"):
        raise problems.bad_request(
            f"Media type '{kind}' is not supported. Valid media types: [message/*]"
        )


def _media(call: Call, incoming: Incoming) -> None:
    _check_type(incoming.headers.get("content-type", ""))
    _check_size(len(incoming.body), call.method.upload)
    call.media = incoming.body


def split_related(content_type: str, body: bytes) -> list[tuple[str, bytes]]:
    """Return (type, content) of each part of a multipart body, bytes untouched.

    Raises ApiError when there is no boundary in it.
    """
    holder = email.message.Message()
    holder["Content-Type"] = content_type
    boundary = holder.get_boundary()
    if not boundary:
        raise problems.bad_request("Missing boundary in Content-Type")
    pieces = re.split(
        rb"(?:^|\r?\n)--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*\r?\n?", body
    )
    found = []
    for piece in pieces[2::2]:
        separator = re.search(rb"\r?\n\r?\n", piece)
        if not piece.strip():
            continue
        if piece[:1] in (b"\r", b"\n") or separator is None:
            found.append(("", piece.lstrip(b"\r\n")))
            continue
        block = email.message_from_bytes(piece[: separator.end()])
        found.append((str(block.get("Content-Type", "")), piece[separator.end() :]))
    return found


def _multipart(call: Call, incoming: Incoming) -> None:
    parts = split_related(incoming.headers.get("content-type", ""), incoming.body)
    if len(parts) != 2:
        raise problems.bad_request("Multipart upload needs metadata and media, two parts")
    (_kind, metadata), (kind, media) = parts
    _check_type(kind)
    _check_size(len(media), call.method.upload)
    call.body = check_object(call.method, metadata) if metadata.strip() else {}
    call.media = media
