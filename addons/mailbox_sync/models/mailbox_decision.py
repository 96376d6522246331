"""What became of a mail and why: one line a routed message."""

from markupsafe import Markup
from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..kept_reference import KeptReference
from ..routing import words

OUTCOMES = [
    ("joined", "Added to its record"),
    ("noted", "Noted on its record"),
    ("created", "Opened a record"),
    ("held", "Waits for approval"),
    ("triage", "Waits for a decision"),
    ("acted", "Handled by a rule"),
    ("skipped", "Left in the mailbox by a rule"),
    ("stored", "Left in the mailbox"),
    ("ignored", "Ignored"),
    ("rejected", "Rejected"),
]

#: What people may set while a mail waits.
_PREPARED = frozenset({"target_model", "title", "user_id", "record_ref"})


class MailboxDecision(models.Model):
    _name = "mailbox.decision"
    _inherit = ["mailbox.export.mixin"]
    _description = "Decision about a Mail"
    _rec_name = "subject"
    _order = "id DESC"

    message_id = fields.Many2one(
        "mailbox.message", required=True, ondelete="cascade", readonly=True
    )
    mailbox_id = fields.Many2one(
        "mailbox", required=True, ondelete="cascade", index=True, readonly=True
    )
    company_id = fields.Many2one(related="mailbox_id.company_id")
    subject = fields.Char(related="message_id.subject", related_sudo=False)
    from_email = fields.Char(related="message_id.from_email", related_sudo=False, string="From")
    from_name = fields.Char(related="message_id.from_name", related_sudo=False, string="Sender")
    snippet = fields.Char(related="message_id.snippet", related_sudo=False)
    date = fields.Datetime(related="message_id.date", related_sudo=False, string="Received")
    outcome = fields.Selection(OUTCOMES, required=True, readonly=True, index=True)
    reason = fields.Char(readonly=True)
    reason_text = fields.Char(string="Because", compute="_compute_reason_text")
    urgency = fields.Selection(
        [("high", "High"), ("normal", "Normal"), ("low", "Low")],
        readonly=True,
        help="What mail that waits says about itself: words of several languages, and headers.",
    )
    urgency_found = fields.Json(readonly=True)
    urgency_text = fields.Char(string="Urgency rests on", compute="_compute_urgency_text")
    score = fields.Integer(readonly=True)
    route_id = fields.Many2one("mailbox.route", string="Rule", ondelete="set null", readonly=True)
    steps = fields.Json(readonly=True)
    otherwise = fields.Json(readonly=True)
    why_html = fields.Html(string="Why here", compute="_compute_why_html", sanitize=False)
    link_ids = fields.One2many(related="message_id.link_ids", string="Records")
    execution_ids = fields.One2many(related="message_id.execution_ids", string="What rules did")
    decided_by = fields.Many2one("res.users", readonly=True)
    decided_at = fields.Datetime(readonly=True)

    # While it waits
    target_model = fields.Selection(selection="_selection_target", string="Kind of record")
    title = fields.Char(help="Title of the new record; empty: the subject.")
    user_id = fields.Many2one("res.users", string="Assign to", domain=[("share", "=", False)])
    record_ref = KeptReference(
        selection="_selection_thread", string="Existing record", help="Add the mail there instead."
    )

    _message_unique = models.Constraint("UNIQUE (message_id)", "This mail has been decided about.")

    @api.model
    def _selection_target(self):
        return self.env["mailbox.route"]._selection_target()

    @api.model
    def _selection_thread(self):
        """Everything with a chatter: a mail may belong to a record no rule could open."""
        models_ = self.env["ir.model"].sudo().search([("is_mail_thread", "=", True)])
        return [(one.model, one.name) for one in models_ if one.model in self.env]

    def write(self, vals):
        foreign = vals.keys() - _PREPARED
        if foreign and not self.env.su:
            raise AccessError(
                self.env._("Decisions are made with the buttons, not by writing %s.", min(foreign))
            )
        return super().write(vals)

    @api.depends("reason", "outcome")
    @api.depends_context("lang")
    def _compute_reason_text(self):
        texts = words.reasons(self.env)
        for decision in self:
            # What nobody asked for is the many, and is kept without a word.
            reason = decision.reason or ("unmatched" if decision.outcome == "stored" else "")
            decision.reason_text = texts.get(reason, reason)

    @api.depends("steps", "otherwise")
    @api.depends_context("lang", "uid")
    def _compute_why_html(self):
        for decision in self:
            decision.why_html = decision._why()

    @api.depends("urgency_found")
    @api.depends_context("lang")
    def _compute_urgency_text(self):
        for decision in self:
            decision.urgency_text = words.say_urgency(self.env, decision.urgency_found or ())

    def _why(self):
        """The argument, in the order it was made."""
        silent = [step for step in self.steps or () if step.get("result") == "silent"]
        lines = [self._say_silent(silent)] if silent else []
        lines += [self._say_step(step) for step in self.steps or () if step not in silent]
        for other in self.otherwise or ():
            text = self.env._("Otherwise the rule “%s” would have acted.", other["name"])
            lines.append(_line("fa-code-fork text-muted", text))
        return Markup("<ul class='o_mailbox_why list-unstyled mb-2'>%s</ul>") % Markup("").join(
            lines
        )

    def _say_silent(self, steps):
        """The stages that found nothing, in one line."""
        texts = words.stages(self.env)
        asked = " ".join(texts.get(step["stage"], step["stage"]) for step in steps)
        return _line("fa-minus text-muted", asked, self.env._("no"))

    def _say_step(self, step):
        if "route" in step:
            return self._say_rule(step)
        question = words.stages(self.env).get(step["stage"], step["stage"])
        if step["stage"] == "thread":
            return self._say_thread(question, step["found"])
        answer = words.effects(self.env).get(step["result"], step["result"])
        evidence = ", ".join(": ".join(filter(None, pair)) for pair in step.get("evidence", ()))
        failed = step["result"] in ("failed", "left_out")
        icon = "exclamation-triangle text-warning" if failed else "check"
        return _line(f"fa-{icon}", question, answer, evidence)

    def _say_thread(self, question, found):
        if not found:
            return _line("fa-minus text-muted", question, self.env._("no"))
        told = Markup("; ").join(self._say_candidate(one) for one in found)
        refused = all(one["refusal"] for one in found)
        return _line("fa-ban text-warning" if refused else "fa-check", question, told)

    def _say_candidate(self, one):
        texts = words.signals(self.env)
        signals = ", ".join(texts.get(name, name) for name in one["signals"])
        refusal = words.reasons(self.env).get(one["refusal"], "")
        return Markup("%s <small class='text-muted'>(%s; %s)</small> <strong>%s</strong>") % (
            self._say_record(one["model"], one["res_id"]),
            signals,
            self.env._("score %s", one["score"]),
            refusal,
        )

    def _say_record(self, model, res_id):
        """Kind and name of a record for those who may see it, its number for the others."""
        kind = self.env["ir.model"]._get(model).name or model
        record = self.env[model].browse(res_id).exists() if model in self.env else None
        if record and record.has_access("read"):
            return f"{kind}: {record.display_name}"
        return f"{kind} {res_id}"

    def _say_rule(self, step):
        question = self.env._("Rule “%s”", step["name"])
        why = "; ".join(self._say_reason(reason) for reason in step["why"])
        if step["result"] != "matched":
            return _line("fa-minus text-muted", question, self.env._("does not match"), why)
        if step["skipped"]:
            answer = self.env._("matches, but is not asked for such mail")
            return _line("fa-minus text-muted", question, answer, why)
        return _line("fa-check text-success", question, self.env._("matches"), why)

    def _say_reason(self, reason):
        text, found = words.say_check(self.env, reason), words.say_found(self.env, reason)
        wanted = reason.get("wanted", True)
        if not wanted:
            text = self.env._("not (%s)", text)
        if reason["matched"] is not wanted:
            if found:
                return self.env._("no: %(what)s, but found “%(found)s”", what=text, found=found)
            return self.env._("no: %s", text)
        # Of urgency and of a denial, the answer alone does not tell what it rests on.
        if found and (reason["field"] == "urgency" or not wanted):
            return self.env._("yes, %(what)s: %(found)s", what=text, found=found)
        return self.env._("yes, %s", text)


def _line(icon, question, answer="", evidence=""):
    """One step of the argument: a sign, what was asked, the answer, and what it rests on."""
    return Markup(
        "<li class='d-flex align-items-baseline mb-1'><i class='fa fa-fw %s me-2'></i>"
        "<span>%s <em>%s</em> <small class='text-muted'>%s</small></span></li>"
    ) % (icon, question, answer, evidence)
