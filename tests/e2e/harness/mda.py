"""A private Dovecot whose LMTP delivers into a Maildir, as on a real mail server."""

import os
import pwd
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from mailbox_tools import odoo_config

_PROGRAMS = ("dovecot", "/usr/sbin/dovecot")
_LMTP = Path("/usr/lib/dovecot/lmtp")

_CONFIGURATION = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
listen = 127.0.0.1
protocols = lmtp
ssl = no
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{home}/mail/%Ln
auth_username_format = %Ln
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/mail/%Ln
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
"""


def missing() -> str:
    """Why there is no Dovecot to run; empty when there is."""
    if not _program():
        return "Dovecot is not installed: apt-get install dovecot-imapd dovecot-lmtpd"
    if not _LMTP.exists():
        return "Dovecot's LMTP is not installed: apt-get install dovecot-lmtpd"
    return "" if os.geteuid() == 0 else "a private Dovecot is started as root here"


def _program() -> str | None:
    return next((found for name in _PROGRAMS if (found := shutil.which(name))), None)


class Dovecot:
    """Runs until the block ends; its Maildirs are gone with it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mailbox-dovecot-")
        self._home = Path(self._folder.name)
        self._port = odoo_config.free_ports(1)[0]

    def __enter__(self) -> "Dovecot":
        owner = pwd.getpwnam("nobody")
        self._home.chmod(0o755)
        mail = self._home / "mail"
        mail.mkdir()
        os.chown(mail, owner.pw_uid, owner.pw_gid)
        text = _CONFIGURATION.format(
            home=self._home, user="nobody", group="nogroup", uid=owner.pw_uid, gid=owner.pw_gid,
            port=self._port,
        )  # fmt: skip
        self._file = self._home / "dovecot.conf"
        self._file.write_text(text, encoding="utf-8")
        program = _program()
        assert program is not None
        self._process = subprocess.Popen(
            [program, "-F", "-c", str(self._file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        deadline = time.monotonic() + 15
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Dovecot does not start: {self._complaint()}")
            time.sleep(0.1)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(15)
        self._folder.cleanup()

    def deliver(self, user: str, letters: Iterable[bytes]) -> Path:
        """Deliver by LMTP (RFC 2033) and return the user's Maildir."""
        with smtplib.LMTP("127.0.0.1", self._port) as lmtp:
            for letter in letters:
                refused = lmtp.sendmail("sender@example.net", [f"{user}@example.com"], letter)
                assert not refused, refused
        return self._home / "mail" / user

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), 1).close()
        except OSError:
            return False
        return True

    def _complaint(self) -> str:
        log = self._home / "dovecot.log"
        return log.read_text(errors="replace")[-2000:] if log.exists() else "no log"
