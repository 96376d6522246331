"""A record from a mail by hand: the kind that the person prefers, once a conversation."""

from odoo import models

#: Outcomes that leave a mail without a record.
_LEFT = ("stored", "skipped", "acted", "rejected", "ignored")


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    def action_new_record(self):
        """Open a record of the person's default kind from this mail, the form to choose one when
        there is no default, or the record that its conversation has already."""
        self.ensure_one()
        self._check_decider()
        record = self._record_of_talk()
        if record:
            return record.get_formview_action()
        decision = self._decision_by_hand()
        if decision.target_model and self.env.user.mailbox_default_model:
            decision.action_approve()
            return self.link_ids[:1].action_open()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Create record"),
            "res_model": "mailbox.decision",
            "res_id": decision.id,
            "view_mode": "form",
            "target": "new",
        }

    def _record_of_talk(self):
        """The record of this mail, or of its conversation, that the person may see."""
        talk = self.conversation_id
        domain = [("message_id", "=", self.id)]
        if talk:
            domain = ["|", *domain, ("conversation_id", "=", talk.id)]
        for link in self.env["mailbox.link"].search(domain):
            record = link._record()
            if record and record.has_access("read"):
                return record
        return None

    def _has_record(self):
        """Whether the mail is linked to a record that is still there, whoever may see it."""
        return any(link._record() for link in self.sudo().link_ids)

    def _decision_by_hand(self):
        """The decision about this mail, which waits then, with the person's default."""
        decisions = self.env["mailbox.decision"]
        decision = self.decision_ids
        if not decision:
            decision = decisions.sudo().create(
                {
                    "message_id": self.id,
                    "mailbox_id": self.mailbox_id.id,
                    "outcome": "triage",
                    "reason": "asked",
                }
            )
        elif decision.outcome in _LEFT or not self._has_record():
            decision.sudo().write({"outcome": "triage", "reason": "asked"})
        if not decision.target_model:
            decision.sudo().target_model = self.env.user.mailbox_default_model
        return decision.with_env(self.env)
