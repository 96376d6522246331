"""What a contact says about himself below his mails, offered on the contact and never written
without a click.

It is read from the mails in chatters that the person may read, each time the contact is opened;
nothing is kept but that somebody does not want to be asked again.
"""

import hashlib
import re
from datetime import timedelta

from markupsafe import Markup
from odoo import api, fields, models
from odoo.tools import format_date

from mailbox_core.mime import signature

#: The newest mails of a contact that are looked at, and characters of each.
_MAILS = 3
_CHARACTERS = 200_000
#: How long what was taken can be put back with a click.
_UNDO = timedelta(days=1)


class ResPartner(models.Model):
    _inherit = "res.partner"

    mailbox_signature_html = fields.Html(
        compute="_compute_mailbox_signature_html", string="From the signature"
    )
    mailbox_signature_taken = fields.Char(compute="_compute_mailbox_signature_taken")
    mailbox_signature_undo = fields.Json(copy=False, groups="base.group_partner_manager")
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
            before = {name: self[name] or False for name in offered}
            self.write(offered)
            after = {name: self[name] or False for name in offered}
            at = fields.Datetime.to_string(fields.Datetime.now())
            self.sudo().mailbox_signature_undo = {"at": at, "before": before, "after": after}

    @api.depends("mailbox_signature_undo", "function", "phone", "website", "company_name")
    @api.depends_context("lang", "uid")
    def _compute_mailbox_signature_taken(self):
        """What was taken from a signature lately and can be put back."""
        for partner in self:
            told = [
                f"{partner._fields[name]._description_string(self.env)}: {partner[name]}"
                for name in partner._mailbox_taken()
            ]
            partner.mailbox_signature_taken = ", ".join(told)

    def _mailbox_taken(self):
        """Fields that still say what was taken from a signature since yesterday."""
        noted = self.sudo().mailbox_signature_undo or {}
        if not noted or fields.Datetime.now() - _UNDO > fields.Datetime.to_datetime(noted["at"]):
            return []
        return [name for name, value in noted["after"].items() if (self[name] or False) == value]

    def action_mailbox_signature_undo(self):
        """Put back what stood before, where nobody has changed it since."""
        self.ensure_one()
        noted = self.sudo().mailbox_signature_undo or {}
        self.write({name: noted["before"][name] for name in self._mailbox_taken()})
        self.sudo().mailbox_signature_undo = False

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
