"""Test connection: every capability tried for real, each green or red with the reason."""

import time
from email.message import EmailMessage
from email.utils import make_msgid

from odoo import api, fields, models
from odoo.exceptions import UserError

from mailbox_core.errors import ProviderError
from mailbox_core.types import Since, Start, StreamRef

from .. import advice


class MailboxTest(models.TransientModel):
    _name = "mailbox.test"
    _inherit = "mailbox.form"
    _description = "Mailbox Connection Test"

    mailbox_id = fields.Many2one(
        "mailbox", ondelete="cascade", help="Empty: a check of this server."
    )
    line_ids = fields.One2many("mailbox.test.line", "test_id")
    outcome = fields.Selection([("good", "Everything works"), ("bad", "Something does not work")])
    can_send = fields.Boolean(compute="_compute_can_send")

    @api.depends("mailbox_id")
    def _compute_can_send(self):
        for test in self:
            test.can_send = test.mailbox_id.scope_profile in ("two_way", "send")

    @api.model
    def _run_for(self, mailbox):
        test = self.create({"mailbox_id": mailbox.id})
        test._run(test._checks())
        return test._show()

    @api.model
    def _show_preflight(self, current_url):
        """The checks before the first sign-in, in the same form."""
        test = self.create({})
        for finding in self.env["mailbox.preflight"].sudo()._findings(current_url):
            self.env["mailbox.test.line"].create(
                {
                    "test_id": test.id,
                    "name": finding.title,
                    "state": finding.level,
                    "advice": finding.advice,
                }
            )
        return test._show()

    def action_send_to_self(self):
        """Also send a message from the mailbox to itself, and say what became of it."""
        self.ensure_one()
        self.mailbox_id._check_operator()
        if not self.can_send:
            raise UserError(self.env._("The scope profile of this mailbox does not allow sending."))
        self._run([(self.env._("Send to self"), self._send_to_self)])
        return self._show()

    def _show(self):
        self.outcome = "bad" if "bad" in self.line_ids.mapped("state") else "good"
        return {
            "type": "ir.actions.act_window",
            "name": self.mailbox_id.address or self.env._("The way back from the provider"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def _checks(self):
        """Label and call of each capability the scope profile promises, simplest first."""
        checks = [(self.env._("Sign-in"), self._sign_in)]
        if self.mailbox_id.scope_profile != "send":
            checks += [
                (self.env._("Right mailbox"), self._profile),
                (self.env._("List folders"), self._folders),
                (self.env._("List and read one message"), self._read_one),
                (self.env._("Follow changes"), self._history),
            ]
        return checks

    def _run(self, checks):
        failed = False
        for label, call in checks:
            line = {"test_id": self.id, "name": label, "state": "skipped"}
            if not failed:
                started = time.monotonic()
                try:
                    line.update(state="good", detail=call())
                except ProviderError as error:
                    line.update(
                        state="bad", detail=error.detail, advice=advice.next_step(self.env, error)
                    )
                    failed = call == self._sign_in
                except UserError as error:
                    line.update(state="bad", detail=str(error))
                    failed = call == self._sign_in
                line["milliseconds"] = int(1000 * (time.monotonic() - started))
            self.env["mailbox.test.line"].create(line)

    def _provider(self):
        return self.mailbox_id.sudo()._provider("interactive")

    def _sign_in(self):
        tokens = self.mailbox_id.sudo()._token_source()
        if tokens is None:
            return self.env._("Not needed")
        tokens.token()
        return self.mailbox_id.token_identity or self.mailbox_id.address

    def _profile(self):
        profile = self._provider().profile()
        if not self.mailbox_id._same_address(profile.address):
            raise UserError(
                self.env._(
                    "The sign-in opens %s, another mailbox. Press Reconnect.", profile.address
                )
            )
        if profile.messages is None:
            return profile.address
        return self.env._(
            "%(address)s, %(count)s messages", address=profile.address, count=profile.messages
        )

    def _folders(self):
        return self.env._("%s folders", len(self._provider().folders()))

    def _read_one(self):
        provider = self._provider()
        newest = provider.recent(self._stream(provider), 1).upserts[:1]
        if not newest:
            return self.env._("The mailbox is empty")
        for fetched in provider.fetch([newest[0].ref], "headers"):
            detail = getattr(fetched, "detail", "")
            if detail:
                raise UserError(detail)
        # Says that it worked, not what it read: a manager may press this button.
        return self.env._("Works")

    @staticmethod
    def _stream(provider):
        """The whole mailbox, or its inbox where every folder has a cursor of its own."""
        if provider.capabilities.cursor_scope == "mailbox":
            return StreamRef()
        folders = [folder for folder in provider.folders() if folder.selectable]
        folders.sort(key=lambda folder: folder.role != "inbox")
        return StreamRef(folder=folders[0].remote_id if folders else None)

    def _history(self):
        provider = self._provider()
        if not provider.capabilities.baseline:
            return self.env._("Follows after the import")
        stream = self._stream(provider)
        cursor = provider.changes(stream, Start(), 1).cursor
        provider.changes(stream, Since(cursor), 1)
        return self.env._("Works")

    def _send_to_self(self):
        message = EmailMessage()
        message["From"] = message["To"] = self.mailbox_id.address
        message["Subject"] = self.env._("Mailbox connection test")
        message["Message-ID"] = make_msgid(domain=self.mailbox_id.address.rpartition("@")[2])
        message.set_content(self.env._("Odoo sent this to test the connection. You can delete it."))
        self._provider().send(message.as_bytes(), None)
        self.mailbox_id._audit("mailbox.test.sent")
        return self.env._("Sent to %s", self.mailbox_id.address)


class MailboxTestLine(models.TransientModel):
    _name = "mailbox.test.line"
    _description = "Mailbox Connection Test Line"
    _order = "id"

    test_id = fields.Many2one("mailbox.test", required=True, ondelete="cascade")
    name = fields.Char(required=True)
    state = fields.Selection(
        [
            ("good", "Works"),
            ("hint", "Look at it"),
            ("bad", "Does not work"),
            ("skipped", "Not tried"),
        ],
        required=True,
    )
    detail = fields.Char()
    advice = fields.Char()
    milliseconds = fields.Integer(string="Time (ms)")
