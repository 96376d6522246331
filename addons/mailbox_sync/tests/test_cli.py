import io
import json
import os
import tempfile
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

from odoo.addons.mailbox_sync import conf, crypto
from odoo.cli.command import find_command
from odoo.tests import TransactionCase, tagged
from odoo.tools import config

from .signin_common import REFRESH, Desk, connect, new_mailbox, use_fake_provider


@tagged("-at_install", "post_install")
class TestCommand(TransactionCase):
    def setUp(self):
        super().setUp()
        self.desk = Desk()
        use_fake_provider(self.startPatcher, self.desk)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.key_file = Path(folder.name) / "secret.key"
        crypto.create_key_file(self.key_file)
        self.startPatcher(patch.dict(os.environ, {"MAILBOX_SECRET_KEY_FILE": str(self.key_file)}))
        self.mailbox = new_mailbox(self.env)
        connect(self.mailbox, self.desk)
        command = find_command("mailbox")
        self.command = command()
        # Odoo runs the file without naming a module, so its globals are reached through a function
        # of it. The test server's configuration must stay as it is.
        ours = {"_environment": self.environment, "_databases": lambda: [self.env.cr.dbname]}
        self.startPatcher(patch.dict(type(self.command).run.__globals__, ours))
        self.startPatcher(patch.object(config, "parse_config", lambda *args, **kwargs: None))

    @contextmanager
    def environment(self, _name):
        yield self.env
        self.env.flush_all()

    def call(self, *arguments):
        """Exit code, output and complaints of one command."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                self.command.run(list(arguments))
            except SystemExit as ended:  # not assertRaises: Odoo's rolls back what the command did
                return ended.code, out.getvalue(), err.getvalue()
        raise AssertionError("the command did not end the process")

    def test_help_of_every_command(self):
        code, text, _err = self.call("--help")
        self.assertEqual(code, 0)
        for name in ("doctor", "sync", "parity", "listen", "rotate-keys"):
            self.assertIn(name, text)
            code, words, _err = self.call(name, "--help")
            self.assertEqual(code, 0)
            for option in ("--database", "--config", *(["--json"] if name != "listen" else [])):
                self.assertIn(option, words)
        self.assertEqual(self.call("unheard")[0], 2)
        self.assertEqual(self.call()[0], 2)

    def test_doctor(self):
        self.mailbox.quarantine_count = 3
        code, text, _err = self.call("doctor", "--json")
        report = json.loads(text)[0]
        server = {found["name"]: found for found in report["server"]}
        self.assertEqual(server["secret keys"]["level"], "good")
        self.assertEqual(server["key file"]["level"], "good")
        self.assertEqual(server["filestore"]["level"], "good")
        self.assertEqual(server["clock"]["level"], "good")
        self.assertEqual(server["job runner"]["level"], "bad", "none runs in this test")
        self.assertEqual(code, 1)
        checks = {found["name"]: found for found in report["mailboxes"][0]["checks"]}
        self.assertIn("Verified at", checks["sign-in"]["text"])
        self.assertEqual(
            (checks["quarantine"]["level"], checks["quarantine"]["text"]), ("hint", "3 messages")
        )
        os.chmod(self.key_file, 0o644)
        self.mailbox.env["mailbox.credential"]._of(self.mailbox)._write_row(
            {"token_state": "reconnect", "failure": "revoked"}
        )
        self.mailbox._token_changed()
        code, text, _err = self.call("doctor")
        self.assertIn(f"BAD  key file: {self.key_file} is open to others", text)
        self.assertIn("BAD  sign-in: Reconnect needed: revoked", text)
        self.assertNotIn("PLANTED", text)

    def test_doctor_misses_a_key(self):
        self.key_file.unlink()
        with self.assertLogs("odoo.addons.mailbox_sync.conf", "WARNING"):
            code, text, _err = self.call("doctor")
        self.assertEqual(code, 1)
        self.assertIn("need keys that are not configured", text)

    def test_doctor_tells_of_another_provider_address(self):
        with patch.dict(os.environ, {"MAILBOX_GOOGLE_BASE_URL": "http://127.0.0.1:9"}):
            self.assertIn("Tokens go to http://127.0.0.1:9", self.call("doctor")[1])

    def test_doctor_tells_of_the_proxy(self):
        proxy = "http://ann:planted@proxy.example.com:3128"
        with patch.dict(os.environ, {"MAILBOX_PROXY": proxy, "HTTPS_PROXY": "http://other:1"}):
            self.assertEqual(conf.endpoints().proxy, proxy)
            text = self.call("doctor")[1]
            self.assertIn("ok   proxy: proxy.example.com:3128", text)
            self.assertNotIn("planted", text)
        with patch.dict(os.environ, {"MAILBOX_PROXY": "proxy:3128"}):
            self.assertIn(
                "BAD  proxy: The proxy must be given as http://host:port", self.call("doctor")[1]
            )
        with patch.dict(os.environ, {"HTTPS_PROXY": "http://other:1"}):
            self.assertIn(
                "note proxy: HTTPS_PROXY of the environment is not used", self.call("doctor")[1]
            )

    def test_sync_and_unknown_address(self):
        code, _out, complaint = self.call("sync", "--mailbox", "nobody@example.org")
        self.assertEqual(code, 2)
        self.assertIn("No such mailbox", complaint)
        self.mailbox._sync_start()
        code, text, _err = self.call("sync", "--mailbox", "ADA@example.org")
        self.assertEqual(code, 0)
        self.assertIn("ada@example.org: woken", text)
        self.mailbox._sync_pause()
        code, text, _err = self.call("sync")
        self.assertEqual(code, 1)
        self.assertIn("not woken: paused", text)

    def test_parity_begins(self):
        self.mailbox._sync_start()
        code, text, _err = self.call("parity", "--json")
        self.assertEqual(code, 0)
        self.assertEqual(json.loads(text)[0]["state"], "running")
        self.assertEqual(self.call("parity", "--wait", "1")[0], 1, "not proved in time")

    def test_rotate_keys(self):
        before = self.key_file.read_text()
        code, text, _err = self.call("rotate-keys", "--json", "--new-key")
        self.assertEqual(code, 0)
        self.assertEqual(json.loads(text)[0]["encrypted_anew"], 2)
        self.assertIn(
            before.strip(), self.key_file.read_text(), "old keys stay until they are dropped"
        )
        code, text, _err = self.call("rotate-keys", "--json", "--drop-old-keys")
        self.assertEqual((code, json.loads(text)[0]["encrypted_anew"]), (0, 0))
        self.assertNotIn(before.strip(), self.key_file.read_text())
        self.assertEqual(self.key_file.stat().st_mode & 0o777, 0o600)
        credential = self.env["mailbox.credential"]._of(self.mailbox)
        self.assertEqual(credential._open("use").refresh_token, REFRESH)
        self.assertEqual(conf.keyring().older, ())

    def test_rotate_keys_refusals(self):
        code, _out, complaint = self.call("rotate-keys", "--drop-old-keys", "-d", "one")
        self.assertEqual(code, 2)
        self.assertIn("leave out -d", complaint)
        with patch.dict(os.environ, {"MAILBOX_SECRET_KEY": "ab" * 32}):
            code, _out, complaint = self.call("rotate-keys", "--new-key")
        self.assertEqual(code, 2)
        self.assertIn("MAILBOX_SECRET_KEY", complaint)
        self.key_file.unlink()
        with self.assertLogs("odoo.addons.mailbox_sync.conf", "WARNING"):
            code, _out, complaint = self.call("rotate-keys")
        self.assertEqual(code, 2)
        self.assertIn("is not configured here", complaint)
