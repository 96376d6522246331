"""Leads from mail."""

from ast import literal_eval

from odoo import models
from odoo.tools.mail import plaintext2html

from mailbox_core.mime import signature
from mailbox_core.mime.person import person_name

from .. import contact

_DESCRIPTION_CHARACTERS = 20_000


class CrmLead(models.Model):
    _name = "crm.lead"
    _inherit = ["crm.lead", "mailbox.routable.mixin"]
    _mailbox_known = frozenset({"crm"})
    _mailbox_leaves_text = True

    def _mailbox_open_domain(self):
        return [("won_status", "=", "pending")]

    def _mailbox_values(self, mail):
        facts = mail.facts
        values = super()._mailbox_values(mail)
        partner = mail.partner
        company = partner.commercial_partner_id if partner.commercial_company_name else None
        ours = mail.row.mailbox_id.company_id
        company = company or mail.batch.directory.company(facts.sender, ours)
        region = (ours.country_id.code or "").upper()
        signed = signature.read(
            facts.body,
            mail.email.html or "",
            name=facts.sender_name,
            address=facts.sender,
            region=region,
        )
        found = signed.phone or signed.mobile or contact.phone(facts.body, region)
        return {
            **values,
            "contact_name": partner.name or person_name(facts.sender_name, facts.sender),
            "phone": partner.phone or found,
            "function": partner.function or signed.role,
            "website": partner.website or signed.web,
            "partner_name": company.name or signed.company or False,
            "description": plaintext2html(facts.body[:_DESCRIPTION_CHARACTERS]),
        }

    def _mailbox_team_user(self):
        """As ``crm.team._assign_and_convert_leads`` chooses, for one lead: members who are not
        paused and have room today, those first whose preference or domain fits, of them the one
        with most room."""
        members = self.team_id.crm_team_member_ids.filtered(lambda one: not one.assignment_optout)
        room = {member: member._get_assignment_quota() for member in members}
        fitting = members.filtered(lambda one: room[one] > 0 and self._fits(one.assignment_domain))
        preferring = fitting.filtered(
            lambda one: (
                literal_eval(one.assignment_domain_preferred or "[]")
                and self._fits(one.assignment_domain_preferred)
            )
        )
        chosen = (preferring or fitting).sorted(lambda one: (-room[one], one.id))
        return chosen[:1].user_id

    def _fits(self, domain):
        return bool(self.filtered_domain(literal_eval(domain or "[]")))
