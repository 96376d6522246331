"""The front of an Odoo with workers: which of two servers a connection reaches."""

import http.client
import http.server
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from mailbox_tools.front import Front


@contextmanager
def answering(text: str) -> Iterator[int]:
    """Serve the text and the request's path under every address; yields the port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = f"{text} {self.path} {len(self.rfile.read(length))}".encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def ask(port: int, path: str, size: int) -> str:
    """Post ``size`` bytes and return the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", path, b"x" * size)
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer


def test_the_live_channel_goes_to_its_own_process() -> None:
    with ExitStack() as stack:
        pages, live = (stack.enter_context(answering(name)) for name in ("pages", "live"))
        front = Front(0, pages, live).start()
        stack.callback(front.stop)
        assert ask(front.port, "/web/login", 10) == "pages /web/login 10"
        assert ask(front.port, "/websocket?version=1", 0) == "live /websocket?version=1 0"
        assert ask(front.port, "/upload", 3_000_000) == "pages /upload 3000000"


def test_a_server_that_is_down_closes_the_connection() -> None:
    with answering("pages") as pages:
        front = Front(0, pages, 1).start()
        try:
            ask(front.port, "/websocket", 0)
        except http.client.RemoteDisconnected:
            pass
        else:
            raise AssertionError("an answer came from nowhere")
        finally:
            front.stop()
