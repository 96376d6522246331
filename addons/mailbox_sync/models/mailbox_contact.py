"""A contact that a person made from a mail, and taking that back.

What was done at the making is noted with the decision: taking it back empties the fields that
named the contact, takes mail logged on it out of its chatter, and removes it as long as nothing
else uses it.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..routing import contact_uses
from .mailbox_log import _unlink_lines


class MailboxDecision(models.Model):
    _inherit = "mailbox.decision"

    made_partner_id = fields.Many2one(
        "res.partner",
        string="Contact made",
        ondelete="set null",
        index="btree_not_null",
        readonly=True,
        copy=False,
    )
    made = fields.Json(readonly=True, groups="base.group_system")
    made_text = fields.Char(compute="_compute_made_text")

    @api.depends("made_partner_id")
    @api.depends_context("uid", "lang")
    def _compute_made_text(self):
        for decision in self:
            partner, made = decision.made_partner_id, decision.sudo().made or {}
            if not partner or not partner.has_access("read"):
                decision.made_text = False
            elif made.get("kind") == "address":
                decision.made_text = self.env._(
                    "%(address)s was noted on the contact %(name)s.",
                    address=decision.from_email,
                    name=partner.display_name,
                )
            else:
                decision.made_text = self.env._("%s was made a contact.", partner.display_name)

    # -- noting --------------------------------------------------------------------------------

    def _newest_partner(self):
        partners = self.env["res.partner"].sudo().with_context(active_test=False)
        return partners.search([], order="id DESC", limit=1).id

    def _note_made(self, partner, kind, **more):
        """Remember what is needed to take it back. ``kind``: ``contact`` was made beside the
        record, ``record`` it is the record itself, ``address`` a known contact got an address."""
        self.env.flush_all()
        stamp = fields.Datetime.to_string(partner.sudo().write_date)
        self.sudo().write(
            {"made_partner_id": partner.id, "made": {"kind": kind, "stamp": stamp, **more}}
        )

    # -- taking back ---------------------------------------------------------------------------

    def action_undo_contact(self):
        """Take back what made a contact of the sender. Raises AccessError, and UserError when the
        contact is used since."""
        self.ensure_one()
        self.message_id._check_decider()
        self.sudo().lock_for_update()
        partner, made = self.made_partner_id, self.sudo().made
        if not partner or not made:
            raise UserError(self.env._("There is nothing to undo: the contact is gone."))
        name = partner.display_name
        if made["kind"] == "address":
            told = self._take_back_address(partner, made)
        else:
            partner.check_access("unlink")
            told = self._take_back_partner(partner, made)
        self.sudo().write({"made_partner_id": False, "made": False})
        self.mailbox_id.sudo()._audit("contact.undone", message=self.message_id.id, name=name)
        return self.message_id._say_done(told)

    def _take_back_address(self, partner, made):
        self.env["mailbox.address"].browse(made["address_id"]).exists().unlink()
        return self.env._(
            "%(address)s is not noted on %(name)s any more.",
            address=self.from_email,
            name=partner.display_name,
        )

    def _take_back_partner(self, partner, made):
        """Remove the contact, or archive it when somebody changed it since; what to tell."""
        name, system = partner.display_name, partner.sudo()
        stamp = fields.Datetime.to_string(system.write_date)
        self._empty_fields(system, made.get("records", ()))
        self._take_out_lines(system)
        if made["kind"] == "record":
            self._wait_again(made)
        used = contact_uses.uses(system)
        if used:
            raise UserError(
                self.env._(
                    "%(name)s is used since and cannot be undone: %(where)s. Change these first, or"
                    " keep the contact.",
                    name=name,
                    where=", ".join(f"{kind} ({count})" for kind, count in sorted(used.items())),
                )
            )
        if stamp != made["stamp"]:
            partner.action_archive()
            return self.env._("%s was archived: somebody has changed the contact since.", name)
        partner.unlink()
        return self.env._("%s is no contact any more.", name)

    def _empty_fields(self, partner, records):
        """Fields that named the contact at its making and still do."""
        for model, res_id, field in records:
            record = self.env[model].browse(res_id).exists() if model in self.env else None
            if record and record[field] == partner:
                record.check_access("write")
                record.sudo()[field] = False

    def _take_out_lines(self, partner):
        """Mail of this mailbox that was logged on the contact."""
        mine = [("mailbox_id", "=", self.mailbox_id.id)]
        its = [("model", "=", partner._name), ("res_id", "=", partner.id)]
        logs = self.env["mailbox.log"].sudo().search([*mine, *its])
        logs._withdraw()
        logs.unlink()

    def _wait_again(self, made):
        """The mail that opened the contact waits for a person as before."""
        links = self.sudo().link_ids.filtered(
            lambda one: (one.model, one.res_id) == ("res.partner", self.made_partner_id.id)
        )
        _unlink_lines(links.mail_message_id)
        links.unlink()
        self.sudo().write(
            {
                "outcome": made["outcome"],
                "reason": made["reason"],
                "decided_by": False,
                "decided_at": False,
            }
        )
