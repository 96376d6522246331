"""Mail logged on contacts: what the owner of a mailbox wants, what was logged, how it is taken
back."""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..routing import chatter_log, facts, outcome
from ..store.raw import RawMissing


class Mailbox(models.Model):
    _inherit = "mailbox"

    log_policy = fields.Selection(
        [
            ("never", "Never"),
            ("rule", "Where a rule says so"),
            ("known", "With contacts we know"),
            ("all", "With contacts we know, also lists and machines"),
        ],
        string="Log mail on contacts",
        required=True,
        default="never",
        help="What is logged can be read by everybody who may read the contact. Mail that is marked"
        " as private never is.",
    )

    def write(self, vals):
        if "log_policy" in vals and not self.env.su:
            # It decides who else reads the mail, so that it is the owner's like the members.
            self._check_sharing()
        return super().write(vals)


class MailboxFolder(models.Model):
    _inherit = "mailbox.folder"

    is_private = fields.Boolean(
        string="Private", readonly=True, help="Mail in it is never logged on contacts."
    )

    def action_toggle_private(self):
        """Keep the mail of a folder from contacts, or no longer. Superuser after the check: rows
        are the engine's."""
        self.ensure_one()
        self.mailbox_id._check_sharing()
        folder = self.sudo()
        folder.is_private = not folder.is_private


class MailboxLog(models.Model):
    _name = "mailbox.log"
    _inherit = ["mailbox.reference.mixin"]
    _description = "Mail Logged on a Contact"
    _order = "id DESC"
    _rec_name = "record_name"

    #: Empty when the copy in the mailbox was deleted: the line stays one that was only logged.
    message_id = fields.Many2one(
        "mailbox.message", ondelete="set null", index="btree_not_null", readonly=True
    )
    mailbox_id = fields.Many2one(
        "mailbox", required=True, ondelete="cascade", index=True, readonly=True
    )
    rfc_id = fields.Char(string="Message-ID", required=True, readonly=True)
    model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(
        model_field="model", string="Record", required=True, readonly=True
    )
    record_name = fields.Char(compute="_compute_record_name")
    mail_message_id = fields.Many2one(
        "mail.message",
        string="Line in the chatter",
        ondelete="set null",
        index="btree_not_null",
        readonly=True,
    )

    is_copy = fields.Boolean(readonly=True, help="Another mailbox logged it before.")
    withdrawn = fields.Boolean(compute="_compute_withdrawn")

    _once = models.UniqueIndex(
        "(rfc_id, model, res_id) WHERE is_copy IS NOT TRUE",
        "This mail is logged on this contact already.",
    )

    @api.depends("model", "res_id")
    @api.depends_context("uid")
    def _compute_record_name(self):
        for line in self:
            record = line._record()
            known = record and record.has_access("read")
            line.record_name = record.display_name if known else line._record_number()

    @api.depends("mail_message_id")
    def _compute_withdrawn(self):
        for line in self:
            line.withdrawn = not line.sudo().mail_message_id

    def _withdraw(self):
        """Take the lines out of the chatters with their files; those that a copy in another mailbox
        has logged as well stay. Returns how many went. As superuser."""
        lines = self.mail_message_id
        others = self.search(
            [
                ("mail_message_id", "in", lines.ids),
                ("mailbox_id", "not in", self.mailbox_id.ids),
                ("message_id", "!=", False),
            ]
        )
        lines -= others.mail_message_id
        _unlink_lines(lines)
        return len(lines)

    @api.model
    def _say(self, reason):
        """Why a mail is not logged, for people."""
        return {
            chatter_log.NEVER: self.env._("The owner of the mailbox does not allow it."),
            chatter_log.PRIVATE: self.env._("It is private."),
            chatter_log.MACHINE: self.env._("A machine wrote it."),
            chatter_log.FORGED: self.env._("The provider says that the sender is forged."),
            chatter_log.UNKNOWN: self.env._("It is with nobody we know."),
            chatter_log.RULE: self.env._("No rule asks for it."),
        }[reason]


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    is_private = fields.Boolean(
        string="Private", readonly=True, help="It and later mail of its conversation stay here."
    )
    log_ids = fields.One2many("mailbox.log", "message_id", string="Logged on", readonly=True)
    in_chatter = fields.Boolean(compute="_compute_in_chatter")

    @api.depends("log_ids.mail_message_id", "link_ids.mail_message_id")
    def _compute_in_chatter(self):
        for message in self:
            message.in_chatter = bool(message.sudo()._chatter_lines())

    def _chatter_lines(self):
        return self.log_ids.mail_message_id | self.link_ids.mail_message_id

    def _is_private_talk(self):
        """Whether this mail or another of its conversation was marked as private."""
        self.ensure_one()
        talk = self.conversation_id
        return self.is_private or bool(
            talk
            and self.search_count(
                [("conversation_id", "=", talk.id), ("is_private", "=", True)], limit=1
            )
        )

    # -- for people ----------------------------------------------------------------------------

    def action_withdraw(self):
        """Take this mail out of every chatter again, with its files, and keep it private."""
        self._check_decider()
        for message in self.sudo():
            lines = message._chatter_lines()
            where = [f"{line.model},{line.res_id}" for line in lines]
            _unlink_lines(lines)
            message.is_private = True
            message.mailbox_id._audit("log.withdrawn", message=message.id, records=where)

    def action_log_again(self):
        """Undo: put a withdrawn mail back where it was."""
        self._check_decider()
        for message in self.sudo():
            try:
                mail = facts.mail_of(message)
            except RawMissing as error:
                raise UserError(
                    self.env._("The source of this mail cannot be had now: %s", error)
                ) from error
            message.is_private = False
            where = message._put_back(mail)
            message.mailbox_id._audit("log.restored", message=message.id, records=where)

    def action_withdraw_listed(self):
        """The mails of a list that stand in chatters, taken out of them."""
        there = self.filtered("in_chatter")
        there.action_withdraw()
        return self._say_done(
            self.env._("Mails withdrawn: %s. Log again brings them back.", len(there))
            if there
            else self.env._("None of these mails stands in a chatter.")
        )

    def action_log_listed(self):
        """Undo, for the mails of a list."""
        gone = self.filtered(lambda one: one.is_private and not one.in_chatter)
        gone.action_log_again()
        return self._say_done(
            self.env._("Mails back in their chatters: %s.", len(gone))
            if gone
            else self.env._("None of these mails was withdrawn.")
        )

    def _say_done(self, words):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": words,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_keep_private(self):
        """Log neither this mail nor later ones of its conversation."""
        self._check_decider()
        self.sudo().is_private = True
        for message in self.sudo():
            message.mailbox_id._audit("log.private", message=message.id)

    def _put_back(self, mail):
        """New lines in place of those that were withdrawn; the names of their records."""
        where = []
        for one in (*self.log_ids, *self.link_ids):
            record = one._record()
            if record and not one.mail_message_id:
                same = [(name, "=", one[name]) for name in ("rfc_id", "model", "res_id")]
                copies = one.search([*same, ("mail_message_id", "=", False)])
                copies.mail_message_id = outcome.add(record, mail, quiet=True)
                where.append(f"{record._name},{record.id}")
        return where


def _unlink_lines(lines):
    """Remove lines with those of their files that no other line has: Odoo keeps files on the
    record."""
    files = lines.attachment_ids
    shared = lines.search([("attachment_ids", "in", files.ids), ("id", "not in", lines.ids)])
    (files - shared.attachment_ids).unlink()
    lines.unlink()
