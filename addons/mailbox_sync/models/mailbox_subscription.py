"""A push registration that expires: kept alive, listened to, and doubted when it is silent.

States::

    off ──enable──▶ active ◀──a notification comes── silent
                      │ ▲                              ▲
            renewal   │ │ renewal           too quiet, │ or mail that nobody announced
            fails     ▼ │ works                        │
                   failing ──the watch ends──▶ expired ─┘ (polling goes on in every state)

Registering publishes a notification at once (Gmail API, "Push notifications"), so every renewal
is also a test of the whole way to this server: one that is not heard of leaves the subscription
silent.
"""

from datetime import datetime, timedelta, timezone

from odoo import api, fields, models

from mailbox_core.contract import Subscription
from mailbox_core.errors import AuthorizationLost, ProviderError, Refused
from mailbox_core.sync.cadence import MEMORY
from mailbox_core.sync.silence import threshold

from .. import jobs, push_words
from ..values import aware, naive

#: A watch is renewed after this time, and in any case when less than this is left of it.
_RENEW_AFTER = timedelta(hours=24)
_RENEW_BEFORE = timedelta(hours=24)
#: Waits after failed renewals, the last one repeated.
_RETRY = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4))
#: A registration must be heard of within this time.
_ECHO = timedelta(minutes=2)
#: Mail that is older than this and was not announced was not going to be.
_GRACE = timedelta(minutes=2)
#: A silent channel is tried again so often.
_PROBE = timedelta(hours=1)
_ARRIVALS = 5000
#: Failures in a row that may still pass by themselves.
_PATIENCE = 3

STATES = [
    ("active", "Active"),
    ("silent", "Silent"),
    ("failing", "Renewal failing"),
    ("expired", "Expired"),
    ("off", "Off"),
]
ALIVE = ("active", "silent", "failing", "expired")


