"""A receiver of signed calls on this machine."""

import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from unittest.mock import patch

from odoo.tests.common import _super_send

SECRET = "a secret that nobody guesses"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((dict(self.headers), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_args):
        """Quiet."""


class ReceiverMixin:
    """``self.server.calls`` holds what came, ``self.server.answers`` the codes to answer with."""

    @classmethod
    def _request_handler(cls, session, request, /, **kwargs):
        """Odoo's guard against calls from tests knows single time limits only."""
        if not request.url.startswith("http://127.0.0.1:"):
            raise AssertionError(request.url)
        return _super_send(session, request, **kwargs)

    def setUp(self):
        super().setUp()
        self.server = HTTPServer(("127.0.0.1", 0), _Handler)
        self.server.calls, self.server.answers = [], []
        thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        environment = patch.dict(os.environ, {"MAILBOX_WEBHOOK_NETWORKS": "127.0.0.0/8"})
        environment.start()
        self.addCleanup(environment.stop)
