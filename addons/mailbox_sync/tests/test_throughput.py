import base64
import os
import random
from dataclasses import replace
from unittest.mock import patch

from odoo.tests.common import tagged

from ..engine import step
from ..store.raw import RawStore
from .common import MailboxCase


@tagged("post_install", "-at_install")
class TestThroughput(MailboxCase):
    def make_large(self, address, count):
        """A mailbox whose provider lists all of ``count`` messages on the first page."""
        mailbox, world = self.make_mailbox(address)
        world.capabilities = replace(world.capabilities, page_limit=500)
        self.fill(world, count)
        mailbox._sync_start()
        self.perform(self.next_job())
        self.assertEqual(mailbox.message_count, 50, "the newest are there at once")
        return mailbox, world

    def test_a_history_step_goes_on_while_fetching_is_quick(self):
        mailbox, world = self.make_large("ada@example.org", 400)
        self.perform(self.next_job())
        self.assertEqual(mailbox.message_count, 250)
        self.run_jobs()
        self.assert_same(mailbox, world)

    def test_a_step_that_took_long_or_brought_much_leaves_the_rest_to_the_next(self):
        for name, limit in (("_FETCH_SECONDS", -1.0), ("_FETCH_BYTES", 0)):
            mailbox, world = self.make_large(f"{name.lower()}@example.org", 200)
            with patch.object(step, name, limit):
                self.perform(self.next_job())
                self.assertEqual(mailbox.message_count, 100, name)
                self.run_jobs()
            self.assert_same(mailbox, world)

    def test_sources_come_back_whole_however_they_are_compressed(self):
        store = RawStore(self.raw_root)
        noise = base64.encodebytes(random.Random(1).randbytes(60_000))
        for raw in (b"", b"short", b"the same again " * 5000, noise, noise + b"text " * 20_000):
            _digest, key = store.put(raw)
            self.assertEqual(store.get(key), raw)
            size = (self.raw_root / key).stat().st_size
            self.assertLess(size, max(64, 0.8 * len(raw)))

    def test_whoever_got_more_quota_may_use_it(self):
        mailbox = self.env["mailbox"].create(
            {"name": "More", "provider": "gmail", "address": "more@example.org"}
        )
        usual = mailbox._quota_profile()
        with patch.dict(os.environ, {"MAILBOX_QUOTA_UNITS_PER_MINUTE": "90000"}):
            granted = mailbox._quota_profile()
        self.assertEqual(granted.units_per_minute_user, 90_000)
        self.assertEqual(granted.units_per_minute_project, usual.units_per_minute_project)
        for word in ("", "0", "-5", "plenty"):
            with patch.dict(os.environ, {"MAILBOX_QUOTA_UNITS_PER_MINUTE": word}):
                self.assertEqual(mailbox._quota_profile(), usual)