class MailboxSubscription(models.Model):
    _name = "mailbox.subscription"
    _description = "Mailbox Subscription"
    _rec_name = "topic"
    _order = "expires_at, id"

    mailbox_id = fields.Many2one("mailbox", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="mailbox_id.company_id")
    topic = fields.Char(readonly=True)
    remote_id = fields.Char(readonly=True)
    history_id = fields.Char(readonly=True, help="Position of the mailbox when it was registered.")
    state = fields.Selection(STATES, required=True, default="off", readonly=True)
    registered_at = fields.Datetime(readonly=True)
    expires_at = fields.Datetime(readonly=True, index="btree_not_null")
    last_renewed_at = fields.Datetime(readonly=True)
    last_hint_at = fields.Datetime(string="Last notification", readonly=True)
    hint_count = fields.Integer(string="Notifications", readonly=True, default=0)
    last_error = fields.Char(readonly=True)
    error_reason = fields.Char(readonly=True, help="A short stable word for the last error.")
    failure_count = fields.Integer(readonly=True, default=0, help="Failed renewals in a row.")
    next_try_at = fields.Datetime(readonly=True)
    silent_since = fields.Datetime(readonly=True)
    silence = fields.Selection(
        [
            ("unheard", "The registration was not echoed"),
            ("quiet", "Quieter than usual"),
            ("missed", "Mail came without a notification"),
        ],
        readonly=True,
    )
    quiet_seconds = fields.Integer(
        readonly=True,
        default=6 * 3600,
        help="How long silence is ordinary, learned from the mailbox itself (seconds).",
    )
    check_at = fields.Datetime(readonly=True, help="When silence stops being ordinary.")

    _mailbox_unique = models.Constraint(
        "UNIQUE (mailbox_id)", "A mailbox has one push registration."
    )

    # -- registering and renewing ----------------------------------------------------------------

    def _watch(self):
        """Register or renew at the provider and write down what came of it.

        Returns None, or the ProviderError as a value: expected trouble must be committed.
        """
        self.ensure_one()
        target = self.mailbox_id._push_target()
        if target is None:
            return self._failed(
                Refused(self.env._("The push settings of this company are gone."), "push_config")
            )
        began = fields.Datetime.now()
        before = Subscription(self.remote_id or "", aware(self.expires_at))
        provider = self.mailbox_id._provider("new")
        try:
            if self.remote_id and self.topic != target.topic:
                # One topic at a time: the old registration would be in the way.
                provider.cancel(before)
            found = provider.renew(target, before)
        except ProviderError as error:
            return self._failed(error)
        self._renewed(target, found, began)
        return None

    def _renewed(self, target, found, began):
        now = fields.Datetime.now()
        healthy = self.state in ("active", "silent")
        self.write(
            {
                "topic": target.topic,
                "remote_id": found.remote_id,
                "history_id": found.cursor,
                "expires_at": naive(found.expires_at),
                "registered_at": self.registered_at or now,
                "last_renewed_at": began,
                "last_error": False,
                "error_reason": False,
                "failure_count": 0,
                "next_try_at": False,
                "state": self.state if healthy else "active",
                "check_at": began + _ECHO,
            }
        )
        self.mailbox_id._clear_alerts("renewal")

    def _failed(self, error):
        """Count a failure; the kind is told so that a person knows what to mend."""
        now = fields.Datetime.now()
        lapsed = not self.expires_at or self.expires_at <= now
        wait = _RETRY[min(self.failure_count, len(_RETRY) - 1)]
        self.write(
            {
                "last_error": push_words.trouble(self.env, error),
                "error_reason": push_words.reason(error),
                "failure_count": self.failure_count + 1,
                "next_try_at": now + wait,
                "state": "expired" if lapsed else "failing",
            }
        )
        self.mailbox_id._audit("push.failed", reason=self.error_reason, count=self.failure_count)
        if self._is_worth_telling():
            self.mailbox_id._raise_alert(
                "renewal", reason=self.error_reason, detail=self.last_error or ""
            )
        if isinstance(error, AuthorizationLost):
            # The sync step will meet the same refusal: it blocks the gate and tells the owner.
            self.mailbox_id._token_changed()
            self.mailbox_id.stream_ids._hint("poll", "poll")
        return error

    def _is_worth_telling(self):
        """Whether a person should know of the last failure: it will not pass by itself, or has not
        for long. A lost sign-in is told as what it is."""
        passing = self.error_reason in ("throttled", "unavailable")
        return self.error_reason != "token" and (not passing or self.failure_count >= _PATIENCE)

    def _job_renew(self):
        """Job: register again. Expected trouble is no failure of the job."""
        self.ensure_one()
        if self.state == "off" or self.mailbox_id._is_asleep():
            return "nothing to do"
        error = self._watch()
        return f"{type(error).__name__}: {error.detail}" if error else "renewed"

    def _renew_soon(self):
        for subscription in self:
            jobs.enqueue(subscription, jobs.CARE, f"renew:{subscription.id}")._job_renew()

    @api.model
    def _cron_push(self):
        """Renew what is due, and look after channels that have become quiet."""
        self._renew_due()
        self._watch_silence()

    @api.model
    def _renew_due(self):
        """Daily, always before the last day, after a failure when its wait is over, and now and
        then while nothing is heard."""
        now = fields.Datetime.now()
        found = self.search(
            [
                ("state", "in", ALIVE),
                ("mailbox_id.active", "=", True),
                "|",
                ("next_try_at", "=", False),
                ("next_try_at", "<=", now),
                "|",
                "|",
                "|",
                ("next_try_at", "!=", False),
                ("last_renewed_at", "<=", now - _RENEW_AFTER),
                ("expires_at", "<=", now + _RENEW_BEFORE),
                "&",
                ("state", "=", "silent"),
                ("last_renewed_at", "<=", now - _PROBE),
            ]
        )
        found.filtered(
            lambda line: line.expires_at and line.expires_at <= now and line.state != "expired"
        ).state = "expired"
        found.filtered(lambda line: not line.mailbox_id._is_asleep())._renew_soon()

    # -- silence -----------------------------------------------------------------------------------

    @api.model
    def _watch_silence(self):
        """Doubt channels that should have spoken."""
        self._unannounced()._fall_silent("missed")
        now = fields.Datetime.now()
        for line in self.search([("state", "=", "active"), ("check_at", "<=", now)]):
            if line._is_unheard():
                line._fall_silent("unheard")
                continue
            heard = max(filter(None, (line.last_hint_at, line.last_renewed_at)))
            quiet = threshold(line._arrivals(), aware(heard))
            line.quiet_seconds = int(quiet.total_seconds())
            if heard + quiet <= now:
                line._fall_silent("quiet")
            else:
                line.check_at = heard + quiet

    def _is_unheard(self):
        """Whether the notification that registering publishes has not come."""
        renewed, heard = self.last_renewed_at, self.last_hint_at
        return bool(renewed) and (not heard or heard < renewed - timedelta(seconds=5))

    def _fall_silent(self, why):
        """Catch up, mark, and register again: if the way is free, that is heard at once."""
        for line in self:
            line.write({"state": "silent", "silent_since": fields.Datetime.now(), "silence": why})
            line.mailbox_id._audit("push.silent", why=why, quiet_seconds=line.quiet_seconds)
            line.mailbox_id.stream_ids._hint("poll", "poll")
            if why != "unheard":
                line._renew_soon()

    @api.model
    def _unannounced(self):
        """Active subscriptions whose mailbox got mail that no notification told of."""
        self.flush_model()
        self.env.cr.execute(
            """SELECT b.id FROM mailbox_subscription b
                WHERE b.state = 'active' AND EXISTS (
                    SELECT FROM mailbox_folder f
                      JOIN mailbox_placement p ON p.folder_id = f.id
                      JOIN mailbox_message m ON m.id = p.message_id
                     WHERE f.mailbox_id = b.mailbox_id AND f.role = 'inbox'
                       AND p.date > GREATEST(b.last_hint_at, b.last_renewed_at) + %s
                       AND p.date < (now() AT TIME ZONE 'UTC') - %s
                       AND m.disposition = 'stored' AND m.lane = 'new')""",
            [_GRACE, _GRACE],
        )
        return self.browse(row[0] for row in self.env.cr.fetchall())

    def _arrivals(self):
        """Times of mail in the inbox within memory, the newest if there are many."""
        since = datetime.now(timezone.utc) - MEMORY
        self.env.cr.execute(
            """SELECT p.date FROM mailbox_folder f JOIN mailbox_placement p ON p.folder_id = f.id
                WHERE f.mailbox_id = %s AND f.role = 'inbox' AND p.date > %s
                ORDER BY p.date DESC LIMIT %s""",
            [self.mailbox_id.id, naive(since), _ARRIVALS],
        )
        return [aware(date) for (date,) in self.env.cr.fetchall()]

    # -- ending ------------------------------------------------------------------------------------

    def _stop(self):
        """End the registration here and, if the provider can be asked, there. Returns what went
        wrong there, or None. Notifications that still come are ignored."""
        self.ensure_one()
        trouble = None
        try:
            before = Subscription(self.remote_id or "", aware(self.expires_at))
            self.mailbox_id._provider("new").cancel(before)
        except ProviderError as error:
            trouble = error
        self._switch_off()
        return trouble

    def _switch_off(self):
        self.write(
            {
                "state": "off",
                "expires_at": False,
                "remote_id": False,
                "silent_since": False,
                "silence": False,
                "next_try_at": False,
                "failure_count": 0,
                "last_error": False,
                "error_reason": False,
            }
        )
        self.mailbox_id._clear_alerts("renewal", "silent")


class MailboxHint(models.Model):
    _inherit = "mailbox.hint"

    published_at = fields.Datetime(help="When the provider handed the notification over.")
