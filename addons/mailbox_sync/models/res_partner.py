"""Contacts as a target of rules: mail is logged on the contact it comes from, a new one if need
be."""

from odoo import models

from ..routing import people


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "mailbox.routable.mixin"]

    def _mailbox_find(self, mail):
        return people.partner_of(self.env, mail.facts.sender) or super()._mailbox_find(mail)

    def _mailbox_values(self, mail):
        facts = mail.facts
        return {
            **super()._mailbox_values(mail),
            "name": facts.sender_name or facts.sender or self.env._("Unknown sender"),
            "email": facts.sender,
        }

    def _mailbox_new(self, mail, values):
        partner = super()._mailbox_new(mail, values)
        # ``message_new`` writes the whole From line there.
        partner.email = values.get("email", mail.facts.sender)
        return partner
