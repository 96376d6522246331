"""A small threaded HTTP/1.1 server in front of a Werkzeug-style application.

The standard library's server is used directly because faults need the raw socket.
"""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.wrappers import Request, Response

from .wire import Wire, WiredResponse

log = logging.getLogger(__name__)

App = Callable[[Request], Response]
#: The largest request the Gmail API takes is 150 MB of message, in base64 in the worst case.
MAX_BODY = 220 * 1024 * 1024
CHUNK = 64 * 1024


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "mailbox-sandbox"
    sys_version = ""
    timeout = 120
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def _serve(self) -> None:
        body = self._body()
        if body is None:
            return
        request = Request(self._environ(body), populate_request=False)
        try:
            response = self.server.app(request)
        except Exception:
            log.exception("%s %s failed", self.command, self.path)
            response = Response("internal error in the sandbox\n", status=500)
        self._answer(request, response)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve

    def _body(self) -> bytes | None:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunked()
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= MAX_BODY:
            self.send_error(413 if length > 0 else 400)
            self.close_connection = True
            return None
        return self.rfile.read(length) if length else b""

    def _chunked(self) -> bytes | None:
        parts, total = [], 0
        try:
            while size := int(self.rfile.readline(1024).split(b";")[0].strip() or b"0", 16):
                total += size
                if total > MAX_BODY:
                    raise ValueError("too large")
                parts.append(self.rfile.read(size))
                self.rfile.readline(1024)
            while self.rfile.readline(8192).strip():
                pass
        except ValueError:
            self.send_error(400)
            self.close_connection = True
            return None
        return b"".join(parts)

    def _environ(self, body: bytes) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        address = self.server.server_address
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": str(address[0]),
            "SERVER_PORT": str(address[1]),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.input_terminated": True,
        }
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        return environ

    def _answer(self, request: Request, response: Response) -> None:
        wire = response.wire if isinstance(response, WiredResponse) else None
        if wire and wire.hang and self.server.stopping.wait(wire.hang):
            wire = Wire(close=True)
        if wire and wire.close:
            self._drop()
            return
        body = b"" if request.method == "HEAD" else response.get_data()
        try:
            self._send_head(response, len(response.get_data()))
            self._send_body(body, wire)
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            self.close_connection = True

    def _send_head(self, response: Response, length: int) -> None:
        self.send_response_only(response.status_code)
        for name, value in response.headers.items():
            if name.lower() not in ("content-length", "date", "server"):
                self.send_header(name, value)
        self.send_header("Date", self.date_time_string(self.server.now()))
        self.send_header("Server", "ESF")
        if response.status_code not in (204, 304):
            self.send_header("Content-Length", str(length))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _send_body(self, body: bytes, wire: Wire | None) -> None:
        if wire is None or (wire.cut is None and wire.rate is None):
            self.wfile.write(body)
            self.wfile.flush()
            return
        if wire.cut is not None:
            self.wfile.write(body[: int(len(body) * wire.cut)])
            self.wfile.flush()
            self._drop()
            return
        step = max(1, int((wire.rate or 1) / 10))
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            self.wfile.flush()
            if self.server.stopping.wait(step / (wire.rate or 1)):
                self._drop()
                return

    def _drop(self) -> None:
        """Close with a reset, as a crashed peer does."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.shutdown(socket.SHUT_RD)
        with contextlib.suppress(OSError):
            self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        log.debug(format, *args)


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """The listener; ``start`` serves from a thread, ``stop`` ends every connection."""

    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False
    request_queue_size = 256

    def __init__(
        self, host: str, port: int, app: App, now: Callable[[], float] = time.time
    ) -> None:
        self.app = app
        #: The time that answers are dated with: advice such as Retry-After is read against it.
        self.now = now
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__((host, port), _Handler)
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True,
            name="mailbox-sandbox",
        )  # fmt: skip

    @property
    def url(self) -> str:
        """Base address without a trailing slash."""
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and cut all connections."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._guard:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection in its thread."""
        with self._guard:
            self._open.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._guard:
                self._open.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Broken connections are daily business (and often ordered by a fault)."""
        log.debug("connection from %s broke", client_address, exc_info=True)
