"""From a mail to a record: ordered rules with a condition and an action."""

import json

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from mailbox_core.rules import language, syntax

from ..kept_reference import KeptReference
from ..routing import words

EVERYTHING = '{"all": []}'
_ACTIONS = [
    ("create", "Open a record"),
    ("record", "Add to one record"),
    ("skip", "Leave in the mailbox"),
    ("triage", "Put before a person"),
    ("act", "Only what follows"),
]


class MailboxRoute(models.Model):
    _name = "mailbox.route"
    _description = "Mail Rule"
    _order = "sequence, id"

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    mailbox_id = fields.Many2one(
        "mailbox",
        ondelete="cascade",
        index="btree_not_null",
        default=lambda self: self._default_mailbox_id(),
        help="Empty: all mailboxes of the company whose owners take part in company rules.",
    )
    match = fields.Selection(
        [("all", "All conditions"), ("any", "One of the conditions"), ("advanced", "Written out")],
        required=True,
        default="all",
    )
    line_ids = fields.One2many("mailbox.route.line", "route_id", string="Conditions", copy=True)
    condition = fields.Text(
        compute="_compute_condition", store=True, readonly=False, required=True, precompute=True
    )
    condition_words = fields.Char(string="When", compute="_compute_condition_words")
    machine = fields.Boolean(
        string="Also mail of machines",
        help="Lists, bulk mail and what programs send by themselves concern no other rules.",
    )
    stop = fields.Boolean(
        string="Last rule", default=True, help="Rules further down are not looked at."
    )
    action = fields.Selection(_ACTIONS, required=True, default="create")
    target_model = fields.Selection(selection="_selection_target", string="Kind of record")
    record_ref = KeptReference(selection="_selection_thread", string="Record")
    approval = fields.Boolean(
        string="Hold", help="Nothing is opened until a person agrees: see Waiting mail."
    )
    user_id = fields.Many2one("res.users", string="Assign to", domain=[("share", "=", False)])
    link_ids = fields.One2many("mailbox.link", "route_id")

    # -- what can be chosen --------------------------------------------------------------------

    @api.model
    def _targets(self):
        """Models that a rule can open records of: those with ``mailbox.routable.mixin``."""
        names = self.env.registry.descendants(["mailbox.routable.mixin"], "_inherit")
        return sorted(name for name in names if not self.env[name]._abstract)

    @api.model
    def _selection_target(self):
        return [(name, self.env["ir.model"]._get(name).name) for name in self._targets()]

    @api.model
    def _selection_thread(self):
        names = {*self._targets(), "res.partner"}
        return [(name, self.env["ir.model"]._get(name).name) for name in sorted(names)]

    # -- the condition -------------------------------------------------------------------------

    @api.depends(
        "match",
        "line_ids.joined",
        "line_ids.negate",
        "line_ids.field",
        "line_ids.op",
        "line_ids.header",
        "line_ids.value",
        "line_ids.days",
    )
    def _compute_condition(self):
        for route in self:
            if route.match == "advanced":
                route.condition = route.condition or EVERYTHING
            else:
                data = {route.match: route.line_ids.sorted("sequence")._grouped(route.match)}
                route.condition = json.dumps(data, ensure_ascii=False)

    @api.depends("condition")
    @api.depends_context("lang")
    def _compute_condition_words(self):
        for route in self:
            node = route._node()
            route.condition_words = node and words.say(self.env, syntax.to_data(node))

    def _node(self):
        """The condition, None while it cannot be read (somebody is typing)."""
        try:
            return syntax.loads(self.condition or EVERYTHING)
        except syntax.RuleError:
            return None

    @api.constrains("condition")
    def _check_condition(self):
        for route in self:
            try:
                node = syntax.loads(route.condition)
            except syntax.RuleError as error:
                raise ValidationError(
                    self.env._(
                        "Rule “%(name)s”: %(where)s: %(what)s",
                        name=route.name,
                        where=error.path,
                        what=error.problem,
                    )
                ) from error
            if "language" in syntax.fields_of(node) and not language.available():
                raise ValidationError(
                    self.env._(
                        "Rule “%s” asks for the language of the text, which this server cannot"
                        " tell: install mailbox-core[language] and start Odoo again.",
                        route.name,
                    )
                )

    # -- the action ----------------------------------------------------------------------------

    @api.constrains("action", "target_model", "record_ref")
    def _check_action(self):
        for route in self:
            if route.action == "create" and route.target_model not in self._targets():
                raise ValidationError(
                    self.env._("Rule “%s”: choose the kind of record it opens.", route.name)
                )
            if route.action == "record" and not route.record_ref:
                raise ValidationError(
                    self.env._("Rule “%s”: choose the record it adds mail to.", route.name)
                )

    def _record_values(self):
        """Values for a new record, to be extended by those who add fields to rules."""
        self.ensure_one()
        values = {}
        if self.user_id and "user_id" in self.env[self.target_model]._fields:
            values["user_id"] = self.user_id.id
        return values

    def _has_lost(self):
        """Whether what the rule opens or adds to is there no more: its addon, or the record."""
        self.ensure_one()
        if self.action == "create":
            return self.target_model not in self._targets()
        return self.action == "record" and not (self.record_ref and self.record_ref.exists())

    def _after_open(self, record, mail):
        """Called after this rule opened a record (hook; the mail is in its chatter)."""

    # -- who may write rules -------------------------------------------------------------------

    @api.model
    def _default_mailbox_id(self):
        """Rules of the company are the managers'; everybody else starts with the own mailbox."""
        if self._makes_company_rules():
            return self.env["mailbox"]
        return self.env["mailbox"].search([("editor_ids", "in", self.env.user.id)], limit=1)

    @api.model
    def _makes_company_rules(self):
        return self.env.su or self.env.user.has_group("mailbox_sync.group_manager")

    @api.model_create_multi
    def create(self, vals_list):
        self._check_mailboxes(vals_list)
        routes = super().create(vals_list)
        routes._check_author()
        return routes

    def _check_mailboxes(self, vals_list):
        """Raises AccessError for a rule of the company by somebody who may not make such."""
        if self._makes_company_rules():
            return
        default = self._default_mailbox_id().id
        if not all(values.get("mailbox_id", default) for values in vals_list):
            raise AccessError(
                self.env._(
                    "Rules for all mailboxes are made by managers. Choose one of your mailboxes for"
                    " this rule."
                )
            )

    def write(self, vals):
        if "mailbox_id" in vals:
            self._check_mailboxes([vals])
        result = super().write(vals)
        if vals != {"active": False}:  # to stop a rule is to do none of what it does
            self._check_author()
        return result

    def _check_author(self):
        """A rule acts as the system, so its author must be allowed to do what it does. Raises
        AccessError."""
        if self.env.su:
            return
        for route in self:
            if route._has_lost():
                pass  # switching it off and mending it must be possible; it does nothing
            elif route.action == "create":
                self.env[route.target_model].check_access("create")
            elif route.action == "record":
                route.record_ref.with_env(self.env).check_access("write")
            mailbox = route.mailbox_id.sudo()
            if mailbox and not mailbox._is_editor():
                raise AccessError(
                    self.env._("Only those who may edit %s make rules for it.", mailbox.address)
                )

    # -- asking --------------------------------------------------------------------------------

    @api.model
    def _of(self, mailbox):
        """The rules that apply to a mailbox, in order."""
        if mailbox.routing == "off":
            return self
        domain = [("mailbox_id", "=", mailbox.id)]
        if mailbox.routing == "company":
            domain = ["|", *domain, ("mailbox_id", "=", False)]
        return self.search_fetch([*domain, ("company_id", "=", mailbox.company_id.id)])


