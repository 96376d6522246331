"""From one mail, or a folder, to a rule: what somebody does by hand, the next time by itself."""

from odoo import models
from odoo.exceptions import AccessError

from ..routing import companies


class MailboxDecision(models.Model):
    _inherit = "mailbox.decision"

    def action_teach(self):
        """The editor with a new rule for mail like this one; nothing is kept before it is saved."""
        self.ensure_one()
        self.message_id._check_decider()
        return _editor(self.env, self._taught())

    def _taught(self):
        """Defaults of the rule: the sender's company, or the sender alone, and what was done."""
        sender = (self.from_email or "").lower()
        domain = companies.corporate_domain(sender)
        line = {"field": "domain", "op": "under", "value": domain}
        if not domain:
            line = {"field": "sender", "op": "is", "value": sender}
        wanted = (
            self.target_model,
            self._opened_model(),
            self.env.user.mailbox_default_model,
        )
        targets = self.env["mailbox.route"]._targets()
        opens = next((name for name in wanted if name in targets), False)
        leaves = self.outcome == "rejected" or not opens
        return {
            "default_name": self.env._("Mail of %s", domain or sender),
            "default_mailbox_id": self.mailbox_id.id,
            "default_match": "all",
            "default_line_ids": [(0, 0, line)],
            "default_action": "skip" if leaves else "create",
            "default_target_model": False if leaves else opens,
            "default_user_id": self.user_id.id,
        }

    def _opened_model(self):
        """The kind of record that was opened for the mail, if rules can open such."""
        models_ = self.link_ids.filtered("opened").mapped("model")
        targets = self.env["mailbox.route"]._targets()
        return next((name for name in models_ if name in targets), False)


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    def action_teach(self):
        """The editor with a new rule for mail like this one, decided about or not."""
        self.ensure_one()
        values = {"message_id": self.id, "mailbox_id": self.mailbox_id.id, "outcome": "triage"}
        decision = self.decision_ids or self.env["mailbox.decision"].new(
            {**values, "target_model": self.env.user.mailbox_default_model}
        )
        return decision.action_teach()


class MailboxFolder(models.Model):
    _inherit = "mailbox.folder"

    def action_teach(self):
        """The editor with a new rule for mail with this label, or in this folder."""
        self.ensure_one()
        if not self.mailbox_id._is_editor():
            raise AccessError(self.env._("Only those who may edit the mailbox make rules for it."))
        line = {"field": "folder", "op": "is", "value": self.name}
        defaults = {
            "default_name": self.env._("Mail in %s", self.name),
            "default_mailbox_id": self.mailbox_id.id,
            "default_match": "all",
            "default_line_ids": [(0, 0, line)],
            "default_action": "create",
            "default_target_model": self.env.user.mailbox_default_model,
        }
        return _editor(self.env, defaults)


def _editor(env, defaults):
    return {
        "type": "ir.actions.act_window",
        "name": env._("Teach a rule"),
        "res_model": "mailbox.route",
        "view_mode": "form",
        "views": [(False, "form")],
        "context": defaults,
    }
