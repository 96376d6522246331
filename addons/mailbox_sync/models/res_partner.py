"""Contacts as a target of rules: mail is logged on the contact it comes from, a new one if need
be."""

from odoo import fields, models

from mailbox_core.mime.person import person_name

from ..routing import companies, people


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "mailbox.routable.mixin"]

    mailbox_vip = fields.Boolean(
        string="VIP",
        help="Rules can ask for it, and records opened from mail of a VIP get a higher priority."
        " On a company it counts for its contacts.",
    )

    def _mailbox_find(self, mail):
        return people.partner_of(self.env, mail.facts.sender) or super()._mailbox_find(mail)

    def _mailbox_values(self, mail):
        facts = mail.facts
        return {
            **super()._mailbox_values(mail),
            "name": person_name(facts.sender_name, facts.sender) or self.env._("Unknown sender"),
            "email": facts.sender,
            "parent_id": companies.company_of(self.env, facts.sender).id,
        }

    def _mailbox_new(self, mail, values):
        partner = super()._mailbox_new(mail, values)
        # ``message_new`` writes the whole From line there.
        partner.email = values.get("email", mail.facts.sender)
        return partner
