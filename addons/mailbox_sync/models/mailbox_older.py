"""Mail that came before the mailbox was connected, routed because somebody asks for it.

First a look: what each rule would open; nothing changes. Then, if wanted, the same for real, page
by page, with a stop at any time and a way back. Nothing is answered or notified unless asked for.
"""

from datetime import datetime, time

import psycopg2
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from .. import jobs
from ..routing import facts, older, plan
from ..routing.work import Work
from ..store.raw import RawMissing

_NOT_ROUTED = ("drafts", "junk", "trash")
#: Messages of one job.
_PAGE = 50
_MOVING = ("looking", "running", "undoing")
#: What people set before it runs.
_PREPARED = frozenset({"since", "send"})


class MailboxOlder(models.Model):
    _name = "mailbox.older"
    _description = "Routing of Older Mail"
    _order = "id DESC"

    mailbox_id = fields.Many2one(
        "mailbox", required=True, ondelete="cascade", index=True, readonly=True
    )
    since = fields.Date(string="Mail since", help="Empty: all older mail of the mailbox.")
    until = fields.Datetime(readonly=True, required=True)
    send = fields.Boolean(
        string="Also answer and notify",
        help="Acknowledgements of rules and notifications of Odoo are sent as for new mail.",
    )
    state = fields.Selection(
        [
            ("new", "Not looked at"),
            ("looking", "Looking"),
            ("ready", "Preview"),
            ("running", "Routing"),
            ("stopped", "Stopped"),
            ("done", "Done"),
            ("undoing", "Undoing"),
            ("undone", "Undone"),
        ],
        required=True,
        default="new",
        readonly=True,
    )
    total = fields.Integer(string="Older messages", readonly=True)
    seen = fields.Integer(string="Looked at", readonly=True)
    progress = fields.Float(compute="_compute_progress")
    line_ids = fields.One2many("mailbox.older.line", "older_id", readonly=True)
    record_count = fields.Integer(string="Records", compute="_compute_counts")
    join_count = fields.Integer(string="Added to records", readonly=True)
    alias_count = fields.Integer(string="For aliases", readonly=True)
    wait_count = fields.Integer(string="Would wait", readonly=True)
    left_count = fields.Integer(string="Left in the mailbox", readonly=True)
    opened_count = fields.Integer(string="Opened", compute="_compute_opened")
    undone_count = fields.Integer(string="Taken back", readonly=True)
    kept_count = fields.Integer(string="Kept", readonly=True)
    decision_ids = fields.One2many("mailbox.decision", "older_id", readonly=True)
    last_date = fields.Datetime(readonly=True)
    last_id = fields.Integer(readonly=True)

    @api.depends("mailbox_id")
    def _compute_display_name(self):
        for run in self:
            run.display_name = self.env._("Older mail of %s", run.mailbox_id.display_name)

    @api.depends("total", "seen")
    def _compute_progress(self):
        for run in self:
            run.progress = 100.0 * run.seen / run.total if run.total else 100.0

    @api.depends("line_ids.record_count")
    def _compute_counts(self):
        for run in self:
            run.record_count = sum(run.line_ids.mapped("record_count"))

    def _compute_opened(self):
        counted = self.env["mailbox.decision"]._read_group(
            [("older_id", "in", self.ids), ("outcome", "=", "created")], ["older_id"], ["__count"]
        )
        counts = {run.id: count for run, count in counted}
        for run in self:
            run.opened_count = counts.get(run.id, 0)

    def write(self, vals):
        foreign = vals.keys() - _PREPARED
        if foreign and not self.env.su:
            raise AccessError(
                self.env._("This is done with the buttons, not by writing %s.", min(foreign))
            )
        if not self.env.su and any(run.state in _MOVING for run in self):
            raise UserError(self.env._("Stop it first."))
        return super().write(vals)

    # -- what people do ------------------------------------------------------------------------

    def action_look(self):
        """Look what each rule would do with the older mail; changes nothing."""
        self._begin("looking", ("new", "ready", "stopped", "done", "undone"))
        self.sudo().line_ids.unlink()
        none = dict.fromkeys(("join_count", "alias_count", "wait_count", "left_count"), 0)
        self.sudo().write(none)

    def action_run(self):
        """Route it."""
        self._begin("running", ("ready", "stopped"))

    def action_stop(self):
        """Stop at the next page; what is done stays, and can be undone or gone on with."""
        self._check_editor()
        stopped = self.filtered(lambda run: run.state in _MOVING)
        stopped.sudo().write({"state": "stopped"})

    def action_undo(self):
        """Take back what this run did, as far as nobody has worked with it since."""
        self._begin("undoing", ("done", "stopped"))
        self.sudo().write({"undone_count": 0, "kept_count": 0})

    def action_open_decisions(self):
        """What became of each message, as far as the person reads the mail."""
        self.ensure_one()
        values = self.env["ir.actions.act_window"]._for_xml_id(
            "mailbox_sync.mailbox_decision_action"
        )
        return {**values, "domain": [("older_id", "=", self.id)], "name": self.display_name}

    def _check_editor(self):
        self.check_access("write")
        for run in self:
            run.mailbox_id.sudo().with_user(self.env.user)._check_older()

    def _begin(self, state, allowed):
        self.ensure_one()
        self._check_editor()
        if self.state not in allowed:
            raise UserError(self.env._("It is at work. Stop it, or wait until it is done."))
        run = self.sudo()
        run.write({"state": state, "last_date": False, "last_id": 0, "seen": 0})
        run.total = run._count() if state != "undoing" else len(run.decision_ids)
        run._go_on()

    # -- at work -------------------------------------------------------------------------------

    def _go_on(self):
        key = f"older:{self.id}:{self.state}:{self.last_id}"
        jobs.enqueue(
            self, jobs.BACKFILL, key, description=self.env._("Route older mail")
        )._job_older()

    def _job_older(self):
        """Job: one page."""
        if not self.exists() or self.state not in _MOVING:
            return "stopped"
        run = self.with_context(**{older.OLDER: True}) if self.send else older.quiet(self)
        work = {"looking": run._look_page, "running": run._run_page, "undoing": run._undo_page}
        ends = {"looking": "ready", "running": "done", "undoing": "undone"}
        count = work[self.state]()
        if count:
            self._go_on()
        else:
            self.mailbox_id._audit(f"older.{ends[self.state]}", older=self.id, seen=self.seen)
            self.state = ends[self.state]
        return str(count)

    def _look_page(self):
        rows = self._page()
        routes = self.env["mailbox.route"]._of(self.mailbox_id)
        lines = {line.route_id.id: line for line in self.line_ids}
        tally = older.Tally()
        for mail in facts.Batch(rows).mails:
            try:
                tally.add(mail.row, plan.make(mail, routes))
            except RawMissing:
                continue
        for route_id, found in tally.rules.items():
            line = lines.get(route_id) or self.line_ids.create(
                {"older_id": self.id, "route_id": route_id}
            )
            line._add(found)
        self.join_count += tally.joined
        self.alias_count += tally.aliased
        self.wait_count += tally.waiting
        self.left_count += tally.left
        return self._advance(rows)

    def _run_page(self):
        rows = self._page()
        work = Work(rows)
        work.run()
        for row in (work.left | work.failed).sorted(lambda one: (one.date, one.id)):
            row._route()
        rows.decision_ids.older_id = self
        return self._advance(rows)

    def _undo_page(self):
        todo = self.env["mailbox.decision"].search(
            [("older_id", "=", self.id), ("id", "<", self.last_id or 2**31 - 1)],
            limit=_PAGE,
            order="id DESC",
        )
        for decision in todo:
            if self._undo(decision):
                self.undone_count += 1
            else:
                self.kept_count += 1
        if todo:
            self.last_id = min(todo.ids)
            self.seen += len(todo)
        return len(todo)

    def _undo(self, decision):
        """Whether one decision could be taken back."""
        if decision.decided_by or not all(
            older.is_untouched(link) for link in decision.message_id.link_ids
        ):
            return False
        try:
            with self.env.cr.savepoint():
                for link in decision.message_id.link_ids:
                    older.take_back(link)
                decision.unlink()
        except (UserError, psycopg2.Error):
            return False
        return True

    # -- which mail ----------------------------------------------------------------------------

    def _count(self):
        query = SQL("SELECT count(*) FROM mailbox_message m WHERE %s", self._where())
        self.env.cr.execute(query)
        return self.env.cr.fetchone()[0]

    def _page(self):
        """The next messages, the oldest first: an answer must find the record opened before it."""
        after = SQL("TRUE")
        if self.last_id:
            after = SQL("(m.date, m.id) > (%s, %s)", self.last_date, self.last_id)
        self.env.cr.execute(
            SQL(
                "SELECT m.id FROM mailbox_message m WHERE %s AND %s ORDER BY m.date, m.id LIMIT %s",
                self._where(),
                after,
                _PAGE,
            )
        )
        return self.env["mailbox.message"].browse(row[0] for row in self.env.cr.fetchall())

    def _where(self):
        since = datetime.combine(self.since, time.min) if self.since else datetime(1970, 1, 1)
        return SQL(
            """m.mailbox_id = %s AND m.disposition = 'stored' AND m.date >= %s
               AND (m.date < %s OR m.is_archive)
               AND NOT COALESCE(m.is_draft, FALSE) AND m.duplicate_of_id IS NULL
               AND NOT EXISTS (SELECT FROM mailbox_decision d WHERE d.message_id = m.id)
               AND NOT EXISTS (SELECT FROM mailbox_placement p
                   JOIN mailbox_folder f ON f.id = p.folder_id
                   WHERE p.message_id = m.id AND f.role = ANY(%s))""",
            self.mailbox_id.id,
            since,
            self.until,
            list(_NOT_ROUTED),
        )

    def _advance(self, rows):
        if rows:
            self.seen += len(rows)
            self.last_date, self.last_id = rows[-1].date, rows[-1].id
        return len(rows)


