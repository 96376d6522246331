"""How soon new mail appears: what was measured here, or what to expect before anything was."""

from datetime import timedelta

from odoo import fields, models
from odoo.tools.misc import formatLang

#: The figures are of mail that arrived within this time, and of at least so many messages.
_SPAN = timedelta(days=30)
_ENOUGH = 20


class Mailbox(models.Model):
    _inherit = "mailbox"

    push_speed_text = fields.Char(
        compute="_compute_push_speed_text", compute_sudo=True, string="Speed"
    )

    def _compute_push_speed_text(self):
        for mailbox in self:
            mailbox.push_speed_text = mailbox._speed_words(*mailbox._measured_speed())

    def _measured_speed(self):
        """How many messages push announced lately, and seconds from the provider to the screen of
        half of them and of 95 in 100 (None while nothing is known)."""
        self.env.cr.execute(
            """SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY total_ms) / 1000,
                      percentile_cont(0.95) WITHIN GROUP (ORDER BY total_ms) / 1000
                 FROM mailbox_trace
                WHERE mailbox_id = %s AND stored_at > %s AND hint_at IS NOT NULL
                  AND exempt IS NULL AND total_ms IS NOT NULL""",
            [self.id or 0, fields.Datetime.now() - _SPAN],
        )
        return self.env.cr.fetchone()

    def _speed_words(self, count, half, most):
        if count >= _ENOUGH:
            return self.env._(
                "Measured in this mailbox: half of new mail is on the screen within %(half)s "
                "seconds, 95 in 100 within %(most)s (%(count)s messages in 30 days).",
                half=formatLang(self.env, half, digits=1),
                most=formatLang(self.env, most, digits=1),
                count=count,
            )
        return self.env._(
            "Expect about 3 to 8 seconds with push: soon, not at once. Google has to announce the "
            "mail and Odoo to fetch it; your own figures stand here after %s messages.",
            _ENOUGH,
        )
