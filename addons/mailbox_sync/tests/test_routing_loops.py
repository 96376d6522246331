"""What we send by ourselves, and that it ends (S15)."""

from ast import literal_eval
from email import message_from_string, policy

from odoo.tests.common import tagged

from .routing_common import RoutingCase

#: What says that nobody wrote a mail, and what leads back to the mail it answers.
MARKS = ("Auto-Submitted", "X-Auto-Response-Suppress", "Precedence", "X-Loop")
TRACES = ("In-Reply-To", "References", "X-Mailbox-Message-Id", "X-Odoo-Objects", "Return-Path")


@tagged("post_install", "-at_install")
class TestAcknowledge(RoutingCase):
    def setUp(self):
        super().setUp()
        template = self.env["mail.template"].create(
            {
                "name": "Thanks",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "subject": "We have it",
                "body_html": "<p>Thank you</p>",
            }
        )
        self.rule(acknowledge_id=template.id)

    def sent(self):
        """The acknowledgements that went out."""
        return self.env["mail.mail"].search([("subject", "=", "We have it")])

    def fresh(self, *args, **kw):
        """A mail that opens a record of its own."""
        self.env["res.partner"].search([("email", "=", "bob@shop.test")]).email = False
        return self.deliver(*args, **kw)

    def take(self, address, mailbox=None):
        return self.env["mailbox.automatic"]._take(mailbox or self.mailbox, address)

    def always_open(self):
        """Each mail opens a record of its own, and each record is acknowledged."""
        self.patch(type(self.env["res.partner"]), "_mailbox_find", lambda target, mail: target)

    def pass_an_hour(self):
        for line in self.env["mailbox.automatic"].search([]):
            line.times = [one - 3_601 for one in line.times]

    def test_a_new_record_is_acknowledged_once_with_all_the_marks(self):
        self.fresh()
        mail = self.sent()
        self.assertEqual((len(mail), mail.email_to), (1, "bob@shop.test"))
        headers = literal_eval(mail.headers)
        self.assertEqual(headers["Auto-Submitted"], "auto-replied")
        self.assertEqual(headers["X-Loop"], self.mailbox.address)
        self.assertEqual(headers["In-Reply-To"], "<1.out@shop.test>")
        self.deliver("Re: Question", in_reply_to="<1.out@shop.test>")
        self.assertEqual(len(self.sent()), 1)

    def test_a_correspondent_gets_two_an_hour(self):
        for number in range(5):
            self.assertEqual(self.fresh(f"Offer {number}").outcome, "created")
        self.assertEqual(len(self.sent()), 2)
        self.pass_an_hour()
        self.fresh("Later")
        self.assertEqual(len(self.sent()), 3)
        self.fresh("Later still")
        self.assertEqual(len(self.sent()), 4)

    def test_a_suffix_is_the_same_correspondent(self):
        allowed = [self.take(f"bob+{number}@shop.test") for number in range(3)]
        self.assertEqual(allowed, ["", "", "enough"])
        self.assertEqual(self.take("BOB@shop.test"), "enough")
        self.assertEqual(self.take("eve@shop.test"), "")

    def test_mailboxes_share_the_hour_and_each_has_its_day(self):
        other, _world = self.make_mailbox("grace@example.org", owner=self.colleague)
        words = [self.take("bob@shop.test", one) for one in (self.mailbox, other, self.mailbox)]
        self.assertEqual(words, ["", "", "enough"])
        for _hour in range(5):
            self.pass_an_hour()
            self.assertEqual(self.take("bob@shop.test"), "")
        self.pass_an_hour()
        self.assertEqual(self.take("bob@shop.test"), "enough_pair", "six a day, a slow loop ends")
        self.assertEqual(self.take("bob@shop.test", other), "", "another pair")
        for _hour in range(24):
            self.pass_an_hour()
        self.assertEqual(self.take("bob@shop.test"), "")

    def test_limits_are_settings(self):
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.mailbox_automatic_limit, 2)
        settings.mailbox_automatic_limit, settings.mailbox_automatic_pair_limit = 3, 1
        settings.execute()
        self.assertEqual([self.take("bob@shop.test") for _ in range(2)], ["", "enough_pair"])
        settings = self.env["res.config.settings"].create({})
        settings.mailbox_automatic_pair_limit = 0
        settings.execute()
        self.assertEqual(self.take("eve@shop.test"), "enough_pair")

    def test_why_here_tells_what_was_sent_and_why_not(self):
        told = [self.fresh(f"Offer {number}").execution_ids for number in range(3)]
        self.assertEqual([execution.state for execution in told], ["done", "done", "refused"])
        self.assertEqual(set(execution.kind for execution in told), {"acknowledge"})
        self.assertIn("bob@shop.test", told[0].detail)
        self.assertIn("within an hour", told[2].detail)
        other, _world = self.make_mailbox("grace@example.org", owner=self.colleague)
        self.always_open()
        self.assertIn("of ours", self.fresh(sender=other.address).execution_ids.detail)

    def test_machines_and_ourselves_are_not_answered(self):
        self.env["mailbox.route"].search([]).machine = True
        other, _world = self.make_mailbox("grace@example.org", owner=self.colleague)
        silent = (
            {"list_id": "<x.shop.test>"},
            {"precedence": "bulk"},
            {"auto_submitted": "auto-generated"},
            {"return_path": "<>"},
            {"x_auto_response_suppress": "DR, AutoReply"},
            {"sender": "no-reply@shop.test"},
            {"sender": "MAILER-DAEMON@shop.test"},
            {"sender": other.address},
        )
        for mail in silent:
            self.fresh(**mail)
            self.assertFalse(self.sent(), mail)

    # -- two of our own mailboxes --------------------------------------------------------------

    def two(self):
        """Two mailboxes with acknowledgements, by the other names under which they write: nothing
        in a mail says that it comes from here."""
        other, world = self.make_mailbox("grace@example.org", owner=self.colleague)
        other.routing = "company"
        self.start(other)
        return {"info@example.org": self.world, "help@example.org": world}

    def carry(self, boxes, drop=()):
        """Bring what was sent to where it goes, as often as there is anything; ``drop``: headers
        that get lost on the way. How many went out."""
        done = self.env["mail.mail"]
        for round_ in range(40):
            new = self.sent() - done
            if not new:
                return len(done)
            for mail in new:
                names = [name for name in boxes if name != mail.email_to]
                built = self.env["ir.mail_server"]._build_email__(
                    names[0],
                    [mail.email_to],
                    f"{mail.subject} {round_}",
                    "We have it",
                    headers=literal_eval(mail.headers),
                    message_id=f"<{mail.id}@example.org>",
                )
                wire = message_from_string(built.as_string(), policy=policy.SMTP)
                for name in drop:
                    del wire[name]
                key = boxes[mail.email_to].deliver(raw=wire.as_bytes(), received_at=self.now())
                self.assertTrue(key)
            done |= new
            for mailbox in self.env["mailbox"].search([]):
                self.look(mailbox)
        self.fail("It never ends.")

    def test_two_mailboxes_of_ours_do_not_answer_each_other_at_all(self):
        other, world = self.make_mailbox("grace@example.org", owner=self.colleague)
        other.routing = "company"
        self.start(other)
        self.always_open()
        for _ in range(4):
            self.fresh(sender=other.address)
            self.deliver(sender=self.mailbox.address, to=other.address, world=world)
        self.assertFalse(self.sent())

    def test_a_marked_answer_is_not_answered(self):
        boxes = self.two()
        self.deliver(sender="help@example.org")
        self.assertEqual(self.carry(boxes, drop=TRACES), 1)

    def test_two_mailboxes_stop_although_every_mark_gets_lost(self):
        """The worst case: other names, no mark, no trace, so that every answer is a new mail."""
        boxes = self.two()
        self.always_open()
        self.deliver(sender="help@example.org")
        self.carry(boxes, drop=MARKS + TRACES)
        self.assertEqual(self.counted(), {"help@example.org": 2, "info@example.org": 2})
        for hour in range(1, 5):
            self.pass_an_hour()
            before = self.counted()
            self.deliver(f"Again {hour}", sender="help@example.org")
            self.carry(boxes, drop=MARKS + TRACES)
            for address, count in self.counted().items():
                self.assertLessEqual(count - before[address], 2, (hour, address))
        self.assertLessEqual(max(self.counted().values()), 6, "and a day has an end, too")

    def counted(self):
        """How many mails went to each address."""
        to = self.sent().mapped("email_to")
        return {address: to.count(address) for address in set(to)}

    def test_a_machine_that_answers_everything_gets_two(self):
        """An autoresponder outside that knows no RFC, and drops everything it could be known by."""
        self.always_open()
        self.deliver("Order", sender="shop@robot.test")
        for round_ in range(6):
            self.deliver(f"Your mail {round_} has arrived", sender="shop@robot.test")
        self.assertEqual(self.counted(), {"shop@robot.test": 2})


