"""The same mails through routing and through Odoo's own gateway leave the same records.

Each kind of mail comes twice, once for each side, with a mark in every address and Message-ID that
differs. What the two sides leave is compared field by field, once the marks are taken out.
"""

import re
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from odoo.addons.mailbox_sync.tests.routing_common import RoutingCase

OURS, STOCK = "ours", "stock"
#: Fields of a line that say when or by which row it was made. ``date``: the provider's against the
#: sender's.
_OWN = {"id", "date", "create_date", "write_date", "write_uid", "create_uid", "message_id"}
#: Rows that are told by what is in them, below.
_TOLD = {"notification_ids", "attachment_ids", "parent_id", "mail_ids", "res_id", "child_ids"}
_ENDS = re.compile(r"\s+(?=</pre>)")


class LikeGatewayCase(RoutingCase):
    """Offers a customer answers, mails of his, and what both sides make of them."""

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
