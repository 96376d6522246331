"""What people should know about a mailbox: raised once, acknowledged by somebody, cleared when it
is over.

States::

    open ──somebody takes note──▶ acknowledged
      │ ▲───────not after all────────┘ │
      └──────────the condition ends────┴──▶ cleared (for good; the next time is another alert)

At most one alert of a kind is not cleared per mailbox; PostgreSQL sees to that, so that whoever
notices a condition may say so as often as it likes.
"""

import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import json_default

from .. import hop_words

_KEPT_DAYS = 365

KINDS = [
    ("token", "Sign-in lost"),
    ("silent", "Push silent"),
    ("renewal", "Renewal failing"),
    ("lag", "Mail is late"),
]


class MailboxAlert(models.Model):
    _name = "mailbox.alert"
    _description = "Mailbox Alert"
    _order = "id DESC"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade", readonly=True)
    kind = fields.Selection(KINDS, required=True, readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("acknowledged", "Acknowledged"), ("cleared", "Over")],
        required=True,
        default="open",
        readonly=True,
        group_expand=True,
    )
    facts = fields.Json(readonly=True)
    cause = fields.Char(compute="_compute_words", string="What was seen")
    step = fields.Char(compute="_compute_words", string="What to do")
    raised_at = fields.Datetime(
        required=True, default=fields.Datetime.now, readonly=True, string="Since"
    )
    acknowledged_at = fields.Datetime(readonly=True)
    acknowledged_by_id = fields.Many2one(
        "res.users", readonly=True, ondelete="set null", string="Acknowledged by"
    )
    cleared_at = fields.Datetime(readonly=True, string="Over at")
    activity_id = fields.Many2one("mail.activity", readonly=True, ondelete="set null")
    may_operate = fields.Boolean(related="mailbox_id.may_operate")

    _open_unique = models.UniqueIndex("(mailbox_id, kind) WHERE state <> 'cleared'")

    @api.depends("kind", "facts")
    @api.depends_context("lang")
    def _compute_words(self):
        for alert in self:
            facts = alert.facts or {}
            alert.cause = hop_words.alert_cause(self.env, alert.kind, facts)
            alert.step = hop_words.alert_step(self.env, alert.kind, facts)

    @api.depends("kind", "mailbox_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for alert in self:
            address = alert.mailbox_id.address
            alert.display_name = hop_words.alert_title(self.env, alert.kind, address)

    # -- buttons -----------------------------------------------------------------------------------

    def action_acknowledge(self):
        """Somebody takes care: no more reminders, but still a word when it is over."""
        self.mailbox_id._check_operator()
        alerts = self.sudo().filtered(lambda alert: alert.state == "open")
        alerts.write(
            {
                "state": "acknowledged",
                "acknowledged_at": fields.Datetime.now(),
                "acknowledged_by_id": self.env.uid,
            }
        )
        alerts._end_activity()
        for alert in alerts:
            alert.mailbox_id._audit("alert.acknowledged", alert=alert.kind)

    def action_reopen(self):
        """Take an acknowledgement back."""
        self.mailbox_id._check_operator()
        if any(alert.state == "cleared" for alert in self):
            raise UserError(self.env._("This is over already."))
        self.sudo().write({"state": "open", "acknowledged_at": False, "acknowledged_by_id": False})

    def action_open_mailbox(self):
        """Where it can be mended."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "mailbox",
            "res_id": self.mailbox_id.id,
            "views": [(False, "form")],
        }

    # -- keeping -----------------------------------------------------------------------------------

    @api.autovacuum
    def _gc_alerts(self):
        """Forget alerts that have been over for a year."""
        limit = fields.Datetime.now() - timedelta(days=_KEPT_DAYS)
        self.env.cr.execute("DELETE FROM mailbox_alert WHERE cleared_at < %s", [limit])


class Mailbox(models.Model):
    _inherit = "mailbox"

    alert_ids = fields.One2many("mailbox.alert", "mailbox_id")
    alert_count = fields.Integer(compute="_compute_alert_count", string="Open alerts")
    alert_text = fields.Char(compute="_compute_alert_count")

    @api.depends("alert_ids.state")
    @api.depends_context("lang", "uid")
    def _compute_alert_count(self):
        # Record rules: members who do not own the mailbox are not bothered.
        found = self.env["mailbox.alert"].search(
            [("mailbox_id", "in", self.ids), ("state", "!=", "cleared")]
        )
        kinds = dict(found._fields["kind"]._description_selection(self.env))
        for mailbox in self:
            mine = found.filtered(lambda alert, mailbox=mailbox: alert.mailbox_id == mailbox)
            mailbox.alert_count = len(mine)
            mailbox.alert_text = ", ".join(kinds[kind] for kind in mine.mapped("kind"))

    def action_open_alerts(self):
        """The alerts of this mailbox."""
        return self._open("mailbox_sync.mailbox_alert_action")

    def _raise_alert(self, kind, **facts):
        """Say that a condition holds; told once, however often this is called. Returns the alert
        if it is new.

        In a transaction that began before another one raised the same, PostgreSQL asks to begin
        again, which jobs and requests do by themselves.
        """
        self.ensure_one()
        self.env.cr.execute(
            """INSERT INTO mailbox_alert (mailbox_id, kind, state, facts, raised_at, create_uid,
                   create_date, write_uid, write_date)
               VALUES (%(mailbox)s, %(kind)s, 'open', %(facts)s::jsonb, %(now)s, %(uid)s, %(now)s,
                   %(uid)s, %(now)s)
               ON CONFLICT (mailbox_id, kind) WHERE state <> 'cleared' DO NOTHING
               RETURNING id""",
            {
                "mailbox": self.id,
                "kind": kind,
                "facts": json.dumps(facts, default=json_default),
                "now": fields.Datetime.now(),
                "uid": self.env.uid,
            },
        )
        alert = self.env["mailbox.alert"].sudo().browse(row[0] for row in self.env.cr.fetchall())
        if alert:
            self._audit("alert.raised", alert=kind, **facts)
            self._alerts_changed(alert, "raised")
        return alert

    def _clear_alerts(self, *kinds):
        """Say that conditions do not hold (any more). Returns the alerts that this ended."""
        if not self.ids:
            return self.env["mailbox.alert"]
        self.env.cr.execute(
            """UPDATE mailbox_alert SET state = 'cleared', cleared_at = %s, write_date = %s
                WHERE mailbox_id = ANY(%s) AND kind = ANY(%s) AND state <> 'cleared'
               RETURNING id""",
            [fields.Datetime.now()] * 2 + [self.ids, list(kinds)],
        )
        alerts = self.env["mailbox.alert"].sudo().browse(row[0] for row in self.env.cr.fetchall())
        for alert in alerts:
            alert.invalidate_recordset(flush=False)
            alert.mailbox_id._audit("alert.cleared", alert=alert.kind)
            alert.mailbox_id._alerts_changed(alert, "cleared")
        return alerts

    def _alerts_changed(self, alert, event):
        self.invalidate_recordset(["alert_ids", "alert_count", "alert_text"], flush=False)
        alert._announce_soon(event)
