"""Who fetches notifications, and since when nothing was heard of them."""

from datetime import timedelta

from odoo import api, fields, models

#: Seconds after which a listener that does not say anything counts as dead.
DEAD = timedelta(seconds=60)

_BEAT = """
    INSERT INTO mailbox_listener (config_id, process, started_at, beat_at, stopped_at, pulled_at,
                                  acknowledged_at, received_count, failure_count, last_error)
    VALUES (%s, %s, %s, clock_timestamp() AT TIME ZONE 'UTC',
            CASE WHEN %s THEN clock_timestamp() AT TIME ZONE 'UTC' END, %s, %s, %s, %s, %s)
    ON CONFLICT (config_id) DO UPDATE
       SET process = EXCLUDED.process, started_at = EXCLUDED.started_at,
           beat_at = EXCLUDED.beat_at, stopped_at = EXCLUDED.stopped_at,
           pulled_at = COALESCE(EXCLUDED.pulled_at, mailbox_listener.pulled_at),
           acknowledged_at =
               COALESCE(EXCLUDED.acknowledged_at, mailbox_listener.acknowledged_at),
           received_count = EXCLUDED.received_count, failure_count = EXCLUDED.failure_count,
           last_error = EXCLUDED.last_error
"""


class MailboxListener(models.Model):
    _name = "mailbox.listener"
    _description = "Mailbox Listener"
    _rec_name = "process"
    _log_access = False

    config_id = fields.Many2one("mailbox.push.config", required=True, ondelete="cascade")
    process = fields.Char(help="Computer and process.")
    started_at = fields.Datetime()
    beat_at = fields.Datetime(string="Last heard", help="A listener reports every few seconds.")
    stopped_at = fields.Datetime(help="Set when it ended as it was asked to.")
    pulled_at = fields.Datetime(string="Last pull")
    acknowledged_at = fields.Datetime(string="Last acknowledgement")
    received_count = fields.Integer(string="Notifications", help="Since it was started.")
    failure_count = fields.Integer(help="Failures in a row.")
    last_error = fields.Char()

    _config_unique = models.Constraint("UNIQUE (config_id)", "Push settings have one listener.")

    @api.model
    def _beat(self, config_id, process, status, stopped=False):
        """Write down how the listener of some push settings fares (engine/listeners.py).

        One statement, so that two listeners do no harm; settings deleted meanwhile are no error.
        """
        found = self.env["mailbox.push.config"].browse(config_id).exists()
        if not found:
            return
        self.env.cr.execute(
            _BEAT,
            [
                config_id,
                process,
                status.started_at,
                stopped,
                status.pulled_at,
                status.acknowledged_at,
                status.received,
                status.failures,
                status.trouble or None,
            ],
        )
        self.invalidate_model()

    def _condition(self):
        """``never``, ``stopped``, ``dead``, ``failing``, ``waiting`` (no answer yet) or
        ``alive``."""
        if not self:
            return "never"
        if self.stopped_at:
            return "stopped"
        if fields.Datetime.now() - self.beat_at > DEAD:
            return "dead"
        if self.last_error:
            return "failing"
        return "alive" if self.pulled_at else "waiting"

    def _words(self):
        """The condition as one line for a person."""
        now = fields.Datetime.now()

        def ago(moment):
            if not moment:
                return self.env._("never")
            return self.env._("%s s ago", max(0, int((now - moment).total_seconds())))

        words = {
            "never": self.env._("No listener has run yet."),
            "stopped": self.env._("The listener was stopped %s.", ago(self.stopped_at)),
            "dead": self.env._("The listener is gone: last heard %s.", ago(self.beat_at)),
            "failing": self.env._("The listener runs, but cannot fetch: %s", self.last_error or ""),
            "waiting": self.env._("The listener has just begun to wait."),
            "alive": self.env._(
                "Listening: last pull %(pulled)s, last acknowledgement %(acknowledged)s.",
                pulled=ago(self.pulled_at),
                acknowledged=ago(self.acknowledged_at),
            ),
        }
        return words[self._condition()]
