"""The same mails through routing and through Odoo's own gateway leave the same records."""

from odoo.addons.mailbox_sync.tests.routing_common import VOUCHED
from odoo.tests.common import tagged

from .gateway_common import OURS, STOCK, LikeGatewayCase

PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c000000000100010000")


@tagged("post_install", "-at_install")
class TestLikeGateway(LikeGatewayCase):
    # -- replies -------------------------------------------------------------------------------

    def test_a_plain_reply(self):
        told = self.both(self.reply)
        self.assertEqual(told["author_id"], "['Bob Buyer']")
        self.assertEqual(told["parent"], "<p>Our offer</p>")

    def test_a_reply_to_people_who_follow(self):
        ids = [self.owner.partner_id.id, self.colleague.partner_id.id]
        told = self.both(self.reply, followers=ids, bob_follows=True)
        self.assertEqual(
            [(email, kind) for email, kind, *_ in told["notified"]],
            [("grace@example.org", "email")],
            "the owner of the mailbox has the mail already",
        )

    def test_a_reply_shown_in_the_inbox_of_a_follower(self):
        self.colleague.notification_type = "inbox"
        told = self.both(self.reply, followers=[self.colleague.partner_id.id])
        self.assertEqual([one[1] for one in told["notified"]], ["inbox"])

    def test_an_html_reply_with_files_and_a_picture(self):
        def make(side):
            mail = self.reply(side)
            mail.set_content("Yes, as drawn.\n")
            mail.add_alternative(
                '<div class="x"><p>Yes, <b style="color:red">as drawn</b>:</p>'
                '<img src="cid:door@shop.test"><script>alert(1)</script>'
                "<blockquote>Our offer</blockquote></div>\n",
                subtype="html",
            )
            mail.get_payload()[1].add_related(
                PIXEL, "image", "gif", cid="<door@shop.test>", filename="door.gif"
            )
            mail.add_attachment(
                b"%PDF-1.4\n", maintype="application", subtype="pdf", filename="a.pdf"
            )
            mail.add_attachment("1;2\n", subtype="csv", filename="prices.csv")
            return mail

        told = self.both(make)
        self.assertEqual([one[0] for one in told["files"]], ["a.pdf", "door.gif", "prices.csv"])
        self.assertIn('<img src="door.gif"', told["body"])

    def test_a_reply_to_several_people(self):
        self.env["res.partner"].create({"name": "Carl", "email": "carl@shop.test"})
        told = self.both(
            lambda side: self.reply(
                side, Cc="Carl <carl@shop.test>, Grace <grace@example.org>, x@unknown.test"
            ),
            followers=[self.colleague.partner_id.id],
        )
        self.assertIn("Carl", told["partner_ids"])
        self.assertFalse(told["notified"], "who got the mail is not told again")

    def test_a_reply_to_an_internal_note_stays_internal(self):
        told = self.both(self.reply, internal=True, followers=[self.owner.partner_id.id])
        self.assertEqual(told["subtype_id"], "['Note']")

    def test_a_reply_of_somebody_without_a_contact(self):
        told = self.both(self.reply, customer=False, followers=[self.colleague.partner_id.id])
        self.assertFalse(told["author_id"] and told["author_id"] != "[]")

    def test_a_reply_of_a_colleague(self):
        told = self.both(
            lambda side: self.reply(
                side, From="Grace <grace@example.org>", Authentication_Results=VOUCHED
            ),
            followers=[self.colleague.partner_id.id],
            bob_follows=True,
        )
        self.assertEqual(told["author_id"], "['Grace']")
        self.assertEqual(len(told["mails"]), 1)

    def test_a_reply_that_came_before_the_one_it_answers(self):
        told = self.both(lambda side: self.reply(side, In_Reply_To=f"<lost.{side}@shop.test>"))
        self.assertEqual(told["parent"], "<p>Our offer</p>")

    def test_a_reply_without_a_text(self):
        self.both(lambda side: self.reply(side, body="", Subject=""))

    def test_html_as_mail_programs_quote(self):
        quotes = (
            '<div class="gmail_quote"><div class="gmail_attr">On Monday we wrote:</div>'
            '<blockquote class="gmail_quote">Our offer</blockquote></div>',
            '<hr id="stopSpelling">From: us<div>Our offer</div>',
            '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg">From: us</div><p>Offer</p>',
            '<div class="yahoo_quoted"><p>Our offer</p></div><p>-- <br>Bob</p>',
            "<pre>Yes\n&gt; Our offer\n&gt; for doors\n-- \nBob</pre>",
            '<table class="x" bgcolor="red" onclick="a()"><tr><td style="top:0">a</table>',
            "<!--[if mso]><p>x</p><![endif]--><o:p>&nbsp;</o:p><form action=/x><input></form>",
        )

        whole = (
            "<html><head><title>t</title></head><body><p>Yes.</p>{}</body></html>",
            '<!DOCTYPE html><html><head><meta charset="utf-8"></head>'
            '<body style="font-family:Arial" class="x">{}</body></html>',
            "<script>x</script><style>p{{color:red}}</style><noscript>n</noscript><p>Yes.</p>{}",
            '<html>\n<head>\n<meta charset="utf-8"><style>p{{}}</style>\n</head>\n<body>\n{}'
            "</body></html>",
            "<p>Yes.</p>{}<iframe>x</iframe><object><p>y</p></object>",
            "<div dir=ltr><p>Yes.</p>{}</div>",
        )

        def make(html):
            def mail(side):
                made = self.reply(side)
                made.add_alternative(html, subtype="html")
                return made

            return mail

        made = [make(frame.format(html)) for frame in whole for html in quotes]
        told = self.several(made)
        self.assertIn("data-o-mail-quote", told[0]["body"])

    def test_replies_that_arrive_together(self):
        ids = [self.owner.partner_id.id, self.colleague.partner_id.id]
        told = self.several([self.reply] * 4, followers=ids)
        self.assertEqual([len(one["notified"]) for one in told], [1] * 4)

    def test_replies_that_arrive_together_are_written_together(self):
        leads, mails, sizes = [], [], []
        for self.made in (1, 2, 3):
            leads.append(self.offer(OURS))
            mails.append(self.reply(OURS))
        messages = type(self.env["mail.message"])
        original = messages._create

        def _create(model, data_list):
            sizes.append(len(data_list))
            return original(model, data_list)

        self.patch(messages, "_create", _create)
        self.ours(mails)
        self.assertEqual(sizes, [3])
        self.assertEqual([self.line(mail).res_id for mail in mails], [one.id for one in leads])

    def test_answers_go_to_the_address_of_the_company(self):
        domain = self.env["mail.alias.domain"].create({"name": "shop.example"})
        self.env.company.alias_domain_id = domain
        told = self.several([self.reply] * 2)
        self.assertIn("catchall@shop.example", told[0]["reply_to"])

    def test_who_follows_from_the_first_mail_on_is_told_of_the_second(self):
        self.made += 1
        lead = self.offer(OURS)
        first, second = self.reply(OURS), self.reply(OURS)
        second.replace_header("Message-ID", "<second@shop.test>")
        self.override("_message_post_after_hook", self.follow)
        self.ours([first, second])
        told = lead.message_ids.filtered(lambda one: one.message_type == "email").sorted("id")
        self.assertEqual(told[0].notified_partner_ids, self.colleague.partner_id)
        self.assertEqual(told[1].notified_partner_ids, told[0].notified_partner_ids)

    def follow(self, lead, *args, **kwargs):
        lead.message_subscribe(self.colleague.partner_id.ids)

    def test_what_other_modules_do_when_mail_is_posted_is_done_for_each(self):
        names = ("message_update", "message_post", "_message_post_after_hook", "_notify_thread")
        seen = []
        for name in names:
            self.override(name, lambda lead, *_, name=name, **__: seen.append((name, lead.id)))
        leads, mails = [], []
        for self.made in (1, 2, 3):
            leads.append(self.offer(OURS))
            mails.append(self.reply(OURS))
        seen.clear()
        self.ours(mails)
        self.assertEqual(seen, [(name, lead.id) for lead in leads for name in names])

    def override(self, name, before):
        """As a module would that inherits the model of leads."""
        leads = type(self.env["crm.lead"])
        original = getattr(leads, name)

        def method(lead, *args, **kwargs):
            before(lead, *args, **kwargs)
            return original(lead, *args, **kwargs)

        self.patch(leads, name, method)

    # -- new leads -----------------------------------------------------------------------------

    def new(self, make):
        """As ``both``, for mail that opens a lead."""
        self.env["mailbox.route"].create(
            {"name": "Leads", "target_model": "crm.lead", "raise_priority": False}
        )
        self.made += 1
        told = {side: self.take(side, [make(side)])[0] for side in (OURS, STOCK)}
        ours, stock = (told[side].pop("record") for side in (OURS, STOCK))
        self.assertEqual(told[OURS], told[STOCK])
        # Routing may know more about a customer than the gateway does, never less.
        missed = {
            name: (ours[name], value)
            for name, value in stock.items()
            if value not in (False, "[]", "0", "False") and ours[name] != value
        }
        self.assertFalse(missed)
        self.assertEqual(ours["lines"], stock["lines"])
        self.assertEqual(ours["followers"], stock["followers"])
        return told[OURS] | {"record": ours}

    def question(self, side, **headers):
        return self.reply(side, In_Reply_To="", References="", Subject="Doors", **headers)

    def test_a_new_lead(self):
        told = self.new(self.question)
        self.assertEqual(told["record"]["name"], "Doors")

    def test_a_new_lead_of_a_known_customer_with_a_file(self):
        def make(side):
            self.customer(side)
            mail = self.question(side, Cc="Grace <grace@example.org>")
            mail.add_attachment(
                b"%PDF-1.4\n", maintype="application", subtype="pdf", filename="a.pdf"
            )
            return mail

        told = self.new(make)
        self.assertEqual(told["author_id"], "['Bob Buyer']")
        self.assertEqual(len(told["files"]), 1)
