"""Which records a waiting mail may be added to, with the reason in words, and adding it there."""

from odoo import api, fields, models

from ..routing import suggest


class MailboxDecision(models.Model):
    _inherit = "mailbox.decision"

    suggestions = fields.Json(string="It may belong to", compute="_compute_suggestions")

    @api.depends("outcome", "record_ref")
    @api.depends_context("uid", "lang")
    def _compute_suggestions(self):
        """For the form: boards show many mails and do not ask."""
        for decision in self:
            waits = decision.outcome in ("held", "triage") and decision.can_decide
            decision.suggestions = decision._suggest() if waits else []

    def _suggest(self):
        """Open records the person may change, the best first."""
        referred = self.record_ref
        referred = referred if referred and referred.exists() else None
        found = suggest.suggest(self.message_id, referred)
        return [
            {
                "model": one.record._name,
                "id": one.record.id,
                "name": one.record.display_name,
                "kind": self.env["ir.model"]._get(one.record._name).name,
                "why": [self._say_reason_of(reason, one.reasons[reason]) for reason in one.told],
            }
            for one in found
        ]

    def _say_reason_of(self, reason, words):
        """One reason for a suggestion."""
        return {
            "refers": self.env._("the mail refers to it"),
            "conversation": self.env._("mail of the same conversation stands there"),
            "subject": self.env._("the subject names it: %s", words),
            "sender": self.env._("of the same sender"),
            "contact": self.env._("the sender's contact"),
            "earlier": self.env._("earlier mail of the sender stands there"),
            "company": self.env._("of the same company: %s", words),
        }[reason]

    def action_merge_into(self, model, res_id):
        """Add the mail to the record that was clicked, with the rights of the person."""
        self.ensure_one()
        self.record_ref = f"{model},{int(res_id)}"
        return self.action_merge()