@tagged("post_install", "-at_install")
class TestPairRate(RoutingCase):
    def setUp(self):
        super().setUp()
        param = self.env["ir.config_parameter"]
        param.set_param("mailbox_sync.loop_pair_limit", "3")
        self.rule()

    def ping(self, number=0, **kw):
        return self.deliver("Re: Question", references="<1.out@shop.test>", **kw)

    def test_a_pair_that_goes_back_and_forth_on_one_record_is_a_loop(self):
        outcomes = [self.deliver().outcome] + [self.ping().outcome for _ in range(4)]
        self.assertEqual(outcomes, ["created", "joined", "joined", "ignored", "ignored"])
        decision = self.env["mailbox.decision"].search([], limit=1)
        self.assertEqual(decision.reason, "loop")
        self.assertIn("3 / 60 min", decision.why_html)
        self.assertIn(f"bob@shop.test → {self.mailbox.address}", decision.why_html)
        # Another sender, and the same one at another mailbox, are other pairs.
        self.assertEqual(self.deliver(sender="eve@shop.test").outcome, "created")
        other, world = self.make_mailbox("grace@example.org", owner=self.colleague)
        other.routing = "company"
        self.start(other)
        self.assertEqual(self.deliver(to=other.address, world=world).outcome, "joined")

    def test_allowed_senders_and_other_hours_are_not_counted(self):
        for _ in range(4):
            self.ping()
        self.env["mail.gateway.allowed"].create({"email": "bob@shop.test"})
        self.assertNotEqual(self.ping().outcome, "ignored")
        self.env["mail.gateway.allowed"].search([]).unlink()
        self.assertEqual(self.ping().outcome, "ignored")
        self.env["ir.config_parameter"].set_param("mailbox_sync.loop_pair_limit", "0")
        self.assertNotEqual(self.ping().outcome, "ignored")

    def test_a_batch_counts_what_it_does_itself(self):
        for number in range(5):
            raw = self.mail(f"Offer {number}")
            self.world.deliver(raw=raw, folders=("inbox",), received_at=self.now())
        self.look(self.mailbox)
        outcomes = self.env["mailbox.decision"].search([]).mapped("outcome")
        self.assertEqual(outcomes.count("ignored"), 2)

    def test_what_only_lies_in_the_mailbox_counts_for_nothing(self):
        self.env["mailbox.route"].search([]).active = False
        for _ in range(5):
            self.assertEqual(self.ping().outcome, "stored")
