"""What a rule would have done with the mail of the last days. Changes nothing."""

from datetime import timedelta

from odoo import api, fields, models

from ..routing import facts, plan
from ..store.raw import RawMissing

#: Messages that are looked at in one go.
_LIMIT = 1000


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
    acts = fields.Boolean(compute="_compute_acts")
    fills = fields.Boolean(compute="_compute_acts")

    @api.depends("line_ids.would", "line_ids.filled")
    def _compute_acts(self):
        """Whether the rule does anything beside opening records, and whether it fills them."""
        for trial in self:
            trial.acts = any(trial.line_ids.mapped("would"))
            trial.fills = any(trial.line_ids.mapped("filled"))

    def action_run(self):
        """Ask the rule about stored mail that the person may read."""
        self.ensure_one()
        self.route_id.check_access("read")
        self.line_ids.unlink()
        rows = self._rows()
        lines = [line for line in map(self._try, rows) if line]
        effects = () if self.route_id.sudo()._has_lost() else ("open", "hold")
        talks = {line["talk"] for line in lines if line["effect"] in effects}
        self.write(
            {
                "line_ids": [
                    (0, 0, {name: line[name] for name in line if name != "talk"}) for line in lines
                ],
                "looked_at": len(rows),
                "match_count": len(lines),
                "record_count": len(talks),
                "conflict_count": len([line for line in lines if line["conflict"]]),
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
        others = self.env["mailbox.route"].sudo()._of(row.sudo().mailbox_id) - route
        made, routes = self._plan(row, mail, others | route)
        first = next((one for one in routes if one != route), route.browse())
        lost = route.browse()
        if route in routes:
            first, before = route.browse(), self._plan(row, mail, others)[1]
            lost = next((one for one in before if one not in routes), lost)
        correction = self._correction(row, route in routes)
        effect = self._effect(made, routes)
        return {
            "message_id": row.id,
            "effect": effect,
            "would": self._would(made, routes),
            "filled": self._filled(mail, effect),
            "talk": row.conversation_id.id or -row.id,
            "other_route_id": (first or lost).id,
            "conflict": self._conflict(first, lost),
            "refused": bool(made.candidate and made.candidate.refusal),
            "disagrees": bool(correction),
            "correction": correction,
        }

    def _plan(self, row, mail, routes):
        """What becomes of a mail under these rules, and those of them that act."""
        made = plan.make(mail, routes.sorted(lambda one: (one.sequence, one.id)))
        acting = _acting(mail, routes) if self._opened(row) else made.routes
        return made, [*acting, *(one for one in made.extra if one not in acting)]

    def _conflict(self, first, lost):
        """Which other rule wants the mail, in words; empty when none does."""
        if first:
            return self.env._("“%s” comes first", first.name)
        return self.env._("takes it from “%s”", lost.name) if lost else ""

    def _opened(self, row):
        """Whether a record was opened for this very mail, or a person chose one for it as the first
        of its conversation: then it belonged to none before, and the rule is asked as if the mail
        came now."""
        links = row.sudo().link_ids
        chosen = links.filtered(lambda link: link.origin == "person")
        talk = row.conversation_id
        earlier = [("conversation_id", "=", talk.id), ("id", "<", chosen[:1].id)]
        first = chosen and not (talk and links.search_count(earlier, limit=1))
        return bool(links.filtered("opened") or first)

    def _effect(self, made, routes):
        route = self.route_id
        if route.id not in [one.id for one in routes]:
            return "other" if routes else ("joins" if made.candidate else "none")
        if route.sudo()._has_lost():
            return "hold"
        if route.action != "create":
            return "act"
        return "hold" if route.approval or made.outcome == "hold" else "open"

    def _would(self, made, routes):
        """What the further actions of the rule would do, in words; none of them is done."""
        route = self.route_id.sudo()
        if route not in routes or made.outcome == "hold":
            return False
        return "; ".join(action.words or "" for action in route.action_ids) or False

    def _filled(self, mail, effect):
        """What the rule would set on the record, in words."""
        opens = effect in ("open", "hold") and not self.route_id.sudo()._has_lost()
        return self.route_id._say_values(mail) if opens else False

    def _correction(self, row, acts):
        """What a person did later that the rule would not have done, in words; empty when they
        agree."""
        route, decision, links = self.route_id.sudo(), row.decision_ids, row.link_ids
        opens = acts and route.action == "create"
        opened = links.filtered("opened")
        if decision.reason != "person":
            gone = opens and any(not link._record() for link in opened)
            return self.env._("its record was deleted") if gone else ""
        if decision.outcome == "created":
            return (
                ""
                if opens and route.target_model in opened.mapped("model")
                else self.env._(
                    "opened by hand: %s", opened[:1].record_name or self.env._("a record")
                )
            )
        if decision.outcome == "joined":
            same = route.action == "record" and route.record_ref == links[:1]._record()
            return "" if same or not acts else self.env._("added to %s", links[:1].record_name)
        writes = acts and route.action in ("create", "record")
        return self.env._("left in the mailbox") if writes else ""


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
    filled = fields.Char(string="The record would have")
    would = fields.Char(string="And then it would")
    other_route_id = fields.Many2one("mailbox.route", string="Other rule")
    conflict = fields.Char(help="Another rule wants this mail as well; the order decides.")
    refused = fields.Boolean(string="Sender refused")
    disagrees = fields.Boolean(string="A person decided otherwise")
    correction = fields.Char(string="A person did")

    def action_open_message(self):
        """The mail itself."""
        return self.message_id.get_formview_action()


class MailboxRoute(models.Model):
    _inherit = "mailbox.route"

    def action_backtest(self):
        """Open the form that tries this rule."""
        self.ensure_one()
        made = self.env["mailbox.backtest"].create({"route_id": self.id})
        return made.action_run()
