"""A mailbox over a memory world: no network, no credential, jobs run by hand in the runner's
order."""

import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest.mock import patch

from odoo.addons.queue_job.tests.common import trap_jobs
from odoo.tests.common import TransactionCase

from mailbox_core.testing.memory import create_world, forget_worlds

from ..engine import guard
from ..store.raw import RawStore


class MailboxCase(TransactionCase):
    """Makes people and mailboxes; ``self.run_jobs()`` performs what was enqueued until nothing is
    due."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory(prefix="mailbox-raw-")
        cls.addClassCleanup(folder.cleanup)
        cls.raw_root = Path(folder.name)
        cls.startClassPatcher(patch.object(RawStore, "of", lambda cr: RawStore(cls.raw_root)))
        cls.startClassPatcher(patch.object(guard, "shortage", lambda env: ""))
        cls.addClassCleanup(forget_worlds)
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.owner = cls._new_user("ada")
        cls.colleague = cls._new_user("grace")

    def setUp(self):
        super().setUp()
        trap = trap_jobs()
        self.trap = trap.__enter__()
        self.addCleanup(trap.__exit__, None, None, None)

    @classmethod
    def _new_user(cls, login):
        return cls.env["res.users"].create(
            {
                "name": login.title(),
                "login": f"{login}@example.org",
                "email": f"{login}@example.org",
                "group_ids": [(6, 0, [cls.env.ref("base.group_user").id])],
            }
        )

    def make_mailbox(self, address="ada@example.org", owner=None, world=None, **values):
        """A memory world and its mailbox, not started yet. ``world``: fields of MemoryWorld."""
        made = create_world(address, **(world or {}))
        mailbox = self.env["mailbox"].create(
            {
                "name": address,
                "provider": "memory",
                "address": address,
                "owner_id": (owner or self.owner).id,
                **values,
            }
        )
        return mailbox, made

    def fill(self, world, count=60):
        """Deliver messages that differ; two of three are read."""
        for number in range(count):
            world.deliver(
                f"Subject {number}",
                body=f"Body number {number} word{number}\n",
                flags=("seen",) if number % 3 else (),
            )

    def start(self, mailbox):
        """Connect and import everything."""
        mailbox._sync_start()
        return self.run_jobs()

    def look(self, mailbox):
        """Let changes come in, as after a poll."""
        mailbox._sync_now()
        return self.run_jobs()

    def run_jobs(self, limit=500, horizon=0.0):
        """Perform enqueued jobs, most urgent first, then oldest, as the runner does; returns their
        results.

        Jobs for later wait, unless they are due within ``horizon`` seconds.
        """
        results = []
        for _ in range(limit):
            job = self.next_job(horizon)
            if job is None:
                return results
            results.append(self.perform(job))
        raise AssertionError(f"more than {limit} jobs: {results[-5:]}")

    def next_job(self, horizon=0.0):
        """The job the runner would take now, if any."""
        until = datetime.now() + timedelta(seconds=horizon)
        due = [job for job in self.trap.enqueued_jobs if job.eta is None or job.eta <= until]
        return min(due, key=lambda job: (job.priority, job.date_created), default=None)

    def perform(self, job):
        """Run one job as the runner does: in a savepoint, and gone from the queue before."""
        self.trap.enqueued_jobs.remove(job)
        with self.env.cr.savepoint():
            result = job.perform()
        self.env.invalidate_all()
        return result

    # -- what is compared ----------------------------------------------------------------------

    def rows(self, mailbox, disposition=None):
        """The ledger of a mailbox by remote id."""
        domain = [("mailbox_id", "=", mailbox.id)]
        if disposition:
            domain.append(("disposition", "=", disposition))
        return {row.remote_id: row for row in self.env["mailbox.message"].search(domain)}

    def assert_same(self, mailbox, world):
        """Everything at the provider is stored once, in the same folders, with the same flags."""
        stored = self.rows(mailbox, "stored")
        self.assertEqual(set(stored), set(world.messages))
        raw = RawStore(self.raw_root)
        for remote_id, row in stored.items():
            held = world.messages[remote_id]
            self.assertEqual(raw.get(row.raw_store), held.raw, remote_id)
            self.assertEqual(set(row.folder_ids.mapped("remote_id")), held.folders, remote_id)
            self.assertEqual(row.is_seen, "seen" in held.flags, remote_id)
            self.assertEqual(row.is_flagged, "flagged" in held.flags, remote_id)
        self.assert_counted(mailbox)

    def assert_counted(self, mailbox):
        """Every kept counter equals what counting gives."""
        message = self.env["mailbox.message"]
        mine = [("mailbox_id", "=", mailbox.id)]
        stored = message.search([*mine, ("disposition", "=", "stored")])
        self.assertEqual(mailbox.message_count, len(stored))
        for field, disposition in (
            ("listed_count", "listed"),
            ("filtered_count", "filtered"),
            ("quarantine_count", "quarantined"),
            ("gone_count", "gone"),
        ):
            counted = message.search_count([*mine, ("disposition", "=", disposition)])
            self.assertEqual(mailbox[field], counted, field)
        for folder in mailbox.folder_ids:
            inside = stored.filtered(lambda row, folder=folder: folder in row.folder_ids)
            self.assertEqual(folder.message_count, len(inside), folder.name)
            self.assertEqual(
                folder.unread_count, len(inside.filtered(lambda row: not row.is_seen)), folder.name
            )
        for conversation in self.env["mailbox.conversation"].search(mine):
            inside = stored.filtered(lambda row, held=conversation: row.conversation_id == held)
            self.assertEqual(conversation.message_count, len(inside))
            self.assertEqual(
                conversation.unread_count, len(inside.filtered(lambda row: not row.is_seen))
            )

    @staticmethod
    def now():
        """Aware UTC, as the engine uses it."""
        return datetime.now(timezone.utc)
