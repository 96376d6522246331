import os
import stat
import tempfile
import threading
from pathlib import Path
from unittest.mock import patch

from odoo.addons.mailbox_sync import conf, crypto
from odoo.tests import BaseCase, tagged

CONTEXT = "mailbox.credential:7:secret"
HEX_KEY = "ab" * 32
OTHER_KEY = "cd" * 32


@tagged("-at_install", "post_install")
class TestKeyring(BaseCase):
    def setUp(self):
        super().setUp()
        self.old = crypto.Key.parse(OTHER_KEY, "old")
        self.new = crypto.Key.parse(HEX_KEY, "new")

    def test_seal_and_open(self):
        ring = crypto.make_keyring([self.new])
        for secret in ("", "1//0refresh", "ключ 密钥 🔑", "x" * 10_000):
            sealed = ring.seal(secret, CONTEXT)
            self.assertEqual(ring.open(sealed, CONTEXT), secret)
            self.assertNotIn(secret or "\0", sealed)
        self.assertNotEqual(ring.seal("a", CONTEXT), ring.seal("a", CONTEXT), "nonces must differ")

    def test_moved_to_another_record_or_field(self):
        ring = crypto.make_keyring([self.new])
        sealed = ring.seal("token", CONTEXT)
        for context in ("mailbox.credential:8:secret", "mailbox.credential:7:client_secret", ""):
            with self.assertRaises(crypto.BrokenSecret):
                ring.open(sealed, context)

    def test_every_changed_character_is_noticed(self):
        ring = crypto.make_keyring([self.new])
        sealed = ring.seal("token", CONTEXT)
        for place in range(len(sealed)):
            changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
            with self.assertRaises(crypto.SecretError):
                ring.open(changed, CONTEXT)
        for cut in (
            sealed[:-4],
            sealed[:20],
            "",
            "v1",
            "v1:x:",
            "plain token",
            f"v1:{self.new.key_id}:AAAA",
        ):
            with self.assertRaises(crypto.SecretError):
                ring.open(cut, CONTEXT)

    def test_rotation(self):
        sealed = crypto.make_keyring([self.old]).seal("token", CONTEXT)
        ring = crypto.make_keyring([self.new, self.old, self.new])
        self.assertEqual(len(ring.older), 1)
        self.assertFalse(ring.is_current(sealed))
        self.assertEqual(ring.open(sealed, CONTEXT), "token")
        again = ring.seal(ring.open(sealed, CONTEXT), CONTEXT)
        self.assertTrue(ring.is_current(again))
        self.assertEqual(crypto.make_keyring([self.new]).open(again, CONTEXT), "token")

    def test_missing_key_names_it(self):
        sealed = crypto.make_keyring([self.old]).seal("token", CONTEXT)
        with self.assertRaisesRegex(
            crypto.MissingKey, f"{self.old.key_id}.*secret_key_old"
        ) as caught:
            crypto.make_keyring([self.new]).open(sealed, CONTEXT)
        self.assertEqual(caught.exception.key_id, self.old.key_id)

    def test_key_texts(self):
        base64_key = "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s"
        for text in (HEX_KEY, HEX_KEY.upper(), base64_key, base64_key + "=", f"  {HEX_KEY}\n"):
            self.assertEqual(crypto.Key.parse(text, "here").material, bytes.fromhex(HEX_KEY))
        for text in ("", "correct horse battery staple", "ab" * 16, "zz" * 32, "ab" * 33, "ü" * 43):
            with self.assertRaisesRegex(
                crypto.MalformedKey, "in odoo.conf must be 32 random bytes"
            ):
                crypto.Key.parse(text, "odoo.conf")

    def test_a_key_never_shows_itself(self):
        ring = crypto.make_keyring([self.new, self.old])
        for text in (repr(ring), repr(self.new), self.new.key_id):
            self.assertNotIn(HEX_KEY[:12], text)
            self.assertNotIn(OTHER_KEY[:12], text)


@tagged("-at_install", "post_install")
class TestKeySources(BaseCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.rcfile = self.folder / "odoo.conf"
        self.write_conf("")
        real = {"config": str(self.rcfile), "data_dir": str(self.folder / "data")}
        self.startPatcher(patch.object(conf, "config", real))
        clean = {
            name: value for name, value in os.environ.items() if not name.startswith("MAILBOX_")
        }
        self.startPatcher(patch.dict(os.environ, clean, clear=True))

    def write_conf(self, lines):
        self.rcfile.write_text(
            f"[options]\nworkers = 2\n[mailbox]\n{lines}\n[queue_job]\nchannels = root:2\n"
        )

    def test_key_file_is_made_once_private_and_announced(self):
        with self.assertLogs("odoo.addons.mailbox_sync.conf", "WARNING") as logs:
            first = conf.keyring()
        path = self.folder / "data" / crypto.KEY_FILE_NAME
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertIn(str(path), logs.output[0])
        self.assertNotIn(path.read_text().strip(), logs.output[0])
        with self.assertNoLogs("odoo.addons.mailbox_sync.conf", "WARNING"):
            self.assertEqual(conf.keyring(), first)
        self.assertEqual([path.name for path in path.parent.iterdir()], [crypto.KEY_FILE_NAME])

    def test_processes_that_race_for_the_key_file_agree(self):
        path = self.folder / "race" / "key"
        keys, made = [], []

        def create():
            found, created = crypto.create_key_file(path)
            keys.append(found[0].key_id)
            made.append(created)

        threads = [threading.Thread(target=create) for _number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(set(keys)), 1)
        self.assertEqual(made.count(True), 1)

    def test_configured_key_wins_and_the_file_still_opens(self):
        from_file = conf.keyring().seal("token", CONTEXT)
        self.write_conf(f"secret_key = {HEX_KEY}")
        ring = conf.keyring()
        self.assertEqual(ring.primary.material.hex(), HEX_KEY)
        self.assertEqual(ring.open(from_file, CONTEXT), "token")
        os.environ["MAILBOX_SECRET_KEY"] = OTHER_KEY
        self.assertEqual(conf.keyring().primary.material.hex(), OTHER_KEY)

    def test_old_key_opens_only(self):
        old = crypto.make_keyring([crypto.Key.parse(OTHER_KEY, "")]).seal("token", CONTEXT)
        self.write_conf(f"secret_key = {HEX_KEY}\nsecret_key_old = {OTHER_KEY}")
        ring = conf.keyring()
        self.assertEqual(ring.open(old, CONTEXT), "token")
        self.assertFalse(ring.is_current(old))
        self.assertFalse((self.folder / "data").exists(), "no key file beside a configured key")

    def test_bad_configuration_says_where(self):
        self.write_conf("secret_key = hunter2")
        with self.assertRaisesRegex(
            crypto.MalformedKey, r"secret_key in section \[mailbox\] of .*odoo.conf"
        ):
            conf.keyring()

    def test_damaged_key_file_is_never_overwritten(self):
        path = self.folder / "data" / crypto.KEY_FILE_NAME
        path.parent.mkdir()
        path.write_text("# empty\n")
        with self.assertRaisesRegex(crypto.MalformedKey, "holds no key"):
            conf.keyring()
        self.assertEqual(path.read_text(), "# empty\n")

    def test_base_address_comes_from_the_operator(self):
        self.assertEqual(conf.endpoints().google_token, "https://oauth2.googleapis.com/token")
        self.write_conf("google_base_url = http://127.0.0.1:9/")
        self.assertEqual(conf.endpoints().google_token, "http://127.0.0.1:9/token")