class MailboxRouteLine(models.Model):
    _name = "mailbox.route.line"
    _description = "Condition of a Mail Rule"
    _order = "sequence, id"

    route_id = fields.Many2one("mailbox.route", required=True, ondelete="cascade", index=True)
    sequence = fields.Integer(default=10)
    joined = fields.Boolean(
        string="And/or",
        help="Joined with the line above in the other way: by “or” among conditions that must all"
        " hold, by “and” among conditions of which one is enough.",
    )
    negate = fields.Boolean(string="Not")
    field = fields.Selection(selection="_selection_field", required=True, default="subject")
    header = fields.Char(help="Name of the header.")
    op = fields.Selection(selection="_selection_op", required=True, default="contains")
    value = fields.Char(help="A time is written as 08:00-17:30.")
    hint = fields.Char(string="Write", compute="_compute_hint")
    days = fields.Char(help="Days of the week for a time: 1 is Monday; such as 1-5 or 1,3.")

    @api.model
    def _selection_field(self):
        return list(words.fields_of_rules(self.env).items())

    @api.model
    def _selection_op(self):
        return list(words.operators(self.env).items())

    @api.depends("field", "op")
    @api.depends_context("lang")
    def _compute_hint(self):
        hints = words.hints(self.env)
        for line in self:
            names = (line.field, line.op, syntax.FIELDS.get(line.field or ""))
            shown = next((hints[name] for name in names if name in hints), "")
            if line.op == "exists":
                shown = ""
            line.hint = shown or ", ".join(syntax.CHOICES.get(line.field or "", ()))

    @api.onchange("field")
    def _onchange_field(self):
        ops = syntax.OPS[syntax.FIELDS[self.field]] if self.field else ()
        if ops and self.op not in ops:
            self.op = ops[0]

    def _grouped(self, match):
        """JSON data of the conditions, those that are joined as one."""
        groups = []
        for line in self:
            if line.joined and groups:
                groups[-1].append(line._as_data())
            else:
                groups.append([line._as_data()])
        other = "any" if match == "all" else "all"
        return [group[0] if len(group) == 1 else {other: group} for group in groups]

    def _as_data(self):
        """JSON data of the condition; whether it makes sense is for the reader of conditions."""
        data = {"field": self.field, "op": self.op}
        kind = syntax.FIELDS.get(self.field)
        text = (self.value or "").strip()
        if self.field == "header":
            data["name"] = self.header or ""
        if self.op != "exists":
            data["value"] = text
        if kind == "number" and text.isdecimal():
            data["value"] = int(text)
        if kind == "time":
            data["value"] = [part.strip() for part in text.split("-")]
            if self.days:
                data["days"] = _days(self.days)
        return {"not": data} if self.negate else data


def _days(text):
    """``1-5`` or ``1,3`` as days from 0; what is no day stays and is refused later."""
    days = []
    for part in text.split(","):
        first, _, last = (piece.strip() for piece in part.partition("-"))
        if first.isdecimal() and (last or first).isdecimal() and int(last or first) <= 7:
            days += range(int(first) - 1, int(last or first))
        else:
            days.append(part.strip())
    return days
