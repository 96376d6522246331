"""What the editor of rules needs to know: which comparisons and answers fit a question."""

from odoo import api, fields, models

from mailbox_core.rules import syntax

from ..routing import words


class MailboxRoute(models.Model):
    _inherit = "mailbox.route"

    asks_header = fields.Boolean(compute="_compute_asks")
    asks_time = fields.Boolean(compute="_compute_asks")
    action_words = fields.Char(string="Then", compute="_compute_action_words")
    same_id = fields.Many2one("mailbox.route", string="Asks the same", compute="_compute_same_id")
    opened_count = fields.Integer(string="Records", compute="_compute_opened_count")

    @api.depends("line_ids.field")
    def _compute_asks(self):
        for route in self:
            asked = set(route.line_ids.mapped("field"))
            route.asks_header = "header" in asked
            route.asks_time = "time" in asked

    @api.depends(
        "action", "target_model", "record_ref", "approval", "acknowledge_id", "action_ids.words",
        "value_ids.words",
    )  # fmt: skip
    @api.depends_context("lang", "uid")
    def _compute_action_words(self):
        actions = dict(self._fields["action"]._description_selection(self.env))
        for route in self:
            told = actions.get(route.action, "")
            if route.action == "create" and route.target_model:
                name = self.env["ir.model"]._get(route.target_model).name
                name = name or self.env._("a kind of record that is not installed any more")
                told = self.env._("Open: %s", name)
                if route.approval:
                    told = self.env._("Open when a person agrees: %s", name)
                told = route._with_values(told)
            elif route.action == "record":
                told = self.env._("Add to: %s", route._record_name())
            if route.action == "create" and route.acknowledge_id:
                answer = route.acknowledge_id.sudo().name
                told = f"{told} · {self.env._('acknowledge with: %s', answer)}"
            further = [action.words for action in route.action_ids if action.words]
            if route.action == "act" and further:
                told = ""
            route.action_words = " · ".join(filter(None, [told, *further]))

    def _with_values(self, told):
        sets = ", ".join(line.words for line in self.value_ids if line.words)
        return f"{told} ({sets})" if sets else told

    def _record_name(self):
        """The name of the record for those who may see it, else its number."""
        record = self.record_ref and self.record_ref.with_env(self.env).exists()
        if not record:
            return self.env._("a record that is gone")
        return record.display_name if record.has_access("read") else f"{record._name} {record.id}"

    def _compute_opened_count(self):
        counted = self.env["mailbox.decision"]._read_group(
            [("route_id", "in", self.ids), ("outcome", "=", "created")], ["route_id"], ["__count"]
        )
        counts = {route.id: count for route, count in counted}
        for route in self:
            route.opened_count = counts.get(route.id, 0)

    @api.depends("condition", "mailbox_id", "company_id", "active")
    @api.depends_context("uid")
    def _compute_same_id(self):
        """Another rule that is switched on and asks exactly the same of the same mailbox."""
        for route in self:
            mailbox = route.mailbox_id._origin or route.mailbox_id
            domain = [
                ("condition", "=", route.condition),
                ("mailbox_id", "=", mailbox.id),
                ("company_id", "=", route.company_id.id),
                ("id", "!=", route._origin.id),
            ]
            route.same_id = self.search(domain, limit=1)

    def copy_data(self, default=None):
        """A copy is switched off until somebody looked at it."""
        default = {"active": False, **(default or {})}
        found = super().copy_data(default)
        if "name" in default:
            return found
        return [
            {**values, "name": self.env._("%s (copy)", route.name)}
            for route, values in zip(self, found, strict=True)
        ]

    def copy(self, default=None):
        """A copy keeps the secrets of its calls, which leave the server in no other way."""
        copies = super().copy({**(default or {}), "action_ids": []})
        for route, made in zip(self, copies, strict=True):
            for action in route.action_ids:
                (values,) = action.copy_data({"route_id": made.id})
                self.env["mailbox.route.action"].create(
                    {**values, "new_secret": action._open_secret()} if action.has_secret else values
                )
        return copies

    def action_decisions(self):
        """The decisions in which this rule acted, as far as the person reads the mail."""
        self.ensure_one()
        values = self.env["ir.actions.act_window"]._for_xml_id(
            "mailbox_sync.mailbox_decision_action"
        )
        return {**values, "domain": [("route_id", "=", self.id)], "name": self.name}


class MailboxRouteLine(models.Model):
    _inherit = "mailbox.route.line"

    words = fields.Char(string="Condition", compute="_compute_words")
    op_options = fields.Json(compute="_compute_options")
    value_options = fields.Json(compute="_compute_options")

    @api.depends("negate", "field", "op", "header", "value", "days")
    @api.depends_context("lang")
    def _compute_words(self):
        for line in self:
            line.words = words.say(self.env, line._as_data())

    @api.depends("field")
    @api.depends_context("lang")
    def _compute_options(self):
        texts = words.choices(self.env)
        for line in self:
            kind = syntax.FIELDS.get(line.field)
            line.op_options = list(syntax.OPS.get(kind, ()))
            line.value_options = [
                [value, texts.get(line.field, {}).get(value, value)]
                for value in syntax.CHOICES.get(line.field, ())
            ]

    @api.onchange("field")
    def _onchange_field(self):
        result = super()._onchange_field()
        choices = syntax.CHOICES.get(self.field)
        if choices and self.value not in choices:
            self.value = choices[0]
        return result
