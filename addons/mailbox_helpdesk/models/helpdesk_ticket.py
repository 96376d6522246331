"""Tickets from mail."""

from odoo import models

from mailbox_core.mime.person import person_name


class HelpdeskTicket(models.Model):
    _name = "helpdesk.ticket"
    _inherit = ["helpdesk.ticket", "mailbox.routable.mixin"]
    _mailbox_known = frozenset({"helpdesk_mgmt"})

    def _mailbox_open_domain(self):
        return [("closed", "=", False)]

    def _mailbox_values(self, mail):
        facts = mail.facts
        partner = mail.partner
        channel = self.env.ref(
            "helpdesk_mgmt.helpdesk_ticket_channel_email", raise_if_not_found=False
        )
        return {
            **super()._mailbox_values(mail),
            "partner_name": partner.name or person_name(facts.sender_name, facts.sender),
            "partner_email": facts.sender,
            "channel_id": channel.id if channel else False,
        }

    def _mailbox_team_user(self):
        """helpdesk_mgmt has no rule of its own: the member of the team with the fewest open
        tickets there, the one named first when several are equal."""
        members = self.team_id.user_ids.filtered("active")
        load = dict(
            self._read_group(
                [
                    ("team_id", "=", self.team_id.id),
                    ("user_id", "in", members.ids),
                    ("closed", "=", False),
                    ("id", "!=", self.id),
                ],
                ["user_id"],
                ["__count"],
            )
        )
        return members.sorted(lambda user: (load.get(user, 0), user.id))[:1]
