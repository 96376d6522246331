"""Mail without a subject has a name all the same, where Odoo would say “Unnamed”."""

from odoo import api, models


def _name(records):
    for record in records:
        record.display_name = record.subject or record.env._("(no subject)")


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    @api.depends("subject")
    @api.depends_context("lang")
    def _compute_display_name(self):
        _name(self)


class MailboxConversation(models.Model):
    _inherit = "mailbox.conversation"

    @api.depends("subject")
    @api.depends_context("lang")
    def _compute_display_name(self):
        _name(self)


class MailboxDecision(models.Model):
    _inherit = "mailbox.decision"

    @api.depends("subject")
    @api.depends_context("lang")
    def _compute_display_name(self):
        _name(self)
