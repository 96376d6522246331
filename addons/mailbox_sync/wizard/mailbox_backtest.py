"""What a rule would have done with the mail of the last days. Changes nothing."""

from datetime import timedelta

from odoo import api, fields, models

from ..routing import facts, plan
from ..store.raw import RawMissing

#: Messages that are looked at in one go.
_LIMIT = 1000
#: What the preview beside the editor looks at: it follows every change, so it must be quick.
_PREVIEW_DAYS, _PREVIEW_ROWS = 30, 60


class MailboxBacktest(models.TransientModel):
    _name = "mailbox.backtest"
    _description = "Try a Mail Rule on Past Mail"

    route_id = fields.Many2one("mailbox.route", required=True, ondelete="cascade")
    days = fields.Integer(default=30, required=True)
    line_ids = fields.One2many("mailbox.backtest.line", "backtest_id", readonly=True)
    looked_at = fields.Integer(readonly=True)
    match_count = fields.Integer(string="Matches", readonly=True)
    record_count = fields.Integer(string="Records that would exist", readonly=True)
    conflict_count = fields.Integer(string="Conflicts", readonly=True)
    disagree_count = fields.Integer(string="Against people's decisions", readonly=True)
    cut = fields.Boolean(readonly=True)

    def action_run(self):
        """Ask the rule about stored mail that the person may read."""
        self.ensure_one()
        self.route_id.check_access("read")
        self.line_ids.unlink()
        rows = self._rows()
        lines = [line for line in map(self._try, rows) if line]
        talks = {line["talk"] for line in lines if line["effect"] in ("open", "hold")}
        self.write(
            {
                "line_ids": [
                    (0, 0, {name: line[name] for name in line if name != "talk"}) for line in lines
                ],
                "looked_at": len(rows),
                "match_count": len(lines),
                "record_count": len(talks),
                "conflict_count": len([line for line in lines if line["other_route_id"]]),
                "disagree_count": len([line for line in lines if line["disagrees"]]),
                "cut": len(rows) == _LIMIT,
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Try on past mail"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def _rows(self):
        """The newest stored messages of the mailboxes concerned, as far as the person reads
        them."""
        since = fields.Datetime.now() - timedelta(days=max(1, self.days))
        domain = [
            ("disposition", "=", "stored"),
            ("is_draft", "=", False),
            ("date", ">=", since),
            ("mailbox_id.company_id", "=", self.route_id.company_id.id),
        ]
        if self.route_id.mailbox_id:
            domain.append(("mailbox_id", "=", self.route_id.mailbox_id.id))
        return self.env["mailbox.message"].search(domain, limit=_LIMIT)

    def _try(self, row):
        """The values of a line, None when the rule does not match."""
        try:
            mail = facts.mail_of(row.sudo())
        except RawMissing:
            return None
        route = self.route_id.sudo()
        trial = plan.ask(route, mail)
        if not trial.matched:
            return None
        others = self.env["mailbox.route"].sudo()._of(row.sudo().mailbox_id)
        made = plan.make(mail, (others | route).sorted(lambda one: (one.sequence, one.id)))
        routes = _acting(mail, others | route) if self._opened(row) else made.routes
        routes = [*routes, *(one for one in made.extra if one not in routes)]
        acts = route in routes
        other = next((one for one in routes if one != route), None)
        decision = row.sudo().decision_ids
        return {
            "message_id": row.id,
            "effect": self._effect(made, routes),
            "would": self._would(made, routes),
            "talk": row.conversation_id.id or -row.id,
            "other_route_id": other.id if other and not acts else False,
            "refused": bool(made.candidate and made.candidate.refusal),
            "disagrees": decision.reason == "person" and self._disagrees(decision, acts),
        }

    def _opened(self, row):
        """Whether a record was opened for this very mail: then there was none before it, and the
        rule is asked as if the mail came now."""
        return bool(row.sudo().link_ids.filtered("opened"))

    def _effect(self, made, routes):
        route = self.route_id
        if route.id not in [one.id for one in routes]:
            return "other" if routes else ("joins" if made.candidate else "none")
        if route.action != "create":
            return "act"
        return "hold" if route.approval or made.outcome == "hold" else "open"

    def _would(self, made, routes):
        """What the further actions of the rule would do, in words; none of them is done."""
        route = self.route_id.sudo()
        if route not in routes or made.outcome == "hold":
            return False
        return "; ".join(action.words or "" for action in route.action_ids) or False

    def _disagrees(self, decision, acts):
        """Whether a person decided otherwise than the rule would have."""
        opens = acts and self.route_id.action == "create"
        return opens != (decision.outcome == "created")


def _acting(mail, routes):
    """The rules that would act on a mail that belongs to no record yet."""
    acting = []
    for route in routes.sorted(lambda one: (one.sequence, one.id)):
        if plan.ask(route, mail).acts:
            acting.append(route)
            if route.stop:
                break
    return acting


class MailboxBacktestLine(models.TransientModel):
    _name = "mailbox.backtest.line"
    _description = "Mail that a Rule Matches"

    backtest_id = fields.Many2one("mailbox.backtest", required=True, ondelete="cascade")
    message_id = fields.Many2one("mailbox.message", required=True, ondelete="cascade")
    date = fields.Datetime(related="message_id.date", related_sudo=False)
    from_email = fields.Char(related="message_id.from_email", related_sudo=False)
    subject = fields.Char(related="message_id.subject", related_sudo=False)
    effect = fields.Selection(
        [
            ("open", "Would open a record"),
            ("hold", "Would wait for a person"),
            ("act", "Would act"),
            ("other", "Another rule comes first"),
            ("joins", "Belongs to a record already"),
            ("none", "No business of rules"),
        ],
        required=True,
    )
    would = fields.Char(string="And then it would")
    other_route_id = fields.Many2one("mailbox.route", string="Rule that comes first")
    refused = fields.Boolean(string="Sender refused")
    disagrees = fields.Boolean(string="A person decided otherwise")

    def action_open_message(self):
        """The mail itself."""
        return self.message_id.get_formview_action()


class MailboxRoute(models.Model):
    _inherit = "mailbox.route"

    preview_ids = fields.Many2many(
        "mailbox.message", string="Matching mail", compute="_compute_preview"
    )
    preview_text = fields.Char(compute="_compute_preview")

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

    def action_backtest(self):
        """Open the form that tries this rule."""
        self.ensure_one()
        made = self.env["mailbox.backtest"].create({"route_id": self.id})
        return made.action_run()