class MailboxOlderLine(models.Model):
    _name = "mailbox.older.line"
    _description = "What a Rule would do with Older Mail"
    _order = "record_count DESC, id"

    older_id = fields.Many2one("mailbox.older", required=True, ondelete="cascade", index=True)
    mailbox_id = fields.Many2one(related="older_id.mailbox_id", store=True, index=True)
    route_id = fields.Many2one("mailbox.route", required=True, ondelete="cascade", readonly=True)
    match_count = fields.Integer(string="Messages", readonly=True)
    record_count = fields.Integer(string="Records that would be opened", readonly=True)
    hold_count = fields.Integer(string="Would wait for a person", readonly=True)
    talks = fields.Json(readonly=True)

    def _add(self, found):
        """Add what was found on one page: a conversation opens one record, whatever its length."""
        known = set(self.talks or ())
        self.write(
            {
                "match_count": self.match_count + found.matches,
                "record_count": self.record_count + len(found.opens - known),
                "hold_count": self.hold_count + len(found.holds - known),
                "talks": sorted(known | found.opens | found.holds),
            }
        )


class MailboxDecision(models.Model):
    _inherit = "mailbox.decision"

    older_id = fields.Many2one(
        "mailbox.older", string="Older mail", ondelete="set null", index="btree_not_null"
    )


class Mailbox(models.Model):
    _inherit = "mailbox"

    def action_older(self):
        """Look at the mail from before the mailbox was connected; the run under way, if any."""
        self.ensure_one()
        self._check_older()
        runs = self.env["mailbox.older"]
        run = runs.search([("mailbox_id", "=", self.id)], limit=1)
        if not run or run.state in ("done", "undone"):
            values = {"mailbox_id": self.id, "until": self.sudo().import_started_at}
            run = runs.sudo().create(values).sudo(False)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Route older mail"),
            "res_model": "mailbox.older",
            "res_id": run.id,
            "view_mode": "form",
        }

    def _check_older(self):
        """Raises AccessError, UserError unless the person may route older mail of this mailbox."""
        if not self._is_editor():
            raise AccessError(
                self.env._("Only those who may edit the mailbox decide about its mail.")
            )
        if not self.sudo().import_started_at:
            raise UserError(self.env._("Connect the mailbox first: it has no mail yet."))
        if self.sudo().routing == "off":
            raise UserError(
                self.env._("Nothing leaves this mailbox. Its owner can change that under Records.")
            )
