"""What the screens are told, and what a browser may do with a body."""

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests.common import HttpCase, new_test_user, tagged

from .. import header_words
from ..body_frame import View, frame_document, frame_policy, text_to_html, with_images
from .common import MailboxCase

EVIL = (
    "<p>Hello</p><script>parent.document.title='HACKED'</script>"
    "<img src=x onerror=\"parent.document.title='HACKED'\">"
    "<svg onload=\"parent.document.title='HACKED'\"></svg>"
    "<a href=\"javascript:parent.document.title='HACKED'\">go</a>"
    "<img src='https://track.example/p.gif' alt='Logo'>"
)
HEADERS = [
    ("Delivered-To", "ada@example.org"),
    ("Received", "by 2002:a05 with SMTP id 1; Sat, 21 Nov 2026 10:00:12 +0000"),
    (
        "Authentication-Results",
        "mx.google.com; dkim=pass header.i=@shop.example;"
        " spf=fail (why; not) smtp.mailfrom=a@shop.example",
    ),
    (
        "Received",
        "from mail.shop.example by mx.google.com with ESMTPS id 2; Sat, 21 Nov 2026 11:00:10 +0100",
    ),
    ("Authentication-Results", "mx.google.com; dmarc=pass header.from=forged.example"),
    ("Authentication-Results", "evil.example; dmarc=pass header.from=bank.example"),
    ("Received", "from laptop by mail.shop.example; nonsense"),
    ("List-Id", "<news.shop.example>"),
    ("From", "shop"),
]


def mail(html, extra=""):
    return (
        f"From: Shop <shop@example.com>\r\nMessage-ID: <evil@x>\r\nSubject: Evil\r\n{extra}"
        f"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
    ).encode()


@tagged("post_install", "-at_install")
class TestFrame(MailboxCase):
    def test_nothing_runs_and_nothing_is_loaded_before_consent(self):
        policy = frame_policy(View(), "https://odoo.example/mailbox/part/")
        rules = dict(part.split(" ", 1) for part in policy.split("; "))
        self.assertEqual(rules["default-src"], "'none'")
        self.assertEqual(rules["img-src"], "https://odoo.example/mailbox/part/ data:")
        self.assertNotIn("script-src", rules, "default-src says none")
        self.assertNotIn("allow-scripts", rules["sandbox"])
        self.assertNotIn("allow-forms", rules["sandbox"])
        self.assertNotIn("allow-top-navigation", rules["sandbox"])

    def test_consent_lets_images_in_but_never_from_this_odoo(self):
        safe = (
            '<div><img data-mailbox-src="https://cdn.example/a.png">'
            '<img data-mailbox-src="https://ODOO.example/web/session/logout">'
            '<img data-mailbox-src="//odoo.example/web/session/logout"></div>'
        )
        held = with_images(safe, View(own_host="odoo.example"))
        self.assertNotIn('src="https', held)
        self.assertEqual(held.count("data-held"), 3)
        shown = with_images(safe, View(remote=True, own_host="odoo.example"))
        self.assertIn('src="https://cdn.example/a.png"', shown)
        self.assertNotIn("logout", shown)
        self.assertIn("https:", frame_policy(View(remote=True), "x"))

    def test_plain_text_is_escaped_linked_and_folded_not_cut(self):
        made = text_to_html(
            "<b>Hi</b> see https://example.com/a?b=1&c=2.\n\nAda wrote:\n> old <i>text</i>\n"
        )
        self.assertIn("&lt;b&gt;Hi&lt;/b&gt;", made)
        self.assertIn('href="https://example.com/a?b=1&amp;c=2"', made)
        self.assertIn("noopener", made)
        self.assertIn("<details>", made)
        self.assertIn("old &lt;i&gt;text&lt;/i&gt;", made)

    def test_dark_pages_keep_mail_with_colours_of_its_own_on_paper(self):
        self.assertIn('class="dark"', frame_document("<p>Hi</p>", "", View(dark=True)))
        self.assertIn(
            "paper",
            frame_document('<p style="color:#000">Hi</p>', "", View(dark=True)).split("<head>")[0],
        )
        self.assertIn('class="bright"', frame_document("<p>Hi</p>", "", View()))


