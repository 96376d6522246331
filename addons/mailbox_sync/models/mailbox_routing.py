"""Mail on its way to records: jobs of many messages each, after those are stored (T3).

Rows arrive in one transaction and are routed in others, so that a broken rule never delays the
inbox. Only mail that came after the mailbox was connected is routed by itself; older mail opens
nothing unless somebody asks for it, message by message.
"""

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, ormcache

from .. import jobs
from ..routing import addresses, outcome, people
from ..routing.actions import desk
from ..routing.work import Work

#: Folders whose mail is no business.
_NOT_ROUTED = ("drafts", "junk", "trash")
#: Messages of one job; its time is limited too (``work.py``).
_BATCH = 200
#: What a decision reads of a message: found and read in one statement, and not all the columns.
_READ = (
    "mailbox_id",
    "conversation_id",
    "date",
    "size",
    "automatic",
    "fingerprint",
    "raw_store",
)
#: First key of the lock on a mailbox's routing.
_LOCK = 0x6D61696C


def _key(mailbox):
    """What the identity keys of all routing jobs of a mailbox begin with."""
    return f"route:{mailbox.id}:"


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

    answers_here = fields.Boolean(
        string="Answers to Odoo's mail come here",
        help="Mail that Odoo sends from records of the company names this mailbox as the address"
        " for answers, with a signed mark of the message. So an answer finds its record even when"
        " mail programs drop every Message-ID. The first mailbox of the company that wants it has"
        " it.",
    )

    @api.model
    def _for_answers(self, company):
        """The mailbox that gets the answers to Odoo's mail, if a company wants one."""
        return self.browse(self._id_for_answers(company.id))

    @api.model
    @ormcache("company_id")
    def _id_for_answers(self, company_id):
        """Asked for every mail that Odoo sends, so that the answer is remembered."""
        domain = [("answers_here", "=", True), ("company_id", "=", company_id)]
        return self.sudo().search([*domain, ("routing", "!=", "off")], order="id", limit=1).id

    @api.model_create_multi
    def create(self, vals_list):
        mailboxes = super().create(vals_list)
        if any(mailboxes.mapped("answers_here")):
            self.env.registry.clear_cache()
        return mailboxes

    def unlink(self):
        if any(self.mapped("answers_here")):
            self.env.registry.clear_cache()
        return super().unlink()

    def write(self, vals):
        if not {"answers_here", "routing", "company_id", "active"}.isdisjoint(vals):
            self.env.registry.clear_cache()
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

    def _take_routing(self):
        """Whether no other job routes mail of these mailboxes; none will until this transaction
        ends.

        Mail of a mailbox is routed one after the other: an answer must find the record that the
        mail before it opened.
        """
        for mailbox_id in sorted(self.ids):
            self.env.cr.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [_LOCK, mailbox_id])
            if not self.env.cr.fetchone()[0]:
                return False
        return True


