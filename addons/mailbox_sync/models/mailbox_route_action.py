"""What a rule does beside opening a record: lines of the rule, done in their order."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..routing.actions import KINDS, priority, webhook
from ..routing.actions import desk as actions_desk

_LEVELS = [
    ("auto", "By urgency and VIP"),
    ("low", "Low"),
    ("normal", "Normal"),
    ("high", "High"),
    ("highest", "Highest"),
]


class MailboxRouteAction(models.Model):
    _name = "mailbox.route.action"
    _inherit = "mailbox.webhook.mixin"
    _description = "Action of a Mail Rule"
    _order = "sequence, id"

    route_id = fields.Many2one("mailbox.route", required=True, ondelete="cascade", index=True)
    sequence = fields.Integer(default=10)
    kind = fields.Selection(selection="_selection_kind", required=True, default="notify")
    value = fields.Char(help="Tags, or the words of an activity or notification.")
    level = fields.Selection(_LEVELS, default="auto")
    user_ids = fields.Many2many("res.users", string="People", domain=[("share", "=", False)])
    by_team = fields.Boolean(
        string="By the rules of the team",
        help="As Odoo's own assignment does: capacity, domains and pauses of the members.",
    )
    activity_type_id = fields.Many2one("mail.activity.type", ondelete="set null")
    days = fields.Integer(string="In days", default=0)
    channel_id = fields.Many2one("discuss.channel", ondelete="cascade")
    address = fields.Char(string="To", help="Addresses, separated by commas.")
    url = fields.Char(string="Address to call", help="It gets JSON by POST, signed.")
    words = fields.Char(string="What it does", compute="_compute_words")
    execution_ids = fields.One2many("mailbox.route.execution", "action_id")

    @api.model
    def _selection_kind(self):
        return [(name, module.label(self.env)) for name, module in KINDS.items()]

    @api.depends(
        "kind", "value", "level", "user_ids", "by_team", "activity_type_id", "days", "channel_id",
        "address", "url",
    )  # fmt: skip
    @api.depends_context("lang")
    def _compute_words(self):
        for action in self:
            action.words = KINDS[action.kind].say(action) if action.kind in KINDS else False

    # -- what makes sense ----------------------------------------------------------------------

    @api.constrains(
        "kind", "value", "level", "user_ids", "by_team", "days", "channel_id", "address", "url",
    )  # fmt: skip
    def _check_sense(self):
        for action in self:
            action._check_one()

    def _check_one(self):
        module = KINDS[self.kind]
        problem = module.problem(self)
        route = self.route_id
        recordless = route.action in ("skip", "triage", "act") and not route.on_reply
        if not problem and module.NEEDS_RECORD and recordless:
            problem = self.env._("a rule that leaves mail in the mailbox has no record for it")
        if problem:
            raise ValidationError(
                self.env._(
                    "Rule “%(rule)s”, action “%(action)s”: %(problem)s.",
                    rule=self.route_id.name,
                    action=module.label(self.env),
                    problem=problem.rstrip("."),
                )
            )

    def _check_author(self):
        """Raises AccessError unless the one who writes it may do himself what it does."""
        for action in self:
            KINDS[action.kind].check_author(action)

    @api.model_create_multi
    def create(self, vals_list):
        actions = super().create(vals_list)
        actions._check_secret()
        actions.route_id._check_author()
        return actions

    def write(self, vals):
        result = super().write(vals)
        self._check_secret()
        self.route_id._check_author()
        return result

    def _check_secret(self):
        """No constraint: the secret is sealed with the id of the line, thus after it is made."""
        for action in self.filtered(lambda one: one.kind == "webhook" and not one.has_secret):
            raise ValidationError(webhook.secret_missing(action.env))


class MailboxRoute(models.Model):
    _inherit = "mailbox.route"

    action_ids = fields.One2many("mailbox.route.action", "route_id", string="And then", copy=True)
    on_reply = fields.Boolean(
        string="Also replies",
        help="What is listed under “And then” is also done for mail that joins its record.",
    )
    raise_priority = fields.Boolean(
        string="Raise priority",
        default=True,
        help="Records opened from urgent mail, or from mail of a VIP, get a higher priority.",
    )

    def _check_author(self):
        result = super()._check_author()
        if not self.env.su:
            self.action_ids._check_author()
        return result

    @api.constrains("action", "target_model", "on_reply")
    def _check_actions_fit(self):
        for action in self.action_ids:
            action._check_one()

    def _after_open(self, record, mail):
        result = super()._after_open(record, mail)
        if self.raise_priority:
            done = priority.raised(record, mail)
            if done:
                actions_desk.note(mail, self, record, "priority", done)
        return result
