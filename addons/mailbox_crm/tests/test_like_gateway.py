"""The same mails through routing and through Odoo's own gateway leave the same records.

Each kind of mail comes twice, once for each side, with a mark in every address and Message-ID that
differs. What the two sides leave is compared field by field, once the marks are taken out.
"""

import re
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from odoo.addons.mailbox_sync.tests.routing_common import VOUCHED, RoutingCase
from odoo.tests.common import tagged

OURS, STOCK = "ours", "stock"
#: Fields of a line that say when or by which row it was made. ``date``: the provider's against the
#: sender's.
_OWN = {"id", "date", "create_date", "write_date", "write_uid", "create_uid", "message_id"}
#: Rows that are told by what is in them, below.
_TOLD = {"notification_ids", "attachment_ids", "parent_id", "mail_ids", "res_id", "child_ids"}
_ENDS = re.compile(r"\s+(?=</pre>)")
PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c000000000100010000")


@tagged("post_install", "-at_install")
class TestLikeGateway(RoutingCase):
    maxDiff = None

    def setUp(self):
        super().setUp()
        # What a registry fills once, and people that both sides meet.
        self.env = self.env(context={**self.env.context, "tracking_disable": False})
        self.vouch()
        self.owner.notification_type = "inbox"
        self.colleague.notification_type = "email"
        self.made = 0

    # -- the two sides -------------------------------------------------------------------------

    def both(self, make, **prepared):
        """What both sides make of ``make(side)``, a mail; ``prepared`` is for ``offer``."""
        return self.several([make], **prepared)[0]

    def several(self, makes, **prepared):
        """As ``both``, for mails that arrive together."""
        numbers = [self.made + index for index in range(1, len(makes) + 1)]
        told = {}
        for side in (OURS, STOCK):
            leads, mails = [], []
            for self.made, make in zip(numbers, makes, strict=True):
                leads.append(self.offer(side, **prepared))
                mails.append(make(side))
            told[side] = self.take(side, mails)
            found = [self.line(mail).res_id for mail in mails]
            self.assertEqual(found, [lead.id for lead in leads])
        self.assertEqual(told[OURS], told[STOCK])
        return told[OURS]

    def take(self, side, mails):
        """One side routes mails; what they left, without the marks."""
        before = self.env["mail.mail"].search([], order="id desc", limit=1).id or 0
        if side == OURS:
            self.ours(mails)
        else:
            for mail in mails:
                gateway = self.env["mail.thread"].with_context(fetchmail_cron_running=True)
                self.assertTrue(gateway.message_process("crm.lead", mail.as_bytes()))
        self.env.flush_all()
        self.env.invalidate_all()
        return [self.plain(self.told(self.line(mail), before), side) for mail in mails]

    def ours(self, mails):
        """Routing takes mails that arrive together; their decisions."""
        keys = [
            self.world.deliver(raw=mail.as_bytes(), received_at=self.now() + timedelta(0, number))
            for number, mail in enumerate(mails)
        ]
        self.look(self.mailbox)
        rows = self.rows(self.mailbox)
        made = [rows[key].decision_ids.outcome for key in keys]
        self.assertLessEqual(set(made), {"joined", "created"})

    def line(self, mail):
        line = self.env["mail.message"].search([("message_id", "=", mail["Message-ID"])])
        self.assertEqual(len(line), 1)
        return line

    # -- what is told about them ---------------------------------------------------------------

    def told(self, line, mails_before):
        record = self.env[line.model].browse(line.res_id)
        told = self.stored(line, _OWN | _TOLD)
        told |= {
            # Once or twice sanitised, blanks at its ends may differ.
            "body": str(line.body).strip(),
            "parent": line.parent_id.body,
            "notified": sorted(map(self.of_notification, line.notification_ids)),
            "files": sorted(self.of_file(one, record) for one in line.attachment_ids),
            "mails": sorted(
                map(self.of_mail, self.env["mail.mail"].search([("id", ">", mails_before)]))
            ),
            "record": self.of_record(record),
        }
        for one in line.attachment_ids.filtered("access_token"):
            link = f"/web/image/{one.id}?access_token={one.access_token}"
            told["body"] = told["body"].replace(link, one.name)
        return told

    def of_notification(self, one):
        who = one.res_partner_id.email or ""
        return who, one.notification_type, one.notification_status, one.is_read

    def of_file(self, one, record):
        kind = one.name, one.checksum, one.mimetype, one.description
        return *kind, one.res_model, one.res_id == record.id, bool(one.access_token)

    def of_mail(self, one):
        to = sorted(one.recipient_ids.mapped("email")), one.email_to or ""
        return *to, one.state, one.subject, len((one.references or "").split())

    def of_record(self, lead):
        own = _OWN | {"message_ids", "message_follower_ids", "website_message_ids"}
        times = {name for name, field in lead._fields.items() if field.type == "datetime"}
        told = self.stored(lead, own | times | {"activity_ids", "message_main_attachment_id"})
        told |= {
            "lines": [
                (one.subtype_id.name, one.author_id.email, one.message_type, one.subject)
                for one in lead.message_ids.sorted("id")
            ],
            "tracked": [
                (one.field_id.name, one.new_value_char)
                for one in lead.message_ids.sudo().tracking_value_ids.sorted("id")
            ],
            "followers": sorted(
                (one.partner_id.email or "", sorted(one.subtype_ids.mapped("name")))
                for one in lead.message_follower_ids
            ),
        }
        return told

    def stored(self, record, without):
        """The stored fields of a row; other rows by their names."""
        found = {}
        for name, field in record._fields.items():
            if not field.store or name in without or field.type == "properties":
                continue
            value = record.sudo()[name]
            if field.relational:
                value = sorted(one.display_name or "" for one in value)
            found[name] = value and str(value)
        return found

    def plain(self, told, side):
        """``told`` without the marks of a side."""
        if isinstance(told, str):
            # A text ends at its last word for us, at its last line break for Odoo's gateway.
            return _ENDS.sub("", told.replace(f".{side}@", "@"))
        if isinstance(told, dict):
            return {key: self.plain(value, side) for key, value in told.items()}
        if isinstance(told, (list, tuple)):
            return [self.plain(value, side) for value in told]
        return told

    # -- what they get -------------------------------------------------------------------------

    def offer(self, side, followers=(), internal=False, customer=True, bob_follows=False):
        """A lead with a line of ours, which the customer answers."""
        bob = self.customer(side) if customer else self.env["res.partner"]
        lead = self.env["crm.lead"].create(
            {
                "name": f"Doors {self.made}",
                "partner_id": bob.id,
                "email_from": f"bob{self.made}.{side}@shop.test",
                "user_id": False,
                "type": "opportunity",
            }
        )
        lead.message_follower_ids.unlink()
        others = self.env["res.partner"].browse(followers)
        lead.message_subscribe([*others.ids, *(bob.ids if bob_follows else ())])
        self.env.flush_all()
        lead.with_context(mail_post_autofollow_author_skip=True).message_post(
            body="Our offer",
            message_type="comment",
            subtype_xmlid="mail.mt_note" if internal else "mail.mt_comment",
            author_id=self.colleague.partner_id.id,
            message_id=self.offer_id(side),
        )
        return lead

    def customer(self, side):
        email = f"bob{self.made}.{side}@shop.test"
        known = self.env["res.partner"].search([("email", "=", email)])
        return known or self.env["res.partner"].create({"name": "Bob Buyer", "email": email})

    def offer_id(self, side):
        return f"<offer{self.made}.{side}@odoo.test>"

    def reply(self, side, body="Yes, please.\n", **headers):
        """An answer to the offer; headers by their names with underscores."""
        mail = EmailMessage()
        headers = {
            "Message-ID": f"<reply{self.made}.{side}@shop.test>",
            "Date": format_datetime(self.now()),
            "From": f"Bob Buyer <bob{self.made}.{side}@shop.test>",
            "To": f"Ada <{self.mailbox.address}>",
            "Subject": "Re: Doors",
            "In-Reply-To": self.offer_id(side),
            "References": self.offer_id(side),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        for name, value in headers.items():
            if value:
                mail[name] = value
        mail.set_content(body)
        return mail

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
