"""The mail beside the editor of rules: what the condition matches as it is written now."""

from datetime import timedelta

from odoo import api, fields, models

from ..routing import facts, plan
from ..store.raw import RawMissing

#: What is looked at: the preview follows every change, so it must be quick.
_PREVIEW_DAYS, _PREVIEW_ROWS = 30, 60


class MailboxRoute(models.Model):
    _inherit = "mailbox.route"

    preview_ids = fields.Many2many(
        "mailbox.message", string="Matching mail", compute="_compute_preview"
    )
    preview_text = fields.Char(compute="_compute_preview")
    preview_record = fields.Char(compute="_compute_preview_record")

    @api.depends("condition", "mailbox_id", "machine")
    @api.depends_context("uid")
    def _compute_preview(self):
        """The newest mail that the person may read and the condition matches."""
        for route in self:
            node = route._node()
            rows = route._preview_rows() if node else self.env["mailbox.message"]
            found = rows.browse([row.id for row in rows if route._previews(row)])
            route.preview_ids = found
            route.preview_text = route._preview_words(len(found), len(rows), bool(node))

    @api.depends(
        "preview_ids", "action", "target_model", "user_id", "value_ids.field", "value_ids.value"
    )
    @api.depends_context("uid", "lang")
    def _compute_preview_record(self):
        """What the rule would set on the record that the newest of these mails opens."""
        for route in self:
            row = route.preview_ids[:1]
            opens = route.action == "create" and route.target_model in route._targets()
            route.preview_record = row and opens and route._preview_values(row)

    def _preview_values(self, row):
        try:
            return self._say_values(facts.mail_of(row._origin.sudo()))
        except RawMissing:
            return False

    def _preview_words(self, found, looked_at, readable):
        if not readable:
            return self.env._("The condition is not complete yet.")
        if not looked_at:
            return self.env._("No mail of the last %s days that you can read.", _PREVIEW_DAYS)
        if looked_at == _PREVIEW_ROWS:
            return self.env._(
                "%(found)s of the newest %(all)s messages you can read match.",
                found=found,
                all=looked_at,
            )
        return self.env._(
            "%(found)s of the %(all)s messages of the last %(days)s days you can read match.",
            found=found,
            all=looked_at,
            days=_PREVIEW_DAYS,
        )

    def _preview_rows(self):
        since = fields.Datetime.now() - timedelta(days=_PREVIEW_DAYS)
        domain = [
            ("disposition", "=", "stored"),
            ("is_draft", "=", False),
            ("is_outgoing", "=", False),
            ("date", ">=", since),
        ]
        if self.mailbox_id:
            domain.append(("mailbox_id", "=", self.mailbox_id._origin.id or self.mailbox_id.id))
        return self.env["mailbox.message"].search(domain, limit=_PREVIEW_ROWS)

    def _previews(self, row):
        try:
            mail = facts.mail_of(row.sudo())
        except RawMissing:
            return False
        return plan.matches(self, mail)
