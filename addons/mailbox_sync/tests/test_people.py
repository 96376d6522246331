"""Who a sender is: spellings, other addresses, companies, duplicates, signatures."""

from markupsafe import Markup
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form
from odoo.tests.common import tagged
from odoo.tools import email_normalize

from ..routing import addresses, companies, people
from .routing_common import RoutingCase

SIGNED = """Please call me.

Best regards
Bob Buyer
Head of Purchasing
Doors & More Ltd
Phone: +44 20 7946 0958
www.doors.test
"""


@tagged("post_install", "-at_install")
class TestPeople(RoutingCase):
    def partner(self, name="Bob Buyer", email="bob@shop.test", **values):
        return self.env["res.partner"].create({"name": name, "email": email, **values})

    def test_suffixes_and_the_dots_that_gmail_ignores_make_no_difference(self):
        for address, key in (
            ("Bob+Doors@Shop.test", "bob@shop.test"),
            ("b.o.b+x@GoogleMail.com", "bob@gmail.com"),
            ("b.o.b@shop.test", "b.o.b@shop.test"),
            ("+x@shop.test", "+x@shop.test"),
            ("nonsense", ""),
        ):
            self.assertEqual(addresses.key_of(address), key)
        partner = self.partner(email="Ada.Lovelace@gmail.com")
        self.assertEqual(people.partner_of(self.env, "adalovelace+mail@googlemail.com"), partner)
        self.assertFalse(people.partner_of(self.env, "ada.lovelace@shop.test"))

    def test_what_is_read_at_a_glance_is_what_odoo_reads(self):
        told = [None, "", "a@", "@x.test", "a_b-c@x", "Ada.L+shop@Example.TEST", "a@b@x.test"]
        told += ["ada@bücher.test", "\u212aelvin@x.test", "a b@x.test", "Ada <ada@x.test>"]
        told += ["a..b@x.test", ".a@x.test", "a.@x.test", "a@x..test", "o'neil@x.test"]
        told += ["a@x.test\n", "a@-x-.test"]
        for one in told:
            with self.subTest(one):
                expected = email_normalize(one or "", strict=False) or ""
                self.assertEqual(addresses.normalized(one), expected)

    def test_an_exact_address_goes_first(self):
        self.partner(email="bob@shop.test")
        exact = self.partner(email="bob+doors@shop.test")
        self.assertEqual(people.partner_of(self.env, "bob+doors@shop.test"), exact)

    def test_a_contact_with_several_addresses_is_known_by_each_and_may_write(self):
        partner = self.partner(mailbox_address_ids=[(0, 0, {"email": "Bob@Home.test"})])
        self.assertEqual(people.partner_of(self.env, "bob@home.test"), partner)
        with self.assertRaises(ValidationError):
            partner.mailbox_address_ids = [(0, 0, {"email": "nonsense"})]
        self.rule()
        first = self.deliver()
        self.assertEqual(first.link_ids.res_id, partner.id)
        reply = self.deliver(
            "Re: Question", sender="Bob <bob@home.test>", in_reply_to="<1.out@shop.test>"
        )
        self.assertEqual((reply.outcome, reply.link_ids.res_id), ("joined", partner.id))
        self.assertEqual(self.lines(partner)[-1].author_id, partner)
        follower = self.partner("Eve", "eve@shop.test")
        follower.mailbox_address_ids = [(0, 0, {"email": "eve@home.test"})]
        partner.message_subscribe(follower.ids)
        self.assertIn("eve@home.test", people.participants(partner))
        self.assertIn("eve@shop.test", people.participants(partner))

    def test_other_addresses_are_seen_with_the_contact_and_changed_by_those_who_may(self):
        partner = self.partner(mailbox_address_ids=[(0, 0, {"email": "bob@home.test"})])
        line = partner.mailbox_address_ids
        self.assertEqual(line.with_user(self.colleague).email, "bob@home.test")
        with self.assertRaises(AccessError):
            line.with_user(self.colleague).email = "x@y.test"
        with self.assertRaises(AccessError):
            line.with_user(self.colleague).unlink()
        partner.company_id = self.env["res.company"].create({"name": "Other"})
        found = self.env["mailbox.address"].with_user(self.colleague)
        self.assertFalse(found.search([("email", "=", "bob@home.test")]))

    def test_contacts_of_another_company_are_strangers(self):
        other = self.env["res.company"].create({"name": "Other"})
        ours = self.mailbox.company_id
        theirs = self.partner(company_id=other.id)
        self.partner("Theirs Ltd", "info@shop.test", company_id=other.id, is_company=True)
        self.assertFalse(people.partner_of(self.env, "bob+x@shop.test", ours))
        self.assertEqual(people.partner_of(self.env, "bob@shop.test", other), theirs)
        self.mailbox.log_policy = "known"
        self.mailbox.partner_policy = "ask"
        decision = self.deliver()
        self.assertFalse(self.lines(theirs))
        self.assertTrue(decision.partner_suggestion)
        self.assertFalse(decision.message_id.log_ids)
        self.mailbox.partner_policy = "always"
        target = self.partner("Case 7", False)
        self.rule(action="record", target_model=False, record_ref=f"res.partner,{target.id}")
        self.deliver("Case")
        self.assertFalse(self.lines(target).author_id, "a name of the other company is not told")
        self.rule(sequence=1)
        made = self.env["res.partner"].browse(self.deliver("New").link_ids[:1].res_id)
        self.assertNotEqual(made, theirs)
        self.assertEqual((made.email, made.parent_id.id), ("bob@shop.test", False))

    def test_a_contact_of_the_company_goes_before_one_of_all(self):
        shared = self.partner("Bob of all")
        self.assertEqual(people.partner_of(self.env, "bob@shop.test", self.env.company), shared)
        own = self.partner("Bob of ours", company_id=self.env.company.id)
        self.assertEqual(people.partner_of(self.env, "bob@shop.test", self.env.company), own)
        branch = self.env["res.company"].create({"name": "B", "parent_id": self.env.company.id})
        shared.active = False
        self.assertEqual(people.partner_of(self.env, "bob@shop.test", branch), own)

    def test_a_company_is_known_by_its_domain_but_not_by_a_service_for_everybody(self):
        self.assertEqual(companies.corporate_domain("bob@shop.test"), "shop.test")
        self.assertEqual(companies.corporate_domain("bob@gmail.com"), "")
        company = self.partner("Shop", "info@shop.test", is_company=True)
        self.partner("Gmail", "team@gmail.com", is_company=True)
        self.assertEqual(companies.company_of(self.env, "bob@shop.test"), company)
        self.assertFalse(companies.company_of(self.env, "bob@gmail.com"))
        self.assertFalse(companies.company_of(self.env, "bob@myshop.test"))
        self.mailbox.partner_policy = "always"
        self.rule()
        partner = self.env["res.partner"].browse(self.deliver().link_ids.res_id)
        self.assertEqual((partner.name, partner.parent_id), ("Bob Buyer", company))

    def test_a_name_is_put_in_order(self):
        self.rule()
        for sender, name in (
            ('"BUYER, BOB" <bob@shop.test>', "Bob Buyer"),
            ("eve.stone@shop.test", "Eve Stone"),
            ('"Ann via Sales" <ann@shop.test>', "Ann"),
        ):
            link = self.deliver(sender=sender).link_ids
            self.assertEqual(self.env["res.partner"].browse(link.res_id).name, name)

    def test_machines_are_known_by_their_names_and_people_are_not_taken_for_them(self):
        for name in (
            "no-reply", "NoReply", "do_not_reply", "shop-noreply", "orders.no.reply",
            "nepasrepondre", "keine-antwort", "nicht_antworten", "noresponder",
            "bounce", "bounces+12=bob=shop.test", "bounce-77", "mailer-daemon", "notifications",
            "notification-x1", "auto-confirm", "autoreply", "no-reply+x",
        ):  # fmt: skip
            self.assertTrue(people.is_nobody(f"{name}@shop.test"), name)
        for name in (
            "noah.reply", "bob", "norbert", "bouncer.bob", "nobodyknows", "postmasters", "reply",
            "antwort", "automat", "knowreply", "notifier", "nora-plyer",
        ):  # fmt: skip
            self.assertFalse(people.is_nobody(f"{name}@shop.test"), name)

    def test_whom_the_company_does_not_want_becomes_no_contact(self):
        param = self.env["ir.config_parameter"]
        param.set_param(addresses.NOBODY_PARAM, "ads.test, *-robot@* max@shop.test")
        for address, blocked in (
            ("x@ads.test", True),
            ("x@news.ads.test", True),
            ("x@badads.test", False),
            ("order-robot@shop.test", True),
            ("max@shop.test", True),
            ("bob@shop.test", False),
        ):
            self.assertEqual(addresses.is_blocked(self.env, address), blocked, address)
        self.mailbox.partner_policy = "ask"
        self.assertFalse(self.deliver(sender="Max <max@shop.test>").partner_suggestion)
        self.assertTrue(self.deliver(sender="Bob <bob@shop.test>").partner_suggestion)

    def test_before_a_contact_is_made_similar_ones_are_shown(self):
        known = self.partner("Bob Buyer", "bob@old.test")
        self.mailbox.partner_policy = "ask"
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        decision = self.deliver().with_user(self.owner)
        self.assertEqual(decision.duplicate_ids, known)
        with Form(decision) as form:
            self.assertEqual(form.same_partner_id, known)
        decision.action_same_person()
        self.assertEqual(known.mailbox_address_ids.email, "bob@shop.test")
        decision.invalidate_recordset()
        self.assertFalse(decision.partner_suggestion)
        self.assertFalse(self.deliver(sender="Zoe New <zoe@new.test>").duplicate_ids)


