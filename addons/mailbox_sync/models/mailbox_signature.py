"""What a contact says about himself below his mails, offered on the contact and never written
without a click.

It is read from the mails in chatters that the person may read, each time the contact is opened;
nothing is kept but that somebody does not want to be asked again.
"""

import hashlib
import re

from markupsafe import Markup
from odoo import api, fields, models
from odoo.tools import format_date

from mailbox_core.mime import signature

#: The newest mails of a contact that are looked at, and characters of each.
_MAILS = 3
_CHARACTERS = 200_000


class ResPartner(models.Model):
    _inherit = "res.partner"

    mailbox_signature_html = fields.Html(
        compute="_compute_mailbox_signature_html", string="From the signature"
    )
    mailbox_signature_refused = fields.Char(copy=False, groups="base.group_partner_manager")

    @api.depends("function", "phone", "website", "company_name", "parent_id")
    @api.depends_context("uid", "lang")
    def _compute_mailbox_signature_html(self):
        """Only for one contact at a time: lists do not show it."""
        for partner in self:
            offered = partner._mailbox_offer() if len(self) == 1 else {}
            wanted = offered and partner.sudo().mailbox_signature_refused != _digest(offered)
            partner.mailbox_signature_html = partner._mailbox_say(offered) if wanted else False

    def _mailbox_offer(self):
        """Values that the signature of the newest mail suggests, where the contact has others."""
        self.ensure_one()
        if self.is_company or not isinstance(self.id, int):
            return {}
        found = self._mailbox_signature()[0]
        offered = {"function": found.role, "phone": found.phone or found.mobile}
        offered["website"] = found.web
        if not self.parent_id:
            offered["company_name"] = found.company
        return {
            name: value
            for name, value in offered.items()
            if value and _plain(name, value) != _plain(name, self[name] or "")
        }

    def _mailbox_signature(self):
        """The newest signature with something in it, and the mail it stands in."""
        lines = self.env["mail.message"].search(
            [("author_id", "=", self.id), ("message_type", "=", "email")],
            order="id DESC",
            limit=_MAILS,
        )
        country = self.country_id or self.env.company.country_id
        for line in lines:
            found = signature.read(
                "",
                str(line.body or "")[:_CHARACTERS],
                name=self.name or "",
                address=self.email_normalized or "",
                region=country.code or "",
            )
            if found:
                return found, line
        return signature.Signature(), lines[:1]

    def _mailbox_say(self, offered):
        """The offer in words, with what it would replace."""
        items = Markup("").join(
            Markup("<li>%s: <strong>%s</strong>%s</li>")
            % (
                self._fields[name]._description_string(self.env),
                value,
                self.env._(" instead of %s", self[name]) if self[name] else "",
            )
            for name, value in offered.items()
        )
        line = self._mailbox_signature()[1]
        head = self.env._("From the signature of %s:", format_date(self.env, line.date))
        return Markup("<span>%s</span><ul class='mb-0'>%s</ul>") % (head, items)

    def action_mailbox_signature_apply(self):
        """Write what the signature suggests, with the rights of the person."""
        self.ensure_one()
        offered = self._mailbox_offer()
        if offered:
            self.write(offered)

    def action_mailbox_signature_refuse(self):
        """Do not offer this again; another signature will be."""
        self.ensure_one()
        self.check_access("write")
        self.sudo().mailbox_signature_refused = _digest(self._mailbox_offer())


def _digest(offered):
    told = "|".join(f"{name}={value}" for name, value in sorted(offered.items()))
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _plain(name, value):
    """What makes two values different for a person."""
    if name == "phone":
        return re.sub(r"\D", "", value)[-9:]
    if name == "website":
        return re.sub(r"^https?://(?:www\.)?|/+$", "", value.lower())
    return " ".join(value.casefold().split())
