from email.message import EmailMessage

from odoo.exceptions import AccessError, UserError
from odoo.tests.common import HttpCase, new_test_user, tagged

from mailbox_core.errors import Unavailable

from ..body_html import safe_html
from .common import MailboxCase


def newsletter():
    message = EmailMessage()
    message["From"] = "shop@example.com"
    message["Message-ID"] = "<n@x>"
    message["Subject"] = "Offer"
    message.set_content("Plain offer\n")
    message.add_alternative(
        "<p>Hello <script>alert(1)</script><img src='cid:logo@x'><img src='https://track.example/p.gif'>"
        "<a href='https://example.com'>go</a></p>",
        subtype="html",
    )
    message.get_payload()[1].add_related(b"\x89PNG logo", "image", "png", cid="<logo@x>")
    message.add_attachment(
        b"<svg onload=alert(1)>", maintype="image", subtype="svg+xml", filename="../é/evil.svg"
    )
    return message.as_bytes()


@tagged("post_install", "-at_install")
class TestBody(MailboxCase):
    def opened(self, raw, **values):
        mailbox, world = self.make_mailbox(**values)
        key = world.deliver(raw=raw)
        self.start(mailbox)
        return mailbox, world, self.rows(mailbox)[key]

    def test_the_body_is_made_on_first_opening_and_kept(self):
        _mailbox, _world, row = self.opened(newsletter())
        self.assertFalse(
            self.env["mailbox.body"].search([("message_id", "=", row.id)]),
            "never on the ingest path",
        )
        body = row.with_user(self.owner).get_body()
        self.assertNotIn("script", body["html"])
        self.assertNotIn(' src="https', body["html"])
        self.assertIn('data-mailbox-src="https://track.example/p.gif"', body["html"])
        self.assertTrue(body["has_remote"])
        self.assertIn(f'src="/mailbox/part/{row.id}/', body["html"])
        self.assertEqual(body["text"].strip(), "Plain offer")
        self.assertEqual(self.env["mailbox.body"].search_count([("message_id", "=", row.id)]), 1)

    def test_nobody_else_opens_it(self):
        _mailbox, _world, row = self.opened(newsletter())
        boss = new_test_user(self.env, "boss@example.org", "base.group_system")
        for person in (self.colleague, boss):
            with self.assertRaises(AccessError):
                row.with_user(person).get_body()
            with self.assertRaises(AccessError):
                row.attachment_ids[:1].with_user(person)._octets()

    def test_an_attachment_becomes_a_file_of_its_message(self):
        _mailbox, _world, row = self.opened(newsletter())
        line = row.attachment_ids.filtered(lambda part: not part.inline)
        file = line.with_user(self.owner)._materialise()
        self.assertEqual(file.raw, b"<svg onload=alert(1)>")
        self.assertEqual((file.res_model, file.res_id), ("mailbox.message", row.id))
        self.assertTrue(file.with_user(self.owner).read(["name"]))
        with self.assertRaises(AccessError):
            file.with_user(self.colleague).read(["name"])

    def test_a_part_that_cannot_be_had_leaves_the_mail_and_is_tried_again(self):
        _mailbox, world, row = self.opened(newsletter())
        line = row.attachment_ids.filtered(lambda part: not part.inline)
        line.available = False
        world.fail("attachment", Unavailable("down"), times=2)
        with self.assertRaises(UserError):
            line._octets()
        line._fetch_soon()
        self.run_jobs()
        self.assertEqual((line.attempts, line.failure), (1, "down"))
        self.assertEqual(row.disposition, "stored")
        self.run_jobs(horizon=3600)
        self.assertEqual(line.attachment_id.raw, b"<svg onload=alert(1)>")
        self.assertFalse(line.failure)

    def test_parts_that_shall_stay_at_the_provider_stay(self):
        mailbox, world, row = self.opened(newsletter())
        mailbox.attachment_policy = "never"
        line = row.attachment_ids[:1]
        line.available = False
        line._fetch_soon()
        self.assertEqual(self.run_jobs()[-1], "given up")
        self.assertFalse(world.calls["attachment"])

    def test_hostile_html_comes_out_harmless(self):
        cases = {
            "<img src=x onerror=alert(1)>": ("onerror",),
            "<a href='java&#10;script:alert(1)'>x</a>": ("script",),
            "<div style='background:url(http://x/a.png)'>x</div>": ("url", "http"),
            "<div style='background-image:\\75rl(http://x)'>x</div>": ("http",),
            "<div style='position:fixed;top:0'>x</div>": ("fixed",),
            "<form action=http://x><input name=a></form>": ("form", "input"),
            "<base href=http://x><meta http-equiv=refresh content='0;url=http://x'>": (
                "base",
                "meta",
                "http",
            ),
            "<svg><a xlink:href='javascript:alert(1)'>x</a></svg>": ("svg", "script"),
            "<p id=document name=cookie class=o_dialog>x</p>": ("id=", "name=", "class="),
            "<p t-out='user' data-oe-model='res.users'>x</p>": ("t-out", "data-oe"),
            "<video poster=http://x src=http://x></video><img srcset='http://x 1x'>": (
                "http",
                "video",
            ),
            "<table background=http://x><tr><td>x</td></tr></table>": ("http",),
            "<img src='data:image/svg+xml;base64,PHN2Zz4='>": ("svg",),
            "<style>@import 'http://x';</style><link rel=stylesheet href=http://x>": (
                "http",
                "style",
            ),
            "<!--[if mso]><img src=http://x><![endif]-->x": ("http",),
            "<iframe srcdoc='<script>1</script>'></iframe>": ("iframe", "script"),
        }
        for source, forbidden in cases.items():
            made = safe_html(source, {}).html or ""
            for word in forbidden:
                with self.subTest(source=source, word=word):
                    self.assertNotIn(word, made.lower())

    def test_harmless_html_keeps_its_shape(self):
        made = safe_html(
            "<table width=600><tr><td style='color:#123;padding:4px'><b>Hi</b>"
            " <a href='mailto:a@b.c'>w</a></td></tr>"
            "</table><!-- note -->tail",
            {},
        ).html
        for part in (
            '<table width="600">',
            "color:#123",
            "<b>Hi</b>",
            'href="mailto:a@b.c"',
            "noopener",
            "tail",
        ):
            self.assertIn(part, made)


