"""Contacts as a target of rules: mail is logged on the contact it comes from, a new one if need
be."""

from odoo import api, fields, models

from mailbox_core.mime.person import person_name

from ..routing import people


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "mailbox.routable.mixin"]

    mailbox_vip = fields.Boolean(
        string="VIP",
        help="Rules can ask for it, and records opened from mail of a VIP get a higher priority."
        " On a company it counts for its contacts.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        self._mailbox_note_change()
        return partners

    def write(self, vals):
        result = super().write(vals)
        if {"email", "active", "is_company"} & vals.keys():
            self._mailbox_note_change()
        return result

    def unlink(self):
        result = super().unlink()
        self._mailbox_note_change()
        return result

    def _mailbox_note_change(self):
        """What routing has looked up in this transaction is to be looked up again."""
        cache = self.env.cr.cache
        cache[people.CHANGES] = cache.get(people.CHANGES, 0) + 1

    def _mailbox_find(self, mail):
        return mail.partner or super()._mailbox_find(mail)

    def _mailbox_values(self, mail):
        facts = mail.facts
        return {
            **super()._mailbox_values(mail),
            "name": person_name(facts.sender_name, facts.sender) or self.env._("Unknown sender"),
            "email": facts.sender,
            "parent_id": mail.batch.directory.company(
                facts.sender, mail.row.mailbox_id.company_id
            ).id,
        }

    def _mailbox_new(self, mail, values):
        partner = super()._mailbox_new(mail, values)
        # ``message_new`` writes the whole From line there.
        partner.email = values.get("email", mail.facts.sender)
        return partner