@tagged("post_install", "-at_install")
class TestHeaderWords(MailboxCase):
    def test_the_route_runs_from_the_first_server_to_the_last(self):
        route = header_words.explain(HEADERS, ["mx.google.com"])["route"]
        self.assertEqual(
            [hop["host"] for hop in route], ["mail.shop.example", "mx.google.com", "2002:a05"]
        )
        self.assertEqual([hop["seconds"] for hop in route], [None, None, 2])
        self.assertEqual(route[0]["at"], None)

    def test_only_the_providers_own_topmost_verdict_counts(self):
        told = header_words.explain(HEADERS, ["mx.google.com"])
        self.assertEqual(
            [(one["method"], one["result"], one["about"]) for one in told["verdicts"]],
            [("dkim", "pass", "@shop.example"), ("spf", "fail", "a@shop.example")],
        )
        self.assertEqual(told["hearsay"], ["evil.example"])
        untold = header_words.explain(HEADERS, [])
        self.assertEqual(untold["verdicts"], [])

    def test_disguised_senders_are_named(self):
        self.assertEqual(
            header_words.other_address("support@bank.example", "x@evil.example"),
            "support@bank.example",
        )
        self.assertEqual(header_words.other_address("Ada <ada@x.org>", "ADA@x.org"), "")
        self.assertEqual(header_words.other_address("Ada Lovelace", "ada@x.org"), "")
        self.assertTrue(header_words.looks_foreign("a@xn--pypal-4ve.com"))
        self.assertTrue(header_words.looks_foreign("a@pаypal.com"))
        self.assertFalse(header_words.looks_foreign("a@paypal.com"))

    def test_any_header_is_explained(self):
        for value in (
            "",
            ";",
            "=?",
            "\x00" * 10,
            "from " * 10_000,
            "a;" * 10_000,
            "((((",
            "spf=" * 5000,
        ):
            told = header_words.explain(
                [("Received", value), ("Authentication-Results", "mx.google.com; " + value)],
                ["mx.google.com"],
            )
            self.assertLessEqual(len(told["verdicts"]), 20)


