"""Values that a rule sets on the records it opens: a list of fields, each with what goes into
it."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..routing import fill


class MailboxRouteValue(models.Model):
    _name = "mailbox.route.value"
    _description = "Value of a New Record"
    _order = "id"

    route_id = fields.Many2one("mailbox.route", required=True, ondelete="cascade", index=True)
    field = fields.Char(required=True)
    value = fields.Text(
        required=True,
        help="By the kind of field: words, a number, the key of a choice, ids of records, days"
        " after the arrival. In words, {subject} and the like stand for what the mail has.",
    )
    value_words = fields.Char(compute="_compute_words")
    words = fields.Char(string="What it sets", compute="_compute_words")

    _once = models.Constraint("UNIQUE (route_id, field)", "A rule sets each field once.")

    @api.depends("field", "value", "route_id.target_model")
    @api.depends_context("lang", "uid")
    def _compute_words(self):
        for line in self:
            model = line._target()
            if model is None or not line.field:
                line.value_words = line.words = False
            else:
                line.value_words = fill.say(model, line.field, line.value)
                line.words = fill.say_line(model, line.field, line.value)

    def _target(self):
        """The model of the new record, as the one who asks."""
        name = self.route_id.target_model
        return self.env.get(name or "")

    @api.constrains("field", "value")
    def _check_value(self):
        self.route_id._check_values()

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.route_id._check_author()
        return lines

    def write(self, vals):
        result = super().write(vals)
        self.route_id._check_author()
        return result

    def _problem(self):
        """Why this cannot be set, in words; empty when it can."""
        model = self._target().sudo()
        if self.field in self.route_id._set_elsewhere():
            return self.env._("this field is set above, not in the list")
        try:
            value = fill.value_of(model, self.field, self.value)
        except fill.Unfit as unfit:
            return str(unfit)
        return self._foreign(model, value)

    def _foreign(self, model, value):
        """Why the record that was chosen does not go with records of the rule's company."""
        field = model._fields[self.field]
        if not value or not field.relational or not getattr(field, "check_company", False):
            return ""
        ids = value[0][2] if field.type == "many2many" else [value]
        chosen = self.env[field.comodel_name].sudo().browse(ids)
        if "company_id" not in chosen._fields:
            return ""
        strange = chosen.company_id - self.route_id.company_id.sudo().parent_ids
        if not strange:
            return ""
        return self.env._("it belongs to the company %s", strange[:1].name)


class MailboxRoute(models.Model):
    _inherit = "mailbox.route"

    value_ids = fields.One2many(
        "mailbox.route.value", "route_id", string="Value of the new record", copy=True
    )
    value_fields = fields.Json(compute="_compute_value_fields")

    @api.depends("target_model")
    @api.depends_context("lang", "uid")
    def _compute_value_fields(self):
        """For the editor: the fields that can be set, and what of the mail goes into them."""
        for route in self:
            known = route.target_model in self.env
            used = route.value_ids.mapped("field")
            found = fill.settable(self.env[route.target_model], used) if known else []
            taken = route._set_elsewhere() if known else ()
            found = [one for one in found if one["name"] not in taken]
            inserts = {one["comodel"]: fill.people(self.env, one["comodel"]) for one in found}
            inserts[""] = fill.placeholders(self.env)
            route.value_fields = {
                "fields": found,
                "inserts": {key: list(map(list, some.items())) for key, some in inserts.items()},
            }

    @api.onchange("target_model")
    def _onchange_target_values(self):
        """Values for fields that the other kind of record does not have go."""
        known = self.target_model in self.env
        for line in self.value_ids:
            if not known or not fill.kind_of(self.env[self.target_model], line.field):
                self.value_ids -= line

    def _set_elsewhere(self):
        """Fields of new records that the rule sets by fields of its own, to be extended with
        those that ``_record_values`` sets."""
        return {"user_id", "user_ids"}

    def _values_for(self, mail):
        """Values of the record that this rule opens from a mail, and a list of ``[label, why]`` of
        those that have to be left out: the mail is worth more than one of them."""
        model, values, left = self.env[self.target_model], {}, []
        for line in self.value_ids:
            try:
                value = fill.value_of(model, line.field, line.value, mail)
            except fill.Unfit as unfit:
                left.append([fill.label_of(model, line.field), str(unfit)])
            else:
                if value is not None:
                    values[line.field] = value
        return {**values, **self._record_values()}, left

    def _say_values(self, mail):
        """What this rule would set on a record it opens from a mail, in words, as the person who
        asks sees it."""
        values, left = self.sudo()._values_for(mail)
        model = self.env[self.target_model]
        told = [
            f"{fill.label_of(model, name)}: {fill.say_value(model, name, value)}"
            for name, value in values.items()
        ]
        told += [self.env._("left out: %s", ": ".join(one)) for one in left]
        return " · ".join(told)

    @api.constrains("action", "target_model", "company_id", "value_ids")
    def _check_values(self):
        for route in self.filtered(lambda one: one.action == "create"):
            if route.target_model not in route._targets():
                continue  # that is what is said then
            for line in route.value_ids:
                problem = line._problem()
                if problem:
                    raise ValidationError(
                        self.env._(
                            "Rule “%(rule)s”, value of “%(field)s”: %(problem)s.",
                            rule=route.name,
                            field=fill.label_of(self.env[route.target_model], line.field),
                            problem=problem.rstrip("."),
                        )
                    )

    def _check_author(self):
        result = super()._check_author()
        if not self.env.su:
            for route in self.filtered(lambda one: one.action == "create" and not one._has_lost()):
                route._check_values_author()
        return result

    def _check_values_author(self):
        """Raises AccessError unless the one who writes the rule could open such a record himself:
        fill the fields, see the records they point at, and not by them leave what his record rules
        let him make."""
        target = self.env[self.target_model]
        values = self._record_values()
        for line in self.value_ids:
            field = target._fields[line.field]
            target._check_field_access(field, "write")
            value = fill.value_of(target, line.field, line.value)
            if value is None:
                continue
            values[line.field] = value
            if field.relational:
                ids = value[0][2] if field.type == "many2many" else [value]
                self.env[field.comodel_name].browse(ids).check_access("read")
        if not _may_make(target, values) and _may_make(target, {}):
            raise AccessError(
                self.env._(
                    "Rule “%s”: you could not create such a record yourself, because of the values"
                    " it sets (say, records of another company, or of somebody else).",
                    self.name,
                )
            )


def _may_make(target, values):
    """Whether the record rules of the person let him create a record with these values."""
    allowed = target.env["ir.rule"]._compute_domain(target._name, "create")
    return bool(target.sudo().new(values).filtered_domain(allowed))
