import base64
import os
import random
import uuid
from dataclasses import replace
from unittest.mock import patch

from odoo.tests.common import tagged

from mailbox_core.net.quota import QuotaProfile

from ..engine import step
from ..engine.quota import PostgresBudget, Prepaid
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
        self.assertFalse(mailbox.listed_count, "and nobody waits for the list of the others")
        self.perform(self.next_job())
        self.assertEqual(mailbox.message_count, 100)
        self.assertEqual(mailbox.listed_count, count - 100)
        return mailbox, world

    def test_a_history_step_goes_on_while_fetching_is_quick(self):
        mailbox, world = self.make_large("ada@example.org", 500)
        self.perform(self.next_job())
        self.assertEqual(mailbox.message_count, 500)
        self.run_jobs()
        self.assert_same(mailbox, world)

    def test_a_step_that_took_long_or_brought_much_leaves_the_rest_to_the_next(self):
        for name, limit in (("_FETCH_SECONDS", -1.0), ("_FETCH_BYTES", 0)):
            mailbox, world = self.make_large(f"{name.lower()}@example.org", 200)
            with patch.object(step, name, limit):
                self.perform(self.next_job())
                self.assertEqual(mailbox.message_count, 150, name)
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

    def budget(self, **limits):
        """A budget of its own in the real table, gone after the test."""
        key = f"test:{uuid.uuid4()}"
        profile = QuotaProfile(**{"units_per_minute_project": None, **limits})
        budget = PostgresBudget(self.env.cr.dbname, key, f"{key}:project", profile)

        def forget():
            with budget._cursor() as cr:
                cr.execute("DELETE FROM mailbox_bucket WHERE key LIKE %s", [f"{key}%"])

        self.addCleanup(forget)
        return budget

    def row(self, budget, key):
        with budget._cursor() as cr:
            return {one["key"]: one for one in budget._select(cr, [key])}[key]

    def test_history_is_paid_ahead_and_the_rest_given_back(self):
        budget = self.budget(units_per_minute_user=1_000_000, units_per_day_project=10**9)
        with patch.object(PostgresBudget, "_lock", wraps=PostgresBudget._lock) as lock:
            for _ in range(8):
                self.assertEqual(budget.take("history", 50), 0.0)
            self.assertEqual(lock.call_count, 1)
            budget.settle()
            budget.settle()
            self.assertEqual(lock.call_count, 2)
        self.assertEqual(budget.spent, 400)
        self.assertEqual(self.row(budget, budget._project)["spent"], 400)

    def test_nothing_is_paid_ahead_when_there_is_little(self):
        budget = self.budget(units_per_minute_user=6000, units_per_day_project=10**9)
        self.assertEqual(budget.take("history", 100), 0.0)
        self.assertEqual(self.row(budget, budget._project)["spent"], 100)
        near = self.budget(units_per_minute_user=1_000_000, units_per_day_project=900)
        self.assertEqual(near.take("history", 50), 0.0)
        self.assertEqual(self.row(near, near._project)["spent"], 50)
        self.assertEqual(near.take("new", 50), 0.0)
        self.assertEqual(self.row(near, near._project)["spent"], 100)

    def test_many_budgets_are_asked_at_once(self):
        rich = self.budget(units_per_minute_user=6000, units_per_day_project=10**9)
        poor = self.budget(units_per_minute_user=6000, units_per_day_project=3)
        self.assertEqual(PostgresBudget.take_each([rich, poor], "new", 2), [rich, poor])
        self.assertEqual(PostgresBudget.take_each([rich, poor], "new", 2), [rich])
        self.assertEqual((rich.spent, poor.spent), (4, 2))
        purse = Prepaid(poor, 2)
        self.assertEqual(purse.take("new", 2), 0.0)
        self.assertGreater(purse.take("new", 2), 0.0)

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
