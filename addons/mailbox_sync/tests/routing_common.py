"""A connected mailbox, rules and ready-made mail, for tests of routing in any addon."""

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

from mailbox_core.testing import memory

from ..routing import facts
from .common import MailboxCase

VOUCHED = "mx.memory.test; dmarc=pass"
FORGED = "mx.memory.test; dmarc=fail"


class RoutingCase(MailboxCase):
    """A connected mailbox, rules and ready-made mail."""

    def setUp(self):
        super().setUp()
        self.mailbox, self.world = self.make_mailbox(routing="company")
        self.start(self.mailbox)
        self.number = 0

    def mail(
        self, subject="Question", sender="Bob Buyer <bob@shop.test>", body="Hello\n", **headers
    ):
        """Bytes of a mail. ``verdict``: what the provider says; ``to``; ``files``; other headers as
        words."""
        self.number += 1
        message = EmailMessage()
        verdict = headers.pop("verdict", "")
        if verdict:
            message["Authentication-Results"] = verdict
        files = headers.pop("files", {})
        message["Message-ID"] = headers.pop("message_id", f"<{self.number}.out@shop.test>")
        message["From"], message["To"] = sender, headers.pop("to", self.mailbox.address)
        message["Subject"] = subject
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message.set_content(body)
        for name, data in files.items():
            message.add_attachment(
                data, maintype="application", subtype="octet-stream", filename=name
            )
        return message.as_bytes()

    def deliver(self, *args, folders=("inbox",), age=timedelta(0), world=None, **kw):
        """A mail arrives now, is stored and routed; its decision."""
        world = world or self.world
        raw = self.mail(*args, **kw)
        at = self.now() + timedelta(seconds=1) - age
        key = world.deliver(raw=raw, folders=folders, received_at=at)
        mailbox = self.env["mailbox"].search([("address", "=", world.address)])
        self.look(mailbox)
        return self.rows(mailbox)[key].decision_ids

    def deliver_all(self, *mails):
        """Mails (keywords of ``mail``) of different senders that arrive at once; their decisions,
        in that order."""
        keys = []
        for number, given in enumerate(mails):
            raw = self.mail(**{"sender": f"Bob {number} <bob@shop{number}.test>", **given})
            keys.append(self.world.deliver(raw=raw, received_at=self.now()))
        self.look(self.mailbox)
        rows = self.rows(self.mailbox)
        return [rows[key].decision_ids for key in keys]

    def rule(self, **values):
        """A rule on everything that opens contacts, unless told otherwise."""
        return self.env["mailbox.route"].create(
            {"name": "Contacts", "target_model": "res.partner", **values}
        )

    def vouch(self):
        """Let the memory provider sign verdicts."""
        signed = replace(memory.SPEC, authserv_ids=frozenset({"mx.memory.test"}))
        self.patch(facts.registry, "specs", lambda: {"memory": signed})

    def lines(self, record):
        """The mails in a record's chatter, oldest first."""
        return record.message_ids.filtered(
            lambda one: one.message_type in ("email", "email_outgoing")
        ).sorted("id")
