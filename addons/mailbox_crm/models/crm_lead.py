"""Leads from mail."""

from odoo import models
from odoo.addons.mailbox_sync.routing import people
from odoo.tools.mail import plaintext2html

from .. import contact

_DESCRIPTION_CHARACTERS = 20_000


class CrmLead(models.Model):
    _name = "crm.lead"
    _inherit = ["crm.lead", "mailbox.routable.mixin"]

    def _mailbox_values(self, mail):
        facts = mail.facts
        values = super()._mailbox_values(mail)
        partner = people.partner_of(self.env, facts.sender)
        company = partner.commercial_partner_id if partner.commercial_company_name else None
        if not company:
            company = self._mailbox_company(facts.sender)
        region = (mail.row.mailbox_id.company_id.country_id.code or "").upper()
        return {
            **values,
            "contact_name": partner.name or facts.sender_name,
            "phone": partner.phone or contact.phone(facts.body, region),
            "partner_name": company.name if company else False,
            "description": plaintext2html(facts.body[:_DESCRIPTION_CHARACTERS]),
        }

    def _mailbox_company(self, address):
        """The company known under the sender's domain, if it is one company only."""
        domain = contact.corporate_domain(address)
        if not domain:
            return None
        found = self.env["res.partner"].search(
            [("is_company", "=", True), ("email_normalized", "=like", f"%{domain}")], limit=2
        )
        return found if len(found) == 1 else None
