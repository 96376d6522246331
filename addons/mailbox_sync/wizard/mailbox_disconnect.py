"""End a connection: forget the grant, keep or purge what was stored."""

from odoo import api, fields, models


class MailboxDisconnect(models.TransientModel):
    _name = "mailbox.disconnect"
    _inherit = "mailbox.form"
    _description = "Disconnect Mailbox"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade")
    message_count = fields.Integer(related="mailbox_id.message_count")
    mail = fields.Selection(
        [("keep", "Keep the stored mail"), ("purge", "Delete the stored mail from Odoo")],
        string="Stored mail",
        required=True,
        default="keep",
        help="Mail at the provider is never touched.",
    )
    chatter = fields.Selection(
        [
            ("keep", "Stays there: it is business of the contact"),
            ("withdraw", "Is taken out again, with its files"),
        ],
        string="Mail logged on contacts",
        required=True,
        default="keep",
        help="Mail that belongs to other records (leads, tickets, …) stays there in any case.",
    )
    revoke = fields.Boolean(
        string="Withdraw the permission at the provider",
        compute="_compute_revoke",
        store=True,
        readonly=False,
    )
    shared_with = fields.Char(compute="_compute_revoke", store=True)

    @api.depends("mailbox_id")
    def _compute_revoke(self):
        for wizard in self:
            others = wizard.mailbox_id._same_grant()
            wizard.shared_with = ", ".join(others.mapped("address"))
            wizard.revoke = not others

    def action_confirm(self):
        """Forget the grant in any case, and show whether the provider could be told."""
        self.ensure_one()
        mailbox = self.mailbox_id
        mailbox._check_operator()
        trouble = mailbox.sudo()._disconnect(revoke=self.revoke)
        if self.mail == "purge":
            mailbox.sudo()._purge_mail(withdraw=self.chatter == "withdraw")
        mailbox._audit("mailbox.disconnected", mail=self.mail, revoked=self.revoke and not trouble)
        if trouble:
            return mailbox._notify(
                "warning",
                self.env._("Disconnected, but the provider could not be told"),
                self.env._("%s Remove the app in the account's own security settings.", trouble),
            )
        return mailbox._notify("success", self.env._("Disconnected"), mailbox.address)
