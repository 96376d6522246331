"""The sandbox as a process of its own, and its control API."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import requests

from mailbox_tools import odoo_config, paths
from mailbox_tools.env import ToolingError

ADDRESS = "demo@example.com"
CLIENT_ID = "mailbox-demo.apps.example"
CLIENT_SECRET = "demo-secret-worthless-elsewhere"


class Provider:
    """A running sandbox with one account."""

    def __init__(self, redirect_uri: str, quota: str, scenario: Sequence[str]) -> None:
        self.quota = quota
        self.port = odoo_config.free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        program = paths.environment() / "bin" / "mailbox-sandbox"
        self._command = [str(program), "serve", "--port", str(self.port), "--quota", quota]
        self._command += [
            "--account",
            ADDRESS,
            "--client-id",
            CLIENT_ID,
            "--client-secret",
            CLIENT_SECRET,
        ]
        self._command += ["--redirect-uri", redirect_uri, *scenario]
        self._process: subprocess.Popen[bytes] | None = None
        self._log = Path()
        self._web = requests.Session()
        self._web.trust_env = False

    def start(self, log: Path, *, timeout: float = 120.0) -> "Provider":
        """Start it and wait until its mailbox is filled. Raises ToolingError with the place of its
        log."""
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise ToolingError(f"the sandbox ended with {self._process.returncode}: {log}")
            try:
                self.control("GET", "status")
                return self
            except requests.ConnectionError:
                time.sleep(0.2)
        self.stop()
        raise ToolingError(f"the sandbox does not answer at {self.url}: {log}")

    def stop(self) -> None:
        """End it. Harmless when it does not run."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def control(self, method: str, call: str, **data: Any) -> dict[str, Any]:
        """Use the control API. Raises ToolingError with its complaint."""
        answer = self._web.request(
            method,
            f"{self.url}/_sandbox/{call}",
            json=data if method != "GET" else None,
            timeout=120,
        )
        found: dict[str, Any] = answer.json()
        if answer.status_code >= 400:
            raise ToolingError(
                f"the sandbox refused {call}: {found.get('error', answer.status_code)}"
            )
        return found

    def messages(self) -> int:
        """How many messages the account holds."""
        return int(self.control("GET", "status")["accounts"][ADDRESS])

    def left_out(self) -> list[str]:
        """What of the person's own mail could not be taken, a line each with the reason."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line.strip() for line in lines if line.strip().startswith("left out:")]

    def __enter__(self) -> "Provider":
        return self

    def __exit__(self, *details: object) -> None:
        self.stop()
