"""Answers find their record although mail programs drop, replace or copy what leads there."""

import random
from email import message_from_bytes, policy

from odoo.tests.common import tagged

from mailbox_core.rules import clues

from ..routing.clues import answer_key
from .routing_common import FORGED, VOUCHED, RoutingCase


@tagged("post_install", "-at_install")
class TestThreads(RoutingCase):
    def setUp(self):
        super().setUp()
        self.vouch()
        self.record = self.env["res.partner"].create({"name": "Shop", "email": "bob@shop.test"})
        self.sent = self.record.message_post(
            body="The price is 400 for twenty blue doors with handles, delivered in May",
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )

    def signals(self, decision):
        """The signals that led to the first candidate."""
        step = next(one for one in decision.steps if one.get("stage") == "thread")
        return step["found"][0]["signals"] if step["found"] else {}

    def answer_address(self, number=None, mailbox=None):
        mailbox = mailbox or self.mailbox
        return clues.sign_address(
            mailbox.address, number or self.sent.id, answer_key(mailbox.sudo())
        )

    # -- the signed address --------------------------------------------------------------------

    def test_a_signed_address_leads_to_the_record_without_any_id(self):
        decision = self.deliver("Hello", to=self.answer_address().upper())
        self.assertEqual((decision.outcome, decision.score), ("joined", 97))
        self.assertEqual(decision.link_ids.res_id, self.record.id)
        self.assertIn("reply address", decision.why_html)

    def test_a_forged_mark_leads_nowhere(self):
        genuine = self.answer_address()
        other = self.record.message_post(body="Another", message_type="comment")
        number = genuine.partition("+r")[2].partition("-")[0]
        swapped = self.answer_address(other.id).replace(
            self.answer_address(other.id).partition("+r")[2].partition("-")[0], number
        )
        strange, _world = self.make_mailbox("grace@example.org", owner=self.colleague)
        moved = self.answer_address(mailbox=strange).replace("grace@", "ada@")
        changed = genuine.replace("@", "x@").replace(genuine[-14:-12], "")
        for address in (swapped, moved, changed):
            decision = self.deliver("Hello", to=address)
            self.assertEqual(decision.outcome, "stored", address)
        self.assertFalse(self.lines(self.record))

    def test_a_genuine_mark_is_no_permission(self):
        decision = self.deliver(sender="eve@evil.test", to=self.answer_address(), verdict=VOUCHED)
        self.assertEqual((decision.outcome, decision.reason), ("triage", "stranger"))
        decision = self.deliver(to=self.answer_address(), verdict=FORGED)
        self.assertEqual((decision.outcome, decision.reason), ("triage", "forged"))
        self.assertFalse(self.lines(self.record))

    def notify(self):
        """Mail that Odoo sends from the record to its follower."""
        self.record.message_subscribe(partner_ids=self.record.ids)
        line = self.record.message_post(
            body="More", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        return line, self.env["mail.mail"].sudo().search([("mail_message_id", "=", line.id)])

    def test_odoos_mail_names_the_mailbox_that_wants_answers(self):
        self.assertNotIn("+r", self.notify()[1].reply_to or "")
        self.mailbox.answers_here = True
        line, mail = self.notify()
        self.assertIn(self.answer_address(line.id), mail.reply_to)
        self.mailbox.routing = "off"
        self.assertNotIn("+r", self.notify()[1].reply_to or "")

    def test_who_gets_the_answers_is_not_asked_for_every_mail(self):
        mailboxes, company = self.env["mailbox"].sudo(), self.mailbox.company_id
        self.assertFalse(mailboxes._for_answers(company))
        with self.assertQueryCount(0):
            self.assertFalse(mailboxes._for_answers(company))
        self.mailbox.answers_here = True
        self.assertEqual(mailboxes._for_answers(company), self.mailbox)
        self.mailbox.active = False
        self.assertFalse(mailboxes._for_answers(company))

    # -- Message-IDs that a relay replaced -----------------------------------------------------

    def relay(self):
        """A mail of Odoo as it lies among the sent mail after a relay gave it another id; its line
        and its row."""
        line, mail = self.notify()
        built = self.env["ir.mail_server"]._build_email__(
            self.mailbox.address, ["bob@shop.test"], "More", "More", message_id=mail.message_id
        )
        self.assertEqual(built[clues.OWN_ID_HEADER], line.message_id)
        built.replace_header("Message-Id", "<CAF=relay@mail.gmail.com>")
        copy = message_from_bytes(built.as_bytes(policy=policy.SMTP), policy=policy.SMTP)
        key = self.world.deliver(raw=bytes(copy), folders=("sent",), received_at=self.now())
        self.look(self.mailbox)
        row = self.rows(self.mailbox)[key]
        row.with_user(self.owner).action_route()
        self.run_jobs()
        return line, row

    def test_odoos_mail_keeps_a_findable_id_when_a_relay_replaces_it(self):
        line, row = self.relay()
        self.assertEqual(row.decision_ids.outcome, "noted")
        self.assertEqual(row.link_ids.mail_message_id, line, "it is in the chatter already")
        reply = self.deliver("Re: More", in_reply_to="<CAF=relay@mail.gmail.com>")
        self.assertEqual((reply.outcome, reply.link_ids.res_id), ("joined", self.record.id))

    def test_a_report_finds_the_mail_that_failed_by_the_relays_id(self):
        line, _row = self.relay()
        report = (
            f"Message-ID: <b@mta.test>\nFrom: MAILER-DAEMON@mta.test\nTo: {self.mailbox.address}\n"
            "Subject: Undelivered Mail\nAuto-Submitted: auto-replied\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
            "--b\nContent-Type: text/plain\n\nNobody there.\n"
            "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mta.test\n\n"
            "Final-Recipient: rfc822; bob@shop.test\nAction: failed\nStatus: 5.1.1\n\n"
            "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <CAF=relay@mail.gmail.com>\n\n"
            "--b--\n"
        )
        key = self.world.deliver(raw=report.encode(), received_at=self.now())
        self.look(self.mailbox)
        row = self.rows(self.mailbox)[key]
        row.with_user(self.owner).action_route()
        self.run_jobs()
        self.assertEqual((row.decision_ids.outcome, row.link_ids.res_id), ("noted", self.record.id))
        self.assertEqual(self.record.message_bounce, 1)
        self.assertEqual(line.notification_ids.mapped("notification_status"), ["bounce"])

    def test_a_copied_own_id_swallows_nothing(self):
        for verdict in ("", VOUCHED):
            decision = self.deliver(
                sender="eve@evil.test", x_mailbox_message_id=self.sent.message_id, verdict=verdict
            )
            self.assertEqual((decision.outcome, bool(decision.link_ids)), ("stored", False))

    # -- subject and quotation -----------------------------------------------------------------

    def test_a_number_in_the_subject_counts_for_those_who_belong_and_are_vouched_for(self):
        self.record.name = "SO0042"
        named = {"subject": "Delivery of [SO0042]"}
        self.assertEqual(self.deliver(sender="eve@evil.test", **named).outcome, "stored")
        waits = self.deliver(**named)
        self.assertEqual((waits.outcome, waits.reason), ("triage", "unvouched"))
        self.assertEqual(waits.record_ref, self.record)
        joined = self.deliver(**named, verdict=VOUCHED)
        self.assertEqual((joined.outcome, joined.score), ("joined", 60))
        self.assertEqual(self.signals(joined), {"subject": "SO0042"})

    def test_the_same_subject_never_brings_customers_together(self):
        self.rule()
        first = self.deliver("Invoice", sender="ann@one.test", verdict=VOUCHED)
        second = self.deliver("Re: Invoice", sender="carl@two.test", verdict=VOUCHED)
        self.assertEqual((first.outcome, second.outcome), ("created", "created"))
        self.assertNotEqual(first.link_ids.res_id, second.link_ids.res_id)

    def test_a_quotation_leads_to_what_it_quotes(self):
        text = "We need twenty blue doors with handles, delivered in May to Ghent, please.\n"
        self.rule()
        first = self.deliver("Doors", sender="ann@one.test", body=text, verdict=VOUCHED)
        self.env["mailbox.route"].search([]).active = False
        body = f"And hinges.\n\nOn 3 March 2026 Ann <ann@one.test> wrote:\n> {text}"
        answer = {"subject": "AW: Doors and hinges", "body": body, "verdict": VOUCHED}
        self.assertEqual(self.deliver(sender="eve@evil.test", **answer).outcome, "stored")
        joined = self.deliver(sender="ann@one.test", **answer)
        self.assertEqual(joined.link_ids.res_id, first.link_ids.res_id)
        self.assertIn("quote", self.signals(joined))

    # -- in any order --------------------------------------------------------------------------

    def test_a_conversation_ends_at_one_record_in_whatever_order_it_comes(self):
        """Each mail names only some of those before it; relays dropped the rest."""
        ids = [f"<{number}.chain@shop.test>" for number in range(6)]
        for seed in range(3):
            chance = random.Random(seed)
            key = self.sent.message_id
            order = list(range(6))
            chance.shuffle(order)
            for number in order:
                known = [key, *ids[:number]]
                kept = [one for one in known if one == key or chance.random() < 0.5]
                kind = chance.choice(["in_reply_to", "references"])
                chosen = key if kind == "in_reply_to" else " ".join(kept)
                decision = self.deliver(
                    "Re: doors",
                    message_id=ids[number].replace("chain", f"chain{seed}"),
                    **{kind: chosen},
                )
                self.assertEqual(decision.outcome, "joined", (seed, number))
                self.assertEqual(decision.link_ids.res_id, self.record.id)
        self.assertEqual(len(self.lines(self.record)), 18)

    def test_more_references_than_odoo_looks_at(self):
        """Odoo looks at the last 32; the store knows the mail that the first of 90 names."""
        self.rule()
        first = self.deliver(message_id="<root@shop.test>")
        self.env["mailbox.route"].search([]).active = False
        chain = ["<root@shop.test>", *(f"<{number}@else.test>" for number in range(89))]
        decision = self.deliver("Re: Question", references=" ".join(chain))
        self.assertEqual(decision.link_ids.res_id, first.link_ids.res_id)
