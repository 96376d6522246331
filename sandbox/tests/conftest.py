"""Fixtures: a sandbox with one account and one client, and a session whose every answer is checked.

The check is against Google's published discovery document, shipped in google-api-python-client.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import googleapiclient
import pytest
import requests

from mailbox_sandbox import Account, Sandbox

FULL = "https://mail.google.com/"
GMAIL = "https://www.googleapis.com/auth/gmail."
REDIRECT = "http://localhost:8069/mail/oauth2callback"
DOCUMENT = Path(googleapiclient.__file__).parent / "discovery_cache/documents/gmail.v1.json"


class Discovery:
    """The published description, and a validator that allows nothing it does not name."""

    def __init__(self) -> None:
        self.document = json.loads(DOCUMENT.read_text())
        self.methods: dict[str, dict[str, Any]] = {}
        self._collect(self.document)

    def _collect(self, node: dict[str, Any]) -> None:
        for method in node.get("methods", {}).values():
            self.methods[method["id"].removeprefix("gmail.users.")] = method
        for child in node.get("resources", {}).values():
            self._collect(child)

    def method_of(self, verb: str, path: str) -> dict[str, Any] | None:
        """Return the method that an address means, literal paths before patterns."""
        path = re.sub(r"^(/resumable)?/upload", "", path).lstrip("/")
        fitting = [
            method
            for method in self.methods.values()
            if method["httpMethod"] == verb and re.fullmatch(_pattern(method["path"]), path)
        ]
        return min(fitting, key=lambda method: method["path"].count("{"), default=None)

    def check(self, verb: str, path: str, status: int, data: Any) -> None:
        """Fail when an answer is not what the document promises."""
        method = self.method_of(verb, path)
        assert method is not None, f"no such method: {verb} {path}"
        if status >= 400:
            check_error(data, status)
        elif "response" in method and status != 204:
            self.value({"$ref": method["response"]["$ref"]}, data, method["id"])
        else:
            assert status == 204, f"{method['id']} answers {status} with a body"

    def value(self, schema: dict[str, Any], data: Any, where: str) -> None:
        """Check one value against one schema: unknown fields and wrong types fail."""
        if "$ref" in schema:
            schema = self.document["schemas"][schema["$ref"]]
        kind, form = schema.get("type", "object"), schema.get("format", "")
        if kind == "object":
            assert isinstance(data, dict), where
            for name, item in data.items():
                known = schema.get("properties", {})
                assert name in known, f"{where}: unknown field {name}"
                self.value(known[name], item, f"{where}.{name}")
        elif kind == "array":
            assert isinstance(data, list) and data, f"{where}: empty or no list"
            for item in data:
                self.value(schema["items"], item, where + "[]")
        else:
            _scalar(kind, form, schema, data, where)


def _pattern(path: str) -> str:
    return re.sub(r"\\{\+?\w+\\}", "[^/]+", re.escape(path))


def _scalar(kind: str, form: str, schema: dict[str, Any], data: Any, where: str) -> None:
    if form in ("uint64", "int64"):
        assert isinstance(data, str) and data.isdigit(), f"{where}: 64-bit number not a string"
    elif kind == "string":
        assert isinstance(data, str), f"{where}: {data!r} is no string"
        if "enum" in schema:
            assert data in schema["enum"], f"{where}: {data!r} is not in the list"
        if form == "byte":
            assert re.fullmatch(r"[A-Za-z0-9_-]*={0,2}", data) and len(data) % 4 == 0, where
    elif kind == "integer":
        assert isinstance(data, int) and not isinstance(data, bool), f"{where}: {data!r}"
    elif kind == "boolean":
        assert data is True, f"{where}: false is omitted"
    else:
        raise AssertionError(f"{where}: schema type {kind} is new to this test")


def check_error(data: Any, status: int) -> None:
    """Fail when a body is not Google's classic error envelope."""
    error = data["error"]
    assert set(data) == {"error"} and error["code"] == status
    assert set(error) <= {"code", "message", "errors", "status", "details"}
    first = error["errors"][0]
    assert {"message", "domain", "reason"} <= set(first)
    assert error["status"].isupper()


@pytest.fixture(scope="session")
def discovery() -> Discovery:
    return Discovery()


