"""Push of a mailbox: may it be switched on, switching it, and what polling makes of it."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from mailbox_core.contract import PushTarget
from mailbox_core.sync.cadence import Cadence
from mailbox_core.sync.silence import poll_with_push

from .. import push_words
from .mailbox_subscription import ALIVE, STATES


class Mailbox(models.Model):
    _inherit = "mailbox"

    subscription_ids = fields.One2many("mailbox.subscription", "mailbox_id")
    push_state = fields.Selection(STATES, compute="_compute_push", compute_sudo=True, string="Push")
    push_text = fields.Char(compute="_compute_push", compute_sudo=True)
    push_topic = fields.Char(compute="_compute_push", compute_sudo=True)
    push_expires_at = fields.Datetime(compute="_compute_push", compute_sudo=True)
    push_renewed_at = fields.Datetime(compute="_compute_push", compute_sudo=True)
    push_last_hint_at = fields.Datetime(compute="_compute_push", compute_sudo=True)
    push_failure_count = fields.Integer(compute="_compute_push", compute_sudo=True)
    push_possible = fields.Boolean(compute="_compute_push_possible")

    @api.depends(
        "subscription_ids.state",
        "subscription_ids.expires_at",
        "subscription_ids.last_hint_at",
        "subscription_ids.last_error",
    )
    @api.depends_context("lang")
    def _compute_push(self):
        for mailbox in self:
            line = mailbox.subscription_ids[:1]
            mailbox.push_state = line.state or "off"
            mailbox.push_text = push_words.status(self.env, line)
            mailbox.push_topic = line.topic
            mailbox.push_expires_at = line.expires_at
            mailbox.push_renewed_at = line.last_renewed_at
            mailbox.push_last_hint_at = line.last_hint_at
            mailbox.push_failure_count = line.failure_count

    @api.depends("provider")
    def _compute_push_possible(self):
        for mailbox in self:
            mailbox.push_possible = bool(mailbox.provider and mailbox._spec().push)

    # -- readiness -------------------------------------------------------------------------------

    def _push_blockers(self):
        """Why push cannot be switched on now, as (stable word, sentence); empty when it can."""
        self.ensure_one()
        if not self.env.su and not self.env.user.has_group("mailbox_sync.group_manager"):
            return [self._blocker("manager")]
        if not self._spec().push:
            return [self._blocker("provider", self._spec().label)]
        mailbox = self.sudo()
        return [*mailbox._grant_blockers(), *mailbox._config_blockers()]

    def _grant_blockers(self):
        credential = self.env["mailbox.credential"]._of(self)
        if not credential.secret:
            yield self._blocker("grant")
            return
        if credential.token_state == "reconnect":
            yield self._blocker("lost")
        elif not self._spec().push.scopes & frozenset((credential.scopes or "").split()):
            yield self._blocker("scope")
        if self._is_asleep():
            yield self._blocker("asleep", self._asleep_reason())

    def _config_blockers(self):
        config = self._push_config()
        if not config:
            yield self._blocker("config")
            return
        if config.mode == "pull":
            if not config.service_account:
                yield self._blocker("key")
            return
        if not config.audience or not config._signer_set():
            yield self._blocker("receiver")
        if not config._is_reachable_in_principle():
            yield self._blocker("endpoint", config.endpoint)

    def _blocker(self, word, value=""):
        return word, push_words.blocker(self.env, word, value)

    def _push_config(self):
        return self.env["mailbox.push.config"]._for(self.provider, self.company_id)

    def _push_target(self):
        """Where notifications of this mailbox shall go; None when that is not configured."""
        config = self._push_config()
        if not config:
            return None
        folders = frozenset({"inbox"}) if config.watched == "inbox" else frozenset()
        return PushTarget(topic=config.topic, folders=folders)

    # -- buttons ---------------------------------------------------------------------------------

    def action_push_enable(self):
        """Register at the provider, or renew; says what stands in the way."""
        self.ensure_one()
        self.check_access("read")
        blockers = self._push_blockers()
        if blockers:
            kind = AccessError if blockers[0][0] == "manager" else UserError
            raise kind("\n".join(words for _, words in blockers))
        line = self.sudo()._subscription()
        error = line._watch()
        if error is not None:
            return self._notify("danger", self.env._("Push is not active"), line.last_error)
        self._audit("push.enabled", topic=line.topic)
        return self._notify("success", self.env._("Push is active"), line.topic)

    def action_push_disable(self):
        """End the registration; polling goes on."""
        self.ensure_one()
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group("mailbox_sync.group_manager"):
            raise AccessError(push_words.blocker(self.env, "manager"))
        line = self.sudo().subscription_ids
        trouble = line._stop() if line else None
        self._audit("push.disabled")
        words = push_words.trouble(self.env, trouble) if trouble else self.env._("Polling goes on.")
        return self._notify("info", self.env._("Push is off"), words)

    def _subscription(self):
        self.ensure_one()
        return self.subscription_ids or self.env["mailbox.subscription"].create(
            {"mailbox_id": self.id}
        )

    # -- with the engine -------------------------------------------------------------------------

    def _sync_start(self):
        """Somebody signed in (again): a registration that had lapsed meanwhile is taken up."""
        result = super()._sync_start()
        self.subscription_ids.filtered(lambda line: line.state in ALIVE)._renew_soon()
        return result

    def _sync_stop(self):
        """The grant goes: the registration cannot be renewed any more, and what still comes for it
        is ignored."""
        self.subscription_ids._switch_off()
        return super()._sync_stop()

    def _interval(self, now, arrivals):
        """Polling relaxes while push is heard, and only as far as the mailbox's own rhythm allows a
        lost notification to be found soon."""
        seconds = super()._interval(now, arrivals)
        line = self.subscription_ids.filtered(
            lambda one: one.state == "active" and one.last_hint_at
        )
        if not line or self.poll_minutes > 0:
            return seconds
        quiet = timedelta(seconds=line.quiet_seconds)
        return max(seconds, int(poll_with_push(quiet, Cadence().with_push)))