@tagged("post_install", "-at_install")
class TestContentRoute(MailboxCase, HttpCase):
    def setUp(self):
        super().setUp()
        mailbox, self.world = self.make_mailbox()
        key = self.world.deliver(raw=newsletter())
        self.start(mailbox)
        self.row = self.rows(mailbox)[key]
        for user in (self.owner, self.colleague):
            user.password = user.login

    def test_parts_and_source_come_as_files_that_cannot_run(self):
        self.authenticate(self.owner.login, self.owner.login)
        line = self.row.attachment_ids.filtered(lambda part: not part.inline)
        answer = self.url_open(f"/mailbox/part/{self.row.id}/{line.path}")
        self.assertEqual(answer.content, b"<svg onload=alert(1)>")
        self.assertEqual(answer.headers["Content-Type"], "application/octet-stream")
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("sandbox", answer.headers["Content-Security-Policy"])
        disposition = answer.headers["Content-Disposition"]
        self.assertTrue(disposition.startswith("attachment;"))
        self.assertNotIn("/", disposition.replace("%2F", "/").split("filename*")[0])
        source = self.url_open(f"/mailbox/source/{self.row.id}")
        self.assertEqual(source.content, self.world.messages[self.row.remote_id].raw)

    def test_strangers_cannot_tell_whether_a_message_exists(self):
        self.authenticate(self.colleague.login, self.colleague.login)
        path = self.row.attachment_ids[:1].path
        statuses = {
            self.url_open(url).status_code
            for url in (
                f"/mailbox/part/{self.row.id}/{path}",
                f"/mailbox/source/{self.row.id}",
                "/mailbox/source/999999999",
                "/mailbox/part/999999999/1",
            )
        }
        self.assertEqual(statuses, {404})