@dataclass
class Gmail:
    """A plain HTTP client of one account; ``checked`` counts the validated answers."""

    base: str
    session: requests.Session
    discovery: Discovery
    checked: int = 0
    free: bool = field(default=False)

    def call(self, verb: str, path: str, **more: Any) -> requests.Response:
        """Call ``/gmail/v1/users/me/<path>``; the answer is validated before it is returned."""
        address = path if path.startswith("/") else f"/gmail/v1/users/me/{path}"
        reply = self.session.request(verb, self.base + address, **more)
        kind = reply.headers.get("Content-Type", "")
        if reply.status_code == 204 or kind.startswith("application/json"):
            data = reply.json() if reply.content else None
            self.discovery.check(verb, urlsplit(address).path, reply.status_code, data)
            self.checked += 1
        return reply

    def get(self, path: str, **params: Any) -> Any:
        """GET and return the JSON of a success."""
        reply = self.call("GET", path, params=params)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def post(self, path: str, data: Any = None, **params: Any) -> Any:
        """POST JSON and return the JSON of a success (None for 204)."""
        reply = self.call("POST", path, json=data, params=params)
        assert reply.status_code in (200, 204), reply.text
        return reply.json() if reply.content else None

    def refused(self, verb: str, path: str, **more: Any) -> tuple[int, str]:
        """Call and return (status, reason) of a refusal."""
        reply = self.call(verb, path, **more)
        assert reply.status_code >= 400, reply.text
        return reply.status_code, reply.json()["error"]["errors"][0]["reason"]


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    """The mailbox demo@example.com, with a client ``cid``/``secret`` registered."""
    sandbox.world.add_client("cid", "secret", [REDIRECT])
    return sandbox.world.add_account("demo@example.com", name="Demo Person")


Connect = Callable[..., Gmail]


@pytest.fixture
def connect(sandbox: Sandbox, account: Account, discovery: Discovery) -> Iterator[Connect]:
    """Return a function that opens a client with the given scopes (default: all mail)."""
    sessions: list[requests.Session] = []

    def open_client(*scopes: str, email: str = "demo@example.com", client: str = "cid") -> Gmail:
        tokens = sandbox.grant(email, client, list(scopes) or [FULL])
        session = requests.Session()
        session.trust_env = False
        session.headers["Authorization"] = "Bearer " + tokens["access_token"]
        sessions.append(session)
        return Gmail(sandbox.url, session, discovery)

    yield open_client
    for session in sessions:
        session.close()


@pytest.fixture
def gmail(connect: Connect) -> Gmail:
    """A client that may do everything."""
    return connect()


@pytest.fixture
def mail() -> Callable[..., bytes]:
    """Return a writer of small raw messages."""
    count = iter(range(1, 10_000))

    def write(subject: str = "Hello", text: str = "Text\r\n", **fields: str) -> bytes:
        head = {
            "From": "Ann <ann@example.net>",
            "To": "demo@example.com",
            "Subject": subject,
            "Date": "Fri, 20 Nov 2026 10:00:00 +0000",
            "Message-ID": f"<m{next(count)}@example.net>",
            **{name.replace("_", "-"): value for name, value in fields.items()},
        }
        lines = [f"{name}: {value}" for name, value in head.items() if value]
        return ("\r\n".join(lines) + "\r\n\r\n" + text).encode()

    return write


class Receiver:
    """An endpoint that notes what comes and answers as told."""

    def __init__(self) -> None:
        self.got: list[tuple[float, dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.status = 204
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((time.monotonic(), dict(self.headers), body))
                self.send_response(
                    receiver.statuses.pop(0) if receiver.statuses else receiver.status
                )
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            # Bursts are no overload: a refused connection is tried again on a clock that may stand.
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/push?x=1"

    def wait(self, count: int, timeout: float = 20.0) -> list[dict[str, Any]]:
        """Return the notifications when there are *count*."""
        deadline = time.monotonic() + timeout
        while len(self.got) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        assert len(self.got) >= count, f"{len(self.got)} of {count}"
        return [self.notification(body) for _, _, body in self.got]

    @staticmethod
    def notification(body: bytes) -> dict[str, Any]:
        """Return what a wrapped push says."""
        found: dict[str, Any] = json.loads(base64.b64decode(json.loads(body)["message"]["data"]))
        return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()
