"""Mails of one batch that open a lead each are done together; what they leave is what each would
have left by itself."""

from contextlib import contextmanager
from email.message import EmailMessage
from unittest.mock import patch

from odoo.addons.mail.models.mail_thread import MailThread
from odoo.addons.mailbox_sync.routing import together
from odoo.addons.mailbox_sync.tests.routing_common import RoutingCase
from odoo.tests.common import tagged
from odoo.tools import mute_logger

SUBJECTS = ["Doors", "Windows", "Gates"]
HTML = """<div class="x"><p style="color: red">Please, <b>soon</b>.</p><script>alert(1)</script>
<img src="https://shop.test/a.png" onerror="alert(1)"><blockquote>Our offer</blockquote></div>"""


@tagged("post_install", "-at_install")
class TestTogether(RoutingCase):
    def setUp(self):
        super().setUp()
        self.lead_rule = self.rule(name="Leads", target_model="crm.lead")
        together.hook(type(self.env["crm.lead"]))

    def leads(self, decisions):
        return [self.env["crm.lead"].browse(one.link_ids.res_id) for one in decisions]

    @contextmanager
    def created(self):
        """How many leads each ``create`` below made at once."""
        counts = []
        base = MailThread.create

        def create(thread, vals_list):
            if thread._name == "crm.lead":
                counts.append(len(vals_list))
            return base(thread, vals_list)

        create._api_model = True
        with patch.object(MailThread, "create", create):
            yield counts

    # -- what becomes of them ------------------------------------------------------------------

    def test_leads_are_made_at_once_each_with_its_own_mail(self):
        with self.created() as counts:
            decisions = self.deliver_all(
                *({"subject": one, "body": f"{one}, please.\n"} for one in SUBJECTS)
            )
        self.assertEqual(counts, [3])
        leads = self.leads(decisions)
        self.assertEqual([lead.name for lead in leads], SUBJECTS)
        self.assertEqual([lead.id for lead in leads], sorted(lead.id for lead in leads))
        for number, (lead, subject) in enumerate(zip(leads, SUBJECTS, strict=True)):
            self.assertEqual(lead.email_normalized, f"bob@shop{number}.test")
            self.assertEqual(lead.contact_name, f"Bob {number}")
            line = self.lines(lead)
            self.assertEqual(len(line), 1)
            self.assertEqual(line.message_id, f"<{number + 1}.out@shop.test>")
            self.assertIn(f"{subject}, please.", line.body)
            self.assertEqual(len(lead.message_ids), 1)

    def test_files_stay_with_their_mail(self):
        leads = self.leads(
            self.deliver_all(
                *({"subject": one, "files": {f"{one}.bin": one.encode()}} for one in SUBJECTS)
            )
        )
        for lead, subject in zip(leads, SUBJECTS, strict=True):
            files = self.lines(lead).attachment_ids
            self.assertEqual(files.mapped("name"), [f"{subject}.bin"])
            self.assertEqual(files.raw, subject.encode())
            self.assertEqual((files.res_model, files.res_id), ("crm.lead", lead.id))

    def test_html_is_kept_as_it_is_of_a_mail_by_itself(self):
        def deliver(number):
            mail = EmailMessage()
            mail["Message-ID"], mail["Subject"] = f"<html{number}@shop.test>", "Doors"
            mail["From"], mail["To"] = f"bob@shop{number}.test", self.mailbox.address
            mail.set_content(HTML, subtype="html")
            self.world.deliver(raw=mail.as_bytes(), received_at=self.now())

        deliver(1)
        deliver(2)
        self.look(self.mailbox)
        deliver(3)
        self.look(self.mailbox)
        ids = [f"<html{number}@shop.test>" for number in (1, 2, 3)]
        lines = self.env["mail.message"].search([("message_id", "in", ids)])
        self.assertEqual(len(lines), 3)
        self.assertEqual(len(set(lines.mapped("body"))), 1)
        self.assertIn("<b>soon</b>", lines[0].body)
        self.assertNotIn("alert", lines[0].body)

    def test_known_customers_are_named_on_theirs_only(self):
        known = self.env["res.partner"].create({"name": "Bob", "email": "bob@shop1.test"})
        leads = self.leads(self.deliver_all(*({"subject": one} for one in SUBJECTS)))
        nobody = self.env["res.partner"]
        self.assertEqual([one.partner_id for one in leads], [nobody, known, nobody])
        self.assertEqual([self.lines(one).author_id for one in leads], [nobody, known, nobody])

    def test_companies_are_found_by_domain_for_all(self):
        companies = self.env["res.partner"].create(
            [
                {"name": f"Shop {one}", "is_company": True, "email": f"info@shop{one}.test"}
                for one in (0, 2, 2)
            ]
        )
        leads = self.leads(self.deliver_all(*({"subject": one} for one in SUBJECTS)))
        self.assertEqual(
            [one.partner_name for one in leads],
            [companies[0].name, False, False],
            "where two companies share a domain nobody can tell",
        )

    # -- what belongs together is not done together --------------------------------------------

    def test_an_answer_in_the_same_batch_finds_the_lead_of_the_mail_before(self):
        first, _other, answer = self.deliver_all(
            {"subject": "Doors"},
            {"subject": "Windows"},
            {
                "subject": "Re: Doors",
                "sender": "Bob 0 <bob@shop0.test>",
                "In_Reply_To": "<1.out@shop.test>",
            },
        )
        self.assertEqual([first.outcome, answer.outcome], ["created", "joined"])
        self.assertEqual(first.link_ids.res_id, answer.link_ids.res_id)

    def test_a_sender_who_opens_too_many_is_stopped_within_a_batch(self):
        self.env["ir.config_parameter"].set_param("mail.gateway.loop.threshold", 2)
        decisions = self.deliver_all(
            *({"subject": f"Mail {one}", "sender": "bob@shop.test"} for one in range(4))
        )
        self.assertEqual(sum(one.outcome == "created" for one in decisions), 2)

    # -- trouble -------------------------------------------------------------------------------

    def test_a_broken_mail_undoes_only_itself(self):
        post = type(self.env["crm.lead"]).message_post

        def message_post(lead, **values):
            if values.get("subject") == "Windows":
                raise ValueError("no windows here")
            return post(lead, **values)

        with patch.object(type(self.env["crm.lead"]), "message_post", message_post):
            decisions = self.deliver_all(*({"subject": one} for one in SUBJECTS))
        self.assertEqual([one.outcome for one in decisions], ["created", "triage", "created"])
        self.assertIn("no windows here", str(decisions[1].steps))
        self.assertFalse(decisions[1].link_ids)
        for lead, subject in zip(
            self.leads([decisions[0], decisions[2]]), SUBJECTS[::2], strict=True
        ):
            self.assertEqual((lead.name, len(lead.message_ids)), (subject, 1))
        self.assertFalse(self.env["crm.lead"].search([("name", "=", "Windows")]))
        self.assertEqual(self.env["crm.lead"].search_count([("name", "in", SUBJECTS)]), 2)

    @mute_logger("odoo.sql_db")
    def test_values_that_the_database_refuses_undo_only_their_mail(self):
        values = type(self.env["crm.lead"])._mailbox_values

        def _mailbox_values(target, mail):
            told = values(target, mail)
            return told | ({"user_id": 2**31 - 1} if mail.facts.subject == "Gates" else {})

        with patch.object(type(self.env["crm.lead"]), "_mailbox_values", _mailbox_values):
            decisions = self.deliver_all(*({"subject": one} for one in SUBJECTS))
        self.assertEqual([one.outcome for one in decisions], ["created", "created", "triage"])

    # -- other addons --------------------------------------------------------------------------

    def test_an_unknown_message_new_is_asked_for_each_mail_by_itself(self):
        new = type(self.env["crm.lead"]).message_new
        asked = []

        def message_new(target, values, custom_values=None):
            """Sees what the mails before it left, as anywhere in Odoo."""
            asked.append((values["subject"], target.search_count([("name", "in", SUBJECTS)])))
            lead = new(target, values, custom_values)
            lead.referred = "told by another addon"
            return lead

        message_new._api_model = True
        with (
            patch.object(type(self.env["crm.lead"]), "message_new", message_new),
            self.created() as counts,
        ):
            leads = self.leads(self.deliver_all(*({"subject": one} for one in SUBJECTS)))
        self.assertEqual(counts, [1, 1, 1])
        self.assertEqual(asked, [(one, number) for number, one in enumerate(SUBJECTS)])
        self.assertEqual({one.referred for one in leads}, {"told by another addon"})

    def test_overrides_of_create_and_of_posting_are_called_for_all(self):
        lead_class = type(self.env["crm.lead"])
        hook, seen = lead_class._message_post_after_hook, []

        def _message_post_after_hook(lead, message, values):
            seen.append((lead.name, message.subject))
            return hook(lead, message, values)

        with patch.object(lead_class, "_message_post_after_hook", _message_post_after_hook):
            self.deliver_all(*({"subject": one} for one in SUBJECTS))
        self.assertEqual(seen, [(one, one) for one in SUBJECTS])

    def test_a_target_that_looks_for_its_records_does_each_by_itself(self):
        found = self.env["crm.lead"].create({"name": "Everything"})

        def _mailbox_find(target, mail):
            return found if mail.facts.subject == "Gates" else target.browse()

        with patch.object(type(self.env["crm.lead"]), "_mailbox_find", _mailbox_find):
            decisions = self.deliver_all(*({"subject": one} for one in SUBJECTS))
        self.assertEqual([one.outcome for one in decisions], ["created", "created", "joined"])
        self.assertEqual(decisions[2].link_ids.res_id, found.id)
