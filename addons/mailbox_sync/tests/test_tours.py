"""What people do, in a real browser."""

from unittest.mock import patch

from odoo.tests.common import HttpCase, new_test_user, tagged

from ..models import mailbox_body
from .common import MailboxCase
from .test_screens import EVIL, mail


@tagged("post_install", "-at_install", "mailbox_tour")
class TestMailboxTours(MailboxCase, HttpCase):
    def setUp(self):
        super().setUp()
        self.mailbox, self.world = self.make_mailbox(name="Ada's mail", scope_profile="two_way")
        for number in range(3):
            self.world.deliver(f"Weekly report {number}", body="figures of the week")
        self.evil = self.world.deliver(raw=mail(EVIL))
        self.poison = self.world.deliver("Broken")
        self.world.poison.add(self.poison)
        self.start(self.mailbox)

    def test_a_manager_makes_a_mailbox_and_sees_it(self):
        new_test_user(
            self.env, "boss@example.org", "base.group_system", password="boss@example.org"
        )
        self.start_tour("/odoo/mailboxes", "mailbox_manager", login="boss@example.org")
        made = self.env["mailbox"].search([("address", "=", "sales@example.org")])
        self.assertEqual(made.state, "draft")

    def test_a_member_reads_hostile_mail_and_nothing_runs(self):
        self.owner.password = self.owner.login
        self.start_tour("/odoo/mailbox-messages", "mailbox_reader", login=self.owner.login)
        self.assertTrue(self.rows(self.mailbox)[self.evil].is_seen, "opening marks as read")

    def test_nothing_runs_even_without_the_sanitiser(self):
        self.owner.password = self.owner.login
        broken = patch.object(
            mailbox_body,
            "safe_html",
            lambda html, parts: type("Safe", (), {"html": html, "has_remote": True})(),
        )
        with broken:
            self.start_tour(
                "/odoo/mailbox-messages", "mailbox_reader_unsanitised", login=self.owner.login
            )

    def test_search_finds_text(self):
        self.owner.password = self.owner.login
        self.start_tour("/odoo/mailbox-messages", "mailbox_search", login=self.owner.login)

    def test_a_quarantined_message_is_tried_again(self):
        self.owner.password = self.owner.login
        self.world.poison.clear()
        self.start_tour("/odoo/mailbox-quarantine", "mailbox_quarantine", login=self.owner.login)
        self.assertEqual(self.rows(self.mailbox)[self.poison].disposition, "listed")
        # The jobs of a request live on its cursor, which is closed by now: wake the stream again.
        self.trap.enqueued_jobs.clear()
        self.look(self.mailbox)
        self.assertEqual(self.rows(self.mailbox)[self.poison].disposition, "stored")
