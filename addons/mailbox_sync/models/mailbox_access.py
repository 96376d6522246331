"""Who may change what: managers configure, owners decide who reads their mail.

Record rules say which rows a person reaches; this file says which changes would open somebody's
mail. An administrator is trusted with the server, not with the mail: no manager can name a reader,
or himself the owner, of a mailbox whose owner is still around.
"""

from odoo import api, models
from odoo.exceptions import AccessError, UserError

COMPUTED_PEOPLE = frozenset({"reader_ids", "editor_ids"})

OWNER_FIELDS = frozenset(
    {
        "name",
        "color",
        "scope_profile",
        "sync_since",
        "folder_policy",
        "exclude_query",
        "max_message_mb",
        "max_attachment_mb",
        "attachment_policy",
        "poll_minutes",
        "quiet_from",
        "quiet_to",
        "after_sync",
        "gone_policy",
        "gone_days",
        "routing",
        "log_policy",
        "partner_policy",
        "triage_unmatched",
        "member_ids",
        "activity_ids",
        "message_follower_ids",
    }
)
"""What the owner of a mailbox may set without being a manager."""

FIXED_WHEN_CONNECTED = frozenset({"address", "provider", "company_id"})
"""These name whose mail it is: a connected mailbox keeps them."""


class Mailbox(models.Model):
    _inherit = "mailbox"

    @api.model_create_multi
    def create(self, vals_list):
        for values in vals_list:
            values["address"] = (values.get("address") or "").strip().casefold()
            self._refuse_computed_people(values)
        mailboxes = super().create(vals_list)
        for mailbox in mailboxes:
            mailbox._audit("mailbox.created", address=mailbox.address, owner=mailbox.owner_id.id)
        return mailboxes

    def write(self, vals):
        if "address" in vals:
            vals = {**vals, "address": (vals["address"] or "").strip().casefold()}
        if not self.env.su:
            self._check_write(vals)
        owners = {mailbox: mailbox.owner_id for mailbox in self} if "owner_id" in vals else {}
        result = super().write(vals)
        for mailbox, before in owners.items():
            if mailbox.owner_id != before:
                mailbox._audit("mailbox.owner", before=before.id, after=mailbox.owner_id.id)
        return result

    def _refuse_computed_people(self, values):
        if not self.env.su and COMPUTED_PEOPLE & values.keys():
            raise AccessError(
                self.env._("Readers follow from the owner and the members; change those.")
            )

    def _check_write(self, vals):
        """Raises AccessError or UserError for changes that are not this person's to make."""
        self._refuse_computed_people(vals)
        manager = self.env.user.has_group("mailbox_sync.group_manager")
        foreign = vals.keys() - OWNER_FIELDS
        if not manager and foreign:
            raise AccessError(
                self.env._("Only a manager may change: %s", ", ".join(sorted(foreign)))
            )
        if FIXED_WHEN_CONNECTED & vals.keys() and any(self._is_connected()):
            raise UserError(
                self.env._(
                    "A connected mailbox keeps its address, provider and company. Disconnect it "
                    "first."
                )
            )
        if vals.keys() & {"owner_id", "member_ids"}:
            self._check_sharing()

    def _is_connected(self):
        """Those mailboxes that hold a grant or mail."""
        granted = (
            self.env["mailbox.credential"]
            .sudo()
            .search([("mailbox_id", "in", self.ids), ("secret", "!=", False)])
        )
        return self.filtered(
            lambda mailbox: (
                mailbox in granted.mailbox_id
                or mailbox.sudo().message_count
                or mailbox.sudo().stream_ids
            )
        )

    def _is_editor(self):
        """Whether the user may edit this mailbox."""
        return self.env.user in self.sudo().editor_ids

    def _check_sharing(self):
        """Who may decide who reads: the owner; anybody with rights on a mailbox that holds nothing
        yet; and a manager when the owner's account is closed. Raises AccessError."""
        for mailbox in self._is_connected():
            if mailbox.owner_id != self.env.user and mailbox.sudo().owner_id.active:
                raise AccessError(
                    self.env._(
                        "Only %(owner)s decides who reads %(address)s.",
                        owner=mailbox.sudo().owner_id.name,
                        address=mailbox.address,
                    )
                )


class MailboxMember(models.Model):
    _inherit = "mailbox.member"

    @api.model_create_multi
    def create(self, vals_list):
        members = super().create(vals_list)
        members._check_and_audit("mailbox.member.added")
        return members

    def write(self, vals):
        if "mailbox_id" in vals and not self.env.su:
            raise AccessError(
                self.env._("A member line stays with its mailbox; add a new one there.")
            )
        result = super().write(vals)
        self._check_and_audit("mailbox.member.changed")
        return result

    def unlink(self):
        self._check_and_audit("mailbox.member.removed", sharing=False)
        mailboxes = self.mailbox_id
        result = super().unlink()
        # The record rules look into the table of readers: nobody reads on for the rest of this
        # transaction.
        mailboxes.flush_recordset()
        return result

    def _check_and_audit(self, kind, sharing=True):
        """Removing a reader opens nothing, so managers may; granting is the owner's."""
        if sharing and not self.env.su:
            self.mailbox_id._check_sharing()
        for member in self:
            member.mailbox_id._audit(kind, user=member.user_id.id, role=member.role)
