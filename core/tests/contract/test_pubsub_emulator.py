"""Pull and push through Google's own Pub/Sub emulator, where it is installed.

The emulator checks no tokens; signing in is the sandbox's part here.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mailbox_core.errors import NotFound, Unavailable
from mailbox_core.net.endpoints import Endpoints
from mailbox_core.net.http import Http, default_failure
from mailbox_core.net.quota import Unmetered
from mailbox_core.net.service_account import ServiceAccount
from mailbox_core.providers.gmail.pull import GmailPull
from mailbox_core.providers.gmail.push import decode

PROJECT = "projects/emulated-project"
TOPIC = f"{PROJECT}/topics/mail"
DATA = {"emailAddress": "ada@example.com", "historyId": 7}


def program() -> Path | None:
    """The emulator of the Google Cloud command line, if that, the emulator and Java are here."""
    gcloud = shutil.which("gcloud")
    if gcloud is None or shutil.which("java") is None:
        return None
    command = [gcloud, "info", "--format=value(installation.sdk_root)"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    found = Path(done.stdout.strip(), "platform", "pubsub-emulator", "bin", "cloud-pubsub-emulator")
    return found if done.stdout.strip() and found.is_file() else None


@pytest.fixture(scope="module")
def emulator():
    """Its base address."""
    found = program()
    if found is None:
        pytest.skip("Google's Pub/Sub emulator (or Java) is not installed")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [str(found), "--host=127.0.0.1", f"--port={port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline, "did not start"
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def call(emulator):
    """Administer the emulator: ``call(verb, name, **body)``."""
    http = Http(budget=Unmetered(), lane="new", classify=default_failure)

    def ask(verb, name, **body):
        deadline = time.monotonic() + 30
        while True:
            try:
                return http.request(verb, f"{emulator}/v1/{name}", json=body).json()
            except Unavailable:  # it listens before it serves
                assert time.monotonic() < deadline
                time.sleep(0.2)

    yield ask
    http.close()


@pytest.fixture
def topic(call):
    """A topic, gone afterwards; answers a function that publishes a notification."""
    call("PUT", TOPIC)
    text = base64.b64encode(json.dumps(DATA).encode()).decode()
    yield lambda: call("POST", TOPIC + ":publish", messages=[{"data": text}])
    call("DELETE", TOPIC)


def test_pull_through_googles_emulator(sandbox, emulator, call, topic):
    name = f"{PROJECT}/subscriptions/pulled"
    call("PUT", name, topic=TOPIC, ackDeadlineSeconds=10)
    account = ServiceAccount.parse(json.dumps(sandbox.add_pull()))
    endpoints = Endpoints(google_token=f"{sandbox.url}/token", pubsub=emulator)
    source = GmailPull(account, name, endpoints)
    try:
        topic()
        (first,) = source.pull(10)
        hint = decode(first.message, datetime.now(timezone.utc))
        assert (hint.address, hint.detail) == ("ada@example.com", "7")
        assert hint.published_at is not None
        source.extend([first.receipt], 0)
        (second,) = source.pull(10)
        assert second.message["messageId"] == first.message["messageId"]
        source.acknowledge([second.receipt])
        topic()
        (third,) = source.pull(10)
        assert third.message["messageId"] != first.message["messageId"]
        source.acknowledge([third.receipt])
    finally:
        source.close()
    gone = GmailPull(account, name + "-gone", endpoints)
    with pytest.raises(NotFound):
        gone.pull(1)
    gone.close()


def test_push_through_googles_emulator(call, topic):
    bodies, arrived = [], threading.Event()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(202)
            self.end_headers()
            arrived.set()

        def log_message(self, format, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_address[1]}/mailbox/push/gmail"
    name = f"{PROJECT}/subscriptions/pushed"
    try:
        call("PUT", name, topic=TOPIC, pushConfig={"pushEndpoint": endpoint})
        topic()
        assert arrived.wait(30)
        hint = decode(bodies[0], datetime.now(timezone.utc))
        assert (hint.address, hint.detail) == ("ada@example.com", "7")
        assert hint.published_at is not None
    finally:
        server.shutdown()
        server.server_close()
