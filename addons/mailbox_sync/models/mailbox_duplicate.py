"""Before a contact is made: who may be the same person already, and saying so."""

import re

from odoo import fields, models
from odoo.exceptions import UserError

from ..routing import companies

#: As many as a person can look through.
_HINTS = 5


class MailboxDecision(models.Model):
    _inherit = "mailbox.decision"

    duplicate_ids = fields.Many2many(
        "res.partner", string="Perhaps the same person", compute="_compute_duplicate_ids"
    )
    same_partner_id = fields.Many2one(
        "res.partner",
        string="It is",
        compute="_compute_duplicate_ids",
        store=False,
        readonly=False,
    )

    def _compute_duplicate_ids(self):
        """Contacts the person may see: of the same name, or at the sender's company with the same
        family name."""
        for decision in self:
            asks = decision.partner_suggestion
            found = decision._duplicates() if asks else self.env["res.partner"]
            decision.duplicate_ids = found
            decision.same_partner_id = found[:1]

    def _duplicates(self):
        partners = self.env["res.partner"]
        words = re.findall(r"[^\W\d_]{2,}", self.from_name or "")
        if not words or not partners.has_access("read"):
            return partners
        found = partners.search(
            [("is_company", "=", False), *(("name", "ilike", word) for word in words)],
            limit=_HINTS,
        )
        domain = companies.corporate_domain((self.from_email or "").lower())
        if domain:
            found |= partners.search(
                [("email_normalized", "=like", f"%@{domain}"), ("name", "ilike", words[-1])],
                limit=_HINTS,
            )
        return found[:_HINTS]

    def action_same_person(self):
        """Note the sender's address on the contact instead of making another one."""
        self.ensure_one()
        self.message_id._check_decider()
        partner = self.same_partner_id or self.duplicate_ids[:1]
        if not partner:
            raise UserError(self.env._("Nobody here looks like the sender."))
        partner.check_access("write")
        address = {"partner_id": partner.id, "email": (self.from_email or "").lower()}
        line = self.env["mailbox.address"].create(address)
        self._note_made(partner, "address", address_id=line.id)
