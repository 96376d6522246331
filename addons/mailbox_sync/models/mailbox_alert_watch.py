"""The conditions that nobody meets by working: silence that lasts, and mail that is late.

What is met by working raises its alert on the spot: ``mailbox_connect.py`` (the sign-in),
``mailbox_subscription.py`` (the renewal).
"""

from datetime import timedelta

from odoo import api, fields, models

from ..options import number
from .mailbox_trace import HOPS

#: Mail of this time is judged, from so many messages on.
_WINDOW = timedelta(minutes=30)
_AT_LEAST = 2
#: A look that is due may wait so long for the cron and the job runner, in seconds.
_PATIENCE = 600

_LATE = """
    SELECT t.mailbox_id, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY t.total_ms), {hops}
      FROM mailbox_trace t
      JOIN LATERAL (SELECT COALESCE(max(s.poll_seconds), 0) * 1000 AS rest
                      FROM mailbox_stream s WHERE s.mailbox_id = t.mailbox_id) s ON true
     WHERE t.stored_at > %(since)s AND t.exempt IS NULL AND t.total_ms IS NOT NULL
     GROUP BY t.mailbox_id
    HAVING count(*) >= %(least)s AND percentile_cont(0.5) WITHIN GROUP (ORDER BY
           t.total_ms - CASE WHEN t.hint_at IS NULL THEN s.rest ELSE 0 END) > %(limit)s
"""
_STUCK = """
    SELECT s.mailbox_id, min(s.due_at) FROM mailbox_stream s
      JOIN mailbox m ON m.id = s.mailbox_id AND m.active AND NOT COALESCE(m.paused, false)
     WHERE s.gate = 'open' AND s.due_at < %s GROUP BY s.mailbox_id
"""


class MailboxAlert(models.Model):
    _inherit = "mailbox.alert"

    @api.model
    def _cron_watch(self):
        """Raise what holds and clear what does not, for all mailboxes."""
        if self.env["ir.config_parameter"].sudo().get_param("database.is_neutralized"):
            return
        self.env.flush_all()
        self._watch("silent", self._silences())
        self._watch("lag", self._lags())

    @api.model
    def _watch(self, kind, found):
        """``found``: mailbox id to the facts of an alert that should be open."""
        mailboxes = self.env["mailbox"]
        for mailbox in mailboxes.browse(found):
            mailbox._raise_alert(kind, **found[mailbox.id])
        over = self.sudo().search(
            [("kind", "=", kind), ("state", "!=", "cleared"), ("mailbox_id", "not in", list(found))]
        )
        over.mailbox_id._clear_alerts(kind)

    @api.model
    def _silences(self):
        """Mailboxes whose push has been silent for too long. An alert that is open stays so until
        something is heard, however the registration fares."""
        minutes = number(self.env, "alert_silent_minutes")
        since = fields.Datetime.now() - timedelta(minutes=minutes)
        lines = self.env["mailbox.subscription"].search(
            [
                ("silent_since", "<=", since),
                ("state", "!=", "off"),
                ("mailbox_id.active", "=", True),
            ]
        )
        awake = lines.filtered(lambda line: not line.mailbox_id._is_asleep())
        return {line.mailbox_id.id: {"why": line.silence or ""} for line in awake}

    @api.model
    def _lags(self):
        """Mailboxes whose mail is late, with the hop that took longest."""
        seconds = number(self.env, "alert_lag_seconds")
        if not seconds:
            return {}
        found = {}
        averages = ", ".join(f"avg(t.{hop})" for hop in HOPS)
        self.env.cr.execute(
            _LATE.format(hops=averages),
            {
                "since": fields.Datetime.now() - _WINDOW,
                "least": _AT_LEAST,
                "limit": seconds * 1000,
            },
        )
        for mailbox_id, count, middle, *hops in self.env.cr.fetchall():
            slowest = max(zip(HOPS, hops, strict=True), key=lambda pair: pair[1] or 0)[0]
            found[mailbox_id] = {"hop": slowest, "count": count, "middle_ms": round(middle)}
        late = fields.Datetime.now() - timedelta(seconds=max(seconds, _PATIENCE))
        self.env.cr.execute(_STUCK, [late])
        for mailbox_id, due in self.env.cr.fetchall():
            found[mailbox_id] = {"hop": "run", "since": fields.Datetime.to_string(due)}
        return found