@tagged("post_install", "-at_install")
class TestMessageScreen(MailboxCase):
    def setUp(self):
        super().setUp()
        self.mailbox, self.world = self.make_mailbox(scope_profile="two_way")

    def opened(self, key):
        self.start(self.mailbox)
        return self.rows(self.mailbox)[key].with_user(self.owner)

    def test_warnings_about_sender_and_date(self):
        key = self.world.deliver(
            raw=mail("x", "Date: Fri, 1 Jan 1999 00:00:00 +0000\r\n").replace(
                b"Shop <shop@example.com>", b'"bank@bank.example" <shop@example.com>'
            )
        )
        row = self.opened(key)
        self.assertIn("bank@bank.example", row.sender_warning)
        self.assertIn("shop@example.com", row.sender_warning)
        self.assertIn("1999", row.date_warning)

    def test_panels_tell_headers_attachments_and_conversation(self):
        first = self.world.deliver("Plan", attachments={"plan.pdf": b"%PDF"})
        parent = (
            self.world.messages[first]
            .raw.split(b"Message-ID: ")[1]
            .split(b"\r\n")[0]
            .split(b"\n")[0]
            .decode()
        )
        self.world.deliver("Re: Plan", in_reply_to=parent)
        row = self.opened(first)
        self.assertEqual(row.header_data["route"], [])
        self.assertEqual([file["name"] for file in row.attachment_data], ["plan.pdf"])
        self.assertTrue(row.attachment_data[0]["here"])
        self.assertEqual(len(row.conversation_data), 2)
        self.assertEqual(row.conversation_data[0]["id"], row.id)

    def test_panels_are_for_readers_only(self):
        row = self.opened(self.world.deliver("Secret"))
        boss = new_test_user(self.env, "boss@example.org", "base.group_system")
        for person in (self.colleague, boss):
            for name in (
                "header_data",
                "attachment_data",
                "conversation_data",
                "sender",
                "may_change",
            ):
                row.invalidate_recordset()
                with self.subTest(person=person.login, field=name), self.assertRaises(AccessError):
                    row.with_user(person).read([name])

    def test_what_is_not_readable_is_not_counted(self):
        self.world.deliver("One")
        self.start(self.mailbox)
        boss = new_test_user(self.env, "boss@example.org", "base.group_system")
        mailbox = self.mailbox.with_user(boss)
        self.assertEqual(mailbox.unread_count, 0)
        self.assertFalse(mailbox.may_read)
        self.assertTrue(mailbox.may_operate)
        self.assertEqual(self.mailbox.with_user(self.owner).unread_count, 1)

    def test_lists_leave_out_what_was_thrown_away_unless_a_folder_is_asked_for(self):
        mailbox, world = self.mailbox, self.world
        world.deliver("Kept")
        gone = world.deliver("Thrown away")
        self.start(mailbox)
        world.place(gone, {"trash"}, {"inbox"})
        self.look(mailbox)
        rows = self.env["mailbox.message"].with_user(self.owner)
        lists = rows.with_context(mailbox_aside=True)

        def subjects(messages, domain=()):
            found = messages.web_search_read(list(domain), {"subject": {}})
            self.assertEqual(found["length"], len(found["records"]))
            return sorted(one["subject"] for one in found["records"])

        def grouped(by, messages=lists):
            groups = messages.web_read_group([], [by], ["__count"])["groups"]
            return sum(group["__count"] for group in groups)

        self.assertEqual(subjects(lists), ["Kept"])
        self.assertEqual(subjects(rows), ["Kept", "Thrown away"])
        trash = [("folder_ids.role", "=", "trash")]
        self.assertEqual(subjects(lists, trash), ["Thrown away"])
        folder = mailbox.folder_ids.filtered(lambda one: one.role == "trash")
        self.assertEqual(subjects(lists, [("folder_ids", "in", folder.ids)]), ["Thrown away"])
        self.assertEqual((grouped("mailbox_id"), grouped("mailbox_id", rows)), (1, 2))
        self.assertEqual(grouped("folder_ids"), 2)

    def test_quick_choices_for_the_start_of_the_import(self):
        mailbox = self.mailbox.with_user(self.owner)
        mailbox.with_context(mailbox_days=30).action_sync_since()
        self.assertEqual((fields.Date.context_today(mailbox) - mailbox.sync_since).days, 30)
        mailbox.action_sync_since()
        self.assertFalse(mailbox.sync_since)

    def test_folders_are_chosen_by_the_owner_only(self):
        self.start(self.mailbox)
        work = self.mailbox.folder_ids.filtered(lambda folder: folder.remote_id == "work")
        with self.assertRaises(AccessError):
            work.with_user(self.colleague).action_toggle_synced()
        before = work.synced
        work.with_user(self.owner).action_toggle_synced()
        self.assertNotEqual(work.synced, before)


@tagged("post_install", "-at_install")
class TestFrameRoute(MailboxCase, HttpCase):
    def setUp(self):
        super().setUp()
        mailbox, world = self.make_mailbox()
        key = world.deliver(raw=mail(EVIL))
        self.start(mailbox)
        self.row = self.rows(mailbox)[key]
        for user in (self.owner, self.colleague):
            user.password = user.login

    def test_the_frame_brings_its_own_policy(self):
        self.authenticate(self.owner.login, self.owner.login)
        answer = self.url_open(f"/mailbox/body/{self.row.id}")
        self.assertEqual(answer.status_code, 200)
        policy = answer.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertIn("sandbox", policy)
        self.assertNotIn("allow-scripts", policy)
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
        self.assertIn("no-store", answer.headers["Cache-Control"])
        self.assertNotIn("HACKED", answer.text)
        self.assertNotIn("track.example", answer.text)
        self.assertIn("track.example", self.url_open(f"/mailbox/body/{self.row.id}?remote=1").text)

    def test_strangers_get_the_same_as_for_no_message(self):
        self.authenticate(self.colleague.login, self.colleague.login)
        for number in (self.row.id, 999_999_999):
            self.assertEqual(self.url_open(f"/mailbox/body/{number}").status_code, 404)