@tagged("post_install", "-at_install")
class TestSignature(RoutingCase):
    def setUp(self):
        super().setUp()
        self.owner.group_ids += self.env.ref("base.group_partner_manager")
        self.bob = self.env["res.partner"].create(
            {"name": "Bob Buyer", "email": "bob@doors.test", "function": "Buyer"}
        )
        self.rule()
        self.deliver("Doors", sender="Bob Buyer <bob@doors.test>", body=SIGNED)
        self.bob = self.bob.with_user(self.owner)

    def test_it_is_offered_and_written_only_when_somebody_says_so(self):
        told = self.bob.mailbox_signature_html
        for word in ("Head of Purchasing", "instead of Buyer", "+44 20 7946 0958", "Doors"):
            self.assertIn(word, told)
        self.assertEqual((self.bob.function, self.bob.phone), ("Buyer", False))
        self.bob.action_mailbox_signature_apply()
        self.assertEqual(self.bob.function, "Head of Purchasing")
        self.assertEqual(self.bob.company_name, "Doors & More Ltd")
        self.assertIn("7946", self.bob.phone)
        self.assertFalse(self.bob.mailbox_signature_html, "nothing is left to offer")

    def test_a_table_in_html_is_read_and_a_quoted_signature_is_not(self):
        partner = self.env["res.partner"].create({"name": "Ines Groß", "email": "ines@weber.test"})
        line = partner.message_post(
            message_type="email",
            author_id=partner.id,
            body=Markup(
                "<div>Hallo,<br>danke.</div><div>Viele Grüße</div><table><tr><td><b>Ines Groß</b>"
                "</td></tr><tr><td>Leiterin Einkauf</td></tr><tr><td>Tel.:</td><td>+49 421 5550123"
                "</td></tr><tr><td>Fax:</td><td>+49 421 5550124</td></tr></table><blockquote>Best"
                " regards<br>Otto Other<br>Director<br>Other Ltd<br>www.other.test</blockquote>"
            ),
        )
        self.assertEqual(
            partner._mailbox_offer(), {"function": "Leiterin Einkauf", "phone": "+49 421 5550123"}
        )
        line.body = Markup("<p>He is away.</p><p>Best regards</p><p>Zoe Park<br>Director</p>")
        self.assertFalse(partner._mailbox_offer(), "somebody else signs")

    def test_no_means_no_until_it_says_something_else(self):
        self.bob.action_mailbox_signature_refuse()
        self.bob.invalidate_recordset()
        self.assertFalse(self.bob.mailbox_signature_html)
        changed = SIGNED.replace("Head of Purchasing", "Director")
        self.deliver("Doors", sender="Bob Buyer <bob@doors.test>", body=changed)
        self.bob.invalidate_recordset()
        self.assertIn("Director", self.bob.mailbox_signature_html)

    def test_only_who_may_change_the_contact(self):
        reader = self.bob.with_user(self.colleague)
        with self.assertRaises(AccessError):
            reader.action_mailbox_signature_apply()
        with self.assertRaises(AccessError):
            reader.action_mailbox_signature_refuse()
