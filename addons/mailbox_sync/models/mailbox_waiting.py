"""Mail that waits for a person: approve, edit, add to a record, leave, or make a contact of the
sender.

Everything here is done with the rights of the person: who may not create tickets cannot approve
one.
"""

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..routing import facts, fill, gateway, outcome, people, threads, who
from ..routing.actions import desk
from ..store.raw import RawMissing

_WAITING = ("held", "triage")


class MailboxDecision(models.Model):
    _inherit = "mailbox.decision"

    can_decide = fields.Boolean(compute="_compute_can_decide")
    partner_suggestion = fields.Char(string="New contact", compute="_compute_partner_suggestion")

    ruled_text = fields.Char(string="Also set", compute="_compute_ruled_text")
    record_name = fields.Char(string="Belongs to", compute="_compute_record_name")
    is_vip = fields.Boolean(string="VIP", compute="_compute_is_vip")
    hours = fields.Float(
        string="Hours until decided",
        compute="_compute_hours",
        store=True,
        aggregator="avg",
        help="How long it waited for a person.",
    )

    @api.depends("target_model", "route_id")
    @api.depends_context("uid", "lang")
    def _compute_ruled_text(self):
        """What the rule sets on the record besides, for who is about to open it."""
        for decision in self:
            route, told = decision.route_id.sudo(), []
            if decision._is_ruled() and not route._has_lost():
                model = self.env[decision.target_model]
                told = [fill.say_line(model, line.field, line.value) for line in route.value_ids]
            decision.ruled_text = ", ".join(told)

    @api.depends("record_ref")
    @api.depends_context("uid")
    def _compute_record_name(self):
        """The record a mail could be added to, for those who may change it."""
        for decision in self:
            record = decision.record_ref
            known = record and record.exists() and record.has_access("write")
            decision.record_name = record.display_name if known else False

    @api.depends("from_email")
    def _compute_is_vip(self):
        """Told to readers of the mailbox: rules tell them as much."""
        directory = people.Directory(self.env)
        directory.learn(decision.from_email or "" for decision in self)
        for decision in self:
            company = decision.mailbox_id.sudo().company_id
            partner = directory.partner(decision.from_email or "", company)
            decision.is_vip = bool(partner) and "vip" in who.words(partner.sudo())

    @api.depends("decided_at")
    def _compute_hours(self):
        for decision in self.filtered("decided_at"):
            waited = decision.decided_at - decision.create_date
            decision.hours = max(0.0, waited.total_seconds() / 3600)

    def _compute_can_decide(self):
        for decision in self:
            decision.can_decide = decision.mailbox_id._is_editor()

    def _compute_partner_suggestion(self):
        for decision in self:
            asks = decision.mailbox_id.sudo().partner_policy == "ask"
            message = decision.message_id.sudo()
            decision.partner_suggestion = asks and message._partner_suggestion()

    # -- what a person decides -----------------------------------------------------------------

    def action_approve(self):
        """Open the record, as the rule proposed or as it was changed here."""
        for decision in self:
            mail = decision._start()
            if decision.target_model not in self.env["mailbox.route"]._targets():
                raise UserError(self.env._("Choose the kind of record to open."))
            target = self.env[decision.target_model]
            target.check_access("create")
            record = decision._meanwhile(mail, target)
            if record:
                decision._finish("joined", record)
            else:
                before = {"outcome": decision.outcome, "reason": decision.reason}
                record = decision._open(mail, target)
                decision._finish("created", record)
                if target._name == "res.partner":
                    decision._note_made(record, "record", **before)

    def _meanwhile(self, mail, target):
        """The record that was opened meanwhile for a copy of the mail, or for another mail of its
        conversation; then it is not opened twice."""
        for one in threads.candidates(mail, trusted=True):
            if one.record._name == target._name:
                line = gateway.line_of(one.record, mail) or outcome.add(one.record, mail)
                origin = "copy" if one.is_there else "thread"
                outcome.link(mail, one.record, line, origin=origin)
                mail.batch.settle()
                return one.record
        return None

    def _open(self, mail, target):
        """The new record."""
        system = target.sudo()
        route, ruled, left = self.route_id.sudo(), {}, []
        if self._is_ruled():
            ruled, left = route._values_for(mail)
        values = {**system._mailbox_values(mail), **ruled, **self._proposed_values()}
        record = system._mailbox_new(mail, values)
        if left:
            self.sudo().steps = [*(self.steps or ()), outcome.left_out(left)]
        line = gateway.line_of(record, mail)
        outcome.link(mail, record, line, origin="person", opened=True)
        mail.batch.settle()
        if route:
            route._after_open(record, mail)
            desk.perform(mail, route, record)
        return record

    def _is_ruled(self):
        """Whether the rule says how the record is filled that would be opened now."""
        route = self.route_id.sudo()
        return route.action == "create" and route.target_model == self.target_model

    def _proposed_values(self):
        fields_ = self.env[self.target_model]._fields
        values = {}
        if self.title:
            values[self.env[self.target_model]._mailbox_title_field()] = self.title
        if self.user_id and "user_id" in fields_:
            values["user_id"] = self.user_id.id
        return values

    def action_merge(self):
        """Add the mail to an existing record, which the person must be allowed to change."""
        for decision in self:
            mail = decision._start()
            record = decision.record_ref
            if not record or not record.exists():
                raise UserError(self.env._("Choose the record the mail belongs to."))
            record.check_access("write")
            line = outcome.add(record.sudo(), mail)
            outcome.link(mail, record.sudo(), line, origin="person")
            mail.batch.settle()
            decision._finish("joined", record)

    def action_reject(self):
        """Leave the mail in the mailbox; nothing is opened."""
        for decision in self:
            decision.message_id._check_decider()
            decision._check_waits()
            decision._finish("rejected")

    def action_make_partner(self):
        """Make a contact of the sender."""
        self.ensure_one()
        self.message_id._check_decider()
        self.env["res.partner"].check_access("create")
        suggestion = self.message_id.sudo()._partner_suggestion()
        if suggestion:
            address = (self.message_id.from_email or "").lower()
            company = self.mailbox_id.sudo().company_id
            newest = self._newest_partner()
            partner = outcome.make_partner(self.env, suggestion, address, company)
            named = []
            for link in self.message_id.link_ids:
                record = link._record()
                field = (
                    record and record.has_access("write") and outcome.set_customer(record, partner)
                )
                if field:
                    named.append([record._name, record.id, field])
            if partner.id > newest:
                self._note_made(partner, "contact", records=named)

    # -- underneath ----------------------------------------------------------------------------

    def _check_waits(self):
        self.ensure_one()
        if not self.try_lock_for_update():
            raise UserError(
                self.env._(
                    "Somebody is deciding about “%s” at this moment. Look again in a few seconds.",
                    self.subject or "",
                )
            )
        if self.outcome not in _WAITING:
            raise UserError(
                self.env._("Somebody has decided about “%s” already.", self.subject or "")
            )

    def _start(self):
        """The mail, for a person who may decide about it. Raises AccessError, UserError."""
        self.message_id._check_decider()
        self.sudo()._check_waits()
        try:
            return facts.mail_of(self.message_id.sudo())
        except RawMissing as error:
            raise UserError(
                self.env._("The source of this mail cannot be had now: %s", error)
            ) from error

    def _finish(self, what, record=None):
        self.sudo().write(
            {
                "outcome": what,
                "reason": "person",
                "decided_by": self.env.user.id,
                "decided_at": fields.Datetime.now(),
            }
        )
        self.mailbox_id.sudo()._audit(
            f"route.{what}",
            message=self.message_id.id,
            record=f"{record._name},{record.id}" if record else "",
        )
