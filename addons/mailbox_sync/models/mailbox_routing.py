"""Mail on its way to records: one job a message, after the message is stored (T3).

Rows arrive in one transaction and are routed in others, so that a broken rule never delays the
inbox. Only mail that came after the mailbox was connected is routed by itself; older mail opens
nothing unless somebody asks for it, message by message.
"""

import logging

import psycopg2
from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .. import jobs
from ..routing import facts, outcome, people, plan
from ..store.raw import RawMissing

_logger = logging.getLogger(__name__)

#: Folders whose mail is no business.
_NOT_ROUTED = ("drafts", "junk", "trash")
_WAITING = ("held", "triage")


class Mailbox(models.Model):
    _inherit = "mailbox"

    routing = fields.Selection(
        [
            ("off", "Nothing leaves this mailbox"),
            ("own", "Conversations of records, and its own rules"),
            ("company", "Also the rules of the company"),
        ],
        string="Mail and records",
        required=True,
        default="own",
        help="Mail that is added to a record can be read by everybody who may read that record.",
    )
    partner_policy = fields.Selection(
        [
            ("never", "Never"),
            ("ask", "Ask"),
            ("replied", "When somebody answered"),
            ("always", "With the first mail"),
        ],
        string="New contacts",
        required=True,
        default="never",
        help="When an unknown sender becomes a contact. Known ones are recognised in any case.",
    )
    triage_unmatched = fields.Boolean(
        string="Show what no rule asks for",
        help="For mailboxes of a team: mail without a record waits for a decision.",
    )

    def write(self, vals):
        if "routing" in vals and not self.env.su:
            # It decides who else reads the mail, so that it is the owner's like the members.
            self._check_sharing()
        return super().write(vals)

    def _after_step(self, stream, step, gathered, started, trigger):
        result = super()._after_step(stream, step, gathered, started, trigger)
        self._route_soon(step.written.arrived)
        return result

    def _route_soon(self, message_ids):
        """Enqueue the routing of new mail, in the transaction that stored it."""
        if self.routing == "off" or not message_ids or not self.import_started_at:
            return
        self.env.cr.execute(
            SQL(
                """SELECT m.id FROM mailbox_message m
                   WHERE m.id = ANY(%s) AND m.date >= %s AND m.disposition = 'stored'
                     AND NOT COALESCE(m.is_draft, FALSE) AND m.duplicate_of_id IS NULL
                     AND NOT EXISTS (SELECT FROM mailbox_placement p
                         JOIN mailbox_folder f ON f.id = p.folder_id
                         WHERE p.message_id = m.id AND f.role = ANY(%s))
                     AND NOT EXISTS (SELECT FROM mailbox_decision d WHERE d.message_id = m.id)
                   ORDER BY m.date, m.id""",
                list(message_ids),
                self.import_started_at,
                list(_NOT_ROUTED),
            )
        )
        rows = self.env["mailbox.message"].browse(row[0] for row in self.env.cr.fetchall())
        rows._enqueue_route()


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    link_ids = fields.One2many("mailbox.link", "message_id", string="Records", readonly=True)
    decision_ids = fields.One2many("mailbox.decision", "message_id", readonly=True)
    decision_outcome = fields.Selection(related="decision_ids.outcome", related_sudo=False)
    decision_reason = fields.Char(related="decision_ids.reason_text", related_sudo=False)
    decision_why = fields.Html(related="decision_ids.why_html", related_sudo=False, sanitize=False)

    def _enqueue_route(self):
        for message in self:
            jobs.enqueue(
                message,
                jobs.ROUTE,
                f"route:{message.id}",
                description=self.env._("Route mail %s", message.id),
            )._job_route()

    def _job_route(self):
        """Job: decide about one message and do it. Doing it again changes nothing."""
        self.ensure_one()
        if self.disposition != "stored" or self.mailbox_id._is_asleep():
            return "not now"
        if self.decision_ids:
            return "decided already"
        if self.mailbox_id.routing == "off":
            return "off"
        return self._route().outcome

    def _route(self):
        """Decide and do; returns the decision. As superuser."""
        try:
            mail = facts.mail_of(self)
        except RawMissing:
            return self._decide("triage", plan.Plan(reason="source"))
        made = plan.make(mail, self.env["mailbox.route"]._of(self.mailbox_id))
        try:
            with self.env.cr.savepoint():
                decision = self._decide(outcome.carry_out(mail, made), made)
                self._after_route(mail, made, decision)
        except psycopg2.OperationalError:
            raise  # the database's own trouble: the job is started again
        except (UserError, psycopg2.Error, ValueError, TypeError, KeyError) as error:
            _logger.warning("Message %s cannot be routed", self.id, exc_info=True)
            return self._decide_failed(made, error)
        return decision

    def _decide_failed(self, made, error):
        """A target that refuses a mail does not lose it: it waits, with what was said."""
        step = {"stage": "failed", "result": "failed", "evidence": [["", str(error)[:500]]]}
        made.steps.append(step)
        made.reason = "failed"
        return self._decide("triage", made)

    def _after_route(self, mail, made, decision):
        """Called when a message was decided about (hook)."""
        if made.finding and made.finding.stage == "own" and decision.outcome in ("noted", "joined"):
            self._partners_of_answer(mail, made.candidate.record)

    def _partners_of_answer(self, mail, record):
        """Those we wrote to become contacts, where the owner wants that."""
        if self.mailbox_id.partner_policy != "replied":
            return
        for address in mail.email.to:
            formatted = f'"{address.name}" <{address.email}>' if address.name else address.email
            partner = outcome.make_partner(self.env, formatted, address.email.lower())
            if partner:
                outcome.set_customer(record, partner)

    def _decide(self, what, made):
        """Write down the decision."""
        first = made.routes[:1]
        waits = what in _WAITING
        record = made.candidate.record if made.candidate else None
        return self.env["mailbox.decision"].create(
            {
                "message_id": self.id,
                "mailbox_id": self.mailbox_id.id,
                "outcome": what,
                "reason": made.reason,
                "score": made.score,
                "route_id": first[0].id if first else False,
                "steps": made.steps,
                "otherwise": made.otherwise,
                "target_model": first[0].target_model if first and waits else False,
                "user_id": first[0].user_id.id if first and waits else False,
                "record_ref": f"{record._name},{record.id}" if waits and record else False,
            }
        )

    # -- for people ----------------------------------------------------------------------------

    def action_route(self):
        """Route messages now, also old ones: somebody asks for it."""
        self._check_decider()
        for message in self.sudo():
            if not message.decision_ids:
                message._enqueue_route()

    def action_why_here(self):
        """Show what became of this mail and why."""
        self.ensure_one()
        self.check_access("read")
        if not self.decision_ids:
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {
                    "type": "info",
                    "message": self.env._(
                        "Nothing was decided about this mail: it came before the mailbox was"
                        " connected, or routing is off."
                    ),
                },
            }
        return {
            "type": "ir.actions.act_window",
            "res_model": "mailbox.decision",
            "res_id": self.decision_ids.id,
            "view_mode": "form",
            "target": "new",
            "name": self.env._("Why here"),
        }

    def _check_decider(self):
        """Raises AccessError unless the user may edit all the mailboxes of these messages."""
        self.check_access("read")
        if not self.env.su and any(
            self.env.user not in mailbox.editor_ids for mailbox in self.mailbox_id.sudo()
        ):
            raise AccessError(
                self.env._("Only those who may edit the mailbox decide about its mail.")
            )

    def _partner_suggestion(self):
        """The sender as ``Name <address>`` if he could become a contact, else nothing."""
        self.ensure_one()
        address = (self.from_email or "").lower()
        if not address or people.is_nobody(address) or people.partner_of(self.env, address):
            return ""
        return f'"{self.from_name}" <{address}>' if self.from_name else address