class MailboxMessage(models.Model):
    _inherit = "mailbox.message"

    is_archive = fields.Boolean(
        readonly=True, help="Old mail that was put into the mailbox after it was connected."
    )
    link_ids = fields.One2many("mailbox.link", "message_id", string="Records", readonly=True)
    decision_ids = fields.One2many("mailbox.decision", "message_id", readonly=True)
    decision_outcome = fields.Selection(related="decision_ids.outcome", related_sudo=False)
    decision_reason = fields.Char(related="decision_ids.reason_text", related_sudo=False)
    decision_why = fields.Html(related="decision_ids.why_html", related_sudo=False, sanitize=False)

    def _enqueue_route(self, sooner=False, asked=False, alone=False):
        """Jobs for these messages, a batch each, in their order. ``sooner``: before other batches,
        which hold later mail. ``asked``: a person wants it, also for old mail. ``alone``: a mail
        that failed in company."""
        how = (asked, True) if alone else (asked,)
        for start in range(0, len(self), _BATCH):
            some = self[start : start + _BATCH]
            first, last = some[0].id, some[-1].id
            span = f"{first}" if len(some) == 1 else f"{first}-{last}:{len(some)}"
            jobs.enqueue(
                some,
                jobs.ROUTE,
                f"{_key(some[0].mailbox_id)}{span}",
                description=self.env._("Route %s mails", len(some)),
                sooner=sooner,
            )._job_route(*how)

    def _job_route(self, asked=False, alone=False):
        """Job: decide about messages and do it. Doing it again changes nothing."""
        todo = self._to_route()
        if not todo:
            return "nothing to decide"
        if not todo.mailbox_id._take_routing():
            todo._enqueue_route(sooner=True, asked=asked, alone=alone)
            return "another job routes this mailbox"
        batch = todo if alone else todo._with_waiting(asked)
        counted = batch._route(asked)
        return ", ".join(f"{count} {word}" for word, count in sorted(counted.items()))

    def _with_waiting(self, asked):
        """These, and what the next jobs of the same mailbox hold, as far as it fits: a burst of
        mail comes in many pages, and much of what a batch costs it costs once. Those jobs are not
        touched, since the runner may be starting them: they find nothing left to decide."""
        mailbox, room = self.mailbox_id, _BATCH - len(self)
        if len(mailbox) != 1 or room <= 0:
            return self
        waiting = self.env["queue.job"].search_fetch(
            [
                ("channel", "=", jobs.ROUTE),
                ("state", "=", "pending"),
                ("eta", "=", False),
                ("identity_key", "=like", f"{_key(mailbox)}%"),
            ],
            ["records", "args"],
            order="priority, date_created, id",
            limit=room,
        )
        ids = []
        for job in waiting:
            if tuple(job.args) != (asked,) or len(ids) + len(job.records) > room:
                break
            ids += job.records.ids
        more = self.browse(ids)._to_route() if ids else self.browse()
        more = more.filtered(lambda one: one.mailbox_id == mailbox) - self
        return (self | more).sorted(lambda one: (one.date, one.id)) if more else self

    def _to_route(self):
        """Those that wait for a decision, the oldest first."""
        domain = [
            ("id", "in", self.ids),
            ("disposition", "=", "stored"),
            ("decision_ids", "=", False),
            ("mailbox_id.routing", "!=", "off"),
        ]
        found = self.search_fetch(domain, _READ, order="date, id")
        asleep = found.mailbox_id.filtered(lambda one: one._is_asleep())
        return found.filtered(lambda one: one.mailbox_id not in asleep) if asleep else found

    def _route(self, asked=False):
        """Decide and do, as superuser; how often each outcome came."""
        work = Work(self, asked)
        work.run()
        work.left._enqueue_route(sooner=True, asked=asked)
        for row in work.failed:
            row._enqueue_route(sooner=True, asked=asked, alone=True)
        if work.archive:
            work.archive.is_archive = True
            work.counted["archive"] = len(work.archive)
        return work.counted

    def _after_route(self, mail, made, decided):
        """Called when a message was decided about, with the outcome (hook)."""
        desk.after(mail, made, decided)
        if made.finding and made.finding.stage == "own" and decided in ("noted", "joined"):
            self._partners_of_answer(mail, made.candidate.record)

    def _partners_of_answer(self, mail, record):
        """Those we wrote to become contacts, where the owner wants that."""
        if self.mailbox_id.partner_policy != "replied":
            return
        for address in mail.email.to:
            formatted = f'"{address.name}" <{address.email}>' if address.name else address.email
            partner = outcome.make_partner(
                self.env, formatted, address.email.lower(), self.mailbox_id.company_id
            )
            if partner:
                outcome.set_customer(record, partner)

    # -- for people ----------------------------------------------------------------------------

    def action_route(self):
        """Route messages now, also old ones: somebody asks for it."""
        self._check_decider()
        waiting = self.sudo().filtered(lambda one: not one.decision_ids)
        waiting.sorted(lambda one: (one.date, one.id))._enqueue_route(asked=True)
        said = self.env._("It is being decided. Open the mail again in a few seconds to see why.")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {"type": "info", "message": said},
        }

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
                        " connected, it is old mail that was put here later, or routing is off."
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
        if not self.env.su and not all(one._is_editor() for one in self.mailbox_id):
            raise AccessError(
                self.env._("Only those who may edit the mailbox decide about its mail.")
            )

    def _partner_suggestion(self):
        """The sender as ``Name <address>`` if he could become a contact, else nothing."""
        self.ensure_one()
        address = (self.from_email or "").lower()
        if not address or people.is_nobody(address) or addresses.is_blocked(self.env, address):
            return ""
        if people.partner_of(self.env, address, self.mailbox_id.company_id):
            return ""
        return f'"{self.from_name}" <{address}>' if self.from_name else address
